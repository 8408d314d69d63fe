package database

import (
	"fmt"
	"strings"
	"testing"
)

// functionsOnSessions are the server's alone.
var functionsOnSessions = []string{
	"public.begin_session(text, text, text, text, text, text, timestamptz, timestamptz)",
	"public.lease_session(text, timestamptz)",
}

// sessionID is the nth ID of a session in a test.
func sessionID(n int) string { return fmt.Sprintf("%064x", n) }

// begin is the SQL that begins session n of a user in place of another.
func begin(n, replaces int, user, expires string) string {
	return fmt.Sprintf(`select public.begin_session('%s', '%s', '%s', 'Name', 'name@example.com', 'sealed', '2030-01-01', %s)`,
		sessionID(n), sessionID(replaces), user, expires)
}

// TestSessions_closed: sessions are for the server alone, also where somebody granted them.
func TestSessions_closed(t *testing.T) {
	f := open(t)
	functions := strings.Join(functionsOnSessions, ", ")
	f.again("sign-in-sessions", `grant all on public.sign_in_sessions to public, anon, authenticated; alter table public.sign_in_sessions disable row level security;
		grant execute on function `+functions+` to public, anon, authenticated; revoke all on function `+functions+` from project_admin`)
	f.do(server, begin(1, 0, "wall-test-ada", "now() + interval '1 hour'"))
	const (
		revoke  = "revoke all on public.sign_in_sessions from public, anon, authenticated;"
		execute = "revoke all on function … from public, anon, authenticated;"
	)
	for _, who := range users {
		f.check(
			probe{"reading sessions", who, `select id from public.sign_in_sessions`, denied, revoke},
			probe{"making a session", who, `insert into public.sign_in_sessions (id, user_id, expires_at) values ('` + sessionID(2) + `', 'wall-test-ada', '2030-01-01')`, denied, revoke},
			probe{"changing sessions", who, `update public.sign_in_sessions set user_id = 'wall-test-ada'`, denied, revoke},
			probe{"removing sessions", who, `delete from public.sign_in_sessions`, denied, revoke},
			probe{"emptying the table", who, `truncate public.sign_in_sessions`, denied, revoke},
			probe{"beginning a session", who, begin(2, 0, "wall-test-ada", "'2030-01-01'"), denied, execute},
			probe{"leasing a session", who, `select public.lease_session('` + sessionID(1) + `', now())`, denied, execute},
		)
	}
	f.check(
		probe{"reading sessions", server, `select id from public.sign_in_sessions where user_id = 'wall-test-ada'`, "1 row", "project_admin bypasses row level security in InsForge"},
		probe{"leasing a session", server, `select public.lease_session('` + sessionID(1) + `', now())`, "1 row", "grant execute on function … to project_admin;"},
	)
	f.holds("row level security is on", `(select relrowsecurity from pg_class where oid = 'public.sign_in_sessions'::regclass)`,
		"alter table public.sign_in_sessions enable row level security;")
	f.holds("the only policy is the server's", `(select count(*) = 1 from pg_policy where polrelid = 'public.sign_in_sessions'::regclass)
		and exists (select from pg_policy where polrelid = 'public.sign_in_sessions'::regclass and polcmd = '*' and polroles = array['project_admin'::regrole::oid]
		and pg_get_expr(polqual, polrelid) = 'true' and pg_get_expr(polwithcheck, polrelid) = 'true')`, "the policy of the sign-in-sessions migration")
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" has no right to sessions", fmt.Sprintf(`not has_any_column_privilege('%[1]s', 'public.sign_in_sessions', 'SELECT, INSERT, UPDATE, REFERENCES')
			and not has_table_privilege('%[1]s', 'public.sign_in_sessions', 'DELETE, TRUNCATE, TRIGGER')`, role), revoke)
		for _, function := range functionsOnSessions {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function), execute)
		}
	}
	for _, function := range functionsOnSessions {
		f.holds("with the rights of who calls it acts "+function, fmt.Sprintf("not (select prosecdef from pg_proc where oid = '%s'::regprocedure)", function),
			"alter function … security invoker;")
	}
}

