package generator

import (
	"errors"
	"slices"
	"testing"
)

// TestAbort_edited has the user go on working after the upgrade. Abort refuses
// to lose that, and brings the old tree back if it is told to.
func TestAbort_edited(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(t *testing.T, dir string)
		// edited are the paths that Abort names.
		edited []string
		// more is what the user has made beside forge's files, which stays.
		more map[string]string
	}{
		{"a conflict resolved", func(t *testing.T, dir string) { put(t, dir, "both.txt", "mine\n", 0o600) }, []string{"both.txt"}, nil},
		{"a file made executable", func(t *testing.T, dir string) { put(t, dir, "src/edit.txt", "new", 0o755) }, []string{"src/edit.txt"}, nil},
		{"an old file deleted", func(t *testing.T, dir string) { discard(t, dir, "both.txt") }, []string{"both.txt"}, nil},
		{"a new file deleted", func(t *testing.T, dir string) { discard(t, dir, "logo.bin.forge-new") }, nil, nil},
		{"a new folder deleted", func(t *testing.T, dir string) { discard(t, dir, "doc") }, nil, nil},
		{"a new file edited", func(t *testing.T, dir string) { put(t, dir, "doc/new.txt", "mine", 0o644) }, []string{"doc/new.txt"}, nil},
		{"an old folder deleted", func(t *testing.T, dir string) { discard(t, dir, "src") }, []string{"src/edit.txt"}, nil},
		{"a deleted file written again", func(t *testing.T, dir string) { put(t, dir, "old.txt", "mine", 0o644) }, []string{"old.txt"}, nil},
		{"a file in a deleted folder", func(t *testing.T, dir string) {
			put(t, dir, "gone/only.txt", "mine", 0o644)
		}, []string{"gone/only.txt"}, nil},
		{"the record deleted", func(t *testing.T, dir string) {
			discard(t, dir, BaseDir, ManifestPath)
		}, []string{ManifestPath}, nil},
		{"the record edited", func(t *testing.T, dir string) {
			put(t, dir, ManifestPath, "mine", 0o644)
			put(t, dir, BaseDir+"/both.txt", "mine", 0o644)
		}, []string{BaseDir + "/both.txt", ManifestPath}, nil},
		{"taken back by hand", func(t *testing.T, dir string) {
			put(t, dir, "src/edit.txt", "old", 0o640)
			discard(t, dir, "doc")
		}, nil, nil},
		{"files added", func(t *testing.T, dir string) {
			put(t, dir, "doc/mine.txt", "mine", 0o644)
			put(t, dir, "top.txt", "mine", 0o644)
		}, nil, map[string]string{"p/doc": isDir, "p/doc/mine.txt": isFile + "mine", "p/top.txt": isFile + "mine"}},
		{"all at once", func(t *testing.T, dir string) {
			put(t, dir, "gone/only.txt", "mine", 0o644)
			put(t, dir, "old.txt", "mine", 0o600)
			put(t, dir, "mine.txt", "mine", 0o644)
			discard(t, dir, "src", "doc", "both.txt", "logo.bin.forge-new", BaseDir, ManifestPath)
		}, []string{"gone/only.txt", "old.txt", "both.txt", "mine.txt", "src/edit.txt", ManifestPath}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := startUpgrading(t)
			old := withTimes(t, u.watched)
			if err := quick().apply(t.Context(), u.dir, u.plan, u.record); err != nil {
				t.Fatal(err)
			}
			c.edit(t, u.dir)
			edited := snapshot(t, u.watched)
			err := Abort(t.Context(), u.dir, false)
			if c.edited != nil {
				var refused *EditedError
				if !errors.As(err, &refused) || !sameElements(refused.Paths, c.edited) {
					t.Fatalf("got %v, want an *EditedError for %v", err, c.edited)
				}
				sameSnapshot(t, snapshot(t, u.watched), edited)
				err = Abort(t.Context(), u.dir, true)
			}
			if err != nil {
				t.Fatal(err)
			}
			now := withTimes(t, u.watched)
			for name, text := range c.more {
				if snapshot(t, u.watched)[name] != text {
					t.Errorf("%s of the user's is gone", name)
				}
				delete(now, name)
			}
			if c.name == "taken back by hand" {
				// The bytes are back, the time is not.
				delete(now, "p/src/edit.txt")
				delete(old, "p/src/edit.txt")
			}
			sameSnapshot(t, now, old)
			if state, err := ReadState(u.dir); err != nil || state.Interrupted || state.Conflicts != nil {
				t.Errorf("state is %+v, %v", state, err)
			}
		})
	}
}

func sameElements(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
