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
