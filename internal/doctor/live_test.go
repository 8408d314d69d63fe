package doctor_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/internal/doctor"
)

// A state is a way for a project to be unwell.
type state struct {
	name string
	// sql breaks the database and undo mends it.
	sql, undo string
	// files breaks the folder, env the variables.
	files func(fstest.MapFS)
	env   map[string]string
	// want is all that is then not ok: the status, the check, what was found, and
	// in the next line what to do. HOST is the project's.
	want string
}

const newMigration = "npx @insforge/cli db migrations new "

// TestRun_live breaks a project in one way after the other.
func TestRun_live(t *testing.T) {
	p, env := serve(t)
	if checks := examine(t, shop(t, env), nil); !doctor.Healthy(checks) || unwell(checks) != "" {
		t.Fatalf("a new project is unwell:\n%s", unwell(checks))
	}
	// The environment wins, and .env does for what is not in it.
	if checks := examine(t, shop(t, map[string]string{"INSFORGE_JWT_SECRET": p.JWTSecret}), env); unwell(checks) != "" {
		t.Errorf("with the environment:\n%s", unwell(checks))
	}
	for _, s := range append(append(databaseStates(), migrationStates()...), settingsStates(p.APIKey)...) {
		t.Run(s.name, func(t *testing.T) {
			if s.sql != "" {
				apply(t, p, s.sql)
				defer apply(t, p, s.undo)
			}
			set := maps.Clone(env)
			maps.Copy(set, s.env)
			files := shop(t, set)
			if s.files != nil {
				s.files(files)
			}
			want := strings.ReplaceAll(s.want, "HOST", strings.TrimPrefix(p.URL, "http://"))
			if diff := cmp.Diff(want, unwell(examine(t, files, nil))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if checks := examine(t, shop(t, env), nil); unwell(checks) != "" {
		t.Errorf("mended, it is still unwell:\n%s", unwell(checks))
	}
}

// TestRun_withoutLogin: where nobody signs in there is no secret to have, and the
// ledger is closed to users all the same: whoever has the secret can make some up.
func TestRun_withoutLogin(t *testing.T) {
	const golden = "../../golden/none+okx-x402"
	p, env := serveOf(t, golden)
	delete(env, "INSFORGE_JWT_SECRET")
	noLogin := func(in *doctor.Input) { in.NoLogin = true }
	checks := examine(t, shopOf(t, golden, env), nil, noLogin)
	if !doctor.Healthy(checks) || unwell(checks) != "" {
		t.Errorf("a new project is unwell:\n%s", unwell(checks))
	}
	for _, c := range checks {
		if c.Name == "INSFORGE_JWT_SECRET" || c.Name == "requesting_user_id()" {
			t.Errorf("%+v", c)
		}
	}
	apply(t, p, "grant select on public.payments to authenticated")
	want := "failed payment ledger: every user holds SELECT on it\n\t" +
		newMigration + "close-payments, and in that file: revoke all on public.payments from authenticated;\n"
	if diff := cmp.Diff(want, unwell(examine(t, shopOf(t, golden, env), nil, noLogin))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func databaseStates() []state {
	return []state{
		{
			name: "row level security switched off",
			sql:  "alter table public.todos disable row level security", undo: "alter table public.todos enable row level security",
			want: "failed row level security: public.todos has it switched off: its policies do nothing, and whoever has a right on it gets every row\n\t" +
				newMigration + "row-level-security, and in that file: alter table public.todos enable row level security;\n",
		},
		{
			name: "a table of the user's own, as InsForge makes it",
			sql:  "create table public.posts (id int)", undo: "drop table public.posts",
			want: "failed row level security: public.posts has none: whoever has a right on it gets every row, and no policy says who should\n\t" +
				newMigration + "row-level-security, and in that file: alter table public.posts enable row level security; " +
				"create policy server on public.posts for all to project_admin using (true) with check (true); (or policies for users, if they have rows in it)\n" +
				"failed anonymous access: the anon key, which is public, holds SELECT, INSERT, UPDATE, DELETE on public.posts: GET /api/database/records/posts?limit=0 answers 200\n\t" +
				newMigration + "close-to-anon, and in that file: revoke all on public.posts from anon;\n",
		},
		{
			name: "no policy, and a grant to all",
			sql: `create table public."Old Posts" (id int); alter table public."Old Posts" enable row level security;
				revoke all on public."Old Posts" from anon, authenticated; grant update (id) on public."Old Posts" to anon; grant insert on public."Old Posts" to public`,
			undo: `drop table public."Old Posts"`,
			want: `failed row level security: public."Old Posts" has no policy: nobody but the API key sees a row, and nothing says that this is meant` + "\n\t" +
				newMigration + `row-level-security, and in that file: create policy server on public."Old Posts" for all to project_admin using (true) with check (true); (or policies for users, if they have rows in it)` + "\n" +
				`failed anonymous access: the anon key, which is public, holds INSERT, UPDATE on public."Old Posts"` + "\n\t" +
				newMigration + `close-to-anon, and in that file: revoke all on public."Old Posts" from public, anon;` + "\n",
		},
		{
			name: "a table that is meant for everybody",
			sql: `create table public.news (id int); alter table public.news enable row level security; revoke all on public.news from anon;
				grant select on public.news to anon; create policy news_read on public.news for select to anon, authenticated using (true)`,
			undo: "drop table public.news",
			want: "warning anonymous access: the anon key, which is public, holds SELECT on public.news, and a policy says that this is meant\n\t" +
				"leave it, if it is; else " + newMigration + "close-to-anon, and in that file: revoke all on public.news from anon;\n",
		},
		{
			name: "a view that leaks",
			sql:  "create view public.all_todos as select * from public.todos; revoke all on public.all_todos from anon", undo: "drop view public.all_todos",
			want: "failed row level security: the view public.all_todos shows every row of the tables behind it, whoever asks\n\t" +
				newMigration + "row-level-security, and in that file: alter view public.all_todos set (security_invoker = true);\n",
		},
		{
			name: "a view that does not",
			sql:  "create view public.my_todos with (security_invoker = true) as select * from public.todos; revoke all on public.my_todos from anon", undo: "drop view public.my_todos",
		},
		{
			name: "a schema that is closed, and one that is not",
			sql: `create schema hidden; revoke all on schema hidden from public, anon, authenticated; create table hidden.keys (id int);
				create schema shown; grant usage on schema shown to anon; create table shown.keys (id int); grant select on shown.keys to anon;
				alter table shown.keys enable row level security; create policy all_of_it on shown.keys for select to public using (true)`,
			undo: "drop schema hidden cascade; drop schema shown cascade",
			want: "failed anonymous access: the anon key, which is public, holds SELECT on shown.keys: GET /api/database/records/keys?limit=0&schema=shown answers 200\n\t" +
				newMigration + "close-to-anon, and in that file: revoke all on shown.keys from anon;\n",
		},
		{
			name: "anon reads the todos",
			sql:  "grant select on public.todos to anon", undo: "revoke all on public.todos from anon",
			want: "failed anonymous access: the anon key, which is public, holds SELECT on public.todos: GET /api/database/records/todos?limit=0 answers 200\n\t" +
				newMigration + "close-to-anon, and in that file: revoke all on public.todos from anon;\n",
		},
		{
			name: "no requesting_user_id",
			sql:  "alter function public.requesting_user_id() rename to another", undo: "alter function public.another() rename to requesting_user_id",
			want: "failed requesting_user_id(): is not in the database, and every policy calls it\n\tnpx @insforge/cli db import migrations/0001_requesting-user-id.sql\n",
		},
		{
			name: "requesting_user_id is somebody else",
			sql:  "create or replace function public.requesting_user_id() returns text language sql stable set search_path = '' as $$ select 'ada' $$",
			undo: "create or replace function public.requesting_user_id() returns text language sql stable set search_path = '' as $$ select nullif(auth.jwt() ->> 'sub', '') $$",
			want: "failed requesting_user_id(): returns something else than the token's sub, so users may see each other's rows\n\tnpx @insforge/cli db import migrations/0001_requesting-user-id.sql\n",
		},
		{
			name: "users may not call requesting_user_id",
			sql:  "revoke all on function public.requesting_user_id() from authenticated", undo: "grant execute on function public.requesting_user_id() to authenticated",
			want: "failed requesting_user_id(): users may not call it, so every policy fails\n\t" +
				newMigration + "call-requesting-user-id, and in that file: grant execute on function public.requesting_user_id() to authenticated;\n",
		},
		{
			name: "a ledger for everybody",
			sql:  "grant select on public.payments to anon; grant insert on public.payments to authenticated; grant execute on function public.release_payment(uuid) to authenticated",
			undo: "revoke all on public.payments from anon, authenticated; revoke all on function public.release_payment(uuid) from authenticated",
			want: "failed payment ledger: the anon key, which is public, gets an answer from it, and not a refusal: GET /api/database/records/payments?limit=0 answers 200\n\t" +
				newMigration + "close-payments, and in that file: revoke all on public.payments from anon;\n" +
				"failed payment ledger: every user holds INSERT on it\n\t" +
				newMigration + "close-payments, and in that file: revoke all on public.payments from authenticated;\n" +
				"failed payment ledger: callers of the API may run release_payment(uuid)\n\t" +
				newMigration + "close-payments, and in that file: revoke all on function public.release_payment(uuid) from public, anon, authenticated;\n",
		},
		{
			name: "another secret",
			env:  map[string]string{"INSFORGE_JWT_SECRET": "another-project-s-secret-0123456789abcdef"},
			want: "failed INSFORGE_JWT_SECRET: is not this project's: a token that is signed with it is refused, so every user's is\n\t" +
				"set INSFORGE_JWT_SECRET in .env to what this prints, and nothing else: npx @insforge/cli secrets get JWT_SECRET\n" +
				"skipped requesting_user_id(): needs INSFORGE_JWT_SECRET, which is not this project's: a token that is signed with it is refused, so every user's is\n\t" +
				"set INSFORGE_JWT_SECRET in .env to what this prints, and nothing else: npx @insforge/cli secrets get JWT_SECRET\n" +
				"skipped payment ledger: needs INSFORGE_JWT_SECRET, which is not this project's: a token that is signed with it is refused, so every user's is\n\t" +
				"set INSFORGE_JWT_SECRET in .env to what this prints, and nothing else: npx @insforge/cli secrets get JWT_SECRET\n",
		},
		{
			name: "another anon key: the example",
			env:  map[string]string{"INSFORGE_ANON_KEY": "anon_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
			want: "failed INSFORGE_ANON_KEY: is refused: it is the example\n\tset INSFORGE_ANON_KEY in .env to the project's anon key, as its dashboard shows it; it starts with anon_\n" +
				"skipped anonymous access: needs INSFORGE_ANON_KEY, which is refused: it is the example\n\tset INSFORGE_ANON_KEY in .env to the project's anon key, as its dashboard shows it; it starts with anon_\n" +
				"skipped payment ledger: needs INSFORGE_ANON_KEY, which is refused: it is the example\n\tset INSFORGE_ANON_KEY in .env to the project's anon key, as its dashboard shows it; it starts with anon_\n",
		},
	}
}

func write(name, text string) func(fstest.MapFS) {
	return func(files fstest.MapFS) { files[name] = &fstest.MapFile{Data: []byte(text)} }
}

func migrationStates() []state {
	return []state{
		{
			name: "a migration to apply", files: write("migrations/0009_later.sql", "select 1;"),
			want: "failed applied migrations: not applied yet: 0009_later.sql\n\tnpx @insforge/cli db migrations up --all\n",
		},
		{
			name: "an older one that was never applied", files: write("migrations/0000_older.sql", "select 1;"),
			want: "failed applied migrations: migrations/0000_older.sql was never applied, and is older than 8, which was: the CLI refuses it, and all others with it\n\t" +
				"mv migrations/0000_older.sql migrations/0009_older.sql, or delete it if nobody needs it any more\n",
		},
		{
			name: "one that is gone", files: func(files fstest.MapFS) { delete(files, "migrations/0006_payments-realtime.sql") },
			want: "warning applied migrations: 6_payments-realtime was applied, and is not in migrations/: a new project would lack it\n\tnpx @insforge/cli db migrations fetch\n",
		},
		{
			name: "one with a number that is taken", files: func(files fstest.MapFS) {
				files["migrations/6_other.sql"] = files["migrations/0006_payments-realtime.sql"]
				delete(files, "migrations/0006_payments-realtime.sql")
			},
			want: "failed applied migrations: migrations/6_other.sql will never be applied: number 6 was, as payments-realtime\n\tmv migrations/6_other.sql migrations/9_other.sql\n",
		},
		{
			name: "two with one number", files: write("migrations/2_again.sql", "select 1;"),
			want: "failed migration files: migrations/0002_todos.sql and 2_again.sql have the same number, so the CLI applies nothing\n\tmv migrations/2_again.sql migrations/9_again.sql\n",
		},
		{
			name: "what does not belong there", files: func(files fstest.MapFS) {
				write("migrations/README.md", "Read me.")(files)
				write("migrations/0010_Add some_notes.sql", "select 1;")(files)
				write("migrations/0010_folder.sql/x", "")(files)
			},
			want: "failed migration files: migrations/0010_Add some_notes.sql is not named NUMBER_name-with-hyphens.sql, so the CLI applies nothing\n\t" +
				"mv 'migrations/0010_Add some_notes.sql' migrations/0010_add-some-notes.sql\n" +
				"failed migration files: migrations/0010_folder.sql cannot be read: read migrations/0010_folder.sql: invalid argument\n\tmake it a file that you can read, or move it out of migrations/\n" +
				"failed migration files: migrations/README.md is not named NUMBER_name-with-hyphens.sql, so the CLI applies nothing\n\tmove it out of migrations/, or remove it\n",
		},
		{
			name: "what the backend refuses", files: write("migrations/0009_tx.sql", "select 1;\nbegin;"),
			want: "failed migration files: migrations/0009_tx.sql:2:1: the backend refuses it: Transaction control statements are not allowed.\n\tLeave it out: a migration runs in one transaction already.\n" +
				"failed applied migrations: not applied yet: 0009_tx.sql\n\tnpx @insforge/cli db migrations up --all\n",
		},
		{
			name: "an edited one", files: edit("migrations/0002_todos.sql", "between 1 and 500", "between 1 and 900"),
			want: "warning unedited migrations: migrations/0002_todos.sql does not say what was applied, from line 3 on: the database keeps the old text, a new project gets the new one\n\t" +
				"put the change into a new migration, and take 0002_todos.sql back to what was applied: remove it, then npx @insforge/cli db migrations fetch\n",
		},
		{name: "a comment more", files: edit("migrations/0002_todos.sql", "create table if", "-- ; $$\n\ncreate /* 'a' */\ttable if")},
		{
			name: "the CLI works on another project", files: write(".insforge/project.json", `{"oss_host": "https://other.insforge.app/", "api_key": "ik_other"}`),
			want: "warning InsForge CLI: is linked to other.insforge.app, and INSFORGE_URL is HOST: what it applies goes to the first\n\tnpx @insforge/cli link, and choose the project of INSFORGE_URL\n",
		},
	}
}

func edit(name, old, now string) func(fstest.MapFS) {
	return func(files fstest.MapFS) {
		files[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(files[name].Data), old, now, 1))}
	}
}

func settingsStates(apiKey string) []state {
	return []state{
		{
			name: "settings that were not applied",
			files: write("insforge.toml", "[auth]\ndisable_signup = false\nallowed_redirect_urls = [\"https://shop.example/*\"]\n\n[realtime]\nretention_days = 7\n\n"+
				"[deployments]\nsubdomain = \"my-shop\"\n"),
			want: `failed live settings: auth.allowed_redirect_urls is ["http://localhost:8080"] in the project and ["https://shop.example/*"] in insforge.toml
	npx @insforge/cli config apply
failed live settings: auth.disable_signup is true in the project and false in insforge.toml
	npx @insforge/cli config apply
failed live settings: realtime.retention_days is 0 in the project and 7 in insforge.toml
	npx @insforge/cli config apply
warning live settings: deployments.subdomain = "my-shop" cannot be applied: this project does not have the setting
	take it out of insforge.toml, or leave it for a project that has it
`,
		},
		{
			name: "keys that nobody knows", files: write("insforge.toml", "[auth]\ndisable_sigup = true\n\n[auth.smtp]\npassword = \""+apiKey+"\"\n"),
			want: `failed insforge.toml: insforge.toml:2:1: auth.disable_sigup: unknown key, which the InsForge CLI drops without a word; did you mean "auth.disable_signup"?
	correct that line of insforge.toml
failed insforge.toml: insforge.toml:5:12: auth.smtp.password: must be env(NAME), where NAME is a secret in capitals, digits and underscores, and never the password itself; store that with: insforge secrets add SMTP_PASSWORD "<value>"
	correct that line of insforge.toml
skipped live settings: needs insforge.toml, which does not parse
	correct insforge.toml
`,
		},
		{
			name: "no settings", files: func(files fstest.MapFS) { delete(files, "insforge.toml") },
			want: "warning insforge.toml: there is none: the project's settings are written down nowhere\n\tnpx @insforge/cli config export\n",
		},
	}
}
