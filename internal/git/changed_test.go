package git

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestChanged(t *testing.T) {
	p := newProject(t, "services/shop")
	for _, name := range []string{
		"clean", "edited", "staged", "staged, then undone", "deleted", "deleted, staged", "dropped", "moved",
		"tracked though ignored", "became a folder",
	} {
		p.write(name, "first\n")
		p.write("../../"+name, "first\n")
	}
	p.commit()
	p.write(".gitignore", "*.log\ntracked though ignored\n")
	p.write("edited", "second\n")
	p.write("staged", "second\n")
	p.git("add", "staged")
	p.write("staged, then undone", "second\n")
	p.git("add", "staged, then undone")
	p.write("staged, then undone", "first\n")
	p.remove("deleted")
	p.git("rm", "--quiet", "deleted, staged")
	p.git("rm", "--quiet", "--cached", "dropped")
	p.git("mv", "moved", "moved here")
	p.write("tracked though ignored", "second\n")
	p.remove("became a folder")
	p.write("became a folder/file", "first\n")
	p.write("untracked", "first\n")
	p.write("new/folder/untracked", "first\n")
	p.write("ignored.log", "first\n")
	p.write("intended", "first\n")
	p.git("add", "--intent-to-add", "intended")
	p.write("outside", "dirty\n")
	p.write("../outside", "dirty\n")
	p.write("../../clean", "dirty\n")

	r := p.open()
	index := p.snapshot(p.top)[".git/index"]
	if index == "" {
		t.Fatal("no index")
	}
	p.checkChanged(r, []string{
		"never existed", "clean", "edited", "staged", "staged, then undone", "deleted", "deleted, staged", "dropped",
		"moved", "moved here", "tracked though ignored", "became a folder", "untracked", "new/folder/untracked",
		"ignored.log", "intended", "new", "new/folder",
	},
		"edited", "staged", "staged, then undone", "deleted", "deleted, staged", "dropped",
		"moved", "moved here", "tracked though ignored", "became a folder", "untracked", "new/folder/untracked",
		"intended",
	)
	p.checkChanged(r, nil)
	if p.snapshot(p.top)[".git/index"] != index {
		t.Error("Changed wrote the index")
	}
}

func TestChanged_hardNames(t *testing.T) {
	for _, sub := range []string{".", "services/shop"} {
		p := newProject(t, sub)
		r := p.open()
		for _, name := range hardNames() {
			p.write(name, "first\n")
		}
		p.checkChanged(r, hardNames(), hardNames()...)
		p.commit()
		p.checkChanged(r, hardNames())
		for _, name := range hardNames() {
			p.write(name, "second\n")
			p.checkChanged(r, hardNames(), name)
			p.write(name, "first\n")
		}
	}
}

func TestChanged_unmerged(t *testing.T) {
	p := newProject(t, "shop")
	p.write("go.mod", "user\n")
	p.commit()
	r := p.open()
	p.markUnmerged(r, unmerged("go.mod"))
	p.checkChanged(r, []string{"go.mod"}, "go.mod")
}

func TestChanged_noCommit(t *testing.T) {
	p := newProject(t, "shop")
	p.write("staged", "1\n")
	p.git("add", "staged")
	p.write("untracked", "1\n")
	p.checkChanged(p.open(), []string{"missing", "staged", "untracked"}, "staged", "untracked")
}

