package git

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestMarkUnmerged shows what git makes of the stages.
func TestMarkUnmerged(t *testing.T) {
	p := newProject(t, "services/shop")
	p.write("go.mod", "top\nuser\nmiddle\nend\n")
	p.write("../../go.mod", "another\n")
	p.commit()
	r := p.open()
	file := Unmerged{
		Path: "go.mod",
		Base: side("top\nbase\nmiddle\nend\n"), User: side("top\nuser\nmiddle\nend\n"), Target: side("top\ntarget\nmiddle\nend, too\n"),
	}
	p.unchanged(func() { p.markUnmerged(r, file) })

	if got, want := p.git("status", "--porcelain"), "UU services/shop/go.mod\n"; got != want {
		t.Errorf("git status: %q, want %q", got, want)
	}
	if got := p.git("ls-files", "--unmerged"); strings.Count(got, "\n") != 3 || strings.Count(got, "100644 ") != 3 {
		t.Errorf("git ls-files --unmerged:\n%s", got)
	}
	if got := p.git("diff", "--name-only"); got != "services/shop/go.mod\n" {
		t.Errorf("git diff --name-only: %q", got)
	}
	if _, err := p.tryGit("", "commit", "--message", "Too early"); err == nil {
		t.Error("git commits in spite of the unmerged file")
	}
	for _, c := range []struct{ flag, want string }{
		{"--ours", string(file.User.Data)},
		{"--theirs", string(file.Target.Data)},
		{"--merge", "top\n<<<<<<< ours\nuser\n=======\ntarget\n>>>>>>> theirs\nmiddle\nend, too\n"},
	} {
		p.git("checkout", c.flag, "--", "go.mod")
		if got := p.read("go.mod"); got != c.want {
			t.Errorf("git checkout %s: %q, want %q", c.flag, got, c.want)
		}
	}
	// The sides stay known to git after the file is staged.
	if err := r.MarkResolved(t.Context(), []string{"go.mod"}); err != nil {
		t.Fatal(err)
	}
	p.checkUnmerged(r, []string{"go.mod"})
	p.git("checkout", "--merge", "--", "go.mod")
	p.checkUnmerged(r, []string{"go.mod"}, "go.mod")
}

func TestMarkUnmerged_sides(t *testing.T) {
	b, u, m := side("base\n"), side("user\n"), side("target\n")
	for _, c := range []struct {
		file           Unmerged
		status, stages string
	}{
		{Unmerged{"f", b, u, m}, "UU", "1:base\n 2:user\n 3:target\n"},
		{Unmerged{"f", nil, u, m}, "AA", "2:user\n 3:target\n"},
		{Unmerged{"f", b, nil, m}, "DU", "1:base\n 3:target\n"},
		{Unmerged{"f", b, u, nil}, "UD", "1:base\n 2:user\n"},
		{Unmerged{"f", b, nil, nil}, "DD", "1:base\n"},
		{Unmerged{"f", nil, u, nil}, "AU", "2:user\n"},
		{Unmerged{"f", nil, nil, m}, "UA", "3:target\n"},
		{Unmerged{"f", nil, nil, nil}, " M", "0:committed\n"},
		{Unmerged{"f", side(""), side("no end"), side("\x00\xff\r\n")}, "UU", "1: 2:no end 3:\x00\xff\r\n"},
	} {
		for _, again := range []bool{false, true} {
			p := newProject(t, "shop")
			p.write("f", "committed\n")
			p.commit()
			p.write("f", "user\n")
			r := p.open()
			if again { // what was marked before is forgotten
				p.markUnmerged(r, Unmerged{"f", side("1"), side("2"), side("3")})
				if c.file.Base == nil && c.file.User == nil && c.file.Target == nil {
					continue
				}
			}
			p.markUnmerged(r, c.file)
			if got := p.status("f"); got != c.status {
				t.Errorf("%s: status %q", c.status, got)
			}
			if got := p.stages("f"); got != c.stages {
				t.Errorf("%s: stages %q, want %q", c.status, got, c.stages)
			}
		}
	}
}

