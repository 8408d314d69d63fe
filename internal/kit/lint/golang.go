package lint

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// wiring lists the files that may hold identifiers made from answers.
var wiring = []string{ //nolint:gochecknoglobals // a table, never written
	"payment/_checkout/files/internal/checkout/checkout.go.tmpl",
	"payment/_paywall/files/internal/payment/payment.go.tmpl",
}

// branching lists the Go templates that may hold conditions because what they hold
// depends on the kinds that were chosen, or because what is not to be told must not
// be read either.
var branching = []string{ //nolint:gochecknoglobals // a table, never written
	"base/files/cmd/server/run.go.tmpl",
	"base/files/internal/config/config.go.tmpl",
	"base/files/internal/httpapi/api.go.tmpl",
	"base/files/internal/httpapi/routes.go.tmpl",
	"payment/_paywall/files/internal/httpapi/payments.go.tmpl",
	"payment/_paywall/files/internal/payment/ledger/list.go.tmpl",
}

var (
	control     = regexp.MustCompile(`\{\{-?\s*(if|else|end|range|with|define|block|template|break|continue)\b`)
	controlLine = regexp.MustCompile(`^[ \t]*\{\{-?\s*(if|else|end|range|with)\b[^}]*\}\}[ \t]*\n?$`)
	condition   = regexp.MustCompile(`\{\{-?\s*(if|with)\b`)
)

// source is a Go template without its control lines.
type source struct {
	bare  []byte
	lines []int // of the template, for each line of bare
}

func sourceOf(data []byte) source {
	var s source
	row := 0
	for text := range strings.Lines(string(data)) {
		row++
		if controlLine.MatchString(text) {
			continue
		}
		s.bare = append(s.bare, text...)
		s.lines = append(s.lines, row)
	}
	return s
}

// line is the template's line for one of bare.
func (s source) line(bare int) int {
	if bare < 1 || bare > len(s.lines) {
		return 1
	}
	return s.lines[bare-1]
}

// checkGo holds a folder's Go templates to the rules, before they are rendered.
func (l *linter) checkGo(f *folder) {
	for _, x := range f.files {
		if !x.isGo() || slices.Contains(wiring, x.path) {
			continue
		}
		whole := true
		row := 0
		for text := range strings.Lines(string(x.data)) {
			row++
			// Where conditions may be, one may stand inside a string, too.
			free := x.isTest() || slices.Contains(branching, x.path)
			if control.MatchString(text) && !controlLine.MatchString(text) && !free {
				whole = false
				l.report(goControlAlone, x.path, row, "a control action shares its line", "give it a line of its own, or let a layer own the file")
			}
			if condition.MatchString(text) && !free {
				l.report(goBranches, x.path, row, "it decides by an answer what it says", "let a layer that the choice includes own the file that differs")
			}
		}
		if !whole {
			continue // which would be said again in the parser's words
		}
		s := sourceOf(x.data)
		if row := unquotedValue(s.bare); row > 0 {
			l.report(goValuesQuoted, x.path, s.line(row), "a value stands outside of a string literal", `write it as "{{ .Value }}", in a constant if need be`)
			continue
		}
		formatted, err := format.Source(s.bare)
		var list scanner.ErrorList
		switch {
		case errors.As(err, &list) && len(list) > 0:
			l.report(goReadable, x.path, s.line(list[0].Pos.Line), "it is no Go: "+list[0].Msg, "correct it")
		case err != nil:
			l.report(goReadable, x.path, 1, "it is no Go: "+err.Error(), "correct it")
		case !bytes.Equal(s.bare, formatted):
			l.report(goReadable, x.path, s.line(firstDifference(s.bare, formatted)), "gofmt would change it", "write it as gofmt does; values count with their braces")
		}
	}
}

// unquotedValue is the line of the first {{ . in Go that is neither in a string nor
// in a comment, or 0.
func unquotedValue(src []byte) int {
	files := token.NewFileSet()
	f := files.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(f, src, nil, 0)
	var last [2]token.Token
	var at [2]token.Pos
	for {
		pos, tok, _ := s.Scan()
		if tok == token.EOF {
			return 0
		}
		if tok == token.SUB && last[1] == token.LBRACE && last[0] == token.LBRACE {
			continue // {{-
		}
		if (tok == token.PERIOD || tok == token.ILLEGAL) && last[0] == token.LBRACE && last[1] == token.LBRACE && at[1] == at[0]+1 {
			return f.Line(pos)
		}
		last, at = [2]token.Token{last[1], tok}, [2]token.Pos{at[1], pos}
	}
}

// firstDifference is the first line in which two texts differ.
func firstDifference(a, b []byte) int {
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range as {
		if i >= len(bs) || !bytes.Equal(as[i], bs[i]) {
			return i + 1
		}
	}
	return len(as)
}

