package insforgetest_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/insforgetest"
)

var (
	anon  = insforgetest.Caller{Role: "anon"}
	alice = insforgetest.Caller{Role: "authenticated", Sub: "user_alice", Email: "alice@example.com"}
	bob   = insforgetest.Caller{Role: "authenticated", Sub: "user_bob"}
)

func TestDefaultPrivileges(t *testing.T) {
	t.Parallel()
	d := database(t)
	migrate(t, d, `create table t (id serial primary key); create view v as select * from t;
		create function f() returns int language sql as 'select 1'`)
	for _, role := range []string{"anon", "authenticated"} {
		for sql, want := range map[string]string{
			`has_table_privilege('` + role + `', 't', 'select, insert')`:   "true",
			`has_table_privilege('` + role + `', 't', 'update')`:           "true",
			`has_table_privilege('` + role + `', 't', 'delete')`:           "true",
			`has_table_privilege('` + role + `', 't', 'truncate')`:         "false",
			`has_table_privilege('` + role + `', 't', 'trigger')`:          "false",
			`has_table_privilege('` + role + `', 'v', 'select')`:           "true",
			`has_table_privilege('` + role + `', 'v', 'delete')`:           "true",
			`has_sequence_privilege('` + role + `', 't_id_seq', 'usage')`:  "true",
			`has_sequence_privilege('` + role + `', 't_id_seq', 'update')`: "false",
			`has_function_privilege('` + role + `', 'f()', 'execute')`:     "true",
			`has_schema_privilege('` + role + `', 'public', 'create')`:     "false",
		} {
			if got, err := ask(t, d, admin, "select "+sql); got != want {
				t.Errorf("%s is %s, %v", sql, got, err)
			}
		}
	}
	// What the superuser makes is the same, and project_admin's to use.
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "create table root (id int)"); err != nil {
		t.Fatal(err)
	}
	for role, right := range map[string]string{"anon": "delete", "authenticated": "insert", "project_admin": "truncate"} {
		if got, err := ask(t, d, admin, "select has_table_privilege('"+role+"', 'root', '"+right+"')"); got != "true" {
			t.Errorf("%s may not %s: %v", role, right, err)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	d := database(t)
	got, err := ask(t, d, admin, `select string_agg(concat_ws(' ', rolname, rolcanlogin, rolbypassrls, rolsuper), ', ' order by rolname)
		from pg_roles where rolname in ('anon', 'authenticated', 'project_admin')`)
	if want := "anon f f f, authenticated f f f, project_admin f t f"; got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	d := database(t)
	for _, test := range []struct {
		caller         insforgetest.Caller
		sql, want, bad string
	}{
		{alice, "select auth.jwt() ->> 'sub'", "user_alice", ""},
		{alice, "select auth.role()", "authenticated", ""},
		{alice, "select auth.email()", "alice@example.com", ""},
		{alice, "select auth.uid()", "", "22P02"},
		{bob, "select auth.email()", "null", ""},
		{anon, "select auth.uid()", "null", ""},
		{anon, "select auth.jwt()", `{"role": "anon"}`, ""},
		{insforgetest.Caller{Role: "authenticated", Sub: "11111111-2222-3333-4444-555555555555"}, "select auth.uid()", "11111111-2222-3333-4444-555555555555", ""},
		{insforgetest.Caller{Role: "project_admin", Sub: "local:admin"}, "select auth.jwt()", `{"role": "project_admin"}`, ""},
	} {
		got, err := ask(t, d, test.caller, test.sql)
		if got != test.want || sqlstate(err) != test.bad {
			t.Errorf("%s as %+v: %q, %v, want %q %s", test.sql, test.caller, got, err, test.want, test.bad)
		}
	}
	// Without a setting, and where it was reset to nothing, there are no claims.
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, before := range []string{"select 1", "begin; set local request.jwt.claims = '{}'; commit"} {
		var none bool
		if _, err := conn.Exec(t.Context(), before, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(t.Context(), "select auth.jwt() is null and auth.uid() is null").Scan(&none); err != nil || !none {
			t.Errorf("after %s: claims, or %v", before, err)
		}
	}
}

// What project_admin may not do is refused for want of a right.
func TestRefusedByPrivilege(t *testing.T) {
	t.Parallel()
	d := database(t)
	refused(t, d, "create table auth.x (a int)", "permission denied for schema auth")
	refused(t, d, "create table system.x (a int)", "permission denied for schema system")
	refused(t, d, "create table realtime.x (a int)", "permission denied for schema realtime")
	refused(t, d, "create table payments.x (a int)", "permission denied for schema payments")
	refused(t, d, "insert into storage.buckets (name) values ('b')", "permission denied for table buckets")
	refused(t, d, "insert into system.secrets (key, value) values ('a', 'b')", "permission denied for table secrets")
	refused(t, d, "delete from system.custom_migrations", "permission denied for table custom_migrations")
	refused(t, d, "create event trigger x on ddl_command_end execute function system.on_schema_ddl()", "permission denied to create event trigger")
	refused(t, d, "create index concurrently on auth.users (email)", "cannot run inside a transaction block")
	refused(t, d, "drop table realtime.channels", "must be owner of table channels")
	apply(t, d, `create table profiles (id uuid primary key references auth.users on delete cascade);
		create table files (bucket text, key text, foreign key (bucket, key) references storage.objects on delete cascade);
		create function f() returns trigger language plpgsql as 'begin return new; end';
		create trigger t after insert on auth.users for each row execute function f();
		create trigger u before update on profiles for each row execute function system.update_updated_at();
		insert into realtime.channels (pattern) values ('a') on conflict (pattern) do nothing;
		create extension if not exists pgcrypto;
		notify pgrst`)
}

func TestPolicyDelegation(t *testing.T) {
	t.Parallel()
	d := database(t)
	for _, table := range []string{
		"realtime.channels", "realtime.messages", "storage.objects", "payments.stripe_checkout_sessions", "payments.stripe_customer_portal_sessions",
	} {
		apply(t, d, `alter table `+table+` enable row level security;
			alter table `+table+` enable row level security;
			drop policy if exists p on `+table+`;
			create policy p on `+table+` for select to authenticated using (true);
			alter policy p on `+table+` using (false);
			alter table `+table+` force row level security`)
		apply(t, d, `do $$ begin drop policy p on `+table+`; alter table `+table+` disable row level security; end $$`)
		apply(t, d, `alter table `+table+` no force row level security`)
		refused(t, d, `alter table `+table+` add column x int`, "must be owner of table")
		refused(t, d, `alter table `+table+` enable row level security, add column x int`, "must be owner of table")
		refused(t, d, `alter table `+table+` rename to x`, "permission denied for schema") // to name anything there
		refused(t, d, `alter table `+table+` owner to authenticated`, "must be")
		refused(t, d, `create index on `+table+` ((1))`, "must be owner of table")
		refused(t, d, `comment on table `+table+` is 'x'`, "must be owner of table")
	}
	refused(t, d, "alter table realtime.messages alter column sender_id type text", "must be owner of table messages")
	refused(t, d, "alter table realtime.messages disable trigger trg_message_notify", "must be owner of table messages")
	refused(t, d, "create trigger x before insert on realtime.messages for each row execute function system.update_updated_at()", "permission denied for table messages")
	refused(t, d, "create policy p on payments.webhook_events using (true)", "must be owner of table webhook_events")
	refused(t, d, "create policy p on auth.users using (true)", "must be owner of table users")
	refused(t, d, "create policy p on storage.buckets using (true)", "must be owner of table buckets")
	refused(t, d, "alter table auth.users enable row level security", "must be owner of table users")
	refused(t, d, "alter table system.custom_migrations add column x int", "must be owner of table custom_migrations")
	// Whatever happened, the tables are where they were.
	got, err := ask(t, d, admin, `select string_agg(distinct tableowner, ',') from pg_tables where schemaname in ('auth', 'payments', 'realtime', 'storage', 'system')`)
	if got != "postgres" {
		t.Errorf("internal tables belong to %s, %v", got, err)
	}
	// A user's own tables are untouched by all this.
	apply(t, d, `create table mine (id int); alter table mine enable row level security;
		create policy p on mine using (true); alter table mine add column note text; alter table mine rename to yours`)
}

func TestStorage(t *testing.T) {
	t.Parallel()
	d := database(t)
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "insert into storage.buckets (name) values ('b')"); err != nil {
		t.Fatal(err)
	}
	const insert = "insert into storage.objects (bucket, key, size, uploaded_by) values ('b', $1, 1, $2)"
	as := func(c insforgetest.Caller, key, owner string) error {
		return d.As(t.Context(), c, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), insert, key, owner)
			return err
		})
	}
	if err := as(alice, "a/b/c.txt", alice.Sub); err != nil {
		t.Errorf("a user stores a file: %v", err)
	}
	if err := as(anon, "x", ""); sqlstate(err) != "42501" {
		t.Errorf("anon stores a file: %v", err)
	}
	if n, err := ask(t, d, bob, "select count(*) from storage.objects"); n != "1" {
		t.Errorf("another user sees %s files, %v; without policies all", n, err)
	}
	apply(t, d, `alter table storage.objects enable row level security;
		create policy own on storage.objects for all to authenticated using (uploaded_by = (select auth.jwt() ->> 'sub'))`)
	if n, err := ask(t, d, bob, "select count(*) from storage.objects"); n != "0" {
		t.Errorf("another user sees %s files, %v; with a policy none", n, err)
	}
	if err := as(bob, "y", alice.Sub); sqlstate(err) != "42501" {
		t.Errorf("a user stores a file as another one: %v", err)
	}
	if got, err := ask(t, d, alice, "select (storage.foldername(key), storage.filename(key), storage.extension(key)) from storage.objects"); got != `("{a,b}",c.txt,txt)` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRealtime(t *testing.T) {
	t.Parallel()
	d := database(t)
	uuid := insforgetest.Caller{Role: "authenticated", Sub: "11111111-2222-3333-4444-555555555555"}
	allowed := func(what string, subscribe, send bool, channel string, callers ...insforgetest.Caller) {
		t.Helper()
		for _, c := range callers {
			if got := d.MaySubscribe(t.Context(), c, channel); got != subscribe {
				t.Errorf("%s: %+v may subscribe to %s: %v", what, c, channel, got)
			}
			if err := d.Send(t.Context(), c, channel, "e", []byte(`{"a":1}`)); (err == nil) != send {
				t.Errorf("%s: %+v sends to %s: %v", what, c, channel, err)
			}
		}
	}
	if err := d.Send(t.Context(), anon, "orders:1", "e", []byte(`{}`)); !errors.Is(err, insforgetest.ErrNoChannel) {
		t.Errorf("without a channel: %v", err)
	}
	migrate(t, d, "insert into realtime.channels (pattern) values ('orders:%'), ('open')")
	allowed("fresh project", true, true, "orders:1", anon, uuid, admin)
	allowed("fresh project, third-party ID", true, false, "orders:1", alice) // sender_id is a uuid
	allowed("no such channel", false, false, "other", anon, admin)
	// The statements that close channels, and a policy for one of them.
	migrate(t, d, `alter table realtime.channels enable row level security;
		alter table realtime.messages enable row level security;
		create policy orders on realtime.channels for select to authenticated
			using (pattern = 'orders:%' and realtime.channel_name() = 'orders:' || (auth.jwt() ->> 'sub'))`)
	allowed("closed", false, false, "orders:user_alice", anon, bob, uuid)
	allowed("closed, her own", true, false, "orders:user_alice", alice)
	allowed("closed, no policy", false, false, "open", anon, alice)
	allowed("closed, admin", true, true, "open", admin)

	// Triggers publish as definer only.
	migrate(t, d, `create table orders (id int);
		create function announce() returns trigger language plpgsql as $$ begin perform realtime.publish('orders:1', 'made', to_jsonb(new)); return new; end $$;
		create trigger announce after insert on orders for each row execute function announce()`)
	insert := func(id string) error {
		return d.As(t.Context(), alice, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "insert into orders values ("+id+")")
			return err
		})
	}
	if err := insert("1"); sqlstate(err) != "42501" {
		t.Errorf("publish as invoker: %v, want 42501", err)
	}
	migrate(t, d, "alter function announce() security definer set search_path = ''")
	if err := insert("2"); err != nil {
		t.Errorf("publish as definer: %v", err)
	}
	got, err := ask(t, d, admin, "select string_agg(concat_ws(' ', event_name, channel_name, payload ->> 'id', sender_type, sender_id), ',') from realtime.messages where event_name = 'made'")
	if got != "made orders:1 2 system" {
		t.Errorf("messages: %s, %v", got, err)
	}
	if n, err := ask(t, d, anon, "select count(*) from realtime.messages"); sqlstate(err) != "42501" {
		t.Errorf("anon reads messages: %s, %v", n, err)
	}
}
