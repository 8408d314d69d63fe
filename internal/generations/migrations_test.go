package generations_test

import (
	"path"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/insforgetest"
)

// TestMigrations runs the migrations of all generations on one database, in
// order and each of them twice: an upgrade emits the changed ones again, and
// they must then change what an earlier one has made.
func TestMigrations(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	server, err := insforgetest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	project, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := project.Close(); err != nil {
			t.Error(err)
		}
	})
	db, err := pgx.Connect(t.Context(), project.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for n := 1; n <= generations.Latest; n++ {
		c := load(t, n)
		for _, combo := range combinations(c) {
			if combo.name == "better-auth+okx-x402" { // has every migration there is
				migrate(t, project, n, render(t, c, combo))
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

func migrate(t *testing.T, project *insforgetest.Database, n int, tree *generator.Tree) {
	t.Helper()
	for range 2 {
		for f := range tree.All() {
			if path.Dir(f.Path) != "migrations" {
				continue
			}
			if err := project.Apply(t.Context(), string(f.Data)); err != nil {
				t.Fatalf("generation %d, %s: %v", n, f.Path, err)
			}
		}
	}
}
