package generator

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// upgrading is a project and the plan of an upgrade that leaves conflicts in
// it: one of each kind, and one in a file that moves.
type upgrading struct {
	watched, dir string
	plan         *Plan
	record       *Tree
}

// startUpgrading makes the project, every file of which is old.
func startUpgrading(t *testing.T) upgrading {
	t.Helper()
	u := upgrading{watched: t.TempDir()}
	u.dir = filepath.Join(u.watched, "p")
	put(t, u.dir, "both.txt", first, 0o600)
	put(t, u.dir, "gone/only.txt", "only", 0o644)
	put(t, u.dir, "logo.bin", "X\x00", 0o644)
	put(t, u.dir, "mine.txt", "X\n", 0o644)
	put(t, u.dir, "old.txt", first, 0o755)
	put(t, u.dir, "src/edit.txt", "old", 0o640)
	put(t, u.dir, "user.txt", "user", 0o644)
	put(t, u.dir, ".forge/base/old.txt", three, 0o644)
	put(t, u.dir, ".forge/manifest.json", "before", 0o644)
	err := os.Chmod(filepath.Join(u.dir, "gone"), 0o750)
	for name, text := range snapshot(t, u.watched) {
		if !strings.HasPrefix(text, "d") && err == nil {
			err = os.Chtimes(filepath.Join(u.watched, name), time.Time{}, time.Unix(1e9, 0))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	base := treeOf(t, map[string]string{
		"both.txt": three, "gone/only.txt": "only", "logo.bin": "B\x00", "old.txt": three, "src/edit.txt": "old",
	})
	target := treeOf(t, map[string]string{
		"both.txt": first2, "doc/new.txt": first2, "logo.bin": "T\x00", "mine.txt": "T\n", "src/edit.txt": "new",
	})
	var paths []string
	for _, f := range slices.Concat(base.files, target.files) {
		paths = append(paths, f.Path)
	}
	actual, err := ReadActual(u.dir, paths)
	if err != nil {
		t.Fatal(err)
	}
	u.plan = NewPlan(base, actual, target, Rename{From: "old.txt", To: "doc/new.txt"}).Decide(DecideMarkers, labels())
	u.record = treeOf(t, map[string]string{".forge/base/both.txt": first2, ".forge/manifest.json": "after"})
	return u
}

// startPending is the project after the upgrade.
func startPending(t *testing.T) upgrading {
	t.Helper()
	u := startUpgrading(t)
	if err := quick().apply(t.Context(), u.dir, u.plan, u.record); err != nil {
		t.Fatal(err)
	}
	return u
}

// inConflict are the paths that the upgrade leaves to resolve.
func inConflict() []string { return []string{"both.txt", "doc/new.txt", "logo.bin", "mine.txt"} }

// upgraded is the folder that is watched after the upgrade, but for the journal
// that is kept.
func upgraded() map[string]string {
	return map[string]string{
		".": isDir, "p": isDir, "p/.forge": isDir, "p/.forge/manifest.json": isFile + "after",
		"p/.forge/base": isDir, "p/.forge/base/both.txt": isFile + first2,
		"p/both.txt": "-rw------- " + bothMarked, "p/mine.txt": isFile + newMarked,
		"p/doc": isDir, "p/doc/new.txt": "-rwxr-xr-x " + bothMarked,
		"p/logo.bin": isFile + "X\x00", "p/logo.bin.forge-new": isFile + "T\x00",
		"p/src": isDir, "p/src/edit.txt": "-rw-r----- new", "p/user.txt": isFile + "user",
	}
}

// withTimes is snapshot with the time of every file.
func withTimes(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := snapshot(t, dir)
	for name, text := range found {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		} else if info.Mode().IsRegular() {
			found[name] = info.ModTime().UTC().Format(time.RFC3339Nano) + " " + text
		}
	}
	return found
}

// withoutPending is s without what Abort and Finish need.
func withoutPending(s map[string]string) map[string]string {
	s = maps.Clone(s)
	maps.DeleteFunc(s, func(name, _ string) bool {
		return name == "p/"+pendingDir || strings.HasPrefix(name, "p/"+pendingDir+"/")
	})
	return s
}

func TestApply_leavesConflicts(t *testing.T) {
	u := startPending(t)
	after := snapshot(t, u.watched)
	sameSnapshot(t, withoutPending(after), upgraded())
	state, err := ReadState(u.dir)
	if err != nil || state.Interrupted || !slices.Equal(state.Conflicts, inConflict()) {
		t.Errorf("state is %+v, %v", state, err)
	}
	for name, err := range map[string]error{
		"the same plan": Apply(t.Context(), u.dir, u.plan, u.record, nil),
		"an empty plan": Apply(t.Context(), u.dir, &Plan{}, nil, nil),
		"ejecting":      Eject(t.Context(), u.dir, &Plan{}, nil),
	} {
		if !errors.Is(err, ErrPending) {
			t.Errorf("%s: %v, want ErrPending", name, err)
		}
	}
	if found, err := Recover(u.dir); found || err != nil {
		t.Errorf("Recover: %v, %v", found, err)
	}
	if found, err := Continue(t.Context(), u.dir); found || err != nil {
		t.Errorf("Continue: %v, %v", found, err)
	}
	sameSnapshot(t, snapshot(t, u.watched), after)
}

// TestFinish has the user resolve one conflict after the other.
func TestFinish(t *testing.T) {
	u := startPending(t)
	left := inConflict()
	for _, step := range []struct {
		name    string
		resolve func()
		leaves  []string
	}{
		{"nothing", func() {}, left},
		{"half a file", func() { put(t, u.dir, "both.txt", "mine\n>>>>>>> forge 0.2.0\n", 0o600) }, left},
		{"a file", func() { put(t, u.dir, "both.txt", "mine\n=======\n", 0o600) }, left[1:]},
		{"by deleting", func() { discard(t, u.dir, "doc") }, left[2:]},
		{"the binary, not what is beside it", func() { put(t, u.dir, "logo.bin", "T\x00", 0o644) }, left[2:]},
		{"what is beside the binary", func() { discard(t, u.dir, "logo.bin.forge-new") }, left[3:]},
		{"with a link", func() {
			discard(t, u.dir, "mine.txt")
			if err := os.Symlink("user.txt", filepath.Join(u.dir, "mine.txt")); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		step.resolve()
		before := snapshot(t, u.watched)
		err := Finish(t.Context(), u.dir)
		if step.leaves == nil {
			if err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			sameSnapshot(t, snapshot(t, u.watched), withoutPending(before))
			break
		}
		var unresolved *UnresolvedError
		if want := "conflicts are left in " + strings.Join(step.leaves, ", "); !errors.As(err, &unresolved) ||
			err.Error() != want || !slices.Equal(unresolved.Paths, step.leaves) {
			t.Errorf("%s: got %v, want %s", step.name, err, want)
		}
		sameSnapshot(t, snapshot(t, u.watched), before)
	}
	if state, err := ReadState(u.dir); err != nil || state.Interrupted || state.Conflicts != nil {
		t.Errorf("state is %+v, %v", state, err)
	}
	done := snapshot(t, u.watched)
	for name, err := range map[string]error{
		"Finish again": Finish(t.Context(), u.dir), "Abort": Abort(t.Context(), u.dir, true),
		"a plan": Apply(t.Context(), u.dir, &Plan{}, treeOf(t, map[string]string{
			".forge/base/both.txt": first2, ".forge/manifest.json": "after",
		}), nil),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	sameSnapshot(t, snapshot(t, u.watched), done)
}

func TestAbort(t *testing.T) {
	for _, discard := range []bool{false, true} {
		u := startUpgrading(t)
		old := withTimes(t, u.watched)
		if err := quick().apply(t.Context(), u.dir, u.plan, u.record); err != nil {
			t.Fatal(err)
		}
		if err := Abort(t.Context(), u.dir, discard); err != nil {
			t.Error(err)
		}
		sameSnapshot(t, withTimes(t, u.watched), old)
		if state, err := ReadState(u.dir); err != nil || state.Interrupted || state.Conflicts != nil {
			t.Errorf("state is %+v, %v", state, err)
		}
		if err := Abort(t.Context(), u.dir, discard); err != nil {
			t.Errorf("again: %v", err)
		}
		// The plan is good for the tree it was made for.
		if err := quick().apply(t.Context(), u.dir, u.plan, u.record); err != nil {
			t.Error(err)
		}
		sameSnapshot(t, withoutPending(snapshot(t, u.watched)), upgraded())
	}
}

func TestEject(t *testing.T) {
	u := startUpgrading(t)
	put(t, u.dir, ".forge/base/deep/er/x.txt", "x", 0o644)
	put(t, u.dir, ".forge/notes.txt", "whatever", 0o600)
	want := snapshot(t, u.watched)
	maps.DeleteFunc(want, func(name, _ string) bool {
		return strings.HasPrefix(name, "p/.forge") || strings.HasPrefix(name, "p/gone")
	})
	want["p/src/edit.txt"] = "-rw-r----- new"
	plan := planFor(t, u.dir, map[string]Action{"src/edit.txt": Update, "gone/only.txt": Delete, "both.txt": Keep},
		map[string]string{"src/edit.txt": "new"})
	if err := Eject(t.Context(), u.dir, plan, nil); err != nil {
		t.Fatal(err)
	}
	sameSnapshot(t, snapshot(t, u.watched), want)
	if err := Eject(t.Context(), u.dir, &Plan{}, nil); err != nil {
		t.Errorf("once more: %v", err)
	}
	if _, err := OpenProject(u.dir); !errors.Is(err, ErrNoProject) {
		t.Errorf("opening it: %v, want ErrNoProject", err)
	}
}
