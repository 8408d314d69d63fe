package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// snapshot describes everything below dir: kind, mode, and bytes or target.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text += " " + target
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += " " + string(data)
		}
		rel, _ := filepath.Rel(dir, name)
		found[filepath.ToSlash(rel)] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameSnapshot(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s is %q, want %q", name, got[name], text)
		}
	}
	for name, text := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is left over: %q", name, text)
		}
	}
}

func put(t *testing.T, dir, name, data string, mode fs.FileMode) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(data), mode), os.Chmod(name, mode)); err != nil {
		t.Fatal(err)
	}
}

func treeOf(t *testing.T, files map[string]string) *Tree {
	t.Helper()
	var list []File
	for name, data := range files {
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		list = append(list, File{Path: name, Mode: mode, Data: []byte(data)})
	}
	tree, err := NewTree(list)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// planFor gives each path of actions that action, with what is on disk.
func planFor(t *testing.T, dir string, actions map[string]Action, results map[string]string) *Plan {
	t.Helper()
	actual, err := ReadActual(dir, slices.Collect(maps.Keys(actions)))
	if err != nil {
		t.Fatal(err)
	}
	plan := &Plan{}
	for _, name := range slices.Sorted(maps.Keys(actions)) {
		action := actions[name]
		c := Change{Path: name, Action: action, Actual: actual.Lookup(name)}
		if data, ok := results[name]; ok {
			mode := fs.FileMode(0o644)
			if strings.HasSuffix(name, ".sh") {
				mode = 0o755
			}
			c.Result = &File{Path: name, Mode: mode, Data: []byte(data)}
		}
		plan.Changes = append(plan.Changes, c)
	}
	return plan
}

// scene is a folder, what happens to it, and what comes of it.
type scene struct {
	name string
	// dir is below the folder that is watched.
	dir   string
	setup func(t *testing.T, dir string)
	want  map[string]string
}

func (s scene) start(t *testing.T) (watched, dir string, plan *Plan, record *Tree) {
	t.Helper()
	watched = filepath.Join(t.TempDir(), "w")
	put(t, watched, "beside.txt", "beside", 0o644)
	dir = filepath.Join(watched, s.dir)
	record = treeOf(t, map[string]string{".forge/base/edit.txt": "new", ".forge/manifest.json": "{}"})
	if s.setup == nil {
		return watched, dir, planFor(t, dir,
			map[string]Action{"a.txt": Create, "sub/run.sh": Create, "sub/deep/b.txt": Create, "declined.txt": Keep},
			map[string]string{"a.txt": "a", "sub/run.sh": "run", "sub/deep/b.txt": ""}), record
	}
	s.setup(t, dir)
	return watched, dir, planFor(t, dir, map[string]Action{
		"edit.txt": Update, "run.sh": Update, "go.mod": Merge, "gone/deep/only.txt": Delete, "gone2/some.txt": Delete,
		"same.txt": NoOp, "mine.txt": Keep, "new/a/b.txt": Create, "swap": Delete, "swap/in.txt": Create,
		"flip/x.txt": Delete, "flip": Create,
	}, map[string]string{
		"edit.txt": "new", "run.sh": "run", "go.mod": "merged", "new/a/b.txt": "b", "swap/in.txt": "in", "flip": "flip",
	}), record
}

func lived(t *testing.T, dir string) {
	put(t, dir, "edit.txt", "old", 0o600)
	put(t, dir, "run.sh", "run", 0o640)
	put(t, dir, "go.mod", "yours", 0o644)
	put(t, dir, "gone/deep/only.txt", "only", 0o644)
	put(t, dir, "gone2/some.txt", "some", 0o644)
	put(t, dir, "gone2/user.txt", "user", 0o644)
	put(t, dir, "same.txt", "same", 0o644)
	put(t, dir, "mine.txt", "mine", 0o644)
	put(t, dir, "swap", "swap", 0o644)
	put(t, dir, "flip/x.txt", "x", 0o644)
	err := errors.Join(os.Chmod(filepath.Join(dir, "gone", "deep"), 0o750), os.Mkdir(filepath.Join(dir, "empty"), 0o755),
		os.Symlink("mine.txt", filepath.Join(dir, "link")), os.Symlink("/nowhere", filepath.Join(dir, "dangling")))
	if err != nil {
		t.Fatal(err)
	}
}

const (
	isDir  = "drwxr-xr-x"
	isFile = "-rw-r--r-- "
)

func scenes() []scene {
	below := func(dir string, more, files map[string]string) map[string]string {
		all := maps.Clone(more)
		all["."], all["beside.txt"], all[dir] = isDir, isFile+"beside", isDir
		files[".forge"], files[".forge/base"] = isDir, isDir
		files[".forge/base/edit.txt"], files[".forge/manifest.json"] = isFile+"new", isFile+"{}"
		for name, text := range files {
			all[dir+"/"+name] = text
		}
		return all
	}
	fresh := map[string]string{
		"a.txt": isFile + "a", "sub": isDir, "sub/run.sh": "-rwxr-xr-x run", "sub/deep": isDir, "sub/deep/b.txt": isFile,
	}
	after := map[string]string{
		"edit.txt": "-rw------- new", "run.sh": "-rwxr-x--- run", "go.mod": isFile + "merged",
		"gone2": isDir, "gone2/user.txt": isFile + "user", "same.txt": isFile + "same", "mine.txt": isFile + "mine",
		"new": isDir, "new/a": isDir, "new/a/b.txt": isFile + "b", "swap": isDir, "swap/in.txt": isFile + "in",
		"flip": isFile + "flip", "empty": isDir, "link": "Lrwxrwxrwx mine.txt", "dangling": "Lrwxrwxrwx /nowhere",
	}
	again := maps.Clone(after)
	again[".forge/other"] = isFile + "other"
	return []scene{
		{"fresh", "p", nil, below("p", map[string]string{}, maps.Clone(fresh))},
		{"fresh with parents", "x/y/p", nil, below("x/y/p", map[string]string{"x": isDir, "x/y": isDir}, maps.Clone(fresh))},
		{"in place", "p", lived, below("p", map[string]string{}, after)},
		{"in place again", "p", func(t *testing.T, dir string) {
			lived(t, dir)
			put(t, dir, ".forge/manifest.json", "before", 0o644)
			put(t, dir, ".forge/other", "other", 0o644)
		}, below("p", map[string]string{}, again)},
	}
}

// failing makes operation n fail, and all after it if the process is to seem
// dead. It counts in seen.
func failing(n int, dead bool, seen *int) func(op, name string) error {
	return func(op, name string) error {
		*seen++
		if *seen-1 == n || dead && *seen > n {
			return fmt.Errorf("injected at %s %s: %w", op, name, syscall.ENOSPC)
		}
		return nil
	}
}

func TestApplyFaultAtEveryOperation(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes")
	}
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, dead := range []bool{false, true} {
				for n := 0; ; n++ {
					watched, dir, plan, record := s.start(t)
					old := snapshot(t, watched)
					seen := 0
					a := &applier{wait: time.Second, trial: trial{failing(n, dead, &seen), true}}
					err := a.apply(t.Context(), dir, plan, record)
					if err != nil && !dead {
						sameSnapshot(t, snapshot(t, watched), old)
					}
					if err != nil && !errors.Is(err, syscall.ENOSPC) {
						t.Errorf("cause is lost: %v", err)
					}
					a.fault = nil
					_, rerr := a.recover(dir)
					if rerr != nil {
						t.Error(rerr)
					}
					now := snapshot(t, watched)
					if err == nil || dead && maps.Equal(now, s.want) {
						sameSnapshot(t, now, s.want)
					} else {
						sameSnapshot(t, now, old)
					}
					if t.Failed() {
						t.Fatalf("at operation %d, dead %v: %v", n, dead, err)
					}
					discard(t, watched, ".")
					if seen <= n {
						t.Logf("%d operations", seen)
						break
					}
				}
			}
		})
	}
}

