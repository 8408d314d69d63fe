package git

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// blockVariable makes this test binary a filter that reports to an address and
// then never ends by itself.
const blockVariable = "FORGE_TEST_BLOCK"

// userEnviron is what the git that the tests run themselves sees, whatever a
// test sets for the package.
var userEnviron []string

func TestMain(m *testing.M) {
	if address := os.Getenv(blockVariable); address != "" {
		os.Exit(block(address))
	}
	os.Exit(isolated(m))
}

func block(address string) int {
	conn, err := net.Dial("tcp", address) //nolint:noctx // ended by the other side
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = io.Copy(io.Discard, conn) // until the test hangs up
	return 0
}

// isolated runs the tests without this machine's configuration of git.
func isolated(m *testing.M) int {
	home, err := os.MkdirTemp("", "forge-git-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "GIT_") {
			os.Unsetenv(name)
		}
	}
	global := filepath.Join(home, "config")
	config := "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n"
	if err := os.WriteFile(global, []byte(config), 0o600); err != nil {
		panic(err)
	}
	os.Setenv("GIT_CONFIG_GLOBAL", global)
	os.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	os.Setenv("GIT_CEILING_DIRECTORIES", os.TempDir())
	userEnviron = os.Environ()
	return m.Run()
}

// project is a folder in the work tree of a real repository.
type project struct {
	*testing.T
	// top is the top of the work tree, dir the project's folder in it.
	top, dir string
}

// newProject makes a repository with a project in the subfolder sub.
func newProject(t *testing.T, sub string, initArgs ...string) *project {
	t.Helper()
	top := t.TempDir()
	p := &project{t, top, top}
	p.git(append([]string{"init", "--quiet"}, initArgs...)...)
	p.dir = filepath.Join(top, filepath.FromSlash(sub))
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *project) open() *Repo {
	p.Helper()
	r, err := Open(p.Context(), p.dir)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// git runs git in the project as the user would, and returns what it printed.
func (p *project) git(args ...string) string {
	p.Helper()
	return p.gitInput("", args...)
}

func (p *project) gitInput(stdin string, args ...string) string {
	p.Helper()
	out, err := p.tryGit(stdin, args...)
	if err != nil {
		p.Fatalf("git %q: %v", args, err)
	}
	return out
}

func (p *project) tryGit(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(p.Context(), "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.dir, userEnviron, strings.NewReader(stdin)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, messages.String())
	}
	return string(out), err
}

func (p *project) file(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p *project) write(name, text string) {
	p.Helper()
	if err := os.MkdirAll(filepath.Dir(p.file(name)), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(p.file(name), []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p *project) read(name string) string {
	p.Helper()
	data, err := os.ReadFile(p.file(name))
	if err != nil {
		p.Fatal(err)
	}
	return string(data)
}

func (p *project) remove(name string) {
	p.Helper()
	if err := os.Remove(p.file(name)); err != nil {
		p.Fatal(err)
	}
}

// commit commits everything in the work tree.
func (p *project) commit() {
	p.Helper()
	p.git("add", "--all", ":/")
	p.git("commit", "--quiet", "--allow-empty", "--message", "Change")
}

// index is what the index has of the whole work tree, a row for each stage.
func (p *project) index() []string {
	p.Helper()
	return strings.Split(p.git("ls-files", "--stage", "-z", "--full-name", ":/"), "\x00")
}

// stages returns the contents of path in the index, such as "1:base 2:user".
func (p *project) stages(name string) string {
	p.Helper()
	var all []string
	for _, row := range rowsOf(p.git("--literal-pathspecs", "ls-files", "--stage", "-z", "--", name)) {
		fields := strings.Fields(row)
		all = append(all, fields[2]+":"+p.git("cat-file", "blob", fields[1]))
	}
	return strings.Join(all, " ")
}

// status is the two letters that git status has for path, or "".
func (p *project) status(name string) string {
	p.Helper()
	rows := rowsOf(p.git("--literal-pathspecs", "status", "--porcelain", "-z", "--", name))
	if len(rows) == 0 {
		return ""
	}
	return rows[0][:2]
}

func rowsOf(out string) []string {
	return slices.DeleteFunc(strings.Split(out, "\x00"), func(s string) bool { return s == "" })
}

// snapshot is every file in root but those in the folders and files skipped,
// with its mode and contents.
func (p *project) snapshot(root string, skip ...string) map[string]string {
	p.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(skip, name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		files[name] = fmt.Sprintf("%v %q", info.Mode(), data)
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return files
}

// unchanged fails the test if what a step leaves differs from what was there,
// but for the index and the object store.
func (p *project) unchanged(step func()) {
	p.Helper()
	skip := []string{".git/index", ".git/objects"}
	before := p.snapshot(p.top, skip...)
	step()
	if diff := cmp.Diff(before, p.snapshot(p.top, skip...)); diff != "" {
		p.Errorf("files changed (-before +after):\n%s", diff)
	}
}

// hardNames are file names that need care somewhere between Go and git.
func hardNames() []string {
	names := []string{
		"plain.go", "with space", " leading", "-dash", "--all", "[ab]", "ünïcödé/日本.txt", "it's", "#hash",
		"!bang", "HEAD", "%s", "$(id)", "{a,b}", ".dot/.file", "^caret", "~", "@{u}",
	}
	if runtime.GOOS != "windows" {
		names = append(names,
			"star*", "ques?ion", `double"quote"`, `back\slash`, "new\nline", "tab\tname", ":(glob)**", ":!plain.go",
			":/top", "trailing ", "\r", "\x1b[31mred")
	}
	if runtime.GOOS == "linux" {
		names = append(names, "not\xffUTF-8")
	}
	return names
}

func side(text string) *Side { return &Side{Mode: 0o644, Data: []byte(text)} }

func unmerged(name string) Unmerged {
	return Unmerged{Path: name, Base: side("base\n"), User: side("user\n"), Target: side("target\n")}
}

func (p *project) markUnmerged(r *Repo, files ...Unmerged) {
	p.Helper()
	if err := r.MarkUnmerged(p.Context(), files); err != nil {
		p.Fatal(err)
	}
}

func (p *project) checkUnmerged(r *Repo, paths []string, want ...string) {
	p.Helper()
	got, err := r.Unmerged(p.Context(), paths)
	if err != nil {
		p.Fatal(err)
	}
	if !slices.Equal(got, want) {
		p.Errorf("Unmerged(%q) = %q, want %q", paths, got, want)
	}
}

func (p *project) checkChanged(r *Repo, paths []string, want ...string) {
	p.Helper()
	got, err := r.Changed(p.Context(), paths)
	if err != nil {
		p.Fatal(err)
	}
	if !slices.Equal(got, want) {
		p.Errorf("Changed(%q) = %q, want %q", paths, got, want)
	}
}

// asError is err as an *Error, whose message must name where it happened.
func asError(t *testing.T, err error, dir string) *Error {
	t.Helper()
	var failed *Error
	if !errors.As(err, &failed) {
		t.Fatalf("error %v, want an *Error", err)
	}
	if !strings.Contains(err.Error(), path.Base(filepath.ToSlash(dir))) {
		t.Errorf("error %q does not name the folder %s", err, dir)
	}
	return failed
}
