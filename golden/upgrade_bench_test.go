package golden

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/trial"
)

// editedFiles is how many files of the project its user has edited.
const editedFiles = 10

// BenchmarkUpgrade brings the largest project of the first release, with ten
// edited files, to the third one. It is measured beside writing the project
// anew with the third one's templates, and beside `git merge` of the same three
// trees, in one run. Forge makes all it writes safe on disk; git leaves that to
// the system, and when asked does it for what is in .git, but not for the files:
// git-merge-safe does it for them, as forge does, some at once. Where fsync costs
// nothing (TMPDIR on a tmpfs) the two ways of git are the same.
func BenchmarkUpgrade(b *testing.B) {
	first, third := loadFS(b, generations.FS(1)), loadFS(b, generations.FS(3))
	combo := trial.Of("clerk", "okx-x402")
	_, base, baseRecord := render(b, first, combo.Answers(first))

	_, target, _ := render(b, third, combo.Answers(third))
	repo := mergeRepo(b, base, target)
	gitMerge := func(b *testing.B, after func(dir string), settings ...string) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			dir := filepath.Join(b.TempDir(), strconv.Itoa(i))
			run(b, repo, "cp", "-r", repo, dir)
			b.StartTimer()
			run(b, dir, "git", append(settings, "merge", "--quiet", "--no-edit", "target")...)
			after(dir)
		}
	}
	changed := changedPaths(base, target)
	b.Run("git-merge", func(b *testing.B) { gitMerge(b, func(string) {}) })
	b.Run("git-merge-safe", func(b *testing.B) {
		gitMerge(b, func(dir string) { flush(b, dir, changed) }, "-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync")
	})
	b.Run("forge-new", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			c := loadFS(b, generations.FS(3))
			_, target, record := render(b, c, combo.Answers(c))
			put(b, filepath.Join(b.TempDir(), strconv.Itoa(i)), target, record)
		}
	})
	b.Run("forge-upgrade", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			dir := filepath.Join(b.TempDir(), strconv.Itoa(i))
			put(b, dir, base, baseRecord)
			editFiles(b, dir, base)
			b.StartTimer()
			u := plan(b, loadFS(b, generations.FS(3)), dir, nil)
			if len(u.Plan.Conflicts()) > 0 {
				b.Fatal("conflicts")
			}
			if err := generator.Apply(b.Context(), dir, u.Plan, u.Record, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// changedPaths are the files that target has and base has not, or not so, and
// the folders they are in.
func changedPaths(base, target *generator.Tree) []string {
	var paths []string
	for f := range target.All() {
		if !f.Same(base.Lookup(f.Path)) {
			paths = append(paths, f.Path, path.Dir(f.Path))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// flush makes files and folders safe on disk.
func flush(b *testing.B, dir string, paths []string) {
	b.Helper()
	slots := make(chan struct{}, 16)
	var running sync.WaitGroup
	for _, p := range paths {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			f, err := os.Open(filepath.Join(dir, filepath.FromSlash(p)))
			if err == nil {
				err = errors.Join(f.Sync(), f.Close())
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	running.Wait()
}

// put writes a project to a new folder.
func put(b *testing.B, dir string, target, record *generator.Tree) {
	b.Helper()
	plan := generator.NewPlan(&generator.Tree{}, &generator.Tree{}, target)
	if err := generator.Apply(b.Context(), dir, plan, record, nil); err != nil {
		b.Fatal(err)
	}
}

// editFiles adds a function to the end of some Go files.
func editFiles(b *testing.B, dir string, tree *generator.Tree) {
	b.Helper()
	n := 0
	for f := range tree.All() {
		if n == editedFiles {
			return
		}
		if !strings.HasSuffix(f.Path, ".go") || strings.HasSuffix(f.Path, "_test.go") {
			continue
		}
		n++
		edited := string(f.Data) + "\n// added is the user's.\nfunc added() {}\n"
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(f.Path)), []byte(edited), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// mergeRepo makes a repository of the three trees: base, the user's branch,
// which is checked out, and target.
func mergeRepo(b *testing.B, base, target *generator.Tree) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "repo")
	put(b, dir, base, &generator.Tree{})
	run(b, dir, "git", "init", "--quiet", "--initial-branch=user")
	run(b, dir, "git", "config", "user.name", "bench")
	run(b, dir, "git", "config", "user.email", "bench@example.com")
	commit := func() {
		run(b, dir, "git", "add", "--all", "--force")
		run(b, dir, "git", "commit", "--quiet", "--message=tree")
	}
	commit()
	run(b, dir, "git", "checkout", "--quiet", "-b", "target")
	for f := range base.All() {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
			b.Fatal(err)
		}
	}
	for f := range target.All() {
		at := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(at, f.Data, f.Mode); err != nil {
			b.Fatal(err)
		}
	}
	commit()
	run(b, dir, "git", "checkout", "--quiet", "user")
	editFiles(b, dir, base)
	commit()
	return dir
}

func run(b *testing.B, dir, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...) //nolint:noctx // short-lived
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// BenchmarkUpgrade_growth upgrades projects of more and more files: every file
// is read, one in ten is edited by the user, and all are changed by the
// templates. What one file costs should stay the same.
func BenchmarkUpgrade_growth(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(strconv.Itoa(n)+"files", func(b *testing.B) {
			base, target, edited := manyFiles(b, n)
			var paths []string
			for f := range base.All() {
				paths = append(paths, f.Path)
			}
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				dir := filepath.Join(b.TempDir(), strconv.Itoa(i))
				put(b, dir, edited, &generator.Tree{})
				b.StartTimer()
				actual, err := generator.ReadActual(dir, paths)
				if err != nil {
					b.Fatal(err)
				}
				plan := generator.NewPlan(base, actual, target)
				if err := generator.Apply(b.Context(), dir, plan, &generator.Tree{}, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/file")
		})
	}
}

// manyFiles makes n files of forty lines as they were, as the templates have
// them now, and as the user has them.
func manyFiles(b *testing.B, n int) (base, target, edited *generator.Tree) {
	b.Helper()
	tree := func(first, last func(i int) string) *generator.Tree {
		var files []generator.File
		for i := range n {
			text := first(i) + strings.Repeat("a line\n", 40) + last(i)
			files = append(files, generator.File{Path: fmt.Sprintf("d%d/%d.txt", i/100, i), Mode: 0o644, Data: []byte(text)})
		}
		t, err := generator.NewTree(files)
		if err != nil {
			b.Fatal(err)
		}
		return t
	}
	is := func(s string) func(int) string { return func(int) string { return s } }
	user := func(i int) string {
		if i%10 == 0 {
			return "the user's\n"
		}
		return "last\n"
	}
	return tree(is("first\n"), is("last\n")), tree(is("forge's\n"), is("last\n")), tree(is("first\n"), user)
}