func TestApplyStopsAtEveryWrite(t *testing.T) {
	stop := errors.New("stop")
	for _, s := range scenes() {
		for _, how := range []string{"progress", "cancel"} {
			t.Run(s.name+" "+how, func(t *testing.T) {
				for n := 0; ; n++ {
					watched, dir, plan, record := s.start(t)
					old := snapshot(t, watched)
					ctx, cancel := context.WithCancel(t.Context())
					calls, want := 0, stop
					err := Apply(ctx, dir, plan, record, func(done, total int, path string) error {
						if done != calls || done >= total || path == "" {
							t.Errorf("progress(%d, %d, %q) in call %d", done, total, path, calls)
						}
						calls++
						if done == n && how == "cancel" {
							want = context.Canceled
							cancel()
						} else if done == n {
							return stop
						}
						return nil
					})
					cancel()
					if calls <= n {
						if err != nil {
							t.Fatal(err)
						}
						break
					}
					var failed *ApplyError
					if !errors.As(err, &failed) || !errors.Is(err, want) || failed.Undo != nil {
						t.Fatalf("at write %d: %v", n, err)
					}
					sameSnapshot(t, snapshot(t, watched), old)
				}
			})
		}
	}
}

func TestApplyWritesNothingWhenNothingChanges(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.txt", "a", 0o644)
	put(t, dir, ".forge/manifest.json", "{}", 0o644)
	plan := planFor(t, dir, map[string]Action{"a.txt": NoOp}, nil)
	a := &applier{wait: time.Second}
	a.fault = func(op, name string) error {
		if op != "look at" && op != "read" {
			t.Errorf("%s %s", op, name)
		}
		return nil
	}
	if err := a.apply(t.Context(), dir, plan, treeOf(t, map[string]string{".forge/manifest.json": "{}"})); err != nil {
		t.Error(err)
	}
	missing := filepath.Join(dir, "missing")
	if err := Apply(t.Context(), missing, &Plan{}, &Tree{}, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(missing); err == nil {
		t.Error("an empty plan made the folder")
	}
}
