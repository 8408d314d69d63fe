package golden

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
)

// TestUpgrade_schema holds the database of a project that was upgraded against
// that of one written today. An upgrade never edits a migration: it emits the
// changed ones again, so running old and new must end where the new ones alone
// do. A project that had payments removed and added again is no exception.
func TestUpgrade_schema(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	first, third, now := loadFS(t, generations.FS(1)), loadFS(t, generations.FS(3)), load(t)
	paid := combination{"clerk", []string{"okx-x402"}}
	project := func(c *generator.Catalog) string {
		dir := filepath.Join(t.TempDir(), "shop")
		_, target, rec := render(t, c, paid.answers(c), generator.Numbering{})
		write(t, dir, target, rec)
		return dir
	}
	pay := func(payments string) func(generator.Answers) generator.Answers {
		return func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, payments) }
	}
	postgres := startPostgres(t)
	admin := connect(t, postgres.URL)
	execute(t, admin, roles)
	databases := 0
	schema := func(dir string) string {
		databases++
		name := fmt.Sprintf("shop%d", databases)
		execute(t, admin, "create database "+name)
		execute(t, admin, "grant create on database "+name+" to project_admin")
		url := postgres.At(name)
		db := connect(t, url)
		execute(t, db, likeInsForge)
		migrate(t, db, dir)
		sql, err := postgres.Schema(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		return sql
	}
	same := func(what, got, want string) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-written today +upgraded):\n%s", what, diff)
		}
	}

	today := schema(project(now))
	dir := project(first)
	upgrade(t, now, dir, nil)
	same("from the first release", schema(dir), today)

	upgrade(t, now, dir, pay(generator.None))
	upgrade(t, now, dir, pay("okx-x402"))
	same("payments removed and added again", schema(dir), today)

	dir = project(first)
	upgrade(t, third, dir, nil)
	same("from the first generation to the third", schema(dir), schema(project(third)))
}
