package database

import (
	"strings"
	"testing"
)

// TestTodos: a todo is its owner's alone.
func TestTodos(t *testing.T) {
	f := open(t)
	const mine, his = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	f.do(server, `insert into public.todos (id, user_id, title, updated_at) values
		('`+mine+`', 'wall-test-ada', 'Ada''s', '2000-01-01'), ('`+his+`', 'wall-test-bob', 'Bob''s', '2000-01-01')`)

	const (
		grant    = "grant select, delete, insert (title, done), update (title, done) on public.todos to authenticated;"
		revoke   = "revoke all on public.todos from anon, authenticated; and grant again what users need"
		policies = "the four policies of the todos migration; users own what has their ID in user_id"
	)
	f.check(
		probe{"reading todos", ada, `select id from public.todos`, "1 row", policies},
		probe{"adding a todo", ada, `insert into public.todos (title, done) values ('x', true) returning id`, "1 row", grant},
		probe{"changing a todo", ada, `update public.todos set title = 'x', done = true where id = '` + mine + `' returning id`, "1 row", grant},
		probe{"removing a todo", ada, `delete from public.todos where id = '` + mine + `' returning id`, "1 row", grant},

		probe{"reading Bob's", ada, `select id from public.todos where id = '` + his + `'`, "0 rows", policies},
		probe{"changing Bob's", ada, `update public.todos set title = 'x' where id = '` + his + `'`, "0 rows", policies},
		probe{"removing Bob's", ada, `delete from public.todos where id = '` + his + `'`, "0 rows", policies},
		// Without a condition Postgres asks the policy of that command alone.
		probe{"changing all there are", ada, `update public.todos set title = 'x'`, "1 row", policies},
		probe{"removing all there are", ada, `delete from public.todos`, "1 row", policies},

		probe{"saying whose a new one is", ada, `insert into public.todos (title, user_id) values ('x', 'wall-test-ada')`, denied, revoke},
		probe{"choosing its ID", ada, `insert into public.todos (title, id) values ('x', gen_random_uuid())`, denied, revoke},
		probe{"saying whose one is", ada, `update public.todos set user_id = 'wall-test-ada'`, denied, revoke},
		probe{"saying when it changed", ada, `update public.todos set updated_at = now()`, denied, revoke},

		probe{"reading", anonymous, `select id from public.todos`, denied, revoke},
		probe{"adding", anonymous, `insert into public.todos (title) values ('x')`, denied, revoke},
		probe{"changing", anonymous, `update public.todos set title = 'x'`, denied, revoke},
		probe{"removing", anonymous, `delete from public.todos`, denied, revoke},

		probe{"reading", nameless, `select id from public.todos`, "0 rows", policies},
		probe{"adding", nameless, `insert into public.todos (title) values ('x')`, denied, policies},
		probe{"changing", nameless, `update public.todos set title = 'x'`, "0 rows", policies},
		probe{"removing", nameless, `delete from public.todos`, "0 rows", policies},

		probe{"reading everybody's", server, `select id from public.todos where id in ('` + mine + `', '` + his + `')`, "2 rows", "project_admin bypasses row level security in InsForge"},
	)
	for _, who := range users {
		f.check(probe{"emptying the table", who, `truncate public.todos`, denied, revoke})
	}
	if owner := f.do(ada, `insert into public.todos (title) values ('x') returning user_id`); owner != ada.sub {
		t.Errorf("a todo that Ada added is %q's", owner)
	}
	f.do(ada, `update public.todos set done = true`)
	f.holds("a change is dated", `(select updated_at = now() from public.todos where id = '`+mine+`')`,
		"the trigger todos_set_updated_at before update")
}

