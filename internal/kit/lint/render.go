package lint

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetoml"
)

// checkRendered renders the folders in the scope with every answer to their
// questions and looks at what comes out.
func (l *linter) checkRendered() {
	looked := map[[sha256.Size]byte]bool{} // by path and contents: most files are alike in all projects
	for _, a := range l.answers() {
		spec, err := l.catalog.Resolve(a, generator.Numbering{})
		if err != nil {
			continue // not a valid choice, and not the templates' fault
		}
		tree, err := generator.Render(spec)
		if err != nil {
			for _, e := range unjoin(err) {
				l.renderError(e)
			}
			continue
		}
		l.checkRedirects(spec, tree)
		for f := range tree.All() {
			key := sha256.Sum256([]byte(f.Path + "\x00" + string(f.Data)))
			if !looked[key] {
				looked[key] = true
				l.checkFile(tree, f)
			}
		}
		l.checkRemoval(spec)
	}
}

// answers are those to render with: for each provider in the scope alone and with
// what can be chosen besides, each answer to each question once, and short and long
// names.
func (l *linter) answers() []generator.Answers {
	var all []generator.Answers
	for _, p := range l.providers() {
		if !l.scope[p.path] {
			continue
		}
		for _, a := range l.choices(p) {
			a.Name, a.Module = "shop", "example.com/shop"
			plain := l.complete(a)
			all = append(all, plain)
			for _, q := range l.catalog.Questions(plain) {
				if !l.concerns(p, q) {
					continue
				}
				for _, value := range l.values(q) {
					all = append(all, l.complete(a.Set(q.Key, value)))
				}
			}
			a.Name, a.Module = "s", "a.io"
			all = append(all, l.complete(a))
			a.Name, a.Module = "a-shop-with-a-rather-long-name", "zz.example.com/of/many/elements/and/a-long-last-one/v2"
			all = append(all, l.complete(a))
		}
	}
	return all
}

// concerns says whether a question is p's to answer for: every project's, or one of
// the layers that p builds on. Those of others are tried when they are linted.
func (l *linter) concerns(p *folder, q generator.Question) bool {
	asks := func(f *folder) bool {
		return slices.ContainsFunc(f.decl.Questions, func(other generator.Question) bool { return other.Key == q.Key })
	}
	if slices.ContainsFunc(l.closure(p), asks) {
		return true
	}
	for _, f := range l.folders {
		if asks(f) {
			return false
		}
	}
	return true
}

// choices are the providers to render p with.
func (l *linter) choices(p *folder) []generator.Answers {
	valid := func(a generator.Answers) bool {
		a.Name, a.Module = "shop", "example.com/shop"
		return l.catalog.Check(l.complete(a)) == nil
	}
	var all []generator.Answers
	if p.kind == string(generator.KindPayment) {
		for _, auth := range []string{l.catalog.Auth[0].ID, generator.None} {
			if a := (generator.Answers{Auth: auth, Payments: []string{p.id}}); valid(a) {
				all = append(all, a)
			}
		}
		return all
	}
	alone := generator.Answers{Auth: p.id, Payments: []string{}}
	if valid(alone) {
		all = append(all, alone)
	}
	with := alone
	for _, q := range l.catalog.Payments {
		more := with
		more.Payments = append(slices.Clone(with.Payments), q.ID)
		if valid(more) {
			with = more
		}
	}
	if len(with.Payments) > 0 {
		all = append(all, with)
	}
	return all
}

// values are the answers to try besides the default.
func (l *linter) values(q generator.Question) []string {
	var values []string
	switch q.Type {
	case "confirm":
		values = []string{"true", "false"}
	case "select":
		if q.ChoicesFrom != "" {
			return nil
		}
		for _, c := range q.Choices {
			values = append(values, c.Value)
		}
	case "input":
		if q.Key == generator.KeyName || q.Key == generator.KeyModule {
			return nil
		}
		values = samples
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == q.Default || q.Check(v) != nil })
}

// samples are short and long texts, of which a question's own check takes some.
var samples = []string{ //nolint:gochecknoglobals // a table, never written
	"1", "123456.654321", "https://app.example.com", "a", "a-rather-long-answer-to-a-question-that-takes-any-words",
}

