package generator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// dyingAt is an applier that dies when it is about to do op to name.
func dyingAt(op, name string) *applier {
	a, dead := quick(), false
	a.fault = func(o, n string) error {
		if dead = dead || o == op && n == name; dead {
			return fmt.Errorf("injected at %s %s: %w", o, n, syscall.ENOSPC)
		}
		return nil
	}
	return a
}

// startKilled is a project in which the upgrade died.
func startKilled(t *testing.T, op, name string) upgrading {
	t.Helper()
	u := startUpgrading(t)
	if err := dyingAt(op, name).apply(t.Context(), u.dir, u.plan, u.record); err == nil {
		t.Fatalf("the upgrade never came to %s %s", op, name)
	}
	return u
}

// view is what is below the watched folder, with all that is kept of an upgrade
// in conflict as one entry.
func (u upgrading) view(t *testing.T) map[string]string {
	t.Helper()
	all := snapshot(t, u.watched)
	seen := withoutPending(all)
	if len(seen) < len(all) {
		state, err := ReadState(u.dir)
		if err != nil {
			t.Fatal(err)
		}
		seen["p/"+pendingDir] = strings.Join(state.Conflicts, " ")
	}
	return seen
}

// ordeal is something done to a project while the disk or the process fails.
type ordeal struct {
	name  string
	start func(t *testing.T) upgrading
	act   func(t *testing.T, a *applier, u upgrading) error
	// atOnce says that an error alone leaves the project as it was.
	atOnce bool
}

func apply(t *testing.T, a *applier, u upgrading) error {
	return a.apply(t.Context(), u.dir, u.plan, u.record)
}

func abort(discard bool) func(*testing.T, *applier, upgrading) error {
	return func(t *testing.T, a *applier, u upgrading) error { return a.abort(t.Context(), u.dir, discard) }
}

func ordeals() []ordeal {
	resume := func(t *testing.T, a *applier, u upgrading) error {
		_, err := a.resume(t.Context(), u.dir)
		return err
	}
	recoverIt := func(_ *testing.T, a *applier, u upgrading) error {
		_, err := a.recover(u.dir)
		return err
	}
	killed := func(op, name string) func(*testing.T) upgrading {
		return func(t *testing.T) upgrading { return startKilled(t, op, name) }
	}
	return []ordeal{
		{"finish", func(t *testing.T) upgrading {
			u := startPending(t)
			for _, name := range inConflict() {
				put(t, u.dir, name, "mine\n", 0o644)
			}
			discard(t, u.dir, "logo.bin"+BesideSuffix)
			return u
		}, func(t *testing.T, a *applier, u upgrading) error { return a.finish(t.Context(), u.dir) }, false},
		{"abort", startPending, abort(false), false},
		{"abort and discard", func(t *testing.T) upgrading {
			u := startPending(t)
			put(t, u.dir, "old.txt", "mine", 0o600)
			put(t, u.dir, "both.txt", "mine", 0o644)
			discard(t, u.dir, "src", "doc", BaseDir)
			return u
		}, abort(true), false},
		{"continue", killed("remove", "gone/only.txt"), resume, false},
		{"recover", killed("replace", "src/edit.txt"), recoverIt, false},
		{"eject", func(t *testing.T) upgrading {
			u := startUpgrading(t)
			u.plan = planFor(t, u.dir, map[string]Action{"src/edit.txt": Update, "gone/only.txt": Delete},
				map[string]string{"src/edit.txt": "new"})
			u.record = &Tree{}
			return u
		}, func(t *testing.T, a *applier, u upgrading) error {
			a.eject = true
			return apply(t, a, u)
		}, true},
	}
}

