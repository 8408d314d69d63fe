package generator

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReadState tells what the last run left, and changes nothing.
func TestReadState(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		make func()
		want State
		err  string
	}{
		{"no project", func() {}, State{}, ""},
		{"killed before its journal", func() { put(t, dir, newDir+"/0", "", 0o644) }, State{Interrupted: true}, ""},
		{"killed", func() { put(t, dir, journalFile, `{"version": 1}`, 0o644) }, State{Interrupted: true}, ""},
		{"conflicts", func() {
			discard(t, dir, journalDir)
			put(t, dir, pendingFile, `{"version": 1, "conflicts": ["a", "b"]}`, 0o644)
		}, State{Conflicts: []string{"a", "b"}}, ""},
		{"finished but for the cleaning", func() { discard(t, dir, pendingFile) }, State{}, ""},
		{"damaged", func() { put(t, dir, pendingFile, "{", 0o644) }, State{}, pendingFile + ": unexpected end of JSON input"},
		{"foreign", func() { put(t, dir, pendingFile, `{"version": 1, "conflicts": ["../a"]}`, 0o644) }, State{}, pendingFile + `: "../a" is not a relative slash-separated path`},
	} {
		c.make()
		before := snapshot(t, dir)
		got, err := ReadState(dir)
		if got.Interrupted != c.want.Interrupted || !slices.Equal(got.Conflicts, c.want.Conflicts) || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: %+v, %v, want %+v, %s", c.name, got, err, c.want, c.err)
		}
		sameSnapshot(t, snapshot(t, dir), before)
	}
	if _, err := ReadState(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// TestPending_busy: one run at a time, whatever it does.
func TestPending_busy(t *testing.T) {
	u := startPending(t)
	before := snapshot(t, u.watched)
	d, err := openDisk(u.dir, trial{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	l, err := d.lock(t.Context(), RecordDir, lockName, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	a := &applier{wait: 20 * time.Millisecond}
	_, resumeErr := a.resume(t.Context(), u.dir)
	for name, err := range map[string]error{
		"Continue": resumeErr, "Finish": a.finish(t.Context(), u.dir),
		"Abort": a.abort(t.Context(), u.dir, true), "Apply": apply(t, a, u),
	} {
		if !errors.Is(err, ErrBusy) || !strings.HasPrefix(err.Error(), u.dir+": ") {
			t.Errorf("%s: %v, want ErrBusy with the folder", name, err)
		}
	}
	if err := l.release(false); err != nil {
		t.Fatal(err)
	}
	sameSnapshot(t, snapshot(t, u.watched), before)
}
