package lint

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/wasilibs/go-pgquery/parser"
)

// node is one node of Postgres' parse tree, as its parser prints it in JSON.
type node map[string]any

func (n node) node(key string) node { return asNode(n[key]) }

func (n node) text(key string) string { text, _ := n[key].(string); return text }

func (n node) bool(key string) bool { yes, _ := n[key].(bool); return yes }

func (n node) list(key string) []node {
	items, _ := n[key].([]any)
	list := make([]node, 0, len(items))
	for _, item := range items {
		list = append(list, asNode(item))
	}
	return list
}

func asNode(v any) node { n, _ := v.(map[string]any); return n }

// open gives the kind of a wrapped node, such as ColumnRef, and what is inside.
func (n node) open() (kind string, inside node) {
	for kind, v := range n {
		return kind, asNode(v)
	}
	return "", nil
}

// names are the parts of a dotted name: a list of strings.
func (n node) names(key string) []string {
	var names []string
	for _, item := range n.list(key) {
		names = append(names, item.node("String").text("sval"))
	}
	return names
}

// walk visits every wrapped node below v, outermost first, until visit says no.
func walk(v any, visit func(kind string, n node) bool) {
	switch x := v.(type) {
	case node:
		walk(map[string]any(x), visit)
	case map[string]any:
		for key, inside := range x {
			if child, ok := inside.(map[string]any); ok && key != "" && strings.ToUpper(key[:1]) == key[:1] && !visit(key, child) {
				continue
			}
			walk(inside, visit)
		}
	case []any:
		for _, item := range x {
			walk(item, visit)
		}
	}
}

// has says whether a node of this kind, which match takes, is at v or below.
func has(v any, kind string, match func(node) bool) bool {
	found := false
	walk(v, func(k string, n node) bool {
		found = found || k == kind && match(n)
		return !found
	})
	return found
}

// statement is one statement of a migration.
type statement struct {
	kind   string // CreateStmt, GrantStmt
	body   node
	offset int // of its first word, in bytes
}

// deepest is how deeply brackets may nest for the parser's tree to be printed,
// which takes a stack of its own.
const deepest = 100

// statements parses sql. It refuses what nests too deeply to be looked at.
func statements(sql string) ([]statement, error) {
	depth := 0
	for _, c := range sql {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth > deepest {
			return nil, fmt.Errorf("brackets nest more than %d deep", deepest)
		}
	}
	if strings.ContainsRune(sql, 0) {
		return nil, fmt.Errorf("it has a NUL byte")
	}
	out, err := parser.ParseToJSON(sql)
	if err != nil {
		return nil, err
	}
	var tree struct {
		Statements []struct {
			Stmt     node `json:"stmt"`
			Location int  `json:"stmt_location"`
			Length   int  `json:"stmt_len"`
		} `json:"stmts"`
	}
	if err := json.Unmarshal([]byte(out), &tree); err != nil {
		return nil, err
	}
	var list []statement
	for _, raw := range tree.Statements {
		s := statement{offset: raw.Location}
		s.kind, s.body = raw.Stmt.open()
		end := len(sql)
		if raw.Length > 0 {
			end = raw.Location + raw.Length
		}
		s.offset += blank(sql[raw.Location:end])
		list = append(list, s)
	}
	return list, nil
}

// blank is how long the space and comments are that a text begins with.
func blank(sql string) int {
	rest := sql
	for {
		trimmed := strings.TrimLeft(rest, " \t\r\n\f\v")
		switch {
		case strings.HasPrefix(trimmed, "--"):
			_, after, found := strings.Cut(trimmed, "\n")
			if !found {
				return len(sql)
			}
			rest = after
		case strings.HasPrefix(trimmed, "/*"):
			_, after, found := strings.Cut(trimmed, "*/")
			if !found {
				return len(sql)
			}
			rest = after
		default:
			return len(sql) - len(trimmed)
		}
	}
}
