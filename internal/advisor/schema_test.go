package advisor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each rule about the schema fires on exactly what is listed: names beginning with
// ok are its near misses.
func TestSchemaRules(t *testing.T) {
	tests := []struct {
		rule, sql string
		want      []string
	}{
		{
			"rls-disabled",
			`create table public.open (id int);
			create table public.users_only (id int); revoke all on public.users_only from anon;
			create schema shop; create table shop.open (id int);
			grant select on shop.open to anon;
			create table public.ok_secured (id int); alter table public.ok_secured enable row level security;
			create table public.ok_revoked (id int); revoke all on public.ok_revoked from anon, authenticated;
			create table public.ok_write_only (id int); revoke select on public.ok_write_only from anon, authenticated;
			create table public.ok_partitioned (id int) partition by list (id);
			create view public.ok_view as select 1;
			create schema ok; create table ok.no_grants (id int);`,
			[]string{"critical public.open", "critical public.users_only", "critical shop.open"},
		},
		{
			"rls-no-policy",
			`create table public.closed (id int); alter table public.closed enable row level security;
			create schema shop; create table shop.closed (id int); alter table shop.closed enable row level security;
			create table public.ok_policy (id int); alter table public.ok_policy enable row level security;
			create policy p on public.ok_policy to project_admin using (true);
			create table public.ok_off (id int);`,
			[]string{"critical public.closed", "critical shop.closed"},
		},
		{
			"rls-select-only",
			`create table public.readable (id int); alter table public.readable enable row level security;
			create policy a on public.readable for select to authenticated using (id = 1);
			create policy b on public.readable for select to anon using (id = 2);
			create table public.ok_all (id int); alter table public.ok_all enable row level security;
			create policy a on public.ok_all for all to authenticated using (id = 1);
			create table public.ok_delete (id int); alter table public.ok_delete enable row level security;
			create policy a on public.ok_delete for select to authenticated using (id = 1);
			create policy b on public.ok_delete for delete to authenticated using (id = 1);
			create table public.ok_off (id int); create policy a on public.ok_off for select using (id = 1);
			create table public.ok_none (id int); alter table public.ok_none enable row level security;`,
			[]string{"info public.readable"},
		},
		{
			"rls-permissive",
			`create table public.t (id int, user_id text); alter table public.t enable row level security;
			create policy everybody on public.t for select using (true);
			create policy anon_all on public.t for all to anon using (1 = 1);
			create policy users on public.t for update to authenticated using (id = 1) with check (true);
			create policy users_add on public.t for insert to project_admin, authenticated with check ((true)::boolean);
			create policy anon_add on public.t for insert to anon with check (true);
			create policy ok_admin on public.t for all to project_admin using (true) with check (true);
			create policy ok_restrictive on public.t as restrictive for select using (true);
			create policy ok_condition on public.t for select using (user_id = '1' or true);
			create policy ok_truth on public.t for select using (2 = 2);
			create table public.no_insert (id int); alter table public.no_insert enable row level security;
			revoke insert on public.no_insert from anon;
			create policy anon_add on public.no_insert for insert with check (true);
			create table public.ok_off (id int); create policy a on public.ok_off using (true);`,
			[]string{
				"critical public.t (anon_add)", "critical public.t (anon_all)", "critical public.t (everybody)",
				"warning public.no_insert (anon_add)", "warning public.t (users)", "warning public.t (users_add)",
			},
		},
		{
			"rls-policy-perf",
			`create table public.t (id int, user_id text); alter table public.t enable row level security;
			create policy jwt on public.t for select using (user_id = (auth.jwt() ->> 'sub'));
			create policy subselect_of_expression on public.t for select using (user_id = (select auth.jwt() ->> 'sub'));
			create policy uid on public.t for insert with check (user_id = auth.uid()::text);
			create policy role on public.t for select using (auth.role() = 'authenticated');
			create policy email on public.t for select using (user_id = auth.email());
			create policy setting on public.t for select using (user_id = current_setting('app.user', true));
			create policy one_of_two on public.t for select using (user_id = (select auth.uid())::text and auth.role() = 'a');
			create policy ok_jwt on public.t for select using (user_id = ((select auth.jwt()) ->> 'sub'));
			create policy ok_uid on public.t for insert with check (user_id = (select auth.uid())::text);
			create policy ok_setting on public.t for select using (user_id = (select current_setting('app.user', true)));
			create policy ok_text on public.t for select using (user_id = 'auth.uid');
			create table public.ok_off (user_id text); create policy p on public.ok_off using (user_id = auth.email());`,
			[]string{
				"warning public.t (email)", "warning public.t (jwt)", "warning public.t (one_of_two)", "warning public.t (role)",
				"warning public.t (setting)", "warning public.t (subselect_of_expression)", "warning public.t (uid)",
			},
		},
		{
			"dangerous-function",
			`create function public.everybody(a int, b text) returns int language sql security definer as 'select 1';
			create function public.users() returns int language sql security definer as 'select 1';
			revoke all on function public.users() from public; grant execute on function public.users() to authenticated;
			create procedure public.procedure() language sql security definer as 'select 1';
			create function public.ok_revoked() returns int language sql security definer as 'select 1';
			revoke all on function public.ok_revoked() from public;
			create function public.ok_invoker() returns int language sql as 'select 1';
			create function public.ok_trigger() returns trigger language plpgsql security definer as 'begin return new; end';`,
			[]string{"critical public.everybody(a integer, b text)", "critical public.procedure()", "critical public.users()"},
		},
		{
			"missing-fk-index",
			`create table public.p (a int, b int, primary key (b, a)); create table public.q (id int primary key);
			create table public.wrong_order (a int, b int, constraint fk foreign key (b, a) references public.p);
			create index on public.wrong_order (a, b);
			create table public.second (a int, q int constraint fk references public.q); create index on public.second (a, q);
			create table public.none (q int constraint fk references public.q);
			create table public.ok_order (a int, b int, constraint fk foreign key (b, a) references public.p);
			create index on public.ok_order (b, a);
			create table public.ok_longer (a int, q int references public.q); create index on public.ok_longer (q, a);
			create table public.ok_unique (q int unique references public.q);`,
			[]string{"warning public.none.fk", "warning public.second.fk", "warning public.wrong_order.fk"},
		},
		{
			"missing-rls-index",
			`create table public.t (id int primary key, owner text, reviewer text, status text, "odd (name" int, ok_second text, ok_included text);
			create index on public.t (status, ok_second) include (ok_included);
			create policy a on public.t using (owner = 'a'); create policy b on public.t for insert with check (reviewer = 'b');
			create policy c on public.t for delete using (owner = 'c' and id = 1 and ok_second = 'status' and ok_included = 'x');
			create policy d on public.t for update using ("odd (name" > 0);
			create table public.other (a int, b int, tenant text);
			create table public.via (id int primary key, other int, ok_unrelated text); alter table public.via enable row level security;
			create policy a on public.via using (exists (select from public.other as o where o.a = other and o.tenant = 'x'));`,
			[]string{
				"warning public.t.odd (name", "warning public.t.owner", "warning public.t.reviewer", "warning public.via.other",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			conn := migrated(t, test.sql)
			var got []string
			for _, f := range of(t, conn, upstream, test.rule) {
				got = append(got, string(f.Severity)+" "+f.Object)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.rule, diff)
			}
		})
	}
}