// complete answers what is left open: by its default, or by the first sample that
// its check takes.
func (l *linter) complete(a generator.Answers) generator.Answers {
	for range len(l.catalog.AllQuestions()) {
		i := slices.IndexFunc(l.catalog.Questions(a), func(q generator.Question) bool {
			_, ok := a.Get(q.Key)
			return !ok
		})
		if i < 0 {
			break
		}
		q := l.catalog.Questions(a)[i]
		value := q.Default
		if j := slices.IndexFunc(samples, func(v string) bool { return q.Check(v) == nil }); value == "" && j >= 0 && q.Type == "input" {
			value = samples[j]
		}
		a = a.Set(q.Key, value)
	}
	return a
}

var (
	templatePlace = regexp.MustCompile(`template: ([^\s:]+):(\d+)`)
	goPlace       = regexp.MustCompile(`^(\S+\.go):(\d+):\d+: (.*)`)
	unknownField  = regexp.MustCompile(`can't evaluate field|map has no entry for key|nil pointer evaluating|no such key`)
	unknownFunc   = regexp.MustCompile(`function "(\w+)" not defined`)
)

// renderError tells what the generator says of a template under the rule that it
// breaks.
func (l *linter) renderError(err error) {
	var at *generator.RenderError
	if !errors.As(err, &at) {
		var twice *generator.CollisionError
		switch {
		case errors.As(err, &twice):
			// Said already, at the file that is wrong.
			if !slices.ContainsFunc(l.found, func(f Finding) bool { return f.Rule == oneOwner }) {
				l.report(oneOwner, l.making(twice), 1, err.Error(), "choose another path")
			}
		default:
			l.report(renders, "catalog.toml", 1, err.Error(), "correct it")
		}
		return
	}
	file, line, text := at.Template, 1, at.Err.Error()
	if found := templatePlace.FindAllStringSubmatch(text, -1); found != nil {
		last := found[len(found)-1]
		file = last[1]
		line, _ = strconv.Atoi(last[2])
		text = text[strings.LastIndex(text, last[0])+len(last[0]):]
		text = strings.TrimLeft(text, ":0123456789 ")
	}
	switch where := goPlace.FindStringSubmatch(text); {
	case where != nil:
		row, _ := strconv.Atoi(where[2])
		l.report(goParses, file, row, "what it renders is no Go: "+where[3], "render it with forge template preview and look")
	case unknownFunc.MatchString(text):
		l.report(hermeticFunctions, file, line, text, "use one of sprig's functions without time, randomness, environment or network")
	case strings.Contains(text, "{{ fragments }}"):
		l.report(fragmentUsed, file, 1, "no file takes this fragment", "correct its path, or say {{ fragments }} in the template of that path")
	case unknownField.MatchString(text):
		l.report(knownFields, file, line, text, "use what generator.Spec has; .Auth is nil without login, and .Values has the answers that were asked for")
	case strings.HasPrefix(at.Err.Error(), "template:") && !strings.Contains(text, "executing"):
		l.report(templateParses, file, line, text, "correct the action")
	default:
		l.report(renders, file, line, text, "correct the template")
	}
}

// making is the file in the scope that makes a path twice.
func (l *linter) making(e *generator.CollisionError) string {
	for _, f := range l.folders {
		for _, x := range f.files {
			if x.area == "files" && slices.Contains(e.Sources, f.path) && (x.output == e.Path || "migration "+path.Base(owned(x)) == e.Path) {
				return x.path
			}
		}
	}
	return "catalog.toml"
}

