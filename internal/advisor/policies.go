package advisor

import (
	"fmt"
	"slices"
	"strings"
)

// policy is one on a table whose row level security is on.
type policy struct {
	Object, Table, Name string // Table and Name quoted
	Ordinary            bool   // the table is not partitioned
	Permissive          bool
	Command             string
	Using, Check        string   // as Postgres prints them; empty when there is none
	Roles               []string // public among them for everybody
	AnonMay             bool     // anon exists and holds the table right for the command
}

const policiesQuery = `
select n.nspname || '.' || c.relname || ' (' || p.polname || ')',
       format('%I.%I', n.nspname, c.relname), quote_ident(p.polname),
       c.relkind = 'r', p.polpermissive, k.command,
       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
       array(select case when r = 0 then 'public' else pg_get_userbyid(r)::text end from unnest(p.polroles) as r order by 1),
       exists (select from pg_roles as r where r.rolname = 'anon'
                and has_table_privilege(r.oid, c.oid, case k.command when 'all' then 'select' else k.command end))
  from pg_policy as p
  join pg_class as c on c.oid = p.polrelid
  join pg_namespace as n on n.oid = c.relnamespace
  join (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete'), ('*', 'all'))
       as k (letter, command) on k.letter = p.polcmd::text
 where c.relrowsecurity and n.nspname <> all ($1::text[])`

func policyRules() []rule {
	return []rule{
		{"rls-permissive", schemaScope, each(policiesQuery, rlsPermissive)},
		{"rls-policy-perf", schemaScope, each(policiesQuery, rlsPolicyPerf)},
	}
}

func rlsPermissive(p policy, _ limits) (Finding, bool) {
	named := func(role string) bool { return slices.Contains(p.Roles, role) }
	forAnon := named("public") || named("anon")
	open := always(p.Using) || always(p.Check)

	f := Finding{
		Severity: Warning,
		Object:   p.Object,
		Detail:   fmt.Sprintf("Every row passes for %s (%s).", strings.Join(p.Roles, ", "), p.Command),
	}
	if forAnon && p.AnonMay {
		f.Severity = Critical
		f.Detail += " That includes everybody with the anon key."
	}
	clause := "using"
	if p.Using == "" || !always(p.Using) {
		clause = "with check"
	}
	f.Fix = fmt.Sprintf("alter policy %s on %s %s (user_id = (select public.requesting_user_id())); "+
		"or `to project_admin`, when only the server needs it.", p.Name, p.Table, clause)
	return f, p.Ordinary && p.Permissive && open && (forAnon || named("authenticated"))
}

// always reports whether a printed expression is literally true.
func always(expression string) bool {
	switch strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(strings.ToLower(expression)) {
	case "true", "(true)", "true::boolean", "(true::boolean)", "(true)::boolean", "1=1", "(1=1)":
		return true
	}
	return false
}

func rlsPolicyPerf(p policy, _ limits) (Finding, bool) {
	return Finding{
		Severity: Warning,
		Object:   p.Object,
		Detail:   "It reads who is calling once per row instead of once per query.",
		Fix: "Put the call alone into a subselect: (select auth.jwt()) ->> 'sub', or (select public.requesting_user_id()). " +
			"(select auth.jwt() ->> 'sub') does not count: Postgres prints it with a parenthesis after select.",
	}, perRow(p.Using) || perRow(p.Check)
}

// perRow reports whether an expression has a call for the caller's identity and
// not once the same call right after select. Like the backend's, it is a look at
// the text: one call in a subselect excuses the same call outside.
func perRow(expression string) bool {
	folded := strings.ToLower(expression)
	for _, call := range []string{"auth.uid()", "auth.jwt()", "auth.role()", "auth.email()"} {
		if strings.Contains(expression, call) && !strings.Contains(folded, "select "+call) {
			return true
		}
	}
	return callsSetting(expression, "current_setting(") && !callsSetting(folded, "select current_setting(")
}

func callsSetting(expression, call string) bool {
	_, arguments, found := strings.Cut(expression, call)
	return found && strings.Contains(arguments, ")")
}
