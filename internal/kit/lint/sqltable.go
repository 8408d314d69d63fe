package lint

import (
	"fmt"
	"slices"
	"strings"
)

// table wants a new table to be closed to all but those it is for.
func (m *migration) table(s statement) {
	table := s.body.node("relation")
	name := relation(table)
	if table.text("relpersistence") == "t" || slices.Contains(insforge, schemaOf(table)) {
		return
	}
	var secured, hasPolicy bool
	for _, t := range m.list {
		switch t.kind {
		case "AlterTableStmt":
			for _, c := range t.body.list("cmds") {
				if relation(t.body.node("relation")) == name && c.node("AlterTableCmd").text("subtype") == "AT_EnableRowSecurity" {
					secured = true
				}
			}
		case "CreatePolicyStmt":
			hasPolicy = hasPolicy || relation(t.body.node("table")) == name
		}
	}
	if !secured {
		m.report(sqlRLS, s, name+" has no row level security", "add in this file: alter table "+name+" enable row level security;")
	}
	if !hasPolicy {
		m.report(sqlPolicies, s, name+" has no policy, so nobody passes but the table's owner", "add in this file a policy for each command, or one for project_admin alone")
	}
	if !m.revoked(name)["anon"] {
		m.report(sqlRevoke, s, "InsForge grants "+name+" to anon and authenticated", "add in this file: revoke all on "+name+" from public, anon, authenticated; then grant what is needed")
	}
	m.columns(s, name)
}

// columns looks at the columns of a new table.
func (m *migration) columns(s statement, table string) {
	indexed := m.indexed(table)
	for _, element := range s.body.list("tableElts") {
		kind, inside := element.open()
		switch kind {
		case "ColumnDef":
			name := inside.text("colname")
			types := inside.node("typeName").names("names")
			if isOwner(name) && len(types) > 0 && types[len(types)-1] != "text" {
				m.reportLine(sqlOwnerText, m.row(inside), fmt.Sprintf("%s has the type %s, and the IDs of users are text", name, types[len(types)-1]), "make it text")
			}
			for _, c := range inside.list("constraints") {
				if c.node("Constraint").text("contype") == "CONSTR_FOREIGN" && !slices.Contains(indexed, name) {
					m.foreign(inside, table, name)
				}
			}
		case "Constraint":
			if columns := inside.names("fk_attrs"); inside.text("contype") == "CONSTR_FOREIGN" && len(columns) > 0 && !slices.Contains(indexed, columns[0]) {
				m.foreign(inside, table, columns[0])
			}
		}
	}
}

func (m *migration) foreign(at node, table, column string) {
	m.reportLine(sqlForeignIndex, m.row(at), fmt.Sprintf("%s.%s refers to another table and is in no index: each deletion there reads all of this one", table, column),
		fmt.Sprintf("add: create index if not exists … on %s (%s);", table, column))
}

// row is the line of a node that has a location.
func (m *migration) row(n node) int {
	at, _ := n["location"].(float64)
	return 1 + strings.Count(m.sql[:min(int(at), len(m.sql))], "\n")
}

func isOwner(column string) bool {
	return slices.Contains([]string{"user_id", "owner_id", "owner", "author_id", "created_by"}, column)
}

// indexed lists the columns of a table that an index has.
func (m *migration) indexed(table string) []string {
	var columns []string
	constraint := func(c node, column string) {
		if kind := c.text("contype"); kind == "CONSTR_PRIMARY" || kind == "CONSTR_UNIQUE" {
			columns = append(columns, append(c.names("keys"), column)...)
		}
	}
	for _, s := range m.list {
		if relation(s.body.node("relation")) != table {
			continue
		}
		switch s.kind {
		case "CreateStmt":
			for _, element := range s.body.list("tableElts") {
				if kind, inside := element.open(); kind == "ColumnDef" {
					for _, c := range inside.list("constraints") {
						constraint(c.node("Constraint"), inside.text("colname"))
					}
				} else {
					constraint(inside, "")
				}
			}
		case "IndexStmt":
			for _, p := range s.body.list("indexParams") {
				columns = append(columns, p.node("IndexElem").text("name"))
			}
		}
	}
	return columns
}

