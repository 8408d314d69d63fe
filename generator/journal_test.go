package generator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childEnv names the folder in which the test binary, started again, is to
// apply manyPlan, with conflicts if conflictsEnv is set.
const (
	childEnv     = "FORGE_TEST_APPLY"
	conflictsEnv = "FORGE_TEST_CONFLICTS"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	// These tests make thousands of small trees, and none pulls the plug: a
	// file system in memory does as well and takes a tenth of the time.
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		_ = os.Setenv("TMPDIR", memory)
	}
	os.Exit(m.Run())
}

// child writes a dot before each operation, so that a kill can be aimed.
func child(dir string) int {
	plan, record, err := manyPlan(dir, os.Getenv(conflictsEnv) != "")
	if err == nil {
		a := quick()
		a.fault = func(string, string) error {
			_, err := os.Stdout.WriteString(".")
			return err
		}
		err = a.apply(context.Background(), dir, plan, record)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// manyPlan creates, updates and deletes some sixty files. With conflicts it
// leaves the user some to resolve.
func manyPlan(dir string, conflicts bool) (*Plan, *Tree, error) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("d%d/e%d/f%d.txt", i%5, i%7, i))
	}
	actual, err := ReadActual(dir, names)
	if err != nil {
		return nil, nil, err
	}
	plan := &Plan{}
	for i, name := range names {
		c := Change{Path: name, Action: Create, Actual: actual.Lookup(name)}
		if c.Actual != nil {
			c.Action = Update
		}
		if c.Actual != nil && i%4 == 0 {
			c.Action = Delete
		} else {
			c.Result = &File{Path: name, Mode: 0o644, Data: []byte(strings.Repeat("new ", i))}
		}
		if conflicts && c.Action == Update {
			c.Action, c.Conflict = Mark, &Conflict{Kind: BothEdited}
		}
		plan.Changes = append(plan.Changes, c)
	}
	record, err := NewTree([]File{{Path: ".forge/manifest.json", Mode: 0o644, Data: []byte("{}")}})
	return plan, record, err
}

// startMany makes what manyPlan finds: nothing, or half of its files.
func startMany(t *testing.T, inPlace bool) (watched, dir string) {
	t.Helper()
	watched = t.TempDir()
	dir = filepath.Join(watched, "p")
	for i := 0; inPlace && i < 60; i += 2 {
		put(t, dir, fmt.Sprintf("d%d/e%d/f%d.txt", i%5, i%7, i), "old", 0o640)
	}
	return watched, dir
}

// runChild has a process of its own apply manyPlan in dir and kills it soon
// after that many operations, or never if that is negative. It returns how many
// there were.
func runChild(t *testing.T, dir string, after int, env ...string) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), childEnv+"="+dir), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if after >= 0 {
		_, _ = io.CopyN(io.Discard, out, int64(after))
		_ = cmd.Process.Kill()
	}
	rest, _ := io.Copy(io.Discard, out)
	// A child that was killed has an error, one that was done has none.
	if err := cmd.Wait(); err != nil && after < 0 {
		t.Fatal(err)
	}
	return max(after, 0) + int(rest)
}

func TestRecoverAfterKill(t *testing.T) {
	for _, inPlace := range []bool{false, true} {
		t.Run(fmt.Sprintf("in place %v", inPlace), func(t *testing.T) {
			t.Parallel()
			watched, dir := startMany(t, inPlace)
			old := snapshot(t, watched)
			whole := runChild(t, dir, -1)
			done := snapshot(t, watched)
			if maps.Equal(old, done) {
				t.Fatal("the child did nothing")
			}
			counts := map[string]int{}
			for range 50 {
				watched, dir := startMany(t, inPlace)
				after := rand.IntN(whole)
				runChild(t, dir, after)
				found, err := quick().recover(dir)
				if err != nil {
					t.Fatal(err)
				}
				now := snapshot(t, watched)
				switch {
				case maps.Equal(now, old):
					counts[fmt.Sprintf("old, found %v", found)]++
				case maps.Equal(now, done):
					counts[fmt.Sprintf("new, found %v", found)]++
				default:
					t.Errorf("killed after %d of %d operations", after, whole)
					sameSnapshot(t, now, old)
				}
				if again, err := quick().recover(dir); again || err != nil {
					t.Errorf("a second Recover: %v, %v", again, err)
				}
				discard(t, watched, ".")
			}
			t.Logf("%d operations in all: %v", whole, counts)
		})
	}
}

// A run dies at some operation, then Recover dies at each of its own.
func TestRecoverAfterRecoverDied(t *testing.T) {
	s := scenes()[3]
	for _, at := range []int{20, 90, 130, 160, 175} {
		for n := 0; ; n++ {
			watched, dir, plan, record := s.start(t)
			old := snapshot(t, watched)
			seen := 0
			a := &applier{wait: time.Second, trial: trial{failing(at, true, &seen), true}}
			if a.apply(t.Context(), dir, plan, record) == nil {
				t.Fatalf("only %d operations", seen)
			}
			seen = 0
			a.fault = failing(n, true, &seen)
			_, died := a.recover(dir)
			a.fault = nil
			if _, err := a.recover(dir); err != nil {
				t.Fatal(err)
			}
			sameSnapshot(t, snapshot(t, watched), old)
			if t.Failed() {
				t.Fatalf("died at %d, then at %d: %v", at, n, died)
			}
			discard(t, watched, ".")
			if died == nil {
				break
			}
		}
	}
}