func TestMarkUnmerged_mode(t *testing.T) {
	p := newProject(t, "shop")
	file := unmerged("run.sh")
	file.Target.Mode = 0o755
	p.markUnmerged(p.open(), file)
	var modes []string
	for _, row := range rowsOf(p.git("ls-files", "--unmerged", "-z")) {
		modes = append(modes, strings.Fields(row)[0])
	}
	if want := []string{"100644", "100644", "100755"}; !slices.Equal(modes, want) {
		t.Errorf("modes %q, want %q", modes, want)
	}
}

// TestMarkUnmerged_lineEndings has the user's side as their checkout has it and
// forge's sides as forge writes them.
func TestMarkUnmerged_lineEndings(t *testing.T) {
	for name, set := range map[string]func(p *project){
		"core.autocrlf":  func(p *project) { p.git("config", "core.autocrlf", "true") },
		".gitattributes": func(p *project) { p.write(".gitattributes", "*.txt text eol=crlf\n") },
		"core.safecrlf": func(p *project) {
			p.git("config", "core.autocrlf", "true")
			p.git("config", "core.safecrlf", "true")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t, "shop")
			p.write("a.txt", "1\nuser\n3\n4\n")
			p.commit()
			set(p)
			p.remove("a.txt")
			p.git("checkout", "--", "a.txt")
			user := p.read("a.txt")
			if user != "1\r\nuser\r\n3\r\n4\r\n" {
				t.Fatalf("checked out as %q", user)
			}
			r := p.open()
			p.markUnmerged(r, Unmerged{"a.txt", side("1\n2\n3\n4\n"), side(user), side("1\ntarget\n3\nfour\n")})
			if got, want := p.stages("a.txt"), "1:1\n2\n3\n4\n 2:1\nuser\n3\n4\n 3:1\ntarget\n3\nfour\n"; got != want {
				t.Errorf("stages %q, want %q", got, want)
			}
			if got := p.git("diff", "--ours", "--", "a.txt"); strings.Contains(got, "@@") {
				t.Errorf("the user's side differs from their file:\n%s", got)
			}
			for flag, want := range map[string]string{
				"--ours":   user,
				"--theirs": "1\r\ntarget\r\n3\r\nfour\r\n",
				"--merge":  "1\r\n<<<<<<< ours\r\nuser\r\n=======\r\ntarget\r\n>>>>>>> theirs\r\n3\r\nfour\r\n",
			} {
				p.git("checkout", flag, "--", "a.txt")
				if got := p.read("a.txt"); got != want {
					t.Errorf("git checkout %s: %q, want %q", flag, got, want)
				}
			}
			p.git("checkout", "--ours", "--", "a.txt")
			if err := r.MarkResolved(t.Context(), []string{"a.txt"}); err != nil {
				t.Fatal(err)
			}
			if got := p.status("a.txt"); got != "" {
				t.Errorf("the user's own file, staged, has status %q", got)
			}
		})
	}
}

func TestMarkUnmerged_ignored(t *testing.T) {
	p := newProject(t, "shop")
	p.write(".gitignore", "*.env\n:*\n")
	p.write("kept.env", "1\n")
	p.git("add", "--force", "kept.env")
	p.commit()
	r := p.open()
	paths := []string{"secret.env", "kept.env", "untracked"}
	if runtime.GOOS != "windows" {
		paths = append(paths, ":(top)")
	}
	var files []Unmerged
	for _, name := range paths {
		p.write(name, "user\n")
		files = append(files, unmerged(name))
	}
	p.markUnmerged(r, files...)
	p.checkUnmerged(r, paths, "kept.env", "untracked")
	before := p.index()
	p.markUnmerged(r, unmerged("secret.env"))
	p.markUnmerged(r)
	if after := p.index(); !slices.Equal(after, before) {
		t.Errorf("the index went from %q to %q", before, after)
	}
}