// makes says whether the migration makes the table.
func (m *migration) makes(table string) bool {
	return slices.ContainsFunc(m.list, func(s statement) bool { return s.kind == "CreateStmt" && relation(s.body.node("relation")) == table })
}

// policy looks at a policy.
func (m *migration) policy(s statement) {
	p := s.body
	name := p.text("policy_name")
	users, everybody := false, false
	for _, r := range p.list("roles") {
		switch role(r.node("RoleSpec")) {
		case "project_admin":
		case "public", "anon":
			users, everybody = true, true
		default:
			users = true
		}
	}
	if everybody {
		m.report(sqlPolicyTo, s, name+" is for everybody, those without sign-in too", "say whom it is for: to authenticated, or to project_admin")
	}
	using, check := p.node("qual"), p.node("with_check")
	command := p.text("cmd_name")
	if users && (always(using) || always(check)) {
		m.report(sqlPolicyTrue, s, name+" lets every row pass", "compare a column with (select public.requesting_user_id())")
	}
	if (command == "update" || command == "all") && (using == nil || check == nil) {
		m.report(sqlPolicyCheck, s, name+" does not say both which rows it changes and which they may become", "write both using (…) and with check (…)")
	}
	m.perQuery(s, name, using, check)
	table := relation(p.node("table"))
	if !m.makes(table) {
		return
	}
	indexed := m.indexed(table)
	for _, v := range []node{using, check} {
		walk(v, func(kind string, n node) bool {
			if kind == "SubLink" {
				return false // columns of other tables
			}
			if kind == "ColumnRef" {
				names := n.names("fields")
				if column := names[len(names)-1]; !slices.Contains(indexed, column) {
					m.report(sqlPolicyIndex, s, fmt.Sprintf("%s reads %s.%s for every query, and no index has it", name, table, column),
						fmt.Sprintf("add: create index if not exists … on %s (%s);", table, column))
				}
			}
			return true
		})
	}
}

// always says whether an expression is literally true.
func always(expression node) bool {
	kind, inside := expression.open()
	switch kind {
	case "A_Const":
		return inside.node("boolval").bool("boolval")
	case "TypeCast":
		arg := inside.node("arg").node("A_Const").node("sval").text("sval")
		return arg == "t" || arg == "true"
	case "A_Expr":
		left, right := inside.node("lexpr").node("A_Const"), inside.node("rexpr").node("A_Const")
		return left != nil && right != nil && fmt.Sprint(left["ival"]) == fmt.Sprint(right["ival"]) && left["ival"] != nil
	}
	return false
}

// perQuery wants a policy to ask who is calling once for each query, by the one
// function there is for it.
func (m *migration) perQuery(s statement, name string, expressions ...node) {
	for _, e := range expressions {
		walk(e, func(kind string, n node) bool {
			switch kind {
			case "SubLink":
				return !asksWho(n)
			case "FuncCall":
				called := strings.Join(n.names("funcname"), ".")
				switch {
				case called == "public.requesting_user_id":
					m.report(sqlUserID, s, name+" asks who is calling once for each row", "put the call alone into a subselect: (select public.requesting_user_id())")
				case called == "requesting_user_id" || called == "current_setting" || strings.HasPrefix(called, "auth.") && called != "auth.uid":
					m.report(sqlUserID, s, name+" asks "+called+" who is calling", "compare with (select public.requesting_user_id())")
				}
			}
			return true
		})
	}
}

// asksWho says whether a subselect is (select public.requesting_user_id()).
func asksWho(link node) bool {
	targets := link.node("subselect").node("SelectStmt").list("targetList")
	if len(targets) != 1 {
		return false
	}
	call := targets[0].node("ResTarget").node("val").node("FuncCall")
	return strings.Join(call.names("funcname"), ".") == "public.requesting_user_id"
}