func TestChanged_mode(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no executable bit to change
	}
	p := newProject(t, "shop")
	p.write("run.sh", "#!/bin/sh\n")
	p.commit()
	if err := os.Chmod(p.file("run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := p.open()
	p.checkChanged(r, []string{"run.sh"}, "run.sh")
	p.git("config", "core.fileMode", "false")
	p.checkChanged(r, []string{"run.sh"})
}

func TestChanged_lineEndings(t *testing.T) {
	p := newProject(t, "shop")
	p.write("lf", "1\n2\n")
	p.write("crlf", "1\n2\n")
	p.commit()
	p.git("config", "core.autocrlf", "true")
	p.remove("crlf")
	p.git("checkout", "--", "crlf")
	if got := p.read("crlf"); got != "1\r\n2\r\n" {
		t.Fatalf("checked out as %q", got)
	}
	r := p.open()
	p.checkChanged(r, []string{"lf", "crlf"})
	p.write("crlf", "1\r\n3\r\n")
	p.checkChanged(r, []string{"lf", "crlf"}, "crlf")
}

func TestChanged_sparse(t *testing.T) {
	p := newProject(t, ".")
	p.write("shop/kept/a", "1\n")
	p.write("shop/left/b", "1\n")
	p.commit()
	p.git("sparse-checkout", "set", "shop/kept")
	if _, err := os.Stat(p.file("shop/left/b")); err == nil {
		t.Fatal("the checkout is not sparse")
	}
	p.dir = filepath.Join(p.top, "shop")
	r := p.open()
	p.checkChanged(r, []string{"kept/a", "left/b"})
	p.write("kept/a", "2\n")
	p.checkChanged(r, []string{"kept/a", "left/b"}, "kept/a")
}

func TestChanged_assumeUnchanged(t *testing.T) {
	p := newProject(t, "shop")
	p.write("a", "1\n")
	p.write("b", "1\n")
	p.commit()
	p.git("update-index", "--assume-unchanged", "a")
	p.git("update-index", "--skip-worktree", "b")
	p.write("a", "2\n")
	p.write("b", "2\n")
	p.checkChanged(p.open(), []string{"a", "b"})
}

func TestFitting(t *testing.T) {
	paths := slices.Concat(slices.Repeat([]string{"internal/httpapi/routes.go"}, 10_000), []string{strings.Repeat("a", 40_000), "b", "c"})
	var sizes []int
	for rest := paths; len(rest) > 0; {
		n := fitting(rest)
		size := 0
		for _, p := range rest[:n] {
			size += len(` ":(literal)` + p + `"`)
		}
		if size > 30_000 && n > 1 {
			t.Fatalf("%d paths make a command line of %d bytes", n, size)
		}
		sizes, rest = append(sizes, n), rest[n:]
	}
	if len(sizes) > 30 || !slices.Equal(sizes[len(sizes)-2:], []int{1, 2}) {
		t.Errorf("runs of %v paths, want few, and the long one alone", sizes)
	}
}

// TestRepo_hostileConfig sets what changes git's output or runs programs.
func TestRepo_hostileConfig(t *testing.T) {
	p := newProject(t, "services/shop")
	p.write("kept", "1\n")
	p.write("old name", "a file long enough to be found again under its new name\n")
	p.commit()
	witness := filepath.ToSlash(filepath.Join(t.TempDir(), "witness"))
	program := filepath.Join(t.TempDir(), "program")
	script := "#!/bin/sh\necho ran >>'" + witness + "'\necho noise\necho noise >&2\nexit 1\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	hook := filepath.Join(p.top, ".git", "hooks", "post-index-change")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	ran := func() bool {
		_, err := os.Stat(filepath.FromSlash(witness))
		return err == nil
	}
	p.write("more", "1\n")
	p.git("add", "more")
	if !ran() {
		t.Fatal("the hook does not run for the user either")
	}
	if err := os.Remove(filepath.FromSlash(witness)); err != nil {
		t.Fatal(err)
	}
	program = filepath.ToSlash(program)
	for key, value := range map[string]string{
		"status.short": "true", "status.branch": "true", "status.relativePaths": "true", "status.showStash": "true",
		"status.showUntrackedFiles": "no", "status.renames": "copies", "status.submoduleSummary": "true",
		"status.displayCommentPrefix": "true", "color.ui": "always", "color.status": "always", "column.ui": "always",
		"core.quotePath": "true", "core.fsmonitor": program, "core.pager": program, "pager.status": "true",
		"diff.external": program, "diff.renames": "copies", "diff.noprefix": "true", "core.untrackedCache": "true",
		"hook.spy.event": "post-index-change", "hook.spy.command": program, "alias.status": "!" + program,
		"core.safecrlf": "true", "core.autocrlf": "true",
	} {
		p.git("config", key, value)
	}
	p.git("mv", "old name", "new name")
	p.write("untracked ü", "1\n")
	_ = os.Remove(filepath.FromSlash(witness)) // the mv above is the user's and ran the hook

	r := p.open()
	paths := []string{"kept", "old name", "new name", "untracked ü"}
	p.checkChanged(r, paths, "old name", "new name", "untracked ü")
	p.markUnmerged(r, unmerged("kept"), unmerged("untracked ü"))
	p.checkUnmerged(r, paths, "kept", "untracked ü")
	if err := r.Unmark(t.Context(), []string{"kept"}); err != nil {
		t.Fatal(err)
	}
	p.write("untracked ü", "1\r\n") // as core.safecrlf wants it
	if err := r.MarkResolved(t.Context(), []string{"untracked ü"}); err != nil {
		t.Fatal(err)
	}
	p.checkUnmerged(r, paths)
	if ran() {
		t.Error("a program of the user's ran")
	}
}

// TestRepo_partialClone has an object that only the remote has, and a git that
// would want to see it.
func TestRepo_partialClone(t *testing.T) {
	remote := newProject(t, ".")
	remote.write("a", "1\r\n2\r\n")
	remote.commit()
	remote.git("config", "uploadpack.allowFilter", "true")
	p := newProject(t, ".")
	p.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", "file:///"+strings.TrimPrefix(filepath.ToSlash(remote.top), "/"), "clone")
	p.top = filepath.Join(p.top, "clone")
	p.dir = p.top
	p.git("reset", "--quiet")
	p.git("config", "core.autocrlf", "true")
	missing := func() bool {
		return strings.Contains(p.git("rev-list", "--objects", "--missing=print", "HEAD"), "\n?")
	}
	if !missing() {
		t.Fatal("the clone lacks nothing")
	}
	p.write("a", "1\r\n3\r\n")
	r := p.open()
	// These may fail here, where git cannot tell without the object.
	_, _ = r.Changed(t.Context(), []string{"a"})
	p.markUnmerged(r, unmerged("a"))
	_ = r.Unmark(t.Context(), []string{"a"})
	if !missing() {
		t.Error("git fetched the missing object")
	}
}
