package mutation_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// mutant is one check less.
type mutant struct {
	number int
	what   string // file: function: what is left out
}

// support is what the mutated sources call. Which mutant is alive, the environment
// says: so all of them are compiled at once.
const support = `package %s

import (
	"encoding/base64"
	"os"
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

var mutant, _ = strconv.Atoi(os.Getenv("MUTANT"))

// there says whether a check is in its place.
func there(n int) bool { return mutant != n }

// orNothing is v, or nothing.
func orNothing[T any](n int, v T) T {
	if there(n) {
		return v
	}
	var nothing T
	return nothing
}

// cut is text without a part of it.
func cut(n int, text, part string) string {
	if there(n) {
		return text
	}
	before, after, found := strings.Cut(text, part)
	if !found {
		panic("no such part: " + part)
	}
	return before + after
}

// option is o, or one that changes nothing.
func option(n int, o jwt.ParserOption) jwt.ParserOption {
	if there(n) {
		return o
	}
	return func(*jwt.Parser) {}
}

// strict is the second encoding, or the first.
func strict(n int, lax, strict *base64.Encoding) *base64.Encoding {
	if there(n) {
		return strict
	}
	return lax
}

// shape is a setting's check, or one that all values pass.
func shape(n int, check func(string) bool) func(string) bool {
	return func(s string) bool { return !there(n) || check(s) }
}
`

// mutator rewrites one file so that each of its checks can be left out:
//
//   - an if, or each operand of the || in it;
//   - a case of a switch without a value, and what bearerToken does in no case;
//   - each operand of the && that a function returns;
//   - each field of what the checks are made from, such as the rules for tokens;
//   - each option of the JWT library's, and strictness of decoders;
//   - the check of each setting's shape;
//   - each name in a list of names, and each condition of a query.
type mutator struct {
	name    string
	source  string
	files   *token.FileSet
	counter *int
	mutants []mutant
	inserts []insert
	within  string              // the function at hand
	before  map[ast.Stmt]string // by statement: the one in front of it
}

type insert struct {
	at   int
	text string
	// Where several are at one place, those that close come first.
	closes bool
}

func mutate(name, source string, counter *int) (string, []mutant, error) {
	m := &mutator{name: name, source: source, files: token.NewFileSet(), counter: counter, before: map[ast.Stmt]string{}}
	file, err := parser.ParseFile(m.files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return "", nil, err
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			m.within = d.Name.Name
			ast.Inspect(d, m.visit)
		case *ast.GenDecl:
			m.within = "declarations"
			m.declaration(d)
			ast.Inspect(d, m.visit)
		}
	}
	return m.rewritten(), m.mutants, nil
}

// rewritten is the source with all inserts.
func (m *mutator) rewritten() string {
	slices.SortStableFunc(m.inserts, func(a, b insert) int {
		if a.at != b.at {
			return a.at - b.at
		}
		if a.closes != b.closes {
			if a.closes {
				return -1
			}
			return 1
		}
		return 0
	})
	var text strings.Builder
	last := 0
	for _, i := range m.inserts {
		text.WriteString(m.source[last:i.at])
		text.WriteString(i.text)
		last = i.at
	}
	text.WriteString(m.source[last:])
	return text.String()
}

func (m *mutator) offset(p token.Pos) int { return m.files.Position(p).Offset }

func (m *mutator) text(n ast.Node) string {
	return strings.Join(strings.Fields(m.source[m.offset(n.Pos()):m.offset(n.End())]), " ")
}

// add numbers another mutant.
func (m *mutator) add(what string) int {
	*m.counter++
	m.mutants = append(m.mutants, mutant{*m.counter, fmt.Sprintf("%s: %s: %s", m.name, m.within, what)})
	return *m.counter
}

func (m *mutator) wrap(n ast.Node, before, after string) {
	m.inserts = append(m.inserts, insert{m.offset(n.Pos()), before, false}, insert{m.offset(n.End()), after, true})
}

