// Package cases holds what a provider's answers change, as files beside the
// provider: templates/KIND/ID/cases/NAME.txtar. They are never rendered.
//
// A case is a txtar archive. In front of its files it says in words what it is
// about. Its file answers.toml has answers as forge new takes them from a file; what
// it leaves open has the default, and the provider itself is chosen. Its other files
// say what is expected, of which it has one or more:
//
//	-- diff --            what changes from the project with all defaults to this one
//	-- want/PATH --       all of the file PATH
//	-- lines --           one line each: "+ PATH: TEXT" is in that file, "- PATH: TEXT" is not
//	-- error --           the answers are refused, in these words
//
// A diff has the lines that go and come, file by file, and nothing around them, so that
// a case stays as it is when a file is edited elsewhere.
//
// Written anew with forge template test --update, diff, want and error say what is
// rendered now; a case that expects nothing yet gets a diff, or an error.
package cases

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// Case is one case of a provider.
type Case struct {
	// File is below the templates.
	File     string
	provider generator.Provider
	archive  *txtar.Archive
}

// UnmetError is an expectation that is not met, or a case that expects what
// nothing can be held to.
type UnmetError struct {
	File string
	Text string
}

func (e UnmetError) Error() string { return e.File + ": " + e.Text }

// Load reads the cases of the provider id, by name.
func Load(fsys fs.FS, catalog *generator.Catalog, id string) ([]Case, error) {
	p, ok := catalog.Provider(id)
	if !ok {
		return nil, fmt.Errorf("there is no provider %q", id)
	}
	names, err := fs.Glob(fsys, path.Join(string(p.Kind), id, "cases", "*.txtar"))
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		all = append(all, Case{File: name, provider: p, archive: txtar.Parse(data)})
	}
	return all, nil
}

const answersFile = "answers.toml"

func (c Case) section(name string) ([]byte, bool) {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

// problems are what is wrong with the archive itself.
func (c Case) problems() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, UnmetError{c.File, fmt.Sprintf(format, args...)})
	}
	if len(bytes.TrimSpace(c.archive.Comment)) == 0 {
		wrong("says nothing in front of its first file; say what the answers are to change")
	}
	if _, ok := c.section(answersFile); !ok {
		wrong("has no file %s", answersFile)
	}
	seen := map[string]bool{}
	for _, f := range c.archive.Files {
		known := f.Name == answersFile || f.Name == "diff" || f.Name == "lines" || f.Name == "error" || strings.HasPrefix(f.Name, "want/")
		switch {
		case !known:
			wrong("has a file %q, and knows %s, diff, want/PATH, lines and error", f.Name, answersFile)
		case seen[f.Name]:
			wrong("has %s twice", f.Name)
		}
		seen[f.Name] = true
	}
	return errors.Join(errs...)
}

// answers are those of the case, and those of the same project with all defaults.
func (c Case) answers(catalog *generator.Catalog) (given, plain generator.Answers, err error) {
	data, _ := c.section(answersFile)
	given, err = catalog.DecodeAnswers(c.File, data)
	if err != nil {
		return given, plain, err
	}
	if given.Name == "" {
		given.Name = "shop"
	}
	if given.Module == "" {
		given.Module = "example.com/shop"
	}
	switch {
	case c.provider.Kind == generator.KindAuth && given.Auth == "":
		given.Auth = c.provider.ID
	case given.Auth == "":
		given.Auth = catalog.Auth[0].ID
	}
	switch {
	case c.provider.Kind == generator.KindPayment && given.Payments == nil:
		given.Payments = []string{c.provider.ID}
	case given.Payments == nil:
		given.Payments = []string{}
	}
	plain = generator.Answers{Name: given.Name, Module: given.Module, Auth: given.Auth, Payments: given.Payments}
	if given.Auth != c.provider.ID && !slices.Contains(given.Payments, c.provider.ID) {
		return given, plain, fmt.Errorf("the answers do not choose %s", c.provider.ID)
	}
	return withDefaults(catalog, given), withDefaults(catalog, plain), nil
}

func withDefaults(catalog *generator.Catalog, a generator.Answers) generator.Answers {
	for {
		i := slices.IndexFunc(catalog.Questions(a), func(q generator.Question) bool {
			_, ok := a.Get(q.Key)
			return !ok && q.Default != ""
		})
		if i < 0 {
			return a
		}
		q := catalog.Questions(a)[i]
		a = a.Set(q.Key, q.Default)
	}
}

// outcome is what the answers of a case lead to.
type outcome struct {
	project *generator.Tree // nil if they are refused
	diff    string
	refusal string
}

func (c Case) outcome(catalog *generator.Catalog) (outcome, error) {
	given, plain, err := c.answers(catalog)
	if err != nil {
		return outcome{}, UnmetError{c.File, err.Error()}
	}
	spec, err := catalog.Resolve(given, generator.Numbering{})
	if err != nil {
		return outcome{refusal: strings.TrimSpace(err.Error()) + "\n"}, nil
	}
	base, err := catalog.Resolve(plain, generator.Numbering{})
	if err != nil {
		return outcome{}, UnmetError{c.File, "with all defaults: " + err.Error()}
	}
	before, err := generator.Render(base)
	if err != nil {
		return outcome{}, UnmetError{c.File, err.Error()}
	}
	after, err := generator.Render(spec)
	if err != nil {
		return outcome{}, UnmetError{c.File, err.Error()}
	}
	return outcome{project: after, diff: changes(diff(before, after))}, nil
}

