package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestOpen_none(t *testing.T) {
	p := newProject(t, ".")
	bare := t.TempDir()
	p.git("init", "--quiet", "--bare", bare)
	for name, dir := range map[string]string{
		"no repository": t.TempDir(), "bare": bare, "inside .git": filepath.Join(p.top, ".git"),
	} {
		if r, err := Open(t.Context(), dir); !errors.Is(err, ErrNone) {
			t.Errorf("%s: Open = %v, %v, want ErrNone", name, r, err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if r, err := Open(t.Context(), p.dir); !errors.Is(err, ErrNone) {
		t.Errorf("no git program: Open = %v, %v, want ErrNone", r, err)
	}
}

func TestOpen_missingFolder(t *testing.T) {
	_, err := Open(t.Context(), filepath.Join(t.TempDir(), "gone"))
	if errors.Is(err, ErrNone) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open = %v, want fs.ErrNotExist", err)
	}
}

func TestOpen_brokenGitFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: "+dir+"/gone\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir)
	if errors.Is(err, ErrNone) {
		t.Fatal("Open = ErrNone, want the broken link as an error")
	}
	failed := asError(t, err, dir)
	if !strings.Contains(failed.Reason, filepath.Base(dir)) || !strings.Contains(failed.Hint, "git status") {
		t.Errorf("Reason %q, Hint %q", failed.Reason, failed.Hint)
	}
}

func TestOpen_otherOwner(t *testing.T) {
	p := newProject(t, ".")
	t.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1") // git's own switch for this
	_, err := Open(t.Context(), p.dir)
	failed := asError(t, err, p.dir)
	if !strings.Contains(failed.Reason, "owner") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q, want git's reason in one line", err)
	}
	if !strings.Contains(failed.Hint, "git config --global --add safe.directory ") {
		t.Errorf("Hint %q, want git's command", failed.Hint)
	}
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "safe.directory")
	t.Setenv("GIT_CONFIG_VALUE_0", "*")
	if _, err := Open(t.Context(), p.dir); err != nil {
		t.Errorf("trusted by configuration in the environment: Open = %v", err)
	}
}

// TestOpen_environment runs as a hook of another repository would run forge.
func TestOpen_environment(t *testing.T) {
	other := newProject(t, ".")
	other.write("go.mod", "other\n")
	other.commit()
	p := newProject(t, "services/shop")
	p.write("go.mod", "module shop\n")
	p.commit()
	untouched := other.snapshot(other.top)
	gitDir := filepath.Join(other.top, ".git")
	for name, value := range map[string]string{
		"GIT_DIR": gitDir, "GIT_WORK_TREE": other.top, "GIT_COMMON_DIR": gitDir, "GIT_PREFIX": "other/",
		"GIT_INDEX_FILE":       filepath.Join(gitDir, "index"),
		"GIT_OBJECT_DIRECTORY": filepath.Join(gitDir, "objects"),
		"GIT_GLOB_PATHSPECS":   "1", "GIT_ICASE_PATHSPECS": "1", "GIT_TRACE": "1",
	} {
		t.Setenv(name, value)
	}
	r := p.open()
	p.checkChanged(r, []string{"go.mod"})
	p.markUnmerged(r, unmerged("go.mod"))
	if got := p.stages("go.mod"); got != "1:base\n 2:user\n 3:target\n" {
		t.Errorf("stages %q", got)
	}
	if err := r.MarkResolved(t.Context(), []string{"go.mod"}); err != nil {
		t.Fatal(err)
	}
	if got := p.stages("go.mod"); got != "0:module shop\n" {
		t.Errorf("stages %q", got)
	}
	other.unchangedSince(untouched)
}

func (p *project) unchangedSince(before map[string]string) {
	p.Helper()
	for name, was := range p.snapshot(p.top) {
		if before[name] != was {
			p.Errorf("%s was written", name)
		}
	}
}

// TestOpen_gitFile covers what has a .git file instead of a folder.
func TestOpen_gitFile(t *testing.T) {
	main := newProject(t, ".")
	main.write("shop/go.mod", "module shop\n")
	main.commit()
	outer := newProject(t, ".")
	outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", main.top, "vendor/shop")
	outer.commit()
	linked := filepath.Join(t.TempDir(), "linked")
	main.git("worktree", "add", "--quiet", "-b", "side", linked)
	for name, top := range map[string]string{"worktree": linked, "submodule": filepath.Join(outer.top, "vendor", "shop")} {
		t.Run(name, func(t *testing.T) {
			p := &project{t, top, filepath.Join(top, "shop")}
			r := p.open()
			p.checkChanged(r, []string{"go.mod"})
			p.write("go.mod", "module other\n")
			p.checkChanged(r, []string{"go.mod"}, "go.mod")
			p.markUnmerged(r, unmerged("go.mod"))
			if got := p.status("go.mod"); got != "UU" {
				t.Errorf("status %q, want UU", got)
			}
			p.checkUnmerged(r, []string{"go.mod"}, "go.mod")
		})
	}
	if got := main.status("shop/go.mod"); got != "" {
		t.Errorf("the main work tree has status %q", got)
	}
}

func TestOpen_hardFolders(t *testing.T) {
	folders := []string{"with space/[shop]", "-dash", " leading", "ünïcödé"}
	if runtime.GOOS != "windows" {
		folders = append(folders, "new\nline/shop", `"quoted"/*`, ":(top)", "trailing\n")
	}
	for _, folder := range folders {
		p := newProject(t, folder)
		p.write("a", "1\n")
		r := p.open()
		p.checkChanged(r, []string{"a"}, "a")
		p.commit()
		p.checkChanged(r, []string{"a"})
		p.markUnmerged(r, unmerged("a"))
		p.checkUnmerged(r, []string{"a"}, "a")
		if got := p.status("a"); got != "UU" {
			t.Errorf("in %q: status %q, want UU", folder, got)
		}
	}
}

func TestOpen_canceled(t *testing.T) {
	p := newProject(t, ".")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, p.dir); !errors.Is(err, context.Canceled) {
		t.Errorf("Open = %v, want context.Canceled", err)
	}
}
