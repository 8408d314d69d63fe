package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/doctor"
	"github.com/insforge/forge/internal/pgtest"
)

// tables are Better Auth's as the server reads them, and the role that reads them.
const tables = `
create schema better_auth;
create table better_auth."user" (id text primary key, name text, email text);
create table better_auth.session (id text primary key, token text, "userId" text, "expiresAt" timestamptz);
create table better_auth.account (id text primary key, password text);
create role reader login password 'pineapple';
grant usage on schema better_auth to reader;
grant select (token, "userId", "expiresAt") on better_auth.session to reader;
grant select (id) on better_auth."user" to reader;
create role anon; create role authenticated;
grant usage on schema better_auth to anon, authenticated;`

// TestRun_sessions looks into a real Postgres, after one change each, which the next
// one does not find.
func TestRun_sessions(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	owner, err := pgx.Connect(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close(t.Context()) })
	exec := func(sql string) {
		t.Helper()
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(tables)
	reader := strings.Replace(server.URL, "//postgres@", "//reader:pineapple@", 1)

	const (
		setUp  = "\n\tmake the tables and the role as README.md says, Set up Better Auth\n"
		narrow = "\n\tuse a role in DATABASE_URL that can only look up sessions: README.md, Set up Better Auth\n"
		skip   = "skipped session rights: needs session tables, which "
		closed = ", as which callers of the data API come, holds rights in the schema better_auth, where sessions and passwords are\n\t" +
			"run this as the owner of its tables: revoke all on all tables in schema better_auth from ROLE;\n"
	)
	for _, c := range []struct{ name, change, undo, url, want string }{
		{"well", "", "", reader, ""},
		{
			"without its schema", "alter schema better_auth rename to away", "alter schema away rename to better_auth", reader,
			"failed session tables: there is no schema better_auth\n\tnpx @insforge/cli db migrations up --all\n" +
				skip + "there is no schema better_auth\n\tnpx @insforge/cli db migrations up --all\n",
		},
		{
			"without its tables", `alter table better_auth."user" rename to away`, `alter table better_auth.away rename to "user"`, reader,
			"failed session tables: there is no column \"id\" in a table better_auth.user" + setUp +
				skip + "there is no column \"id\" in a table better_auth.user" + setUp,
		},
		{
			"without a right", "revoke select (token) on better_auth.session from reader", "grant select (token) on better_auth.session to reader", reader,
			"failed session tables: reader, the role in DATABASE_URL, may not read the column \"token\" of better_auth.session" + setUp +
				skip + "reader, the role in DATABASE_URL, may not read the column \"token\" of better_auth.session" + setUp,
		},
		{
			"without the schema's door", "revoke usage on schema better_auth from reader", "grant usage on schema better_auth to reader", reader,
			"failed session tables: reader, the role in DATABASE_URL, may not use the schema better_auth" + setUp +
				skip + "reader, the role in DATABASE_URL, may not use the schema better_auth" + setUp,
		},
		{
			"with a password in reach", "grant select on better_auth.account to reader", "revoke select on better_auth.account from reader", reader,
			"warning session rights: reader, the role in DATABASE_URL, may do more than it needs: SELECT on account.id, SELECT on account.password" + narrow,
		},
		{
			"with writing", "grant insert, delete on better_auth.session to reader; grant update (email) on better_auth.\"user\" to reader",
			"revoke insert, delete on better_auth.session from reader; revoke update (email) on better_auth.\"user\" from reader", reader,
			"warning session rights: reader, the role in DATABASE_URL, may do more than it needs: DELETE on session, INSERT on session, UPDATE on user" + narrow,
		},
		{
			"with all", "grant all on all tables in schema better_auth to reader",
			"revoke all on all tables in schema better_auth from reader; grant select (token, \"userId\", \"expiresAt\") on better_auth.session to reader; grant select (id) on better_auth.\"user\" to reader", reader,
			"warning session rights: reader, the role in DATABASE_URL, may do more than it needs: DELETE on account, INSERT on account, TRUNCATE on account, UPDATE on account, 13 more" + narrow,
		},
		{
			"as the superuser", "", "", server.URL,
			"warning session rights: postgres, the role in DATABASE_URL, is a superuser of the database: whoever takes this server over has all of it" + narrow,
		},
		{
			"open to everybody", "grant select on better_auth.session to anon", "revoke select on better_auth.session from anon", reader,
			"failed session rights: anon" + strings.ReplaceAll(closed, "ROLE", "anon"),
		},
		{
			"open to users in a column", "grant select (email) on better_auth.\"user\" to authenticated", "revoke select (email) on better_auth.\"user\" from authenticated", reader,
			"failed session rights: authenticated" + strings.ReplaceAll(closed, "ROLE", "authenticated"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			exec(c.change)
			defer exec(c.undo)
			p := provider(t, "better-auth")
			env := filled(p)
			env["DATABASE_URL"] = c.url
			checks := signIn(t, p, env, http.DefaultTransport)
			var got []doctor.Check
			for _, check := range checks {
				if strings.HasPrefix(check.Name, "session") {
					got = append(got, check)
				}
			}
			if diff := cmp.Diff(c.want, unwell(got)); diff != "" || len(got) != 2 {
				t.Errorf("%d checks (-want +got):\n%s", len(got), diff)
			}
			if strings.Contains(printed(t, checks), "pineapple") {
				t.Errorf("the report has the password in it:\n%s", printed(t, checks))
			}
		})
	}

	t.Run("gone", func(t *testing.T) {
		p := provider(t, "better-auth")
		env := filled(p)
		u, err := url.Parse(reader)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/elsewhere"
		env["DATABASE_URL"] = u.String()
		got := find(t, signIn(t, p, env, http.DefaultTransport), "session tables")
		if got.Status != doctor.Failed || !strings.HasPrefix(got.Detail, "cannot be looked at: ") || !strings.Contains(got.Detail, `database "elsewhere" does not exist`) {
			t.Errorf("%+v", got)
		}
	})
}

