package generator

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

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
