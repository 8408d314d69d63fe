package lint

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/sqlguard"
)

// migration is one rendered migration, and what it makes.
type migration struct {
	l    *linter
	file *generator.File
	sql  string
	// removes says that it takes a layer out.
	removes bool
	list    []statement
}

// checkSQL holds a rendered migration to the rules.
func (l *linter) checkSQL(f *generator.File) { l.migration(f, false).check() }

// checkRemovalSQL holds what takes a layer out to the rules; drop says that the
// user has agreed to lose data.
func (l *linter) checkRemovalSQL(f *generator.File, drop bool) {
	m := l.migration(f, true)
	m.check()
	if drop {
		return
	}
	for _, risk := range sqlguard.Assess(m.sql).Factors {
		if risk.Code == sqlguard.CodeDataLoss {
			m.reportLine(sqlKeepsData, risk.Line, "it drops data of users who did not ask for that: "+risk.Description, "put it between {{- if .DropData }} and {{- end }}")
		}
	}
}

func (l *linter) migration(f *generator.File, removes bool) *migration {
	return &migration{l: l, file: f, sql: string(f.Data), removes: removes}
}

func (m *migration) reportLine(rule Rule, row int, problem, fix string) {
	file, line := m.l.origin(m.file, row)
	m.l.report(rule, file, line, problem, fix)
}

func (m *migration) report(rule Rule, s statement, problem, fix string) {
	m.reportLine(rule, 1+strings.Count(m.sql[:min(s.offset, len(m.sql))], "\n"), problem, fix)
}

func (m *migration) check() {
	var refused *sqlguard.Error
	if errors.As(sqlguard.Check(m.sql), &refused) {
		for _, v := range refused.Violations {
			text := v.Message
			if v.Detail != "" {
				text = v.Detail
			}
			m.reportLine(sqlGuard, v.Line, fmt.Sprintf("InsForge refuses it (%s): %s", v.Rule, strings.TrimSuffix(text, ".")),
				strings.ToLower(v.Fix[:1])+strings.TrimSuffix(v.Fix[1:], "."))
		}
	}
	var err error
	if m.list, err = statements(m.sql); err != nil {
		if refused == nil {
			m.reportLine(sqlGuard, 1, err.Error(), "write it more simply")
		}
		return
	}
	for i, s := range m.list {
		m.names(s)
		m.schemas(s)
		m.rerun(i, s)
		m.calls(s)
		switch s.kind {
		case "CreateStmt":
			m.table(s)
		case "CreatePolicyStmt":
			m.policy(s)
		case "CreateFunctionStmt":
			m.function(s)
		case "ViewStmt":
			m.view(s)
		case "GrantStmt":
			if s.body.bool("is_grant") && (grantees(s.body)["anon"] || grantees(s.body)["public"]) {
				m.report(sqlGrant, s, "it gives a right to everybody", "grant to authenticated or project_admin")
			}
		}
	}
}

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

// insforge are the schemas that InsForge keeps for itself.
var insforge = []string{ //nolint:gochecknoglobals // a table, never written
	"ai", "auth", "compute", "deployments", "email", "functions", "memory", "payments", "realtime", "schedules", "storage", "system",
}

// schemas wants InsForge's own schemas to be left alone.
func (m *migration) schemas(s statement) {
	const fix = "make it in public, or in a schema of your own"
	made := node(nil)
	switch s.kind {
	case "CreateStmt", "IndexStmt", "CreateSeqStmt":
		made = s.body.node("relation")
		if s.kind == "CreateSeqStmt" {
			made = s.body.node("sequence")
		}
	case "ViewStmt":
		made = s.body.node("view")
	case "CreateFunctionStmt":
		if names := s.body.names("funcname"); len(names) > 1 && slices.Contains(insforge, names[0]) {
			m.report(sqlForeignSchema, s, "the schema "+names[0]+" is InsForge's own", fix)
		}
	case "CreateExtensionStmt":
		m.report(sqlForeignSchema, s, "extensions are the project's owner's to switch on", "do without it, or say in README how to switch it on")
	case "CreateTrigStmt":
		if relation(s.body.node("relation")) == "realtime.messages" {
			m.report(sqlRealtime, s, "a trigger on realtime.messages takes part in every message of the project", "publish from a trigger on your own table with realtime.publish")
		}
	case "AlterTableStmt":
		m.alter(s)
	}
	if slices.Contains(insforge, schemaOf(made)) {
		m.report(sqlForeignSchema, s, "the schema "+schemaOf(made)+" is InsForge's own", fix)
	}
	if s.body.bool("concurrent") {
		m.report(sqlConcurrently, s, "CONCURRENTLY cannot run in a transaction, and a migration is one", "leave the word out")
	}
}

func (m *migration) alter(s statement) {
	table := s.body.node("relation")
	if !slices.Contains(insforge, schemaOf(table)) {
		return
	}
	for _, c := range s.body.list("cmds") {
		if c.node("AlterTableCmd").text("subtype") != "AT_EnableRowSecurity" {
			rule := sqlForeignSchema
			if relation(table) == "realtime.messages" {
				rule = sqlRealtime
			}
			m.report(rule, s, relation(table)+" is InsForge's own", "leave it as it is; row level security may be switched on")
		}
	}
}