func (m *mutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BlockStmt:
		m.sequence(n.List)
	case *ast.CaseClause:
		m.sequence(n.Body)
	case *ast.IfStmt:
		about := m.before[n] // says what an error is of
		if n.Init != nil {
			about = m.text(n.Init)
		}
		for _, operand := range operands(n.Cond, token.LOR) {
			what := "if " + m.text(operand)
			if strings.HasPrefix(what, "if err ") {
				what = about + "; " + what
			}
			m.wrap(operand, "((", fmt.Sprintf(") && there(%d))", m.add(what)))
		}
	case *ast.SwitchStmt:
		m.cases(n)
	case *ast.ReturnStmt:
		for _, result := range n.Results {
			if all := operands(result, token.LAND); len(all) > 1 {
				for _, operand := range all {
					m.wrap(operand, "((", fmt.Sprintf(") || !there(%d))", m.add("return "+m.text(operand))))
				}
			}
		}
	case *ast.CompositeLit:
		m.literal(n)
	case *ast.CallExpr:
		m.call(n)
	}
	return true
}

func (m *mutator) sequence(list []ast.Stmt) {
	for i, s := range list[min(1, len(list)):] {
		m.before[s] = m.text(list[i])
	}
}

// operands are those of a chain of one operator, or the expression itself.
func operands(e ast.Expr, operator token.Token) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == operator {
		return append(operands(b.X, operator), operands(b.Y, operator)...)
	}
	return []ast.Expr{e}
}

func (m *mutator) cases(s *ast.SwitchStmt) {
	for _, c := range s.Body.List {
		c := c.(*ast.CaseClause)
		if s.Tag == nil {
			for _, e := range c.List {
				m.wrap(e, "((", fmt.Sprintf(") && there(%d))", m.add("case "+m.text(e))))
			}
			continue
		}
		// Where nothing follows the switch, its default has to return.
		if c.List == nil && m.within == "bearerToken" {
			n := m.add("default")
			m.inserts = append(m.inserts,
				insert{m.offset(c.Colon) + 1, fmt.Sprintf(" if there(%d) {", n), false},
				insert{m.offset(c.End()), "}", true})
		}
	}
}

// What checks are made from.
var ingredients = []string{
	"tokenRules", "http.Client", "jwkset.HTTPClientStorageOptions", "mintedClaims", "jwt.RegisteredClaims", "Identity", "http.Cookie", "oidc.Config",
}

func (m *mutator) literal(l *ast.CompositeLit) {
	if l.Type == nil {
		return
	}
	switch t := m.text(l.Type); {
	case slices.Contains(ingredients, t):
		for _, e := range l.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				of := ""
				if m.text(pair.Key) == "Transport" {
					of = "[http.RoundTripper]" // what is in it has no other value
				}
				m.wrap(pair.Value, fmt.Sprintf("orNothing%s(%d, ", of, m.add(m.text(e))), ")")
			}
		}
	case t == "[]jwt.ParserOption":
		for _, e := range l.Elts {
			m.wrap(e, fmt.Sprintf("option(%d, ", m.add("option "+m.text(e))), ")")
		}
	case t == "[]string" && m.within == "declarations":
		for _, e := range l.Elts {
			m.wrap(e, fmt.Sprintf("orNothing(%d, ", m.add("name "+m.text(e))), ")")
		}
	}
}

func (m *mutator) call(c *ast.CallExpr) {
	f, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	switch name := m.text(f); {
	case f.Sel.Name == "Strict":
		m.wrap(c, fmt.Sprintf("strict(%d, %s, ", m.add(m.text(c)), m.text(f.X)), ")")
	case slices.Contains([]string{"r.Required", "r.Optional", "r.Secret", "r.List"}, name):
		last := c.Args[len(c.Args)-1]
		m.wrap(last, fmt.Sprintf("shape(%d, ", m.add("shape of "+m.text(c.Args[0]))), ")")
	}
}

// declaration has each condition of the query for sessions left out. The query stops
// being a constant for that.
func (m *mutator) declaration(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || len(v.Names) != 1 || v.Names[0].Name != "sessionQuery" {
			continue
		}
		text := v.Values[0]
		before, after := "", ""
		for _, part := range []string{
			"\njoin better_auth.\"user\" u on u.id = s.\"userId\"", ` and s."expiresAt" > now()`,
		} {
			before += fmt.Sprintf("cut(%d, ", m.add("query"+strings.ReplaceAll(part, "\n", " ")))
			after += fmt.Sprintf(", %q)", part)
		}
		at := m.offset(d.Pos())
		m.inserts = append(m.inserts, insert{at, "var sessionQuery = " + before + m.source[m.offset(text.Pos()):m.offset(text.End())] + after + "\n\n", false})
		m.inserts = append(m.inserts, insert{m.offset(v.Names[0].Pos()), "unmutated", false})
	}
}
