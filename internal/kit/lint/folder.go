package lint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/insforge/forge/generator"
)

// folder is one layer: its declaration, and its files.
type folder struct {
	path string // base, auth/clerk, auth/_jwks
	kind string // auth, payment; "" for base
	id   string // of a provider; "" for base and shared layers

	declaration string // the path of provider.toml or layer.toml
	decl        generator.Provider
	at          positions
	when        []generator.Condition // under which a shared layer joins
	broken      bool                  // the declaration is no TOML
	files       []file
}

func (f *folder) shared() bool { return strings.HasPrefix(path.Base(f.path), "_") }

// line is where a key of the declaration stands.
func (f *folder) line(format string, args ...any) int { return f.at.line(fmt.Sprintf(format, args...)) }

// includes names the shared layers that f builds on, those of choices too.
func (f *folder) includes() []string {
	names := slices.Clone(f.decl.Include)
	for _, q := range f.decl.Questions {
		for _, c := range q.Choices {
			names = append(names, c.Include...)
		}
	}
	return names
}

// file is one file of a folder.
type file struct {
	path   string // below the templates
	area   string // files, fragments, removal or cases; "" beside the declaration
	output string // the path in a project, without .tmpl
	data   []byte
	mode   fs.FileMode
}

// renders says whether the file becomes part of a project.
func (f file) renders() bool {
	return f.mode.IsRegular() && slices.Contains([]string{"files", "fragments", "removal"}, f.area)
}

func (f file) isGo() bool { return f.renders() && strings.HasSuffix(f.output, ".go") }

func (f file) isTest() bool { return strings.HasSuffix(f.output, "_test.go") }

// line is the first line that has text, or 1.
func (f file) line(text string) int {
	i := bytes.Index(f.data, []byte(text))
	if i < 0 {
		return 1
	}
	return 1 + bytes.Count(f.data[:i], []byte("\n"))
}

// read finds the folders. What is wrong with a declaration is left to load.
func (l *linter) read() error {
	names := []string{"base"}
	for _, kind := range []generator.Kind{generator.KindAuth, generator.KindPayment} {
		entries, err := fs.ReadDir(l.fsys, string(kind))
		if err != nil {
			return fmt.Errorf("these are no templates of forge: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, path.Join(string(kind), e.Name()))
			}
		}
	}
	for _, name := range names {
		f, err := l.readFolder(name)
		if err != nil {
			return err
		}
		l.folders[name] = f
	}
	return nil
}