// TestTodos_policies: the policies hold on their own, also where users were given
// rights to every column.
func TestTodos_policies(t *testing.T) {
	f := open(t)
	const his = "00000000-0000-4000-8000-00000000000b"
	f.do(server, `insert into public.todos (id, user_id, title) values ('`+his+`', 'wall-test-bob', 'Bob''s')`)
	f.do(ada, `insert into public.todos (title) values ('Ada''s')`)
	f.do(root, `grant all on public.todos to authenticated`)

	const check = "with check (user_id = (select public.requesting_user_id()))"
	f.check(
		probe{"adding one for Bob", ada, `insert into public.todos (title, user_id) values ('x', 'wall-test-bob')`, denied, check},
		probe{"adding one for nobody", nameless, `insert into public.todos (title, user_id) values ('x', '')`, denied, check},
		probe{"giving one to Bob", ada, `update public.todos set user_id = 'wall-test-bob'`, denied, check},
		probe{"writing over Bob's", ada, `insert into public.todos (id, title) values ('` + his + `', 'x')
			on conflict (id) do update set title = excluded.title`, denied, check},
		probe{"taking Bob's", ada, `insert into public.todos (id, title) values ('` + his + `', 'x')
			on conflict (id) do update set user_id = excluded.user_id`, denied, check},
	)
	f.again("todos", `grant all on public.todos to anon; alter table public.todos disable row level security;
		grant execute on function public.todos_set_updated_at() to public, anon, authenticated`)
	f.holds("row level security is on", `(select relrowsecurity from pg_class where oid = 'public.todos'::regclass)`,
		"alter table public.todos enable row level security;")
	f.holds("anon has no right", `not has_any_column_privilege('anon', 'public.todos', 'SELECT, INSERT, UPDATE, REFERENCES')
		and not has_table_privilege('anon', 'public.todos', 'DELETE, TRUNCATE, TRIGGER')`,
		"revoke all on public.todos from anon;")
	f.holds("each of the four policies is for one command of signed-in users", `(select count(*) = 4 from pg_policy
		where polrelid = 'public.todos'::regclass and polroles = array['authenticated'::regrole::oid] and (polname, polcmd) in
			(('todos_select_own', 'r'), ('todos_insert_own', 'a'), ('todos_update_own', 'w'), ('todos_delete_own', 'd')))`,
		"the four policies of the todos migration")
	f.holds("the trigger's function acts with the rights of who writes", `not (select prosecdef from pg_proc where oid = 'public.todos_set_updated_at()'::regprocedure)`,
		"alter function public.todos_set_updated_at() security invoker;")
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" may not call the trigger's function", "not has_function_privilege('"+role+"', 'public.todos_set_updated_at()', 'EXECUTE')",
			"revoke all on function public.todos_set_updated_at() from public, anon, authenticated;")
	}
}

// TestTodos_columns: what is in a todo, and which of it users may write.
func TestTodos_columns(t *testing.T) {
	f := open(t)
	const title = `insert into public.todos (title) values (repeat('x', `
	const refused = `ERROR: new row for relation "todos" violates check constraint "todos_title_check" (SQLSTATE 23514)`
	const check = "alter table public.todos add constraint todos_title_check check (char_length(title) between 1 and 500);"
	f.check(
		probe{"a title of 500 characters", ada, title + "500))", "1 row", check},
		probe{"a title of 501", ada, title + "501))", refused, check},
		probe{"an empty title", ada, title + "0))", refused, check},
	)
	f.holds("users write the title and whether it is done, no more", `not exists (select from unnest(array['id', 'user_id', 'created_at', 'updated_at']) as c
		where has_column_privilege('authenticated', 'public.todos', c, 'INSERT, UPDATE'))`,
		"revoke all on public.todos from anon, authenticated; and grant again what users need")
	f.holds("every column has a value", `not exists (select from pg_attribute where attrelid = 'public.todos'::regclass and not attnotnull
		and attname in ('id', 'user_id', 'title', 'done', 'created_at', 'updated_at'))`, "alter table public.todos alter column … set not null;")
}

// TestTodos_plans: a list costs one look into the index, and who is calling is
// read once.
func TestTodos_plans(t *testing.T) {
	f := open(t)
	f.do(root, "set local enable_seqscan = off; set local enable_bitmapscan = off")
	for _, sql := range []string{
		"select id from public.todos order by created_at desc limit 20",
		"update public.todos set done = true",
		"delete from public.todos",
	} {
		plan := f.do(ada, "explain (costs off) "+sql)
		for _, want := range []string{"todos_user_id_created_at_idx", "InitPlan"} {
			if !strings.Contains(plan, want) {
				t.Errorf("the plan has no %s\n\t%s\n%s", want, sql, plan)
			}
		}
		if strings.Contains(plan, "Sort") {
			t.Errorf("the index does not give the order\n\t%s\n%s", sql, plan)
		}
	}
}

// TestRequestingUserID: only signed-in callers have an ID.
func TestRequestingUserID(t *testing.T) {
	f := open(t)
	for who, want := range map[caller]string{ada: ada.sub, nameless: ""} {
		if got := f.do(who, "select public.requesting_user_id()"); got != want {
			t.Errorf("the ID of %s is %q, want %q", who.name, got, want)
		}
	}
	f.holds("an empty ID is none", `(with claims as materialized (select set_config('request.jwt.claims', '{"sub":""}', true))
		select public.requesting_user_id() is null from claims)`, "select nullif(auth.jwt() ->> 'sub', '')")
	f.holds("the ID is the same for one query, and no longer", `(select provolatile = 's' from pg_proc where oid = 'public.requesting_user_id()'::regprocedure)`,
		"alter function public.requesting_user_id() stable;")
	f.again("requesting-user-id", `grant execute on function public.requesting_user_id() to public, anon;
		revoke all on function public.requesting_user_id() from authenticated`)
	f.holds("anon may not ask", `not has_function_privilege('anon', 'public.requesting_user_id()', 'EXECUTE')`,
		"revoke all on function public.requesting_user_id() from public, anon;")
	f.holds("users may ask", `has_function_privilege('authenticated', 'public.requesting_user_id()', 'EXECUTE')`,
		"grant execute on function public.requesting_user_id() to authenticated;")
}