// grantees are whom a GRANT or REVOKE is about; public stands for everybody.
func grantees(grant node) map[string]bool {
	found := map[string]bool{}
	for _, g := range grant.list("grantees") {
		found[role(g.node("RoleSpec"))] = true
	}
	return found
}

func role(spec node) string {
	if spec.text("roletype") == "ROLESPEC_PUBLIC" {
		return "public"
	}
	return spec.text("rolename")
}

// revoked says from whom the migration takes all rights on a table or a function.
func (m *migration) revoked(name string) map[string]bool {
	from := map[string]bool{}
	for _, s := range m.list {
		if s.kind != "GrantStmt" || s.body.bool("is_grant") {
			continue
		}
		for _, object := range s.body.list("objects") {
			kind, inside := object.open()
			of := relation(inside)
			if kind == "ObjectWithArgs" {
				of = strings.Join(inside.names("objname"), ".")
			}
			if of == name {
				for g := range grantees(s.body) {
					from[g] = true
				}
			}
		}
	}
	return from
}

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

var (
	comments  = regexp.MustCompile(`--[^\n]*`)
	uidCall   = regexp.MustCompile(`(?i)\bauth\.uid\s*\(`)
	claimRead = regexp.MustCompile(`(?i)\bauth\.jwt\s*\(\s*\)\s*->>?\s*'([^']*)'`)
)

// calls looks at what is asked of a token, in statements and in the bodies of
// functions of any language.
func (m *migration) calls(s statement) {
	uid := func() {
		m.report(sqlAuthUID, s, "auth.uid() casts the ID to uuid, and fails for users who signed in elsewhere", "use public.requesting_user_id(), which is text")
	}
	claim := func(name string) {
		if !slices.Contains([]string{"sub", "email", "role"}, name) {
			m.report(sqlClaims, s, fmt.Sprintf("it reads the claim %q, and this server's tokens have sub, email and role alone", name), "read sub, or keep the fact in a table")
		}
	}
	look := func(v node) {
		walk(v, func(kind string, n node) bool {
			switch kind {
			case "FuncCall":
				if slices.Equal(n.names("funcname"), []string{"auth", "uid"}) {
					uid()
				}
			case "A_Expr":
				isJWT := has(n.node("lexpr"), "FuncCall", func(f node) bool { return slices.Equal(f.names("funcname"), []string{"auth", "jwt"}) })
				if name := n.node("rexpr").node("A_Const").node("sval").text("sval"); isJWT && strings.HasPrefix(strings.Join(n.names("name"), ""), "->") {
					claim(name)
				}
			}
			return true
		})
	}
	look(s.body)
	if s.kind != "CreateFunctionStmt" {
		return
	}
	if body := sqlBody(s.body); body != "" {
		if inner, err := statements(body); err == nil {
			for _, t := range inner {
				look(t.body)
			}
			return
		}
	}
	body := comments.ReplaceAllString(anyBody(s.body), "")
	if uidCall.MatchString(body) {
		uid()
	}
	for _, c := range claimRead.FindAllStringSubmatch(body, -1) {
		claim(c[1])
	}
}

// function looks at a function.
func (m *migration) function(s statement) {
	name := strings.Join(s.body.names("funcname"), ".")
	safe, definer := false, false
	for _, option := range s.body.list("options") {
		o := option.node("DefElem")
		switch o.text("defname") {
		case "set":
			set := o.node("arg").node("VariableSetStmt")
			if args := set.list("args"); set.text("name") == "search_path" && len(args) == 1 {
				safe = args[0].node("A_Const").node("sval").text("sval") == ""
			}
		case "security":
			definer = o.node("arg").node("Boolean").bool("boolval")
		}
	}
	if !safe {
		m.report(sqlSearchPath, s, name+" looks names up where its caller says", "give it set search_path = '', and name relations with their schema")
	}
	from := m.revoked(name)
	closed := from["public"] && from["anon"]
	switch {
	case definer && (!closed || !from["authenticated"]):
		m.report(sqlDefiner, s, name+" runs with its owner's rights, whom no policy binds, and callers of the API may call it",
			"add in this file: revoke all on function "+name+"(…) from public, anon, authenticated; or make it security invoker")
	case !definer && !closed:
		m.report(sqlRevoke, s, "everybody may call "+name+" by the data API", "add in this file: revoke all on function "+name+"(…) from public, anon; and from authenticated unless users are to call it")
	}
}

func (m *migration) view(s statement) {
	for _, option := range s.body.list("options") {
		o := option.node("DefElem")
		value := o.node("arg").node("String").text("sval")
		if o.text("defname") == "security_invoker" && (o["arg"] == nil || value == "true" || value == "on") {
			return
		}
	}
	m.report(sqlView, s, relation(s.body.node("view"))+" reads with its owner's rights, whom no policy binds", "write create or replace view … with (security_invoker = true) as")
}
