package generations_test

import (
	"path"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/pgtest"
)

// likeInsForge makes what the migrations expect of an InsForge database.
const likeInsForge = `
	create role anon nologin; create role authenticated nologin; create role project_admin nologin bypassrls;
	grant create on database postgres to project_admin;
	grant create, usage on schema public to project_admin; grant usage on schema public to anon, authenticated;
	create schema auth; grant usage on schema auth to public;
	create function auth.jwt() returns jsonb language sql stable as
		$$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;`

// TestMigrations runs the migrations of all generations on one database, in
// order and each of them twice: an upgrade emits the changed ones again, and
// they must then change what an earlier one has made.
func TestMigrations(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	postgres, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := postgres.Stop(); err != nil {
			t.Error(err)
		}
	})
	db, err := pgx.Connect(t.Context(), postgres.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), likeInsForge); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= generations.Latest; n++ {
		c := load(t, n)
		for _, combo := range combinations(c) {
			if combo.name == "better-auth+okx-x402" { // has every migration there is
				migrate(t, db, n, render(t, c, combo))
			}
		}
	}

	const rows = `insert into public.todos (user_id, title) values ('user_1', 'a'), ('user_1', 'b'), ('user_2', 'c')`
	if _, err := db.Exec(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	var removed int
	if err := db.QueryRow(t.Context(), `select public.forget_user('user_1')`).Scan(&removed); err != nil || removed != 2 {
		t.Errorf("forget_user removed %d rows, %v; want 2", removed, err)
	}
	if _, err := db.Exec(t.Context(), `insert into public.todos (user_id, title) values ('user_1', '  ')`); err == nil {
		t.Error("a title of blanks was taken")
	}
	for _, index := range []string{"todos_user_id_open_idx", "payments_open_idx"} {
		var there bool
		err := db.QueryRow(t.Context(), `select to_regclass('public.' || $1) is not null`, index).Scan(&there)
		if err != nil || !there {
			t.Errorf("there is no index %s: %v", index, err)
		}
	}
}

func migrate(t *testing.T, db *pgx.Conn, n int, tree *generator.Tree) {
	t.Helper()
	for range 2 {
		for f := range tree.All() {
			if path.Dir(f.Path) != "migrations" {
				continue
			}
			sql := "begin; set local role project_admin; set local search_path = public;\n" + string(f.Data) + "\n; commit;"
			if _, err := db.Exec(t.Context(), sql); err != nil {
				t.Fatalf("generation %d, %s: %v", n, f.Path, err)
			}
		}
	}
}
