package generator

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestProject_Plan_lostBase: with pristine bytes missing from the record, an
// upgrade goes by what is on disk or what the recorded answers still render to,
// if that is proven, and else stops.
func TestProject_Plan_lostBase(t *testing.T) {
	missing := func(t *testing.T, dir string) { discard(t, dir, BaseDir+"/notes.md") }
	allMissing := func(t *testing.T, dir string) { discard(t, dir, BaseDir) }
	damaged := func(t *testing.T, dir string) {
		put(t, dir, BaseDir+"/notes.md", strings.Replace(three, "t", "T", 1), 0o644)
	}
	edited := func(t *testing.T, dir string) { put(t, dir, "notes.md", first, 0o644) }
	deleted := func(t *testing.T, dir string) { discard(t, dir, "notes.md") }
	executable := func(t *testing.T, dir string) { put(t, dir, "notes.md", three, 0o755) }

	now := generation("0.2.0", map[string]string{"base/files/notes.md.tmpl": third})
	for _, c := range []struct {
		name string
		do   []func(*testing.T, string)
		// want is the plan; if it starts with lost, the plan of a two-way one.
		want string
	}{
		{"missing, pristine", with(missing), `notes.md update "one\ntwo\nTHREE\n"`},
		{"missing, mode edited", with(missing, executable), `notes.md update "one\ntwo\nTHREE\n*"`},
		{"missing, deleted", with(missing, deleted), ""},
		{"missing, edited", with(missing, edited), "lost notes.md conflict (already-exists)"},
		{"all missing, pristine", with(allMissing), `notes.md update "one\ntwo\nTHREE\n"`},
		{"all missing, deleted", with(allMissing, deleted), ""},
		{"all missing, edited", with(allMissing, edited), "lost notes.md conflict (already-exists)"},
		{"damaged, pristine", with(damaged), `notes.md update "one\ntwo\nTHREE\n"`},
		{"damaged, deleted", with(damaged, deleted), ""},
		{"damaged, edited", with(damaged, edited), "lost notes.md conflict (already-exists)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newProject(t, generation("0.1.0", nil))
			for _, do := range c.do {
				do(t, dir)
			}
			want, isLost := strings.CutPrefix(c.want, "lost ")
			if !isLost {
				upgradeIn(t, dir, now, acmeCoin, want)
				return
			}
			_, err := planIn(t, dir, now, acmeCoin, false)
			var lost *LostError
			if !errors.As(err, &lost) || !slices.Equal(lost.Paths, []string{"notes.md"}) ||
				err.Error() != "forge's record of what it wrote is missing or damaged for notes.md" {
				t.Errorf("got %v, want a *LostError for notes.md", err)
			}
			u, err := planIn(t, dir, now, acmeCoin, true)
			if err != nil {
				t.Fatal(err)
			}
			if got := writesOf(u.Plan); got != want || !slices.Equal(u.TwoWay, []string{"notes.md"}) {
				t.Errorf("two-way:\ngot  %s with %v\nwant %s", got, u.TwoWay, want)
			}
			// Once that is decided, the record is whole again.
			if err := quick().apply(t.Context(), dir, u.Plan.Decide(DecideKeep, labels()), u.Record); err != nil {
				t.Fatal(err)
			}
			upgradeIn(t, dir, now, acmeCoin, "")
			if got := bytesIn(t, dir, "notes.md"); got != first {
				t.Errorf("notes.md is %q, want the user's %q", got, first)
			}
		})
	}
}

func with(do ...func(*testing.T, string)) []func(*testing.T, string) { return do }

// TestProject_Plan_lostBaseRendered: forge is the same, so rendering what the
// manifest records gives the lost bytes.
func TestProject_Plan_lostBaseRendered(t *testing.T) {
	for _, lost := range []string{BaseDir + "/README.md", BaseDir} {
		dir := newProject(t, generation("0.1.0", nil))
		discard(t, dir, lost)
		put(t, dir, "README.md", "# My shop\nacme by Acme\ncoin costs 0.5\n", 0o644)
		put(t, dir, "migrations/0002_coin.sql", "select 0.5; -- mine\n", 0o644)
		upgradeIn(t, dir, generation("0.1.0", nil), acmeCoin.Set("price", "0.7"),
			`README.md merge "# My shop\nacme by Acme\ncoin costs 0.7\n", migrations/0003_coin.sql create "select 0.7;\n"`)
	}
}

// TestProject_Plan_lostBaseOfMigration: nothing is ever merged into one.
func TestProject_Plan_lostBaseOfMigration(t *testing.T) {
	now := generation("0.2.0", map[string]string{"auth/_common/files/migrations/01_a.sql.tmpl": "select 2;\n"})
	for _, text := range []string{"select 1; -- mine\n", ""} {
		dir := newProject(t, generation("0.1.0", nil))
		discard(t, dir, BaseDir, "migrations/0001_a.sql")
		if text != "" {
			put(t, dir, "migrations/0001_a.sql", text, 0o644)
		}
		upgradeIn(t, dir, now, acmeCoin, `migrations/0003_a.sql create "select 2;\n"`)
		if got := bytesIn(t, dir, "migrations/0001_a.sql"); got != text {
			t.Errorf("the user's migration is %q, want %q", got, text)
		}
	}
}

// TestProject_Plan_lostBaseOfStructuredFile: it needs no base to be merged.
func TestProject_Plan_lostBaseOfStructuredFile(t *testing.T) {
	dir := newProject(t, generation("0.1.0", map[string]string{"base/files/.gitignore.tmpl": ".env\n"}))
	put(t, dir, ".gitignore", ".env\nmine\n", 0o644)
	discard(t, dir, BaseDir)
	u, err := planIn(t, dir, generation("0.2.0", map[string]string{"base/files/.gitignore.tmpl": ".env\nbin/\n"}), acmeCoin, true)
	if err != nil {
		t.Fatal(err)
	}
	c := u.Plan.Changes[0]
	if got := show(c.Result); c.Action != Merge || !strings.HasPrefix(got, ".env\nmine\n") || !strings.Contains(got, "\nbin/\n") {
		t.Errorf("got %s with %q, want what is new added to the user's", c.Action, got)
	}
}

// TestProject_Plan_linkInRecord: forge would have to replace the link, so it
// stops before it has written anything.
func TestProject_Plan_linkInRecord(t *testing.T) {
	dir := newProject(t, generation("0.1.0", nil))
	discard(t, dir, BaseDir+"/notes.md")
	if err := os.Symlink("README.md", filepath.Join(dir, BaseDir, "notes.md")); err != nil {
		t.Fatal(err)
	}
	_, err := planIn(t, dir, generation("0.2.0", nil), acmeCoin, false)
	var link *LinkError
	if !errors.As(err, &link) || err.Error() != ".forge/base/notes.md: is a symbolic link" {
		t.Errorf("got %v, want a *LinkError for the link", err)
	}
}
