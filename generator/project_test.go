package generator

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// generation is the small catalog as forge had it at version, with a text of
// three lines and changes.
func generation(version string, changes map[string]string) fstest.MapFS {
	all := map[string]string{
		"catalog.toml":             strings.Replace(string(small(nil)["catalog.toml"].Data), "0.1.0", version, 1),
		"base/files/notes.md.tmpl": three,
	}
	maps.Copy(all, changes)
	return small(all)
}

// quick is an applier without the fsync that only a power cut needs.
func quick() *applier { return &applier{wait: time.Second, trial: trial{noSync: true}} }

// renderedBy is what templates render from a.
func renderedBy(t *testing.T, templates fstest.MapFS, a Answers, n Numbering) (*Spec, *Tree) {
	t.Helper()
	c, err := Load(templates)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Resolve(a, n)
	if err != nil {
		t.Fatal(err)
	}
	target, err := Render(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, target
}

// newProject is a folder with what templates render from acmeCoin.
func newProject(t *testing.T, templates fstest.MapFS) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	s, target := renderedBy(t, templates, acmeCoin, Numbering{})
	record, err := Record(s, target)
	if err == nil {
		err = quick().apply(t.Context(), dir, NewPlan(&Tree{}, &Tree{}, target), record)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func opened(t *testing.T, dir string) *Project {
	t.Helper()
	p, err := OpenProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// planIn plans from the project in dir to what templates render from a.
func planIn(t *testing.T, dir string, templates fstest.MapFS, a Answers, twoWay bool) (*Upgrade, error) {
	t.Helper()
	p := opened(t, dir)
	s, target := renderedBy(t, templates, a, p.Numbering)
	return p.Plan(s, target, twoWay)
}

// upgradeIn plans, checks that the plan changes what want lists, carries it out
// and checks that a second plan has nothing to do.
func upgradeIn(t *testing.T, dir string, templates fstest.MapFS, a Answers, want string) {
	t.Helper()
	u, err := planIn(t, dir, templates, a, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(u.Plan.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) }) {
		t.Errorf("the plan is not sorted: %s", rows(u.Plan))
	}
	if got := writesOf(u.Plan); got != want {
		t.Errorf("the plan is\n     %s\nwant %s", got, want)
	}
	if err := quick().apply(t.Context(), dir, u.Plan, u.Record); err != nil {
		t.Fatal(err)
	}
	again, err := planIn(t, dir, templates, a, false)
	if err != nil {
		t.Fatal(err)
	}
	writes, err := again.Writes(dir)
	if err != nil || writes {
		t.Errorf("a second plan writes: %v, %v: %s", writes, err, rows(again.Plan))
	}
}

// writesOf shows the rows that do something, or wait for somebody to decide.
func writesOf(p *Plan) string {
	return rows(&Plan{Changes: p.where(func(c Change) bool { return c.Action.Writes() || c.Action == Clashes })})
}

// bytesIn is the file name in dir, "" if there is none.
func bytesIn(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

func discard(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProject_Plan(t *testing.T) {
	now := generation("0.2.0", map[string]string{
		"base/files/notes.md.tmpl": third, "base/files/new.txt.tmpl": "new\n", "auth/_common/files/auth.go.tmpl": "-",
	})
	for _, c := range []struct {
		name string
		edit func(dir string)
		want string
	}{
		{"pristine", func(string) {}, `auth.go delete, new.txt create "new\n", notes.md update "one\ntwo\nTHREE\n"`},
		{"edited", func(dir string) {
			put(t, dir, "notes.md", first, 0o644)
			put(t, dir, "main.go", "package main // mine\n", 0o644)
			put(t, dir, "auth.go", "package main // mine\n", 0o644)
		}, `new.txt create "new\n", notes.md merge "ONE\ntwo\nTHREE\n"`},
		{"executable", func(dir string) {
			put(t, dir, "notes.md", three, 0o755)
			put(t, dir, "auth.go", "package main\n", 0o755)
		}, `new.txt create "new\n", notes.md update "one\ntwo\nTHREE\n*"`},
		{"deleted", func(dir string) { discard(t, dir, "notes.md", "main.go", "auth.go") }, `new.txt create "new\n"`},
		{"there already", func(dir string) {
			put(t, dir, "notes.md", third, 0o644)
			put(t, dir, "new.txt", "new\n", 0o644)
			discard(t, dir, "auth.go")
		}, ""},
		{"links and folders", func(dir string) {
			discard(t, dir, "main.go", "auth.go", "go.mod")
			put(t, dir, "main.go/in.txt", "mine", 0o644)
			if err := os.Symlink("main.go", filepath.Join(dir, "auth.go")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("nowhere", filepath.Join(dir, "go.mod")); err != nil {
				t.Fatal(err)
			}
		}, `new.txt create "new\n", notes.md update "one\ntwo\nTHREE\n"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newProject(t, generation("0.1.0", nil))
			c.edit(dir)
			upgradeIn(t, dir, now, acmeCoin, c.want)
		})
	}
}

// TestProject_Plan_unchanged: the same templates and answers change nothing,
// whatever the user has done.
func TestProject_Plan_unchanged(t *testing.T) {
	dir := newProject(t, generation("0.1.0", nil))
	put(t, dir, "notes.md", first, 0o644)
	put(t, dir, "main.go", "package main\n\nfunc main() {}\n", 0o755)
	put(t, dir, "mine.txt", "mine", 0o644)
	discard(t, dir, "auth.go", "migrations/0002_coin.sql")
	before := snapshot(t, dir)
	u, err := planIn(t, dir, generation("0.1.0", nil), acmeCoin, false)
	if err != nil {
		t.Fatal(err)
	}
	if writes, err := u.Writes(dir); writes || err != nil {
		t.Errorf("writes: %v, %v: %s", writes, err, rows(u.Plan))
	}
	if err := quick().apply(t.Context(), dir, u.Plan, u.Record); err != nil {
		t.Fatal(err)
	}
	sameSnapshot(t, snapshot(t, dir), before)
	if got := strings.Join(u.Plan.Declined(), " "); got != "auth.go migrations/0002_coin.sql" {
		t.Errorf("declined are %q", got)
	}
}

// TestProject_Plan_oldRename: a rename that an earlier version made is not made
// again, should both paths ever mean something else.
func TestProject_Plan_oldRename(t *testing.T) {
	dir := newProject(t, generation("0.2.0", nil))
	put(t, dir, "notes.md", first, 0o644)
	now := generation("0.3.0", map[string]string{
		"base/layer.toml":          "[[rename]]\nsince = \"0.2.0\"\nfrom = \"notes.md\"\nto = \"guide.md\"\n",
		"base/files/notes.md.tmpl": "-", "base/files/guide.md.tmpl": third,
	})
	upgradeIn(t, dir, now, acmeCoin, `guide.md create "one\ntwo\nTHREE\n"`)
}

// TestUpgrade_Writes: a record that is not whole is worth writing too.
func TestUpgrade_Writes(t *testing.T) {
	same := generation("0.1.0", nil)
	for _, c := range []struct {
		name  string
		edit  func(dir string)
		now   fstest.MapFS
		wants bool
	}{
		{"nothing", func(string) {}, same, false},
		{"the user edited", func(dir string) { put(t, dir, "notes.md", first, 0o755) }, same, false},
		{"a template changed", func(string) {}, generation("0.1.0", map[string]string{"base/files/notes.md.tmpl": third}), true},
		{"the version alone", func(string) {}, generation("0.2.0", nil), true},
		{"a pristine file missing", func(dir string) { discard(t, dir, BaseDir+"/notes.md") }, same, true},
		{"a pristine file damaged", func(dir string) { put(t, dir, BaseDir+"/notes.md", first, 0o644) }, same, true},
	} {
		dir := newProject(t, same)
		c.edit(dir)
		u, err := planIn(t, dir, c.now, acmeCoin, false)
		if err != nil {
			t.Fatal(err)
		}
		if writes, err := u.Writes(dir); writes != c.wants || err != nil {
			t.Errorf("%s: writes %v, %v, want %v", c.name, writes, err, c.wants)
		}
	}
}

// TestProject_Plan_rename follows a file through two versions at once.
func TestProject_Plan_rename(t *testing.T) {
	dir := newProject(t, generation("0.1.0", nil))
	put(t, dir, "notes.md", first, 0o600)
	now := generation("0.3.0", map[string]string{
		"base/layer.toml": "[[rename]]\nsince = \"0.2.0\"\nfrom = \"notes.md\"\nto = \"doc/notes.md\"\n" +
			"[[rename]]\nsince = \"0.3.0\"\nfrom = \"doc/notes.md\"\nto = \"doc/guide.md\"\n",
		"base/files/notes.md.tmpl": "-", "base/files/doc/guide.md.tmpl": third,
	})
	upgradeIn(t, dir, now, acmeCoin, `doc/guide.md merge "ONE\ntwo\nTHREE\n" from notes.md, notes.md delete`)
	if got := bytesIn(t, dir, "doc/guide.md"); got != both {
		t.Errorf("doc/guide.md is %q, want %q", got, both)
	}
}

func TestFindProject(t *testing.T) {
	dir := newProject(t, generation("0.1.0", nil))
	deep := filepath.Join(dir, "migrations")
	for _, mark := range []string{ManifestPath, journalFile, pendingFile} {
		discard(t, dir, RecordDir)
		put(t, dir, mark, "", 0o644)
		for _, from := range []string{dir, deep} {
			if got, err := FindProject(from); got != dir || err != nil {
				t.Errorf("with %s, from %s: %q, %v", mark, from, got, err)
			}
		}
	}
	none := t.TempDir()
	if got, err := FindProject(none); got != "" || !errors.Is(err, ErrNoProject) || !strings.Contains(err.Error(), none) {
		t.Errorf("in no project: %q, %v", got, err)
	}
	if _, err := OpenProject(none); !errors.Is(err, ErrNoProject) {
		t.Errorf("opening none: %v", err)
	}
}