// The advice about indexes, followed word for word, ends the findings.
func TestIndexAdvice(t *testing.T) {
	conn := migrated(t, `create table public.p (a int, b int, primary key (b, a));
		create table public."Odd" ("A (" int, b int, foreign key (b, "A (") references public.p);
		alter table public."Odd" enable row level security;
		create policy p on public."Odd" using ("A (" = 1 and b = 2);`)
	for _, id := range []string{"missing-fk-index", "missing-rls-index"} {
		findings := of(t, conn, upstream, id)
		if id == "missing-fk-index" && len(findings) != 1 {
			t.Fatalf("%d findings of %s, want 1", len(findings), id)
		}
		for _, f := range findings {
			exec(t, conn, f.Fix)
		}
		if left := of(t, conn, upstream, id); len(left) > 0 {
			t.Errorf("after its advice: %v", left)
		}
	}
}

// InsForge's own schemas are nobody's to repair.
func TestExemptSchemas(t *testing.T) {
	conn := migrated(t)
	var sql strings.Builder
	for _, schema := range exempt() {
		if schema == "information_schema" || strings.HasPrefix(schema, "pg_") {
			continue
		}
		fmt.Fprintf(&sql, `create schema if not exists %[1]s; create table %[1]s.bad (id int); grant select on %[1]s.bad to anon;
			create table %[1]s.closed (id int references public.p); alter table %[1]s.closed enable row level security;
			`, schema)
	}
	exec(t, conn, "create table public.p (id int primary key); revoke all on public.p from anon, authenticated;"+sql.String())
	if got := found(t, connect(t, conn.Config().ConnString()), upstream, schemaScope); got != nil {
		t.Errorf("findings %q, want none", got)
	}
}

// Who connects makes no difference, and a search path does not hide a call.
func TestSearchPathDoesNotMatter(t *testing.T) {
	conn := migrated(t, `create table public.t (id int primary key, email text); alter table public.t enable row level security;
		create policy p on public.t to authenticated using (email = auth.email()); create index on public.t (email);`)
	exec(t, conn, "set search_path = auth, public")
	want := []string{"warning rls-policy-perf public.t (p)"}
	if diff := cmp.Diff(want, found(t, conn, upstream, schemaScope)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var path string
	if err := conn.QueryRow(t.Context(), "show search_path").Scan(&path); err != nil || path != "auth, public" {
		t.Errorf("the scan left search_path = %q, %v", path, err)
	}
}

// A rule that cannot run is named, and the others still speak.
func TestRuleFails(t *testing.T) {
	conn := migrated(t, `create table public.pg_stat_statements (id int); revoke all on public.pg_stat_statements from anon;
		revoke all on public.pg_stat_statements from authenticated; create table public.open (id int);`)
	findings, err := Scan(t.Context(), conn)
	if err == nil || !strings.HasPrefix(err.Error(), "advisor rule slow-query: ") {
		t.Errorf("Scan error %v, want one of slow-query", err)
	}
	if len(findings) == 0 || findings[0].Object != "public.open" {
		t.Errorf("findings %v, want public.open first", findings)
	}
}

func TestEighteenRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules() {
		seen[r.id] = true
	}
	if len(seen) != 18 || len(rules()) != 18 {
		t.Errorf("%d rules with %d names, want 18", len(rules()), len(seen))
	}
}
