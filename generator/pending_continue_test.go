package generator

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestContinue(t *testing.T) {
	u := startKilled(t, "replace", "src/edit.txt")
	if state, err := ReadState(u.dir); err != nil || !state.Interrupted || state.Conflicts != nil {
		t.Errorf("state is %+v, %v", state, err)
	}
	if found, err := Continue(t.Context(), u.dir); !found || err != nil {
		t.Errorf("Continue: %v, %v", found, err)
	}
	sameSnapshot(t, withoutPending(snapshot(t, u.watched)), upgraded())
	if found, err := Continue(t.Context(), u.dir); found || err != nil {
		t.Errorf("once more: %v, %v", found, err)
	}
}

// TestContinue_edited: the user has saved a file that the upgrade had not come
// to. Continue leaves everything as it is, and Recover the user's file.
func TestContinue_edited(t *testing.T) {
	u := startUpgrading(t)
	want := snapshot(t, u.watched)
	if err := dyingAt("replace", "src/edit.txt").apply(t.Context(), u.dir, u.plan, u.record); err == nil {
		t.Fatal("it did not die")
	}
	put(t, u.dir, "src/edit.txt", "mine", 0o640)
	before := snapshot(t, u.watched)
	delete(before, "p/"+lockPath)
	var failed *ApplyError
	var stale *StaleError
	found, err := Continue(t.Context(), u.dir)
	if !found || !errors.As(err, &failed) || !errors.As(err, &stale) || stale.Path != "src/edit.txt" || failed.Undo != nil {
		t.Errorf("Continue: %v, %v", found, err)
	}
	sameSnapshot(t, snapshot(t, u.watched), before)
	found, err = Recover(u.dir)
	if !found || err == nil || err.Error() != "src/edit.txt: changed while forge was at work, left as it is" {
		t.Errorf("Recover: %v, %v", found, err)
	}
	want["p/src/edit.txt"] = "-rw-r----- mine"
	sameSnapshot(t, snapshot(t, u.watched), want)
}

// TestContinue_undone: what a run that is being undone has put back it cannot
// do again, so only Recover is left.
func TestContinue_undone(t *testing.T) {
	for _, at := range []string{"doc/new.txt", "both.txt", "old.txt", "gone/only.txt"} {
		u := startUpgrading(t)
		old := snapshot(t, u.watched)
		if err := dyingAt("replace", "src/edit.txt").apply(t.Context(), u.dir, u.plan, u.record); err == nil {
			t.Fatal("it did not die")
		}
		// It dies again after it has put back at.
		a, back, dead := quick(), false, false
		a.fault = func(op, name string) error {
			dead = dead || back
			if back = name == at && (op == "replace" || op == "remove"); dead {
				return errors.New("dead")
			}
			return nil
		}
		if _, err := a.recover(u.dir); err == nil {
			t.Fatalf("it was not at work on %s", at)
		}
		before := snapshot(t, u.watched)
		_, err := Continue(t.Context(), u.dir)
		if want := u.dir + ": the run was being undone when it was interrupted"; err == nil || err.Error() != want {
			t.Errorf("Continue: got %v, want %s", err, want)
		}
		delete(before, "p/"+lockPath)
		sameSnapshot(t, snapshot(t, u.watched), before)
		if found, err := Recover(u.dir); !found || err != nil {
			t.Errorf("Recover: %v, %v", found, err)
		}
		sameSnapshot(t, snapshot(t, u.watched), old)
	}
}

func TestContinue_errors(t *testing.T) {
	u := startKilled(t, "replace", "src/edit.txt")
	for _, c := range []struct{ op, want string }{
		{"replace src/edit.txt", "writing src/edit.txt: replace src/edit.txt: full"},
		{"sync doc", "writing DIR: sync doc: full"},
		{"replace " + pendingDir, "writing DIR: replace " + pendingDir + ": full"},
	} {
		a := quick()
		a.fault = func(o, name string) error {
			if o+" "+name == c.op {
				return errors.New("full")
			}
			return nil
		}
		found, err := a.resume(t.Context(), u.dir)
		if want := strings.ReplaceAll(c.want, "DIR", u.dir); !found || err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.op, err, want)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Continue(stopped, u.dir); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if found, err := Continue(t.Context(), u.dir); !found || err != nil {
		t.Errorf("at last: %v, %v", found, err)
	}
	missing := filepath.Join(u.dir, "missing")
	if _, err := Continue(t.Context(), missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("no folder: %v", err)
	}
}