// TestRun_health asks the project's own sign-in server.
func TestRun_health(t *testing.T) {
	const fix = "start it (README.md, Set up Better Auth), or correct BETTER_AUTH_UPSTREAM"
	up := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/auth/ok" {
			http.NotFound(w, r)
		}
	})
	gone := httptest.NewServer(nil)
	gone.Close()
	other := answering(t, http.NotFound)
	for _, c := range []struct{ upstream, detail, fix string }{
		{up, up + "/api/auth/ok answers 200", ""},
		{other, other + "/api/auth/ok answers 404", fix},
		{gone.URL, gone.URL + "/api/auth/ok cannot be reached: dial tcp " + strings.TrimPrefix(gone.URL, "http://") + ": connect: connection refused", fix},
	} {
		p := provider(t, "better-auth")
		env := filled(p)
		env["BETTER_AUTH_UPSTREAM"] = c.upstream
		delete(env, "DATABASE_URL")
		got := find(t, signIn(t, p, env, http.DefaultTransport), "sign-in server")
		if got.Detail != c.detail || got.Fix != c.fix {
			t.Errorf("%+v, want %s", got, c.detail)
		}
	}
}

// TestRun_authToken tries InsForge's tokens in this section when it runs alone, and
// never twice.
func TestRun_authToken(t *testing.T) {
	p := provider(t, "clerk")
	env := filled(p)
	for name, value := range keys(answering(t, healthy(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error": "AUTH_UNAUTHORIZED", "message": "no"}`))
	}))) {
		env[name] = value
	}
	for section, want := range map[string]int{"": 0, doctor.Auth: 1} {
		counts := map[string]int{}
		for _, c := range signIn(t, p, env, hosts(t, providersNet(t)), func(in *doctor.Input) { in.Section = section }) {
			counts[c.Name]++
		}
		if counts["INSFORGE_JWT_SECRET"] != want || counts["forged tokens"] != want {
			t.Errorf("section %q has %v", section, counts)
		}
	}
}