// TestMarkUnmerged_folderInTheWay has a file where the index has a folder, and
// the other way round.
func TestMarkUnmerged_folderInTheWay(t *testing.T) {
	p := newProject(t, "shop")
	p.write("a/b", "1\n")
	p.write("c", "1\n")
	p.commit()
	r := p.open()
	p.markUnmerged(r, unmerged("a"), unmerged("c/d"))
	p.checkUnmerged(r, []string{"a", "a/b", "c", "c/d"}, "a", "c/d")
}

func TestMarkUnmerged_sha256(t *testing.T) {
	p := newProject(t, "shop", "--object-format=sha256")
	p.write("f", "user\n")
	p.commit()
	p.markUnmerged(p.open(), unmerged("f"))
	if got := p.stages("f"); got != "1:base\n 2:user\n 3:target\n" {
		t.Errorf("stages %q", got)
	}
}

// TestMarkUnmerged_fails with a filter that refuses one of the files.
func TestMarkUnmerged_fails(t *testing.T) {
	p := newProject(t, "shop")
	p.write("a", "1\n")
	p.write("b", "1\n")
	p.commit()
	p.write(".gitattributes", "b filter=broken\n")
	p.git("config", "filter.broken.clean", "exit 3")
	p.git("config", "filter.broken.required", "true")
	before := p.index()
	r := p.open()
	failed := asError(t, r.MarkUnmerged(t.Context(), []Unmerged{unmerged("a"), unmerged("b")}), p.dir)
	if failed.Command != "hash-object" || !strings.Contains(failed.Reason, "exit 3") {
		t.Errorf("error %v, want the filter's", failed)
	}
	if after := p.index(); !slices.Equal(after, before) {
		t.Errorf("the index went from %q to %q", before, after)
	}
}