// TestBeginSession: a session comes with a profile, in place of the one before, and old ones go.
func TestBeginSession(t *testing.T) {
	f := open(t)
	const sessions = `select string_agg(ltrim(id, '0'), ' ' order by id) from public.sign_in_sessions where user_id like 'wall-test-%'`
	f.do(server, begin(1, 0, "wall-test-ada", "now() - interval '1 hour'"))
	f.do(server, begin(2, 0, "wall-test-bob", "now() + interval '1 hour'"))
	f.do(server, begin(4, 0, "wall-test-bob", "now() + interval '1 hour'"))
	f.do(server, begin(3, 2, "wall-test-ada", "now() + interval '1 hour'"))
	if got := f.do(server, sessions); got != "3 4" {
		t.Errorf("the sessions are %q, want 3 and 4: 1 has run out, and 2 was replaced", got)
	}
	f.holds("the user has a profile", `(select name = 'Name' and email = 'name@example.com' from public.profiles where user_id = 'wall-test-ada')`,
		"select public.see_user(p_user_id, p_name, p_email);")
	f.holds("what was given is kept", `(select sealed = 'sealed' and renew_at = '2030-01-01' and leased_at is null and created_at = now()
		and expires_at = now() + interval '1 hour' from public.sign_in_sessions where id = '`+sessionID(3)+`')`, "the insert of begin_session")
	if got := f.try(server, `insert into public.sign_in_sessions (id, user_id, expires_at) values ('what the cookie holds', 'wall-test-ada', now())`); !strings.Contains(got, "violates check constraint") {
		t.Errorf("an ID that is no hash: %s", got)
	}
	f.do(server, `select public.delete_user('wall-test-ada')`)
	if got := f.do(server, `select count(*) from public.sign_in_sessions where user_id = 'wall-test-ada'`); got != "0" {
		t.Errorf("%s sessions of a deleted user are left", got)
	}
	f.holds("every column but two has a value", `(select count(*) = 2 from pg_attribute where attrelid = 'public.sign_in_sessions'::regclass
		and attnum > 0 and not attisdropped and not attnotnull and attname in ('renew_at', 'leased_at'))
		and not exists (select from pg_attribute where attrelid = 'public.sign_in_sessions'::regclass
		and attnum > 0 and not attisdropped and not attnotnull and attname not in ('renew_at', 'leased_at'))`, "alter table public.sign_in_sessions alter column … set not null;")
	for _, index := range []string{"sign_in_sessions_user_id_idx", "sign_in_sessions_expires_at_idx"} {
		f.holds("there is "+index, `to_regclass('public.`+index+`') is not null`, "create index "+index)
	}
}

// TestLeaseSession: of many who want to ask the provider, one does.
func TestLeaseSession(t *testing.T) {
	f := open(t)
	for _, n := range []int{1, 2} {
		f.do(server, begin(n, 0, "wall-test-ada", "now() + interval '1 hour'"))
	}
	lease := func(n int, renewAt string) string {
		return f.do(server, fmt.Sprintf(`select public.lease_session('%s', '%s')::text`, sessionID(n), renewAt))
	}
	for _, step := range []struct {
		what    string
		session int
		at      string
		want    string
	}{
		{what: "a session that is not there", session: 3, at: "2030-01-01", want: "false"},
		{what: "another time, as of a row that was renewed meanwhile", session: 1, at: "2030-01-02", want: "false"},
		{what: "the first", session: 1, at: "2030-01-01", want: "true"},
		{what: "the second", session: 1, at: "2030-01-01", want: "false"},
		{what: "the first about another session", session: 2, at: "2030-01-01", want: "true"},
	} {
		if got := lease(step.session, step.at); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
	for age, want := range map[string]string{"14 seconds": "false", "16 seconds": "true"} {
		f.do(root, `update public.sign_in_sessions set leased_at = now() - interval '`+age+`' where id = '`+sessionID(1)+`'`)
		if got := lease(1, "2030-01-01"); got != want {
			t.Errorf("after %s: %s, want %s", age, got, want)
		}
	}
}