// checkFile looks at one rendered file.
func (l *linter) checkFile(tree *generator.Tree, f *generator.File) {
	name := path.Base(f.Path)
	report := func(rule Rule, row int, problem, fix string) {
		file, line := l.origin(f, row)
		l.report(rule, file, line, problem, fix)
	}
	switch {
	case strings.HasSuffix(name, ".go"):
		if !l.scope[f.Source] {
			return
		}
		if formatted, err := format.Source(f.Data); err == nil && !bytes.Equal(formatted, f.Data) {
			report(goFormatted, firstDifference(f.Data, formatted), "gofmt would change what it renders, with some answers", "keep values of which the length varies out of aligned columns")
		}
	case f.Path == "insforge.toml":
		if _, err := insforgetoml.Parse(name, f.Data); err != nil {
			for _, e := range unjoin(err) {
				row, text := placed(e.Error())
				report(insforgeToml, row, text, "correct it: the CLI would drop it or refuse the file")
			}
		}
	case strings.HasSuffix(name, ".toml"):
		var at *toml.DecodeError
		if err := toml.Unmarshal(f.Data, &map[string]any{}); errors.As(err, &at) {
			row, _ := at.Position()
			report(tomlRendered, row, strings.TrimPrefix(at.Error(), "toml: "), "correct it")
		}
	case strings.HasSuffix(name, ".json"):
		var at *json.SyntaxError
		if err := json.Unmarshal(f.Data, new(any)); errors.As(err, &at) {
			report(jsonParses, 1+bytes.Count(f.Data[:min(int(at.Offset), len(f.Data))], []byte("\n")), at.Error(), "correct it; toRawJson quotes a value")
		}
	case strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".yaml"):
		if err := yaml.Unmarshal(f.Data, new(any)); err != nil {
			row, text := yamlPlace(err)
			report(yamlParses, row, text, "correct it")
		}
	case name == "Makefile":
		for _, p := range makefileProblems(f.Data) {
			report(makefileParses, p.row, p.text, "correct it")
		}
	case strings.HasSuffix(name, ".md"):
		l.checkLinks(tree, f, report)
	case name == ".env.example":
		l.checkEnvFile(f, report)
	case strings.HasPrefix(f.Path, "migrations/") && l.scope[f.Source]:
		l.checkSQL(f)
	}
}

// origin finds where a line of a rendered file comes from: the fragment that has
// it, or the template.
func (l *linter) origin(f *generator.File, row int) (name string, line int) {
	lines := strings.SplitAfter(string(f.Data), "\n")
	text := ""
	if row >= 1 && row <= len(lines) {
		text = strings.TrimSpace(lines[row-1])
	}
	for _, g := range l.folders {
		for _, x := range g.files {
			if x.area == "fragments" && x.output == f.Path && l.scope[g.path] && text != "" && strings.Contains(string(x.data), text) {
				return x.path, x.line(text)
			}
		}
	}
	if x := l.template(f); x != nil {
		return x.path, aligned(string(x.data), string(f.Data), row)
	}
	return f.Source, 1
}

// template is the file that a rendered one was made of, nil for go.mod and go.sum.
func (l *linter) template(f *generator.File) *file {
	g := l.folders[f.Source]
	if g == nil {
		return nil
	}
	number := regexp.MustCompile(`^migrations/[0-9]+_`)
	for i, x := range g.files {
		if !x.renders() || x.area == "fragments" {
			continue
		}
		if x.output == f.Path || number.MatchString(f.Path) && number.ReplaceAllString(x.output, "") == number.ReplaceAllString(f.Path, "") && number.MatchString(x.output) {
			return &g.files[i]
		}
	}
	return nil
}

// aligned is the line of a template that made a line of what it renders: the next
// equal one, or that which stands where it would be.
func aligned(template, rendered string, row int) int {
	from, to := strings.Split(template, "\n"), strings.Split(rendered, "\n")
	at := 0
	for i, text := range to {
		next := at
		for j := at; j < len(from); j++ {
			if from[j] == text {
				next = j
				break
			}
		}
		for text != from[min(next, len(from)-1)] && next < len(from)-1 && controlLine.MatchString(from[next]) {
			next++
		}
		if i == row-1 {
			return next + 1
		}
		at = min(next+1, len(from)-1)
	}
	return len(from)
}

// placed reads name:line:column: text.
func placed(message string) (row int, text string) {
	parts := strings.SplitN(message, ":", 4)
	if len(parts) < 4 {
		return 1, message
	}
	row, _ = strconv.Atoi(parts[1])
	return row, strings.TrimSpace(parts[3])
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

func yamlPlace(err error) (row int, text string) {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		row, _ = strconv.Atoi(m[1])
		return row, m[2]
	}
	return 1, strings.TrimPrefix(err.Error(), "yaml: ")
}

type makefileProblem struct {
	row  int
	text string
}

var (
	target  = regexp.MustCompile(`^([A-Za-z0-9_./-]+):([^=]|$)`)
	spaced  = regexp.MustCompile(`^ +\S`)
	goingOn = regexp.MustCompile(`\\$`)
)