func TestMarkUnmerged_locked(t *testing.T) {
	p := newProject(t, "shop")
	p.write("f", "1\n")
	p.commit()
	lock := filepath.Join(p.top, ".git", "index.lock")
	if err := os.WriteFile(lock, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := p.open()
	p.checkChanged(r, []string{"f"})
	failed := asError(t, r.MarkUnmerged(t.Context(), []Unmerged{unmerged("f")}), p.dir)
	if !strings.Contains(failed.Reason, "index.lock") || !strings.Contains(failed.Hint, "remove that file") {
		t.Errorf("Reason %q, Hint %q", failed.Reason, failed.Hint)
	}
}

func TestMarkResolved(t *testing.T) {
	p := newProject(t, "services/shop")
	for _, name := range []string{"edited", "deleted", "left", "not unmerged", "resolved by the user", "became a folder"} {
		p.write(name, "user\n")
	}
	p.commit()
	r := p.open()
	p.write("added", "user\n")
	marked := []string{"edited", "deleted", "left", "resolved by the user", "became a folder", "added", "never written"}
	for _, name := range marked {
		p.markUnmerged(r, unmerged(name))
	}
	p.write("edited", "merged\n")
	p.write("not unmerged", "edited\n")
	p.remove("deleted")
	p.write("resolved by the user", "staged\n")
	p.git("add", "resolved by the user")
	p.write("resolved by the user", "and edited\n")
	p.write("untracked", "1\n")
	p.remove("became a folder")
	p.write("became a folder/file", "1\n")
	p.unchanged(func() {
		err := r.MarkResolved(t.Context(), []string{
			"became a folder", "edited", "deleted", "not unmerged", "resolved by the user", "added", "never written", "untracked", "missing",
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	for name, want := range map[string]string{
		"edited": "0:merged\n", "added": "0:user\n", "deleted": "", "never written": "", "untracked": "", "missing": "",
		"became a folder": "", "became a folder/file": "", "not unmerged": "0:user\n", "resolved by the user": "0:staged\n",
		"left": "1:base\n 2:user\n 3:target\n",
	} {
		if got := p.stages(name); got != want {
			t.Errorf("%s: stages %q, want %q", name, got, want)
		}
	}
	p.checkUnmerged(r, marked, "left")
}

// TestMarkResolved_noExecutableBit is what Windows has: scripts stay scripts.
func TestMarkResolved_noExecutableBit(t *testing.T) {
	p := newProject(t, "shop")
	p.git("config", "core.fileMode", "false")
	p.write("run.sh", "user\n")
	r := p.open()
	file := unmerged("run.sh")
	file.Base.Mode, file.User.Mode, file.Target.Mode = 0o755, 0o755, 0o755
	p.markUnmerged(r, file)
	if err := r.MarkResolved(t.Context(), []string{"run.sh"}); err != nil {
		t.Fatal(err)
	}
	if got := p.git("ls-files", "--stage"); !strings.HasPrefix(got, "100755 ") {
		t.Errorf("git ls-files --stage: %q, want mode 100755", got)
	}
}

// TestMarkResolved_notSparse has a file where a sparse checkout wants none, which
// git does not stage.
func TestMarkResolved_notSparse(t *testing.T) {
	p := newProject(t, ".")
	p.write("kept/f", "1\n")
	p.write("shop/f", "1\n")
	p.commit()
	p.git("sparse-checkout", "set", "kept")
	p.write("shop/f", "user\n")
	r := p.open()
	p.markUnmerged(r, unmerged("shop/f"))
	failed := asError(t, r.MarkResolved(t.Context(), []string{"shop/f"}), p.dir)
	if !strings.Contains(failed.Reason, "sparse-checkout") || strings.Contains(failed.Error(), "\n") {
		t.Errorf("error %q, want git's reason in one line", failed)
	}
}

func TestUnmark(t *testing.T) {
	p := newProject(t, "services/shop")
	for _, name := range []string{"in HEAD", "deleted", "left", "not unmerged", "resolved by the user"} {
		p.write(name, "committed\n")
	}
	p.commit()
	r := p.open()
	p.write("added", "user\n")
	marked := []string{"in HEAD", "deleted", "left", "resolved by the user", "added"}
	for _, name := range marked {
		p.markUnmerged(r, unmerged(name))
	}
	p.write("in HEAD", "<<<<<<<\n")
	p.remove("deleted")
	for _, name := range []string{"not unmerged", "resolved by the user"} {
		p.write(name, "staged\n")
		p.git("add", name)
	}
	p.unchanged(func() {
		err := r.Unmark(t.Context(), []string{"in HEAD", "deleted", "not unmerged", "resolved by the user", "added", "missing"})
		if err != nil {
			t.Fatal(err)
		}
	})
	for name, want := range map[string]string{
		"in HEAD": "0:committed\n", "deleted": "0:committed\n", "added": "", "missing": "",
		"not unmerged": "0:staged\n", "resolved by the user": "0:staged\n", "left": "1:base\n 2:user\n 3:target\n",
	} {
		if got := p.stages(name); got != want {
			t.Errorf("%s: stages %q, want %q", name, got, want)
		}
	}
	if got := p.status("added"); got != "??" {
		t.Errorf("added: status %q, want ??", got)
	}
}

func TestUnmark_noCommit(t *testing.T) {
	p := newProject(t, "shop")
	p.write("f", "user\n")
	p.write("staged", "user\n")
	p.git("add", ".")
	r := p.open()
	p.markUnmerged(r, unmerged("f"))
	p.checkUnmerged(r, []string{"f", "staged"}, "f")
	if err := r.Unmark(t.Context(), []string{"f", "staged"}); err != nil {
		t.Fatal(err)
	}
	if got := p.stages("f") + p.stages("staged"); got != "0:user\n" {
		t.Errorf("stages %q, want those of the staged file alone", got)
	}
}

// TestUnmerged_hardNames goes through all steps with names that are patterns
// of each other.
func TestUnmerged_hardNames(t *testing.T) {
	// Each of these is matched by one of the names, were that a pattern.
	others := []string{"a", "b", "start", "quesTion", "HEAD2"}
	for _, sub := range []string{".", "services/shop"} {
		p := newProject(t, sub)
		for _, name := range slices.Concat(hardNames(), others) {
			p.write(name, "user\n")
		}
		p.commit()
		r := p.open()
		settled := map[string]func([]string) error{
			"MarkResolved": func(paths []string) error { return r.MarkResolved(t.Context(), paths) },
			"Unmark":       func(paths []string) error { return r.Unmark(t.Context(), paths) },
		}
		for step, settle := range settled {
			var files []Unmerged
			for _, name := range slices.Concat(hardNames(), others) {
				files = append(files, unmerged(name))
			}
			p.markUnmerged(r, files...)
			p.checkUnmerged(r, hardNames(), hardNames()...)
			if got := p.stages("plain.go"); got != "1:base\n 2:user\n 3:target\n" {
				t.Errorf("stages %q", got)
			}
			if err := settle(hardNames()); err != nil {
				t.Fatalf("%s: %v", step, err)
			}
			p.checkUnmerged(r, slices.Concat(hardNames(), others), others...)
			if err := settle(others); err != nil {
				t.Fatalf("%s: %v", step, err)
			}
			if got := p.git("status", "--porcelain"); got != "" {
				t.Errorf("after %s git status says %q", step, got)
			}
		}
	}
}

// TestUnmerged_many has more paths than a command line can hold.
func TestUnmerged_many(t *testing.T) {
	const count = 10_000
	p := newProject(t, "services/shop")
	id := strings.TrimSpace(p.gitInput("user\n", "hash-object", "-w", "--stdin"))
	var paths []string
	var info strings.Builder
	for i := range count {
		name := fmt.Sprintf("internal/a-folder-with-a-long-name/%d/%d.go", i%100, i)
		paths = append(paths, name)
		for stage := 1; stage <= 3; stage++ {
			fmt.Fprintf(&info, "100644 %s %d\tservices/shop/%s\x00", id, stage, name)
		}
		if i%10 == 0 { // the others are deleted, which is faster
			p.write(name, "user\n")
		}
	}
	p.gitInput(info.String(), "update-index", "-z", "--index-info")
	r := p.open()
	p.checkChanged(r, paths, paths...)
	for name, settle := range map[string]func() error{
		"MarkResolved": func() error { return r.MarkResolved(t.Context(), paths) },
		"Unmark":       func() error { return r.Unmark(t.Context(), paths) },
	} {
		p.gitInput(info.String(), "update-index", "-z", "--index-info")
		if got, err := r.Unmerged(t.Context(), paths); err != nil || len(got) != count {
			t.Fatalf("Unmerged returned %d paths, %v", len(got), err)
		}
		if err := settle(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p.checkUnmerged(r, paths)
	}
}

func TestUnmerged_error(t *testing.T) {
	p := newProject(t, "shop")
	r := p.open()
	if err := os.WriteFile(filepath.Join(p.top, ".git", "index"), []byte("no index"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Unmerged":     second(r.Unmerged(t.Context(), []string{"f"})),
		"Changed":      second(r.Changed(t.Context(), []string{"f"})),
		"MarkUnmerged": r.MarkUnmerged(t.Context(), []Unmerged{unmerged("f")}),
		"MarkResolved": r.MarkResolved(t.Context(), []string{"f"}),
		"Unmark":       r.Unmark(t.Context(), []string{"f"}),
	} {
		var failed *Error
		if !errors.As(err, &failed) || !strings.Contains(failed.Reason, "index file") || failed.Hint == "" {
			t.Errorf("%s: %v, want git's complaint about the index file", name, err)
		}
	}
}

func second(_ []string, err error) error { return err }