func (l *linter) readFolder(name string) (*folder, error) {
	f := &folder{path: name, declaration: path.Join(name, "layer.toml")}
	if name != "base" {
		f.kind = path.Dir(name)
	}
	if f.kind != "" && !f.shared() {
		f.id, f.declaration = path.Base(name), path.Join(name, "provider.toml")
	}
	err := fs.WalkDir(l.fsys, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		x := file{path: p, mode: info.Mode()}
		rel := strings.TrimPrefix(p, name+"/")
		if area, rest, ok := strings.Cut(rel, "/"); ok {
			x.area, x.output = area, strings.TrimSuffix(rest, ".tmpl")
		} else {
			x.output = rel
		}
		if x.mode.IsRegular() {
			if x.data, err = fs.ReadFile(l.fsys, p); err != nil {
				return err
			}
		}
		f.files = append(f.files, x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, x := range f.files {
		if x.path == f.declaration {
			f.at = locate(x.data)
			f.broken = toml.Unmarshal(x.data, &f.decl) != nil
			var layer struct {
				When []generator.Condition `toml:"when"`
			}
			if toml.Unmarshal(x.data, &layer) == nil {
				f.when = layer.When
			}
		}
	}
	f.decl.ID, f.decl.Kind = f.id, generator.Kind(f.kind)
	return f, nil
}

// load has the generator read the catalog, and tells what it says of it under the
// rule that it breaks.
func (l *linter) load() {
	c, err := generator.Load(l.fsys)
	if err == nil {
		l.catalog = c
		return
	}
	for _, e := range unjoin(err) {
		var at *generator.ProviderError
		if !errors.As(e, &at) {
			l.report(declarationComplete, "catalog.toml", 1, e.Error(), "correct it")
			continue
		}
		line := at.Line
		for _, f := range l.folders {
			if f.declaration == at.Path && line == 0 {
				line = l.declared(f, at.Key)
			}
		}
		rule, fix := loadRule(at)
		problem := at.Err.Error()
		if at.Key != "" {
			problem = at.Key + ": " + problem
		}
		l.report(rule, at.Path, line, problem, fix)
	}
}

// declared is the line of a key as the generator names it: question.KEY is the
// question that has that key.
func (l *linter) declared(f *folder, key string) int {
	if name, ok := strings.CutPrefix(key, "question."); ok {
		for i, q := range f.decl.Questions {
			if q.Key == name {
				return f.line("question[%d]", i)
			}
		}
	}
	if key == "require" {
		key = "require[0]"
	}
	return f.at.line(key)
}

// loadRules tells which rule an error of generator.Load is about: the first that
// fits the key and the message.
var loadRules = []struct { //nolint:gochecknoglobals // a table, never written
	key, message *regexp.Regexp
	rule         Rule
	fix          string
}{
	{nil, regexp.MustCompile(`unknown key`), tomlStrict, "take it out, or spell it as the other providers do"},
	{nil, regexp.MustCompile(`is missing$`), declarationComplete, "write it"},
	{nil, regexp.MustCompile(`only folders belong here`), folderLayout, "move it into a provider's folder"},
	{regexp.MustCompile(`^id$`), nil, idShape, "rename the folder, such as acme-pay"},
	{regexp.MustCompile(`^docs$`), nil, docsLink, "link the provider's own documentation"},
	{regexp.MustCompile(`^(include|question\.)`), nil, includeExists, "name a folder beside this one that starts with _, or take it out"},
	{regexp.MustCompile(`^when`), nil, conditionShape, "write { key = \"auth\", is = \"none\" }, or not in place of is"},
	{regexp.MustCompile(`^conflicts$`), nil, conflictsExist, "name a provider that forge providers lists"},
	{regexp.MustCompile(`^require$`), nil, versionsAgree, "require the same version in all of them, then run make modules"},
	{regexp.MustCompile(`^require\[`), nil, requireShape, "write the module's path, and a version such as v1.2.3"},
	{regexp.MustCompile(`^env\[`), regexp.MustCompile(`has no comment`), envDocumented, "say what it is and where in the dashboard its value stands"},
	{regexp.MustCompile(`^env\[`), regexp.MustCompile(`(example|default) does not match`), envExample, "correct the value or the pattern"},
	{regexp.MustCompile(`^env\[`), nil, envPattern, "correct it"},
	{regexp.MustCompile(`^question\[`), regexp.MustCompile(`default`), questionDefault, "choose a default that the question's own check takes"},
	{regexp.MustCompile(`^question\[`), nil, questionShape, "complete it"},
	{regexp.MustCompile(`^step\[`), nil, stepComplete, "say what to do, or take the step out"},
	{regexp.MustCompile(`^url\[`), nil, urlShape, "correct it"},
	{regexp.MustCompile(`^doctor`), nil, doctorResolves, "name variables that this provider declares, with examples that make an address"},
	{regexp.MustCompile(`^rename\[`), nil, renameShape, "write since, from and to"},
	{nil, regexp.MustCompile(`^is no go, require`), lockCurrent, "run make modules, which writes the file"},
}

func loadRule(e *generator.ProviderError) (Rule, string) {
	for _, r := range loadRules {
		if (r.key == nil || r.key.MatchString(e.Key)) && (r.message == nil || r.message.MatchString(e.Err.Error())) {
			return r.rule, r.fix
		}
	}
	if e.Line > 0 {
		return tomlParses, "correct the TOML"
	}
	return declarationComplete, "complete the declaration"
}

// unjoin lists the errors that were joined into err.
func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, unjoin(e)...)
		}
		return all
	}
	return []error{err}
}
