package database

import (
	"fmt"
	"strings"
	"testing"
)

// functionsOnProfiles take a user's ID at its word.
var functionsOnProfiles = []string{"public.see_user(text, text, text)", "public.delete_user(text)"}

// TestProfiles: a profile can be read by whom it is about, and written by the server alone.
func TestProfiles(t *testing.T) {
	f := open(t)
	for _, who := range []string{"wall-test-ada", "wall-test-bob"} {
		f.do(server, `select public.see_user('`+who+`', 'Name', 'name@example.com')`)
	}
	const (
		policy = "the policy of the profiles migration"
		revoke = "revoke all on public.profiles from public, anon, authenticated; and grant select to authenticated"
	)
	f.check(
		probe{"reading the own profile", ada, `select user_id from public.profiles`, "1 row", "grant select on public.profiles to authenticated; and " + policy},
		probe{"reading Bob's profile", ada, `select user_id from public.profiles where user_id = 'wall-test-bob'`, "0 rows", policy},
		probe{"reading a profile", nameless, `select user_id from public.profiles`, "0 rows", policy},
		probe{"reading a profile", anonymous, `select user_id from public.profiles`, denied, revoke},
		probe{"reading all profiles", server, `select user_id from public.profiles where user_id like 'wall-test-%'`, "2 rows", "project_admin bypasses row level security in InsForge"},
	)
	for _, who := range users {
		f.check(
			probe{"making a profile", who, `insert into public.profiles (user_id) values ('wall-test-new')`, denied, revoke},
			probe{"changing a profile", who, `update public.profiles set email = 'admin@example.com'`, denied, revoke},
			probe{"removing a profile", who, `delete from public.profiles`, denied, revoke},
			probe{"emptying the table", who, `truncate public.profiles cascade`, denied, revoke},
		)
	}
}

// TestProfiles_closed: the functions are the server's, and the table is closed to all that a migration
// does not open.
func TestProfiles_closed(t *testing.T) {
	f := open(t)
	functions := strings.Join(functionsOnProfiles, ", ")
	f.again("profiles", `grant all on public.profiles to public, anon, authenticated; alter table public.profiles disable row level security;
		grant execute on function `+functions+` to public, anon, authenticated; revoke all on function `+functions+` from project_admin`)
	const execute = "revoke all on function … from public, anon, authenticated;"
	for _, who := range users {
		f.check(
			probe{"making somebody a profile", who, `select public.see_user('wall-test-ada', null, 'x@example.com')`, denied, execute},
			probe{"deleting somebody", who, `select public.delete_user('wall-test-ada')`, denied, execute},
		)
	}
	f.check(
		probe{"making somebody a profile", server, `select public.see_user('wall-test-ada', null, null)`, "1 row", "grant execute on function … to project_admin;"},
		probe{"deleting somebody", server, `select public.delete_user('wall-test-ada')`, "1 row", "grant execute on function … to project_admin;"},
	)
	f.holds("row level security is on", `(select relrowsecurity from pg_class where oid = 'public.profiles'::regclass)`,
		"alter table public.profiles enable row level security;")
	f.holds("users have a policy for reading, and the server one for all", `(select array_agg(polroles[1]::regrole || ' ' || polcmd::text order by polcmd) = array['project_admin *', 'authenticated r']
		from pg_policy where polrelid = 'public.profiles'::regclass and cardinality(polroles) = 1)
		and exists (select from pg_policy where polrelid = 'public.profiles'::regclass and polname = 'profiles_server'
		and pg_get_expr(polqual, polrelid) = 'true' and pg_get_expr(polwithcheck, polrelid) = 'true')`, "the two policies of the profiles migration")
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" may not write profiles", fmt.Sprintf(`not has_any_column_privilege('%[1]s', 'public.profiles', 'INSERT, UPDATE, REFERENCES')
			and not has_table_privilege('%[1]s', 'public.profiles', 'DELETE, TRUNCATE, TRIGGER')`, role),
			"revoke all on public.profiles from public, anon, authenticated;")
		for _, function := range functionsOnProfiles {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function), execute)
		}
	}
	f.holds("anon may not read profiles", `not has_any_column_privilege('anon', 'public.profiles', 'SELECT')`,
		"revoke all on public.profiles from public, anon, authenticated;")
	for _, function := range functionsOnProfiles {
		f.holds("with the rights of who calls it acts "+function, fmt.Sprintf("not (select prosecdef from pg_proc where oid = '%s'::regprocedure)", function),
			"alter function … security invoker;")
	}
}

