package lint

import (
	"strings"
)

// relation is a table's name as a RangeVar has it.
func relation(n node) string {
	if schema := n.text("schemaname"); schema != "" {
		return schema + "." + n.text("relname")
	}
	return n.text("relname")
}

func schemaOf(n node) string { return n.text("schemaname") }

// names wants every relation and function that a statement makes or changes to be
// named with its schema.
func (m *migration) names(s statement) {
	unqualified := func(name string) {
		m.report(sqlQualified, s, name+" has no schema", "write public."+name+": nothing is on the search path that one could rely on")
	}
	m.unqualified(s.body, unqualified)
	switch s.kind {
	case "CreateFunctionStmt":
		if names := s.body.names("funcname"); len(names) == 1 {
			unqualified(names[0])
		}
		if body := sqlBody(s.body); body != "" {
			inner, err := statements(body)
			if err != nil {
				return // arguments by number and the like; Postgres says it when the function is made
			}
			for _, t := range inner {
				m.unqualified(t.body, unqualified)
			}
		}
	case "CreateTrigStmt":
		if names := s.body.names("funcname"); len(names) == 1 {
			unqualified(names[0])
		}
	case "GrantStmt":
		for _, object := range s.body.list("objects") {
			if names := object.node("ObjectWithArgs").names("objname"); len(names) == 1 {
				unqualified(names[0])
			}
		}
	case "DropStmt":
		m.dropped(s, unqualified)
	}
}

// dropped looks at the names of a DROP, which are lists.
func (m *migration) dropped(s statement, unqualified func(string)) {
	want := 2
	switch s.body.text("removeType") {
	case "OBJECT_SCHEMA", "OBJECT_EXTENSION":
		return
	case "OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_RULE":
		want = 3
	}
	for _, object := range s.body.list("objects") {
		kind, inside := object.open()
		var names []string
		switch kind {
		case "List":
			names = inside.names("items")
		case "ObjectWithArgs":
			names = inside.names("objname")
		case "TypeName":
			names = inside.names("names")
		}
		if len(names) > 0 && len(names) < want {
			unqualified(names[0])
		}
	}
}

// unqualified tells of each relation below v that has no schema and is none that
// the statement itself names.
func (m *migration) unqualified(v node, tell func(string)) {
	own := map[string]bool{"new": true, "old": true, "excluded": true}
	walk(v, func(kind string, n node) bool {
		if kind == "CommonTableExpr" {
			own[n.text("ctename")] = true
		}
		return true
	})
	look := func(n node) {
		if name := n.text("relname"); name != "" && n.text("schemaname") == "" && !own[name] {
			tell(name)
		}
	}
	walk(v, func(kind string, n node) bool {
		if kind == "RangeVar" {
			look(n)
		}
		return true
	})
	for _, key := range []string{"relation", "table", "view"} {
		if n := v.node(key); n != nil {
			look(n)
		}
	}
}

// sqlBody is the body of a function in SQL, "" for any other language.
func sqlBody(function node) string {
	language, body := "", ""
	for _, option := range function.list("options") {
		o := option.node("DefElem")
		switch o.text("defname") {
		case "language":
			language = o.node("arg").node("String").text("sval")
		case "as":
			if items := o.node("arg").node("List").names("items"); len(items) > 0 {
				body = items[0]
			}
		}
	}
	if !strings.EqualFold(language, "sql") {
		return ""
	}
	return body
}

// anyBody is the body of a function in any language.
func anyBody(function node) string {
	for _, option := range function.list("options") {
		o := option.node("DefElem")
		if items := o.node("arg").node("List").names("items"); o.text("defname") == "as" && len(items) > 0 {
			return items[0]
		}
	}
	return ""
}
