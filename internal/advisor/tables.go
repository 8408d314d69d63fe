package advisor

import (
	"fmt"
	"strings"
)

// table is an ordinary table; partitioned ones are not looked at.
type table struct {
	Object, Quoted string
	RowSecurity    bool
	Exposed        bool     // by the data API
	Readers        []string // of anon and authenticated, those that may select
	Policies       []string // the command letter of each policy
	Extension      bool
}

const tablesQuery = `
select n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname), c.relrowsecurity,
       n.nspname = any (` + exposed + `),
       array(select r.rolname::text from pg_roles as r
              where r.rolname in ('anon', 'authenticated') and has_table_privilege(r.oid, c.oid, 'select')
              order by 1),
       array(select p.polcmd::text from pg_policy as p where p.polrelid = c.oid),
       not ` + notExtension + `
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.relkind = 'r' and n.nspname <> all ($1::text[])`

func tableRules() []rule {
	return []rule{
		{"rls-disabled", schemaScope, each(tablesQuery, rlsDisabled)},
		{"rls-no-policy", schemaScope, each(tablesQuery, rlsNoPolicy)},
		{"rls-select-only", schemaScope, each(tablesQuery, rlsSelectOnly)},
	}
}

func rlsDisabled(t table, _ limits) (Finding, bool) {
	return Finding{
		Severity: Critical,
		Object:   t.Object,
		Detail: fmt.Sprintf("Row level security is off and %s may select: the data API hands out every row.",
			strings.Join(t.Readers, " and ")),
		Fix: "alter table " + t.Quoted + " enable row level security; then a policy for each command, and revoke what anon does not need.",
	}, !t.RowSecurity && t.Exposed && len(t.Readers) > 0
}

func rlsNoPolicy(t table, _ limits) (Finding, bool) {
	return Finding{
		Severity: Critical,
		Object:   t.Object,
		Detail:   "Row level security is on without any policy: no row passes.",
		Fix: "Add policies. For a table that only the server uses: create policy server on " + t.Quoted +
			" for all to project_admin using (true) with check (true);",
	}, t.RowSecurity && len(t.Policies) == 0 && !t.Extension
}

func rlsSelectOnly(t table, _ limits) (Finding, bool) {
	writes := strings.ContainsFunc(strings.Join(t.Policies, ""), func(command rune) bool { return command != 'r' })
	return Finding{
		Severity: Info,
		Object:   t.Object,
		Detail:   "Its policies are for select alone: nobody they bind can write.",
		Fix:      "If writes are meant to pass, add policies for insert, update and delete on " + t.Quoted + "; otherwise leave it.",
	}, t.RowSecurity && len(t.Policies) > 0 && !writes
}