// TestSeeUser: what the provider said stands until it says something else.
func TestSeeUser(t *testing.T) {
	f := open(t)
	const row = `select user_id || '|' || coalesce(name, '-') || '|' || coalesce(email, '-') from public.profiles where user_id = 'wall-test-ada'`
	for _, step := range []struct{ args, want string }{
		{`'wall-test-ada', null, null`, "wall-test-ada|-|-"},
		{`'wall-test-ada', 'Ada', 'ada@example.com'`, "wall-test-ada|Ada|ada@example.com"},
		{`'wall-test-ada', null, ''`, "wall-test-ada|Ada|ada@example.com"},
		{`'wall-test-ada', '', null`, "wall-test-ada|Ada|ada@example.com"},
		{`'wall-test-ada', repeat('x', 300), 'new@example.com'`, "wall-test-ada|" + strings.Repeat("x", 200) + "|new@example.com"},
	} {
		f.do(server, `select public.see_user(`+step.args+`)`)
		if got := f.do(server, row); got != step.want {
			t.Errorf("after see_user(%s) the profile is %q, want %q", step.args, got, step.want)
		}
	}
	f.do(root, `update public.profiles set seen_at = '2000-01-01' where user_id = 'wall-test-ada'`)
	f.do(server, `select public.see_user('wall-test-ada', null, null)`)
	f.holds("a visit is dated", `(select seen_at = now() and created_at = now() from public.profiles where user_id = 'wall-test-ada')`,
		"on conflict (user_id) do update set … seen_at = now()")
	const refused = "violates check constraint"
	f.holds("every visit is dated", `not exists (select from pg_attribute where attrelid = 'public.profiles'::regclass
		and attname in ('created_at', 'seen_at') and not attnotnull)`, "alter table public.profiles alter column … set not null;")
	for what, sql := range map[string]string{
		"an empty name":               `insert into public.profiles (user_id, name) values ('wall-test-bob', '')`,
		"a name that is too long":     `insert into public.profiles (user_id, name) values ('wall-test-bob', repeat('x', 201))`,
		"a user without an ID":        `select public.see_user('', null, null)`,
		"a user whose ID is too long": `select public.see_user(repeat('x', 256), null, null)`,
		"an email of one letter":      `select public.see_user('wall-test-bob', null, 'x')`,
		"an email that is too long":   `select public.see_user('wall-test-bob', null, repeat('x', 321))`,
	} {
		if got := f.try(server, sql); !strings.Contains(got, refused) {
			t.Errorf("%s: %s, want that it %s", what, got, refused)
		}
	}
}

// TestDeleteUser: nothing of the user is left, and everything of everybody else.
func TestDeleteUser(t *testing.T) {
	f := open(t)
	for _, who := range []string{"wall-test-ada", "wall-test-bob"} {
		f.do(server, `select public.see_user('`+who+`', null, null); insert into public.todos (user_id, title) values ('`+who+`', 'x')`)
	}
	f.do(server, `select public.delete_user('wall-test-ada')`)
	f.do(server, `select public.delete_user('wall-test-nobody')`)
	for who, want := range map[string]string{"wall-test-ada": "0 0", "wall-test-bob": "1 1"} {
		got := f.do(server, `select (select count(*) from public.todos where user_id = '`+who+`') || ' ' ||
			(select count(*) from public.profiles where user_id = '`+who+`')`)
		if got != want {
			t.Errorf("todos and profiles of %s: %s, want %s", who, got, want)
		}
	}
}