// makefileProblems finds what make stops at and people overlook.
func makefileProblems(data []byte) []makefileProblem {
	var found []makefileProblem
	seen := map[string]int{}
	recipe, continued := false, false
	row := 0
	for text := range strings.Lines(string(data)) {
		row++
		text = strings.TrimSuffix(text, "\n")
		m := target.FindStringSubmatch(text)
		switch {
		case continued:
		case m != nil && !strings.HasPrefix(text, "."):
			if other := seen[m[1]]; other > 0 {
				found = append(found, makefileProblem{row, fmt.Sprintf("the target %s is there already, in line %d of the Makefile", m[1], other)})
			}
			seen[m[1]], recipe = row, true
		case recipe && spaced.MatchString(text):
			found = append(found, makefileProblem{row, "a recipe's line starts with spaces, and make wants a tab"})
		case !strings.HasPrefix(text, "\t"):
			recipe = false
		}
		continued = goingOn.MatchString(text)
	}
	return found
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// checkLinks wants relative links to lead somewhere.
func (l *linter) checkLinks(tree *generator.Tree, f *generator.File, report func(Rule, int, string, string)) {
	row := 0
	for text := range strings.Lines(string(f.Data)) {
		row++
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, ":") || strings.HasPrefix(to, "/") {
				continue
			}
			to = path.Join(path.Dir(f.Path), to)
			if tree.Lookup(to) == nil && !hasFolder(tree, to) {
				report(linksResolve, row, m[1]+" leads to nothing in the project", "correct the link")
			}
		}
	}
}

func hasFolder(tree *generator.Tree, name string) bool {
	for f := range tree.All() {
		if strings.HasPrefix(f.Path, name+"/") {
			return true
		}
	}
	return false
}

var setting = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=([^"'\s]*)$`)

// checkEnvFile wants each variable once, as the project's Makefile reads it.
func (l *linter) checkEnvFile(f *generator.File, report func(Rule, int, string, string)) {
	seen := map[string]bool{}
	row := 0
	for text := range strings.Lines(string(f.Data)) {
		row++
		text = strings.TrimSuffix(text, "\n")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		m := setting.FindStringSubmatch(text)
		switch {
		case m == nil:
			report(envFile, row, fmt.Sprintf("%.60q is no NAME=value", text), "write one variable a line, without quotes or blanks: values are taken as they stand")
		case seen[m[1]]:
			const problem, fix = " is there twice", "take one of them out"
			if g, line := l.declaring(m[1]); g != nil {
				l.report(envFile, g.declaration, line, m[1]+problem, fix)
			} else {
				report(envFile, row, m[1]+problem, fix)
			}
		default:
			seen[m[1]] = true
		}
	}
}

// declaring is the folder of the scope that declares a variable, and the line.
func (l *linter) declaring(name string) (*folder, int) {
	for _, f := range l.folders {
		for i, e := range f.decl.Env {
			if e.Name == name && l.scope[f.path] {
				return f, f.line("env[%d]", i)
			}
		}
	}
	return nil, 0
}

// checkRedirects wants every callback of the scope to be in insforge.toml.
func (l *linter) checkRedirects(spec *generator.Spec, tree *generator.Tree) {
	settings := tree.Lookup("insforge.toml")
	if settings == nil {
		return
	}
	config, err := insforgetoml.Parse("insforge.toml", settings.Data)
	if err != nil || config.Auth == nil {
		return
	}
	for _, p := range spec.Providers {
		f := l.provider(p.ID)
		if f == nil || !l.scope[f.path] {
			continue
		}
		for i, u := range p.URLs {
			if u.Use == "callback" && !slices.Contains(config.Auth.AllowedRedirectURLs, u.Dev()) {
				l.report(redirectListed, f.declaration, f.line("url[%d]", i), u.Dev()+" is not among allowed_redirect_urls", "leave that list to insforge.toml of the base, which is made of the URLs")
			}
		}
	}
}

// checkRemoval looks at what takes the layers in the scope out of a database.
func (l *linter) checkRemoval(spec *generator.Spec) {
	for _, f := range l.folders {
		if !l.scope[f.path] || !slices.ContainsFunc(f.files, func(x file) bool { return x.area == "removal" }) {
			continue
		}
		for _, drop := range []bool{false, true} {
			s := *spec
			s.DropData = drop
			found, err := s.Removal(f.path)
			for _, e := range unjoin(err) {
				if e != nil {
					l.renderError(e)
				}
			}
			for _, x := range found {
				x.Source = f.path
				l.checkRemovalSQL(&x, drop)
			}
		}
	}
}
