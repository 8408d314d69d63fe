package trial

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Tools are the tools of a generated project. They remember what the linter has
// looked at: most packages are the same in many combinations, and are looked at
// in the first.
type Tools struct {
	linter string

	mu     sync.Mutex
	linted map[string]bool // by identity
}

// FindTools finds the linter at $GOLANGCI_LINT, where make says it is, or on the
// path.
func FindTools() (*Tools, error) {
	linter := os.Getenv("GOLANGCI_LINT")
	if linter == "" {
		var err error
		if linter, err = exec.LookPath("golangci-lint"); err != nil {
			return nil, errors.New("golangci-lint is not installed: `make tools` installs it, and GOLANGCI_LINT can name it")
		}
	}
	return NewTools(linter), nil
}

// NewTools are tools with the linter at a path. Without one nothing is linted.
func NewTools(linter string) *Tools {
	return &Tools{linter: linter, linted: map[string]bool{}}
}

// Compiles wants the project in dir to build and to vet.
func Compiles(ctx context.Context, dir string) error {
	return errors.Join(builds(ctx, dir), vets(ctx, dir))
}

func builds(ctx context.Context, dir string) error {
	return Succeed(ctx, dir, "go", "build", "-trimpath", "./...")
}

func vets(ctx context.Context, dir string) error {
	return Succeed(ctx, dir, "go", "vet", "-trimpath", "./...")
}

// Passes wants the project in dir to vet and to pass its own tests, for which its
// packages are compiled, too.
func Passes(ctx context.Context, dir string) error {
	return errors.Join(
		vets(ctx, dir),
		Succeed(ctx, dir, "go", "test", "-trimpath", "-vet=off", "./..."),
	)
}

// HoldsUp wants all tools of the project in dir to have nothing to say about it:
// it builds, vets, passes its own tests, is gofmt-clean, tidy and silent under
// its own linter configuration.
func (t *Tools) HoldsUp(ctx context.Context, dir string) error {
	return errors.Join(builds(ctx, dir), t.HoldsUpUnbuilt(ctx, dir))
}

// HoldsUpUnbuilt is HoldsUp without a link of the program, the one result that the
// tools do not remember: for who builds it anyway, to start it.
func (t *Tools) HoldsUpUnbuilt(ctx context.Context, dir string) error {
	return errors.Join(
		Passes(ctx, dir),
		Silent(ctx, dir, "gofmt", "-l", "."),
		Silent(ctx, dir, "go", "mod", "tidy", "-diff"),
		t.lint(ctx, dir),
	)
}

// lint runs the linter over the packages in dir that it has not looked at.
func (t *Tools) lint(ctx context.Context, dir string) error {
	if t.linter == "" {
		return nil
	}
	identities, err := packages(ctx, dir)
	if err != nil {
		return err
	}
	fresh := t.claim(identities)
	if len(fresh) == 0 {
		return nil
	}
	return Succeed(ctx, dir, t.linter, append([]string{"run", "--allow-parallel-runners"}, fresh...)...)
}

// claim returns the packages whose identity is new, sorted, and remembers them.
func (t *Tools) claim(identities map[string]string) (fresh []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for pkg, identity := range identities {
		if !t.linted[identity] {
			t.linted[identity] = true
			fresh = append(fresh, pkg)
		}
	}
	slices.Sort(fresh)
	return fresh
}

// packages returns the identity of every package in dir, by its path there. It
// covers everything a linter can see: the package's files and its tests, all they
// import, the compiler, and the linter's configuration. The Go tool knows it as
// the build ID, which it caches compiled packages by.
func packages(ctx context.Context, dir string) (map[string]string, error) {
	configuration, err := os.ReadFile(filepath.Join(dir, ".golangci.yml"))
	if err != nil {
		return nil, err
	}
	const format = `{{ with .Module }}{{ .Path }}{{ end }}|{{ or .ForTest .ImportPath }}|{{ .BuildID }}|{{ .Name }}`
	out, err := run(ctx, dir, "go", "list", "-trimpath", "-test", "-export", "-f", format, "./...")
	if err != nil {
		return nil, err
	}
	ids := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		pkg, ok := strings.CutPrefix(fields[1], fields[0])
		if !ok || strings.HasSuffix(pkg, ".test") { // the program that go test makes
			continue
		}
		ids["."+pkg] = append(ids["."+pkg], fields[3]+" "+fields[2])
	}
	identities := map[string]string{}
	for pkg, of := range ids {
		slices.Sort(of)
		identities[pkg] = fmt.Sprintf("%s %x %s", pkg, sha256.Sum256(configuration), strings.Join(of, " "))
	}
	return identities, nil
}

// Succeed runs a tool in a generated project; it must succeed.
func Succeed(ctx context.Context, dir, name string, args ...string) error {
	_, err := run(ctx, dir, name, args...)
	return err
}

// Silent runs a tool that has nothing to say about a clean project. What it
// prints on standard error, such as downloads, does not count.
func Silent(ctx context.Context, dir, name string, args ...string) error {
	out, err := run(ctx, dir, name, args...)
	if err == nil && len(out) > 0 {
		err = fmt.Errorf("%s %s:\n%s", filepath.Base(name), strings.Join(args, " "), out)
	}
	return err
}

// run returns what a tool printed. Its error holds all of it.
func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// As the project's own Makefile builds it. Without cgo Go links by itself,
	// which takes a fraction of the time.
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s in %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), dir, err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes(), nil
}
