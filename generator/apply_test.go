package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
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

func TestApplyAndReadActualRefuse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links")
	}
	for _, tc := range []struct {
		name, path, want string
		setup            func(dir, outside string) error
	}{
		{"parent outside", "a/b.txt", "a: is a symbolic link", func(dir, outside string) error {
			return os.Symlink(outside, filepath.Join(dir, "a"))
		}},
		{"parent inside", "a/b.txt", "a: is a symbolic link", func(dir, _ string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o755), os.Symlink("real", filepath.Join(dir, "a")))
		}},
		{"file", "a.txt", "a.txt: is a symbolic link", func(dir, outside string) error {
			return os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "a.txt"))
		}},
		{"dangling", "a.txt", "a.txt: is a symbolic link", func(dir, _ string) error {
			return os.Symlink("nowhere", filepath.Join(dir, "a.txt"))
		}},
		{"forge folder", ".forge/manifest.json", ".forge: is a symbolic link", func(dir, outside string) error {
			return os.Symlink(outside, filepath.Join(dir, ".forge"))
		}},
		{"file for folder", "a/b.txt", "a: is a file where a folder is due", func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, "a"), nil, 0o644)
		}},
		{"folder for file", "a", "a: is a folder where a file is due", func(dir, _ string) error {
			return os.Mkdir(filepath.Join(dir, "a"), 0o755)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			watched := t.TempDir()
			dir, outside := filepath.Join(watched, "p"), filepath.Join(watched, "outside")
			put(t, outside, "secret", "secret", 0o644)
			if err := errors.Join(os.Mkdir(dir, 0o755), tc.setup(dir, outside)); err != nil {
				t.Fatal(err)
			}
			old := snapshot(t, watched)
			_, err := ReadActual(dir, []string{tc.path, "z.txt"})
			if err == nil || err.Error() != tc.want {
				t.Errorf("reading: %v", err)
			}
			var link *LinkError
			if strings.Contains(tc.want, "link") != errors.As(err, &link) {
				t.Errorf("reading: %T", err)
			}
			plan := &Plan{Changes: []Change{
				{Path: "0.txt", Action: Create, Result: &File{Path: "0.txt", Mode: 0o644}},
				{Path: tc.path, Action: Create, Result: &File{Path: tc.path, Mode: 0o644}},
			}}
			err = Apply(t.Context(), dir, plan, nil, nil)
			if err == nil || !strings.HasSuffix(err.Error(), tc.want) {
				t.Errorf("applying: %v", err)
			}
			sameSnapshot(t, snapshot(t, watched), old)
			if found, err := Recover(dir); found || err != nil {
				t.Errorf("recovering: %v, %v", found, err)
			}
		})
	}
}

func TestApplyChecksThePlan(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.txt", "edited", 0o644)
	put(t, dir, "b.txt", "b", 0o644)
	file := &File{Path: "a.txt", Mode: 0o644, Data: []byte("seen")}
	old := snapshot(t, dir)
	for want, plan := range map[string]*Plan{
		"the plan has conflicts that nobody decided: a.txt": {Changes: []Change{{Path: "a.txt", Action: Clashes}}},
		"a.txt: changed since the plan was made\nb.txt: changed since the plan was made": {Changes: []Change{
			{Path: "a.txt", Action: Update, Actual: file, Result: &File{Path: "a.txt", Mode: 0o644}}, {Path: "b.txt", Action: Keep},
		}},
		`"../x" is not a relative slash-separated path`: {Changes: []Change{{Path: "../x", Action: Create, Result: file}}},
		".git/config: is git's own":                     {Changes: []Change{{Path: ".git/config", Action: Delete}}},
	} {
		if err := Apply(t.Context(), dir, plan, nil, nil); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		sameSnapshot(t, snapshot(t, dir), old)
	}
}

func TestApplyThroughALinkToTheFolder(t *testing.T) {
	s := scenes()[2]
	watched, dir, plan, record := s.start(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Symlink(dir, link), Apply(t.Context(), link, plan, record, nil)); err != nil {
		t.Fatal(err)
	}
	sameSnapshot(t, snapshot(t, watched), s.want)
	dangling := filepath.Join(t.TempDir(), "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	var linked *LinkError
	if err := Apply(t.Context(), dangling, plan, record, nil); !errors.As(err, &linked) {
		t.Error(err)
	}
}

func TestApplyInAReadOnlyFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("every folder is writable")
	}
	for _, s := range scenes()[:3] {
		watched, dir, plan, record := s.start(t)
		locked, want := watched, ": create folder ."
		if s.setup != nil {
			locked = dir
		}
		if err := os.Chmod(locked, 0o555); err != nil {
			t.Fatal(err)
		}
		old := snapshot(t, watched)
		err := Apply(t.Context(), dir, plan, record, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "writing "+dir+want) || !errors.Is(err, fs.ErrPermission) {
			t.Error(err)
		}
		sameSnapshot(t, snapshot(t, watched), old)
		_ = os.Chmod(locked, 0o755)
	}
}

// The umask belongs to the process, so another one has to try it.
func TestApplyWhateverTheUmask(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no umask")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, umask := range []string{"000", "077", "002"} {
		dir := filepath.Join(t.TempDir(), "p")
		cmd := exec.Command("sh", "-c", "umask "+umask+" && exec \"$0\"", self)
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for name, text := range snapshot(t, dir) {
			if !strings.HasPrefix(text, isDir) && !strings.HasPrefix(text, isFile) {
				t.Errorf("umask %s: %s is %.20s", umask, name, text)
			}
		}
	}
}