func TestRecoverKeepsEdits(t *testing.T) {
	watched, dir, plan, record := scenes()[2].start(t)
	old := snapshot(t, watched)
	kill := errors.New("killed")
	var dead bool
	a := &applier{wait: time.Second}
	a.fault = func(string, string) error {
		if dead {
			return kill
		}
		return nil
	}
	a.progress = func(done, total int, path string) error {
		dead = done == total-1
		return nil
	}
	err := a.apply(t.Context(), dir, plan, record)
	var failed *ApplyError
	if !errors.As(err, &failed) || failed.Undo == nil {
		t.Fatal(err)
	}
	put(t, dir, "new/a/b.txt", "edited", 0o644)
	put(t, dir, "edit.txt", "edited", 0o600)
	found, err := Recover(dir)
	if !found || err == nil {
		t.Fatal(found, err)
	}
	for _, name := range []string{"new/a/b.txt", "edit.txt"} {
		if want := name + ": changed while forge was at work, left as it is"; !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
	old["p/new"], old["p/new/a"], old["p/new/a/b.txt"], old["p/edit.txt"] = isDir, isDir, isFile+"edited", "-rw------- edited"
	sameSnapshot(t, snapshot(t, watched), old)
	if found, err := Recover(dir); found || err != nil {
		t.Error("a second Recover:", found, err)
	}
}

func TestRecoverRefusesForeignJournals(t *testing.T) {
	for text, want := range map[string]string{
		`{"version": 1, "ops": [{"path": "../x"}]}`:              `"../x" is not a relative slash-separated path`,
		`{"version": 1, "ops": [{"path": ".GIT/hooks/commit"}]}`: ".GIT/hooks/commit: is git's own",
		`{"version": 1, "made": [{"path": "/tmp"}]}`:             `"/tmp" is not a relative`,
		`{"version": 2}`: "version (2)",
		`{`:              "unexpected end",
	} {
		dir := t.TempDir()
		put(t, dir, journalFile, text, 0o644)
		if _, err := Recover(dir); err == nil || !strings.Contains(err.Error(), journalFile) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestConcurrentRuns(t *testing.T) {
	for _, s := range scenes()[1:3] {
		t.Run(s.name, func(t *testing.T) {
			watched, dir, plan, record := s.start(t)
			inside, leave, result := make(chan bool), make(chan bool), make(chan error)
			go func() {
				first := true
				result <- Apply(context.Background(), dir, plan, record, func(int, int, string) error {
					if first {
						first = false
						inside <- true
						<-leave
					}
					return nil
				})
			}()
			<-inside
			second := &applier{wait: 20 * time.Millisecond}
			err := second.apply(t.Context(), dir, plan, record)
			if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), watched) {
				t.Errorf("second run: %v", err)
			}
			if _, err := second.recover(dir); !errors.Is(err, ErrBusy) {
				t.Errorf("recovering: %v", err)
			}
			leave <- true
			if err := <-result; err != nil {
				t.Error(err)
			}
			sameSnapshot(t, snapshot(t, watched), s.want)
			var stale *StaleError
			if err := Apply(t.Context(), dir, plan, record, nil); s.setup != nil && !errors.As(err, &stale) {
				t.Errorf("the same plan again: %v", err)
			}
		})
	}
}

func TestStaleStage(t *testing.T) {
	watched, dir, plan, record := scenes()[0].start(t)
	foreign := filepath.Join(watched, ".p.forge-stage")
	put(t, foreign, "precious.txt", "precious", 0o644)
	err := Apply(t.Context(), dir, plan, record, nil)
	if err == nil || !strings.Contains(err.Error(), foreign+" is in the way and not forge's") {
		t.Error(err)
	}
	if found, err := Recover(dir); found || err != nil {
		t.Error(found, err)
	}
	if _, err := os.Stat(filepath.Join(foreign, "precious.txt")); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(foreign, "precious.txt")); err != nil {
		t.Fatal(err)
	}
	put(t, foreign, stageLock, "", 0o644)
	put(t, foreign, "tree/half.txt", "half", 0o644)
	if err := Apply(t.Context(), dir, plan, record, nil); err != nil {
		t.Error(err)
	}
	sameSnapshot(t, snapshot(t, watched), scenes()[0].want)
}

func TestDirAppearsMeanwhile(t *testing.T) {
	watched, dir, plan, record := scenes()[0].start(t)
	err := Apply(t.Context(), dir, plan, record, func(done, total int, _ string) error {
		if done == total-1 {
			put(t, dir, "theirs.txt", "theirs", 0o644)
		}
		return nil
	})
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), dir+" appeared meanwhile") {
		t.Error(err)
	}
	sameSnapshot(t, snapshot(t, watched), map[string]string{
		".": isDir, "beside.txt": isFile + "beside", "p": isDir, "p/theirs.txt": isFile + "theirs",
	})
}

func TestApplyErrorsReadWell(t *testing.T) {
	for _, tc := range []struct {
		scene    int
		op, name string
		cause    error
		want     string
	}{
		{1, "write", "", syscall.ENOSPC, "writing a.txt: no space left on device"},
		{2, "write", "", syscall.ENOSPC, "writing flip/x.txt: no space left on device"},
		{2, "replace", "go.mod", syscall.EACCES, "writing go.mod: replace go.mod: permission denied"},
		{2, "create folder", ".forge", syscall.EACCES, "writing DIR: create folder .forge: permission denied"},
		{0, "create folder", ".p.forge-stage", syscall.EROFS, "writing DIR: create folder .p.forge-stage: read-only file system"},
	} {
		_, dir, plan, record := scenes()[tc.scene].start(t)
		a := &applier{wait: time.Second}
		a.fault = func(op, name string) error {
			if op == tc.op && (tc.name == "" || name == tc.name) {
				return tc.cause
			}
			return nil
		}
		err := a.apply(t.Context(), dir, plan, record)
		if want := strings.ReplaceAll(tc.want, "DIR", dir); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
