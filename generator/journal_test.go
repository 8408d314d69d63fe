package generator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
// apply manyPlan.
const childEnv = "FORGE_TEST_APPLY"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child applies slowly, so that a kill has something to hit.
func child(dir string) int {
	plan, record, err := manyPlan(dir)
	if err == nil {
		fmt.Println("go")
		a := &applier{wait: time.Second, trial: trial{noSync: true}}
		ops := 0
		a.fault = func(string, string) error {
			if ops++; ops%16 == 0 {
				time.Sleep(20 * time.Microsecond)
			}
			return nil
		}
		err = a.apply(context.Background(), dir, plan, record)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// manyPlan creates, updates and deletes some sixty files.
func manyPlan(dir string) (*Plan, *Tree, error) {
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

func TestRecoverAfterKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, dir string, after time.Duration) time.Duration {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		if line != "go\n" {
			t.Fatalf("child says %q", line)
		}
		start := time.Now()
		if after >= 0 {
			time.Sleep(after)
			_ = cmd.Process.Kill()
		}
		// A child that was killed has an error, one that was done has none.
		_ = cmd.Wait()
		return time.Since(start)
	}
	for _, inPlace := range []bool{false, true} {
		t.Run(fmt.Sprintf("in place %v", inPlace), func(t *testing.T) {
			t.Parallel()
			watched, dir := startMany(t, inPlace)
			old := snapshot(t, watched)
			whole := run(t, dir, -1)
			done := snapshot(t, watched)
			if maps.Equal(old, done) {
				t.Fatal("the child did nothing")
			}
			counts := map[string]int{}
			for range 50 {
				watched, dir := startMany(t, inPlace)
				after := time.Duration(rand.Int64N(int64(whole) * 11 / 10))
				run(t, dir, after)
				quick := &applier{wait: time.Second, trial: trial{noSync: true}}
				found, err := quick.recover(dir)
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
					t.Errorf("killed after %v of %v", after, whole)
					sameSnapshot(t, now, old)
				}
				if again, err := quick.recover(dir); again || err != nil {
					t.Errorf("a second Recover: %v, %v", again, err)
				}
			}
			t.Logf("%v in all: %v", whole, counts)
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