// TestFaultAtEveryOperation makes each operation fail in its turn, alone and
// with all that follow. Whatever Recover or Continue then makes of it is the
// tree from before the upgrade or the one after it, never one in between.
func TestFaultAtEveryOperation(t *testing.T) {
	for _, o := range ordeals() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			u := o.start(t)
			start := u.view(t)
			if err := o.act(t, quick(), u); err != nil {
				t.Fatal(err)
			}
			done := u.view(t)
			before, after := startUpgrading(t).view(t), startPending(t).view(t)
			ends := map[string]int{}
			for _, dead := range []bool{false, true} {
				for _, resume := range []bool{false, true} {
					if resume && !dead && o.atOnce {
						continue // there is nothing to resume
					}
					for n := 0; ; n++ {
						seen := 0
						u := o.start(t)
						a := quick()
						a.fault = failing(n, dead, &seen)
						err := o.act(t, a, u)
						if err != nil && !errors.Is(err, syscall.ENOSPC) {
							t.Errorf("the cause is lost: %v", err)
						}
						if err != nil && !dead && o.atOnce {
							sameSnapshot(t, u.view(t), start)
						}
						a.fault = nil
						calmDown(t, a, u, resume)
						now := u.view(t)
						switch {
						case maps.Equal(now, done):
							ends["done"]++
						case err == nil:
							sameSnapshot(t, now, done)
						case maps.Equal(now, start):
							ends["as at the start"]++
						case maps.Equal(now, before):
							ends["as before the upgrade"]++
						case maps.Equal(now, after):
							ends["as after the upgrade"]++
						default:
							sameSnapshot(t, now, start)
						}
						if t.Failed() {
							t.Fatalf("operation %d, dead %v, continued %v: %v", n, dead, resume, err)
						}
						discard(t, u.watched, ".")
						if seen <= n {
							break
						}
					}
				}
			}
			t.Log(ends)
		})
	}
}

// calmDown is what a user does about a run that has died.
func calmDown(t *testing.T, a *applier, u upgrading, resume bool) {
	t.Helper()
	if resume {
		if _, err := a.resume(t.Context(), u.dir); err == nil {
			return
		} else if !strings.HasSuffix(err.Error(), ": the run was being undone when it was interrupted") {
			t.Errorf("Continue: %v", err)
		}
	}
	if _, err := a.recover(u.dir); err != nil {
		t.Errorf("Recover: %v", err)
	}
}

// TestApply_conflictsFaultAtEveryOperation pins down the two moments that
// matter to a run that dies: from the journal on Continue gives the new tree,
// from the commit on Recover does. An error alone undoes the run at once.
func TestApply_conflictsFaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	var ops []string
	u := startUpgrading(t)
	old := snapshot(t, u.watched)
	a := quick()
	a.fault = func(op, name string) error {
		ops = append(ops, op+" "+name)
		return nil
	}
	if err := apply(t, a, u); err != nil {
		t.Fatal(err)
	}
	done := snapshot(t, u.watched)
	journalled, committed := slices.Index(ops, "replace "+journalFile), slices.Index(ops, "replace "+pendingDir)
	if journalled < 0 || committed < journalled {
		t.Fatalf("the journal is written at %d of %d and committed at %d", journalled, len(ops), committed)
	}
	t.Logf("%d operations, the journal after %d, the commit after %d", len(ops), journalled, committed)
	for n, op := range ops {
		for _, how := range []struct {
			name string
			// last is the last operation the failure of which gives the old tree.
			last int
			then func(a *applier, dir string) (bool, error)
		}{
			{"error", committed, nil},
			{"death, then Recover", committed, (*applier).recover},
			{"death, then Continue", journalled, func(a *applier, dir string) (bool, error) { return a.resume(t.Context(), dir) }},
		} {
			u := startUpgrading(t)
			a, seen := quick(), 0
			a.fault = failing(n, how.then != nil, &seen)
			if err := apply(t, a, u); (err == nil) != (n > committed) {
				t.Errorf("error %v", err)
			}
			a.fault = nil
			want := old
			if n > how.last {
				want = done
			}
			if how.then == nil {
				// Its cleaning may be what failed.
				how.then = (*applier).recover
				if n <= how.last {
					sameSnapshot(t, snapshot(t, u.watched), old)
				}
			}
			if _, err := how.then(a, u.dir); err != nil {
				t.Error(err)
			}
			sameSnapshot(t, snapshot(t, u.watched), want)
			if t.Failed() {
				t.Fatalf("%s at operation %d, %s", how.name, n, op)
			}
			discard(t, u.watched, ".")
		}
	}
}
