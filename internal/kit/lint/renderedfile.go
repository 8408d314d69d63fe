package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetoml"
)

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

var (
	target  = regexp.MustCompile(`^([A-Za-z0-9_./-]+):([^=]|$)`)
	spaced  = regexp.MustCompile(`^ +\S`)
	goingOn = regexp.MustCompile(`\\$`)
)