// reading is a variable that Go reads from its environment.
type reading struct {
	file, name, method string
	line               int
	guarded            bool           // its value goes into a type that does not print it
	pattern            *regexp.Regexp // what the value has to match, if that is a literal
}

// readings finds what the Go of a folder reads, tests left out.
func (f *folder) readings() []reading {
	var found []reading
	for _, x := range f.files {
		if !x.isGo() || x.isTest() {
			continue
		}
		s := sourceOf(x.data)
		files := token.NewFileSet()
		tree, err := parser.ParseFile(files, x.path, s.bare, parser.SkipObjectResolution)
		if tree == nil || err != nil {
			continue
		}
		guarded := map[ast.Node]bool{}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if fun.Sel.Name == "Secret" && len(call.Args) == 1 {
				guarded[call.Args[0]] = true
			}
			name := literal(call.Args[0])
			if !slices.Contains([]string{"Required", "Optional", "Secret", "List", "Bool"}, fun.Sel.Name) || !variable.MatchString(name) {
				return true
			}
			found = append(found, reading{
				file: x.path, name: name, method: fun.Sel.Name, line: s.line(files.Position(call.Pos()).Line),
				guarded: fun.Sel.Name == "Secret" || guarded[call], pattern: matched(call.Args[len(call.Args)-1]),
			})
			return true
		})
	}
	return found
}

var variable = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)

func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if text, err := strconv.Unquote(lit.Value); err == nil {
			return text
		}
	}
	return ""
}

// matched is the pattern of env.Matches(`…`), nil for any other check.
func matched(e ast.Expr) *regexp.Regexp {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil
	}
	if fun, ok := call.Fun.(*ast.SelectorExpr); !ok || fun.Sel.Name != "Matches" {
		return nil
	}
	re, err := regexp.Compile(`\A(?:` + literal(call.Args[0]) + `)\z`)
	if err != nil {
		return nil
	}
	return re
}

// imported is one import in a Go template.
type imported struct {
	file, path string
	line       int
}

func (f *folder) imports() []imported {
	var found []imported
	for _, x := range f.files {
		if !x.isGo() {
			continue
		}
		s := sourceOf(x.data)
		files := token.NewFileSet()
		tree, _ := parser.ParseFile(files, x.path, s.bare, parser.ImportsOnly)
		if tree == nil {
			continue
		}
		for _, spec := range tree.Imports {
			if name, err := strconv.Unquote(spec.Path.Value); err == nil {
				found = append(found, imported{x.path, name, s.line(files.Position(spec.Pos()).Line)})
			}
		}
	}
	return found
}

// checkModules holds a folder's requirements against its imports.
func (l *linter) checkModules(f *folder) {
	imports := f.imports()
	for i, m := range f.decl.Requires {
		if !slices.ContainsFunc(imports, func(p imported) bool { return within(p.path, m.Path) }) {
			l.report(requireImported, f.declaration, f.line("require[%d]", i), "no Go here imports "+m.Path, "import it, or take the requirement out and run make modules")
		}
	}
	locked := f.locked()
	for _, p := range imports {
		first, _, _ := strings.Cut(p.path, "/")
		switch {
		case strings.HasPrefix(p.path, "{{") || !strings.Contains(first, "."):
			continue
		case strings.HasPrefix(p.path, "github.com/insforge/forge") || strings.HasPrefix(p.path, "example.com"):
			l.report(noForge, p.file, p.line, "it imports "+p.path, `import what the project has: "{{ .Module }}/internal/…"`)
			continue
		}
		version := ""
		for _, g := range l.users(f) {
			version = ""
			for _, h := range l.closure(g) {
				for _, m := range h.decl.Requires {
					if within(p.path, m.Path) {
						version = m.Path + " " + m.Version
					}
				}
			}
			if version == "" {
				break
			}
		}
		switch {
		case version == "":
			l.report(importRequired, p.file, p.line, "no layer of the project requires the module of "+p.path, "add a [[require]] with module and version, and run make modules")
		case !slices.Contains(locked, version):
			l.report(lockCurrent, p.file, p.line, fmt.Sprintf("%s/modules.lock does not have %s", f.path, version), "run make modules")
		}
	}
}

func within(pkg, module string) bool { return pkg == module || strings.HasPrefix(pkg, module+"/") }

// locked lists what the lock requires, as "path version".
func (f *folder) locked() []string {
	var list []string
	for _, x := range f.files {
		if x.area != "" || x.output != "modules.lock" {
			continue
		}
		for text := range strings.Lines(string(x.data)) {
			if fields := strings.Fields(text); len(fields) >= 3 && fields[0] == "require" {
				list = append(list, fields[1]+" "+fields[2])
			}
		}
	}
	return list
}
