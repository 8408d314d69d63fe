package generator

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dropping is the small catalog whose layers come with migrations that take
// them out again.
func dropping(more map[string]string) map[string]string {
	all := map[string]string{
		"payment/coin/removal/migrations/01_drop-coin.sql.tmpl": "drop coin{{ if .DropData }} cascade{{ end }};\n",
		"auth/acme/removal/migrations/01_drop-acme.sql.tmpl":    "drop acme;\n",
	}
	maps.Copy(all, more)
	return all
}

func noCoin() Answers {
	a := acmeCoin
	a.Payments, a.Values = []string{}, nil
	return a
}

// migrationsIn lists the migrations in dir, those that forge has detached with
// a minus in front, those that it has never written with a plus.
func migrationsIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "migrations"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".sql")
		switch found, detached := recordOf(t, dir, "migrations/"+e.Name()); {
		case !found:
			name = "+" + name
		case detached:
			name = "-" + name
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

// TestProject_Plan_removal takes a provider out and in and out again.
func TestProject_Plan_removal(t *testing.T) {
	templates := generation("0.1.0", dropping(nil))
	dir := newProject(t, templates)
	put(t, dir, "migrations/0009_mine.sql", "select 9;\n", 0o644)
	for _, step := range []struct {
		answers          Answers
		plan, migrations string
	}{
		{
			noCoin(), `README.md update "# shop\nacme by Acme\n", migrations/0010_drop-coin.sql create "drop coin;\n"`,
			"0001_a -0002_coin +0009_mine -0010_drop-coin",
		},
		{
			acmeCoin, `README.md update "# shop\nacme by Acme\ncoin costs 0.5\n", migrations/0011_coin.sql create "select 0.5;\n"`,
			"0001_a -0002_coin +0009_mine -0010_drop-coin 0011_coin",
		},
		{
			noCoin(), `README.md update "# shop\nacme by Acme\n", migrations/0012_drop-coin.sql create "drop coin;\n"`,
			"0001_a -0002_coin +0009_mine -0010_drop-coin -0011_coin -0012_drop-coin",
		},
	} {
		upgradeIn(t, dir, templates, step.answers, step.plan)
		if got := migrationsIn(t, dir); got != step.migrations {
			t.Errorf("migrations are\n     %s\nwant %s", got, step.migrations)
		}
	}
}

// TestProject_Plan_removalAndAnother: numbers are given once in one plan, too.
func TestProject_Plan_removalAndAnother(t *testing.T) {
	dir := newProject(t, generation("0.1.0", dropping(nil)))
	now := generation("0.2.0", dropping(map[string]string{
		"base/files/migrations/01_b.sql.tmpl":                   "select 3;\n",
		"payment/coin/removal/migrations/02_drop-more.sql.tmpl": "drop more;\n",
	}))
	upgradeIn(t, dir, now, noCoin(), `README.md update "# shop\nacme by Acme\n", migrations/0003_b.sql create "select 3;\n", `+
		`migrations/0004_drop-coin.sql create "drop coin;\n", migrations/0005_drop-more.sql create "drop more;\n"`)
}

// TestProject_Plan_removalOfAuth: what the two providers share stays.
func TestProject_Plan_removalOfAuth(t *testing.T) {
	templates := generation("0.1.0", dropping(nil))
	dir := newProject(t, templates)
	upgradeIn(t, dir, templates, acmeCoin.Set("auth", "bolt"),
		`README.md update "# shop\ncoin costs 0.5\n", bolt.go create "package main\n", migrations/0003_drop-acme.sql create "drop acme;\n"`)
}

func TestProject_Plan_removalDropsData(t *testing.T) {
	templates := generation("0.1.0", dropping(nil))
	p := opened(t, newProject(t, templates))
	s, target := renderedBy(t, templates, noCoin(), p.Numbering)
	s.DropData = true
	u, err := p.Plan(s, target, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := rows(u.Plan); !strings.Contains(got, `migrations/0003_drop-coin.sql create "drop coin cascade;\n"`) {
		t.Errorf("got %s", got)
	}
}

func TestProject_Plan_removalRefuses(t *testing.T) {
	dir := newProject(t, generation("0.1.0", nil))
	for file, want := range map[string]string{
		"payment/coin/removal/x.txt.tmpl":                  "rendering payment/coin/removal/x.txt.tmpl: only migrations belong in removal",
		"payment/coin/removal/migrations/01_x.sql.tmpl":    "rendering payment/coin/removal/migrations/01_x.sql.tmpl: the file would be empty",
		"payment/coin/removal/migrations/drop_x.sql.tmpl":  "rendering payment/coin/removal/migrations/drop_x.sql.tmpl: only migrations belong in removal",
		"payment/coin/removal/migrations/01_x.sql.go.tmpl": "rendering payment/coin/removal/migrations/01_x.sql.go.tmpl: only migrations belong in removal",
	} {
		templates := generation("0.1.0", map[string]string{file: ""})
		if _, err := planIn(t, dir, templates, noCoin(), false); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if _, err := planIn(t, dir, templates, acmeCoin, false); err != nil {
			t.Errorf("%s is rendered although coin stays: %v", file, err)
		}
	}
}

// TestProject_Plan_changedMigration: what changed is a migration of its own.
func TestProject_Plan_changedMigration(t *testing.T) {
	const template = "auth/_common/files/migrations/01_a.sql.tmpl"
	dir := newProject(t, generation("0.1.0", nil))
	put(t, dir, "migrations/0001_a.sql", "select 1; -- mine\n", 0o644)
	for _, step := range []struct{ version, text, plan, migrations string }{
		{"0.2.0", "select 2;\n", `migrations/0003_a.sql create "select 2;\n"`, "-0001_a 0002_coin 0003_a"},
		{"0.3.0", "select 2;\n", "", "-0001_a 0002_coin 0003_a"},
		{"0.4.0", "select 1;\n", `migrations/0004_a.sql create "select 1;\n"`, "-0001_a 0002_coin -0003_a 0004_a"},
		{"0.5.0", "-", "", "-0001_a 0002_coin -0003_a -0004_a"},
	} {
		upgradeIn(t, dir, generation(step.version, map[string]string{template: step.text}), acmeCoin, step.plan)
		if got := migrationsIn(t, dir); got != step.migrations {
			t.Errorf("%s: migrations are\n     %s\nwant %s", step.version, got, step.migrations)
		}
	}
	if got := bytesIn(t, dir, "migrations/0001_a.sql"); got != "select 1; -- mine\n" {
		t.Errorf("the user's migration is now %q", got)
	}
}

// TestProject_Plan_numbers: a new migration comes after every other one, also
// after one that was deleted since.
func TestProject_Plan_numbers(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"the user's own", "migrations/0009_mine.sql", "migrations/0010_b.sql"},
		{"a timestamp", "migrations/20260101120000_mine.sql", "migrations/20260101120001_b.sql"},
		{"no migration", "migrations/0009-mine.txt", "migrations/0003_b.sql"},
		{"in a folder of its own", "migrations/old/0009_mine.sql", "migrations/0003_b.sql"},
	} {
		dir := newProject(t, generation("0.1.0", nil))
		put(t, dir, c.file, "select 9;\n", 0o644)
		discard(t, dir, "migrations/0002_coin.sql")
		now := generation("0.2.0", map[string]string{"base/files/migrations/01_b.sql.tmpl": "select 3;\n"})
		upgradeIn(t, dir, now, acmeCoin, c.want+` create "select 3;\n"`)
	}
}