func diff(before, after *generator.Tree) string {
	var b strings.Builder
	for _, d := range view.Diffs(generator.NewPlan(before, before, after)) {
		b.WriteString(d.Diff)
	}
	return b.String()
}

// changes is a unified diff without line numbers and the lines that stay.
func changes(unified string) string {
	var b strings.Builder
	inHunk := false
	for line := range strings.Lines(unified) {
		switch {
		case strings.HasPrefix(line, "diff --git "):
			inHunk = false
			b.WriteString(line)
		case strings.HasPrefix(line, "@@ "):
			inHunk = true
			b.WriteString("@@\n")
		case inHunk && (line[0] == '+' || line[0] == '-'), !inHunk && strings.Contains(line, " mode "):
			b.WriteString(line)
		}
	}
	return b.String()
}

// Check holds a case to what it expects. All problems are joined, as UnmetError.
func (c Case) Check(catalog *generator.Catalog) error {
	if err := c.problems(); err != nil {
		return err
	}
	got, err := c.outcome(catalog)
	if err != nil {
		return err
	}
	const anew = "; if that is meant, write it anew with forge template test --update and read it"
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, UnmetError{c.File, fmt.Sprintf(format, args...)})
	}
	expects := false
	for _, f := range c.archive.Files {
		if f.Name == answersFile {
			continue
		}
		expects = true
		switch {
		case f.Name == "error":
			if got.refusal != string(f.Data) {
				wrong("the answers are refused with %q, want %q%s", got.refusal, f.Data, anew)
			}
		case got.project == nil:
			wrong("the answers are refused: %s", got.refusal)
		case f.Name == "diff":
			if got.diff != string(f.Data) {
				wrong("the project differs from the one with all defaults otherwise than expected%s (-expected +rendered):\n%s",
					anew, between("diff", string(f.Data), got.diff))
			}
		case f.Name == "lines":
			for _, text := range lines(got.project, string(f.Data)) {
				wrong("%s", text)
			}
		default:
			name := strings.TrimPrefix(f.Name, "want/")
			switch file := got.project.Lookup(name); {
			case file == nil:
				wrong("there is no %s", name)
			case !bytes.Equal(file.Data, f.Data):
				wrong("%s is not as expected%s (-expected +rendered):\n%s", name, anew, between(name, string(f.Data), string(file.Data)))
			}
		}
	}
	if !expects {
		wrong("expects nothing; forge template test --update writes what the answers change")
	}
	return errors.Join(errs...)
}

// between is the unified diff of two texts.
func between(name, before, after string) string {
	one := func(text string) *generator.Tree {
		t, err := generator.NewTree([]generator.File{{Path: name, Mode: 0o644, Data: []byte(text)}})
		if err != nil {
			return &generator.Tree{}
		}
		return t
	}
	return diff(one(before), one(after))
}

// lines lists the expectations about lines that a project does not meet.
func lines(project *generator.Tree, expected string) []string {
	var wrong []string
	for line := range strings.Lines(expected) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		sign, rest, _ := strings.Cut(line, " ")
		name, text, ok := strings.Cut(rest, ": ")
		if !ok || sign != "+" && sign != "-" {
			wrong = append(wrong, fmt.Sprintf(`%q is neither "+ PATH: TEXT" nor "- PATH: TEXT"`, line))
			continue
		}
		file := project.Lookup(name)
		switch {
		case file == nil:
			wrong = append(wrong, "there is no "+name)
		case sign == "+" && !bytes.Contains(file.Data, []byte(text)):
			wrong = append(wrong, fmt.Sprintf("%s does not say %q", name, text))
		case sign == "-" && bytes.Contains(file.Data, []byte(text)):
			wrong = append(wrong, fmt.Sprintf("%s says %q", name, text))
		}
	}
	return wrong
}

// Updated is the case as it would be if what is rendered now is right, and whether
// that is another text than before.
func (c Case) Updated(catalog *generator.Catalog) (data []byte, changed bool, err error) {
	if err := c.problems(); err != nil {
		return nil, false, err
	}
	got, err := c.outcome(catalog)
	if err != nil {
		return nil, false, err
	}
	a := &txtar.Archive{Comment: c.archive.Comment}
	expects := false
	for _, f := range c.archive.Files {
		switch {
		case f.Name == answersFile:
		case f.Name == "lines":
			expects = true
		case f.Name == "error" && got.project == nil:
			expects = true
			f.Data = []byte(got.refusal)
		case got.project == nil || f.Name == "error":
			continue // it is refused now, or is no longer
		case f.Name == "diff":
			expects = true
			f.Data = []byte(got.diff)
		default:
			file := got.project.Lookup(strings.TrimPrefix(f.Name, "want/"))
			if file == nil {
				continue
			}
			expects = true
			f.Data = file.Data
		}
		a.Files = append(a.Files, f)
	}
	switch {
	case expects:
	case got.project == nil:
		a.Files = append(a.Files, txtar.File{Name: "error", Data: []byte(got.refusal)})
	default:
		a.Files = append(a.Files, txtar.File{Name: "diff", Data: []byte(got.diff)})
	}
	data = txtar.Format(a)
	return data, !bytes.Equal(data, txtar.Format(c.archive)), nil
}
