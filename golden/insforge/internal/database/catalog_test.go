package database

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// deliberate holds the findings of TestCatalog that are meant to be so: the
// finding, word for word, and the reason.
var deliberate = map[string]string{
	// "table public.posts: anon may SELECT": "anybody may read the blog",
}

// TestCatalog looks at every table, view, policy and function that the data API
// shows to its callers, those of later migrations too.
func TestCatalog(t *testing.T) {
	f := open(t)
	known := map[string]bool{}
	for _, query := range findings {
		rows, err := f.tx.Query(t.Context(), shown+query)
		if err != nil {
			t.Fatal(err)
		}
		var finding, fix string
		_, err = pgx.ForEachRow(rows, []any{&finding, &fix}, func() error {
			known[finding] = true
			if deliberate[finding] == "" {
				t.Errorf("%s\n\tin a new migration: %s\n\tor say in catalog_test.go why it is meant to be so", finding, fix)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
	}
	for finding := range deliberate {
		if !known[finding] {
			t.Errorf("deliberate, but not found: %s", finding)
		}
	}
}

// shown names what the data API shows: the schemas that are not InsForge's own
// and that users may enter, without what belongs to extensions.
var shown = strings.TrimSpace(`
with schemas as (
  select oid from pg_namespace
   where nspname !~ '^pg_' and nspname not in (
     'information_schema', 'ai', 'auth', 'compute', 'cron', 'deployments', 'email', 'functions',
     'memory', 'payments', 'realtime', 'schedules', 'storage', 'system')
     and (has_schema_privilege('anon', oid, 'USAGE') or has_schema_privilege('authenticated', oid, 'USAGE'))
), extensions as (
  select objid from pg_depend where deptype = 'e'
), relations as (
  select oid, relkind, relrowsecurity, reloptions, format('%I.%I', relnamespace::regnamespace, relname) as name
    from pg_class
   where relnamespace in (table schemas) and oid not in (table extensions) and relkind in ('r', 'p', 'v', 'm', 'f')
), routines as (
  select oid, prosecdef, proconfig, prorettype,
         format('%I.%I(%s)', pronamespace::regnamespace, proname, pg_get_function_identity_arguments(oid)) as signature
    from pg_proc
   where pronamespace in (table schemas) and oid not in (table extensions) and prokind in ('f', 'p')
), policies as (
  select p.polname, p.polcmd, p.polroles, p.polpermissive, r.name,
         pg_get_expr(p.polqual, p.polrelid) as shows, pg_get_expr(p.polwithcheck, p.polrelid) as takes,
         format('policy %I on %s', p.polname, r.name) as title
    from pg_policy as p join relations as r on r.oid = p.polrelid
)`) + "\n"

// findings are queries for what is wrong, and the SQL that puts it right.
var findings = []string{
	`select format('table %s: row level security is off', name), format('alter table %s enable row level security;', name)
	   from relations where relkind in ('r', 'p') and not relrowsecurity`,

	`select format('table %s: no policy, so nobody can use it', name),
	        format('create policy … on %s for select to authenticated using (user_id = (select public.requesting_user_id()));', name)
	   from relations as r where relkind in ('r', 'p') and not exists (select from pg_policy where polrelid = r.oid)`,

	`select format('table %s: anon may %s', name, string_agg(p, ', ' order by o)), format('revoke all on %s from public, anon;', name)
	   from relations, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) with ordinality as x (p, o)
	  where case when p in ('DELETE', 'TRUNCATE', 'TRIGGER') then has_table_privilege('anon', oid, p) else has_any_column_privilege('anon', oid, p) end
	  group by name`,

	`select format('view %s: shows all rows to everybody who may read it', name), format('alter view %s set (security_invoker = true);', name)
	   from relations where relkind = 'v' and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false)`,

	`select format('materialized view or foreign table %s: users may read it, and no policy can hold for it', name),
	        format('revoke all on %s from public, anon, authenticated;', name)
	   from relations where relkind in ('m', 'f') and has_any_column_privilege('authenticated', oid, 'SELECT')`,

	`select title || ': names no role', format('alter policy %I on %s to authenticated;', polname, name)
	   from policies where polroles = '{0}'`,

	`select title || ': lets every row through', format('alter policy %I on %s …; a condition on who is calling', polname, name)
	   from policies
	  where polpermissive and (shows = 'true' or takes = 'true' or coalesce(shows, takes) is null)
	    and (polroles = '{0}' or polroles && array['anon'::regrole::oid, 'authenticated'::regrole::oid])`,

	`select title || ': has no check of its own for what is written', format('alter policy %I on %s with check (…);', polname, name)
	   from policies where polcmd in ('a', 'w', '*') and takes is null`,

	`select title || ': reads the caller once for each row', format('alter policy %I on %s …; write (select public.requesting_user_id())', polname, name)
	   from policies
	  where regexp_replace(concat(shows, ' ', takes), 'SELECT (public\.|auth\.)?\w+\(\)', '', 'g') ~ '(requesting_user_id|jwt|uid|email|role|current_setting)\('`,

	`select format('function %s: acts with its owner''s rights, and users may call it', signature),
	        format('revoke all on function %s from public, anon, authenticated;', signature)
	   from routines where prosecdef and prorettype <> 'trigger'::regtype
	    and (has_function_privilege('anon', oid, 'EXECUTE') or has_function_privilege('authenticated', oid, 'EXECUTE'))`,

	`select format('function %s: only triggers call it, but users may, too', signature),
	        format('revoke all on function %s from public, anon, authenticated;', signature)
	   from routines where prorettype = 'trigger'::regtype
	    and (has_function_privilege('anon', oid, 'EXECUTE') or has_function_privilege('authenticated', oid, 'EXECUTE'))`,

	`select format('function %s: anon may call it', signature), format('revoke all on function %s from public, anon;', signature)
	   from routines where has_function_privilege('anon', oid, 'EXECUTE')`,

	`select format('function %s: its search path is not empty', signature), format('alter function %s set search_path = '''';', signature)
	   from routines where not coalesce(proconfig @> array['search_path=""'], false)`,
}
