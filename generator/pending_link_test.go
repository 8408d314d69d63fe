package generator

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestApply_refusesToReplaceLinks: the user's links and folders are not forge's
// to replace, whatever was decided.
func TestApply_refusesToReplaceLinks(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(name string) error
		want string
	}{
		{"link", func(name string) error { return os.Symlink("user.txt", name) }, "src/edit.txt: is a symbolic link"},
		{"folder", func(name string) error { return os.Mkdir(name, 0o755) }, "src/edit.txt: is a folder where a file is due"},
	} {
		u := startUpgrading(t)
		discard(t, u.dir, "src/edit.txt")
		if err := c.make(filepath.Join(u.dir, "src/edit.txt")); err != nil {
			t.Fatal(err)
		}
		actual, err := readAsIs(u.dir, []string{"src/edit.txt"})
		if err != nil {
			t.Fatal(err)
		}
		plan := NewPlan(oneAt(t, "src/edit.txt", "old"), actual, oneAt(t, "src/edit.txt", "new"))
		old := snapshot(t, u.watched)
		err = Apply(t.Context(), u.dir, plan.Decide(DecideTake, Labels{}), nil, nil)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		sameSnapshot(t, snapshot(t, u.watched), old)
		// Beside it there is room.
		if err := Apply(t.Context(), u.dir, plan.Decide(DecideMarkers, Labels{}), nil, nil); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		now := withoutPending(snapshot(t, u.watched))
		old["p/src/edit.txt.forge-new"] = isFile + "new"
		sameSnapshot(t, now, old)
		var unresolved *UnresolvedError
		if err := Finish(t.Context(), u.dir); !errors.As(err, &unresolved) {
			t.Errorf("%s: finishing: %v", c.name, err)
		}
		discard(t, u.dir, "src/edit.txt.forge-new")
		if err := Finish(t.Context(), u.dir); err != nil {
			t.Errorf("%s: finishing: %v", c.name, err)
		}
	}
}

// TestAbort_blocked: a link or a folder in the place of a file is no edit that
// may be lost.
func TestAbort_blocked(t *testing.T) {
	for want, block := range map[string]func(dir string) error{
		"both.txt: is a symbolic link": func(dir string) error {
			return os.Symlink("user.txt", filepath.Join(dir, "both.txt"))
		},
		"both.txt: is a folder where a file is due": func(dir string) error {
			return os.Mkdir(filepath.Join(dir, "both.txt"), 0o755)
		},
	} {
		u := startUpgrading(t)
		old := snapshot(t, u.watched)
		if err := quick().apply(t.Context(), u.dir, u.plan, u.record); err != nil {
			t.Fatal(err)
		}
		discard(t, u.dir, "both.txt")
		if err := block(u.dir); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, u.watched)
		var refused *EditedError
		if err := Abort(t.Context(), u.dir, false); !errors.As(err, &refused) || err.Error() != "edited since the upgrade: both.txt" {
			t.Errorf("got %v", err)
		}
		if err := Abort(t.Context(), u.dir, true); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		sameSnapshot(t, snapshot(t, u.watched), before)
		discard(t, u.dir, "both.txt")
		if err := Abort(t.Context(), u.dir, true); err != nil {
			t.Error(err)
		}
		sameSnapshot(t, snapshot(t, u.watched), old)
	}
}
