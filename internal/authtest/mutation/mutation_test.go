// Package mutation_test takes the checks of generated verifiers away, one at a time, and
// wants the generated project's own tests to notice.
package mutation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/servertest"
)

// target is a provider's project with the files in internal/auth that have checks in them.
type target struct {
	provider string
	files    []string
}

// targets: what providers share is mutated in one of their projects.
var targets = []target{
	{"clerk", []string{"token.go", "keys.go", "algorithm.go", "minter.go", "auth.go", "verifier.go"}},
	{"auth0", []string{"verifier.go"}},
	{"kinde", []string{"verifier.go"}},
	{"oidc", []string{"verifier.go", "discovery.go", "algorithm.go"}},
	{"insforge", []string{"verifier.go", "accounts.go"}},
	{"stytch", []string{"verifier.go"}},
	{"workos", []string{"verifier.go"}},
	{"better-auth", []string{"verifier.go"}},
}

// patience is what a mutant's tests may take; without one they take two seconds.
const patience = 60 * time.Second

func TestVerifiers_mutants(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects and runs hundreds of their tests; make test runs it")
	}
	soak := os.Getenv("FORGE_SOAK") != ""
	for _, target := range targets {
		t.Run(target.provider, func(t *testing.T) { mutants(t, target.provider, target.files, soak) })
	}
	for what := range harmless {
		if provider, _, _ := strings.Cut(what, ": "); !slices.ContainsFunc(targets, func(t target) bool { return t.provider == provider }) {
			t.Errorf("%q is called harmless, and no target has it", what)
		}
	}
}

// mutants tries those of one provider's files.
func mutants(t *testing.T, provider string, files []string, soak bool) {
	left := map[string]bool{}
	for what := range harmless {
		if strings.HasPrefix(what, provider+": ") {
			left[what] = true
		}
	}
	binaries, all, err := build(t.Context(), filepath.Join(t.TempDir(), "shop"), provider, files)
	if err != nil {
		t.Fatal(err)
	}
	if err := binaries.run(t.Context(), 0); err != nil {
		t.Fatalf("unmutated, the tests do not pass: %v", err)
	}
	var mu sync.Mutex
	var tried, noticed int
	queue := make(chan mutant)
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			for m := range queue {
				err := binaries.run(t.Context(), m.number)
				mu.Lock()
				tried++
				if err != nil {
					noticed++
				} else {
					t.Errorf("not noticed: %s: %s", provider, m.what)
				}
				mu.Unlock()
			}
		})
	}
	for n, m := range all {
		what := provider + ": " + m.what
		if _, ok := harmless[what]; ok {
			delete(left, what)
			continue
		}
		// make soak tries all.
		if soak || n%sample == 0 {
			queue <- m
		}
	}
	close(queue)
	running.Wait()
	for what := range left {
		t.Errorf("there is no mutant %q to be called harmless", what)
	}
	t.Logf("%d of %d mutants noticed", noticed, tried)
}

// sample is which part of the mutants is tried without FORGE_SOAK.
const sample = 8

// harmless are the mutants that nothing can notice, and why.
var harmless = map[string]string{
	"clerk: token.go: check: option jwt.WithExpirationRequired()":                         "identify needs an exp, too",
	"clerk: token.go: identify: if expires == nil":                                        "the option WithExpirationRequired is in front of it",
	"clerk: keys.go: find: keys, err = k.current(ctx); if err != nil":                     "once there are keys, there always are",
	"clerk: keys.go: fetchKeys: all, err := storage.KeyReadAll(ctx); if err != nil":       "what is kept in memory can be read",
	"clerk: keys.go: fetchKeys: err := storage.KeyReplaceAll(ctx, usable); if err != nil": "what is kept in memory can be replaced",
	"clerk: minter.go: Mint: " + signs + "; if err != nil":                                "HMAC takes every key",
	"oidc: discovery.go: readDiscovery: " + asks("address") + "; if err != nil":           "LoadConfig refused what is no address",
	"insforge: accounts.go: ask: " + asks("a.url") + "; if err != nil":                    "LoadConfig refused what is no address",
	"better-auth: verifier.go: NewVerifier: " + connects + "; if err != nil":              "it connects later",
	"better-auth: verifier.go: isLocal: " + parses + "; if err != nil":                    "LoadConfig refused what does not parse",
	"better-auth: verifier.go: sessionToken: " + unescapes + "; if err != nil":            "what cannot be unescaped is empty, and not signed",
}

func asks(url string) string {
	return "req, err := http.NewRequestWithContext(ctx, http.MethodGet, " + url + ", http.NoBody)"
}

// What the errors are of.
const (
	signs     = "token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(m.secret)"
	connects  = "db, err := pgxpool.NewWithConfig(context.Background(), pool)"
	parses    = "cfg, err := pgxpool.ParseConfig(databaseURL)"
	unescapes = "value, err := url.PathUnescape(value)"
)

// binaries are the tests of a project with all its mutants in them.
type binaries struct{ auth, httpapi string }

// run is nil if the tests pass with one mutant alive.
func (b binaries) run(ctx context.Context, mutant int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, binary := range []string{b.auth, b.httpapi} {
		cmd := exec.CommandContext(ctx, binary, "-test.failfast")
		cmd.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", mutant))
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	return nil
}

// build compiles the tests of a new project, whose sources stay as they are: an overlay
// has the mutants.
func build(ctx context.Context, dir, provider string, files []string) (binaries, []mutant, error) {
	b := binaries{filepath.Join(dir, "auth.test.exe"), filepath.Join(dir, "httpapi.test.exe")}
	if _, err := servertest.Generate(ctx, dir, generator.Answers{Name: "shop", Module: "example.com/shop", Auth: provider}); err != nil {
		return b, nil, err
	}
	mutated := dir + ".mutated"
	if err := os.Mkdir(mutated, 0o700); err != nil {
		return b, nil, err
	}
	var counter int
	var all []mutant
	replace := map[string]string{}
	put := func(name, source string) error {
		replace[filepath.Join(dir, "internal", "auth", name)] = filepath.Join(mutated, name)
		return os.WriteFile(filepath.Join(mutated, name), []byte(source), 0o600)
	}
	for _, name := range files {
		source, err := os.ReadFile(filepath.Join(dir, "internal", "auth", name))
		if err != nil {
			return b, nil, err
		}
		text, mutants, err := mutate(name, string(source), &counter)
		if err != nil {
			return b, nil, err
		}
		all = append(all, mutants...)
		if err := put(name, text); err != nil {
			return b, nil, err
		}
	}
	if err := put("mutants.go", support); err != nil {
		return b, nil, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err := errors.Join(err, os.WriteFile(filepath.Join(mutated, "overlay.json"), overlay, 0o600)); err != nil {
		return b, nil, err
	}
	for binary, pkg := range map[string]string{b.auth: "./internal/auth", b.httpapi: "./internal/httpapi"} {
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-trimpath", "-ldflags=-s -w", "-vet=off", "-overlay", filepath.Join(mutated, "overlay.json"), "-o", binary, pkg)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return b, nil, fmt.Errorf("%s: %w\n%s", provider, err, out)
		}
	}
	return b, all, nil
}
