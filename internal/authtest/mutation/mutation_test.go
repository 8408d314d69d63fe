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
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/servertest"
)

// target is a package of a provider's project with the files in it that have checks in
// them. Its own tests have to notice, or those of others that are named, or those that
// sign users in to its server.
type target struct {
	provider, pkg string
	files         []string
	others        []string
	flows         bool
}

func (t target) String() string { return t.provider + "/" + t.pkg }

// targets: what providers share is mutated in one of their projects.
var targets = []target{
	{provider: "clerk", pkg: "auth", files: []string{"token.go", "keys.go", "algorithm.go", "minter.go", "auth.go", "verifier.go"}, others: []string{"httpapi"}},
	{provider: "auth0", pkg: "auth", files: []string{"verifier.go"}, others: []string{"httpapi"}},
	{provider: "kinde", pkg: "auth", files: []string{"verifier.go"}, others: []string{"httpapi"}},
	{provider: "oidc", pkg: "auth", files: []string{"verifier.go", "discovery.go", "algorithm.go"}, others: []string{"httpapi"}},
	{provider: "insforge", pkg: "auth", files: []string{"verifier.go", "accounts.go"}, others: []string{"httpapi"}},
	{provider: "stytch", pkg: "auth", files: []string{"verifier.go"}, others: []string{"httpapi"}},
	{provider: "workos", pkg: "auth", files: []string{"verifier.go"}, others: []string{"httpapi"}},
	{provider: "better-auth", pkg: "auth", files: []string{"verifier.go"}, others: []string{"httpapi"}},
	{provider: "clerk", pkg: "webhook", files: []string{"webhook.go", "clerk.go"}},
	{provider: "workos", pkg: "webhook", files: []string{"workos.go"}},
	{provider: "auth0", pkg: "signin", flows: true, files: []string{
		"oidc.go", "auth0.go", "code.go", "attempt.go", "service.go", "seal.go", "cookies.go", "return_path.go", "from_browser.go",
	}},
}

// patience is what a mutant's tests may take; without one they take two seconds.
const patience = 60 * time.Second

func TestVerifiers_mutants(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects and runs hundreds of their tests; make test runs it")
	}
	soak := os.Getenv("FORGE_SOAK") != ""
	for _, target := range targets {
		if target.flows && !soak { // a minute for each that the project's own tests do not notice
			continue
		}
		t.Run(target.String(), func(t *testing.T) { mutants(t, target, soak) })
	}
	for what := range harmless {
		if name, _, _ := strings.Cut(what, ": "); !slices.ContainsFunc(targets, func(t target) bool { return t.String() == name }) {
			t.Errorf("%q is called harmless, and no target has it", what)
		}
	}
}

// mutants tries those of one target's files.
func mutants(t *testing.T, target target, soak bool) {
	left := map[string]bool{}
	for what := range harmless {
		if strings.HasPrefix(what, target.String()+": ") {
			left[what] = true
		}
	}
	binaries, all, err := build(t.Context(), filepath.Join(t.TempDir(), "shop"), target)
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
					if target.flows { // which depends on more than on the mutant
						t.Logf("%s: noticed by %s", m.what, failed.FindString(err.Error()))
					}
				} else {
					t.Errorf("not noticed: %s: %s", target, m.what)
				}
				mu.Unlock()
			}
		})
	}
	for n, m := range all {
		what := target.String() + ": " + m.what
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

// failed is what go test says about a test.
var failed = regexp.MustCompile(`--- FAIL: \S+|panic: .*`)

// sample is which part of the mutants is tried without FORGE_SOAK.
const sample = 8

// harmless are the mutants that nothing can notice, and why.
var harmless = map[string]string{
	"clerk/auth: token.go: check: option jwt.WithExpirationRequired()":                                   "identify needs an exp, too",
	"clerk/auth: token.go: identify: if expires == nil":                                                  "the option WithExpirationRequired is in front of it",
	"clerk/auth: keys.go: find: keys, err = k.current(ctx); if err != nil":                               "once there are keys, there always are",
	"clerk/auth: keys.go: fetchKeys: all, err := storage.KeyReadAll(ctx); if err != nil":                 "what is kept in memory can be read",
	"clerk/auth: keys.go: fetchKeys: err := storage.KeyReplaceAll(ctx, usable); if err != nil":           "what is kept in memory can be replaced",
	"clerk/auth: minter.go: Mint: " + signs + "; if err != nil":                                          "HMAC takes every key",
	"oidc/auth: discovery.go: readDiscovery: " + asks("address") + "; if err != nil":                     "LoadConfig refused what is no address",
	"insforge/auth: accounts.go: ask: " + asks("a.url") + "; if err != nil":                              "LoadConfig refused what is no address",
	"better-auth/auth: verifier.go: NewVerifier: " + connects + "; if err != nil":                        "it connects later",
	"better-auth/auth: verifier.go: isLocal: " + parses + "; if err != nil":                              "LoadConfig refused what does not parse",
	"better-auth/auth: verifier.go: sessionToken: " + unescapes + "; if err != nil":                      "what cannot be unescaped is empty, and not signed",
	"clerk/webhook: webhook.go: checkTime: n, err := strconv.ParseUint(text, 10, 63); if err != nil":     "what it reads then is not about now",
	"clerk/webhook: clerk.go: verify: sent, err := single(h, \"Svix-Timestamp\"); if err != nil":         "no time is not about now",
	"clerk/webhook: clerk.go: verify: signatures, err := single(h, \"Svix-Signature\"); if err != nil":   "there is no signature to be right",
	"auth0/signin: code.go: handleCallback: case err != nil":                                             "the database keeps no session of nobody",
	"auth0/signin: code.go: handleLogout: if next == \"\"":                                               "Auth0 always has a page to sign out at",
	"auth0/signin: service.go: Verify: if len(r.Header.Values(\"Authorization\")) > 0":                   "package e2e has all tokens refused then",
	"auth0/signin: service.go: resume: if !s.now().Before(giveUp)":                                       "the context ends it a little later",
	"auth0/signin: service.go: enter: if g.actor != \"\"":                                                "Auth0's ID tokens name nobody who acts; the servers of WorkOS and Clerk show it",
	"auth0/signin: service.go: leave: if !ok":                                                            "there is no session under no key",
	"auth0/signin: service.go: leave: secret, err = k.unseal(found.Sealed); if err != nil":               "it is for the log alone",
	"auth0/signin: service.go: shorten: if len(s) > longest":                                             "it is for the log alone",
	"auth0/signin: service.go: resume: case !ok":                                                         "what is not there has expired",
	"auth0/signin: seal.go: parseKey: data, err := base64.RawURLEncoding.DecodeString(s); if err != nil": "it is not what String writes, either",
	"auth0/signin: seal.go: parseKey: if len(data) != len(k)":                                            "it is not what String writes, either",
	"auth0/signin: seal.go: seal: if secret == \"\"":                                                     "nothing can be sealed, too",
	"auth0/signin: seal.go: unseal: aead := k.aead(); if err != nil":                                     "what does not decode does not open",
	"auth0/signin: seal.go: aead: aead, err := cipher.NewGCM(block); if err != nil":                      "AES is made for it",
	"auth0/signin: seal.go: aead: block, err := aes.NewCipher(derived[:]); if err != nil":                "32 bytes are a key",
	"auth0/signin: return_path.go: returnPath: if strings.HasPrefix(s, \"//\")":                          "it has a host, or a path that begins so",
	"auth0/signin: return_path.go: returnPath: if u.Scheme != \"\"":                                      "what begins with a slash has none",
	"auth0/signin: return_path.go: returnPath: if u.Host != \"\"":                                        "it begins with two slashes, too",
	"auth0/signin: return_path.go: returnPath: if u.User != nil":                                         "it begins with two slashes, too",
	"auth0/signin: oidc.go: newProvider: Timeout: providerTimeout":                                       "whoever waits has a deadline; it ends what goes on behind their backs",
	"auth0/signin: oidc.go: idToken: SupportedSigningAlgs: found.algorithms":                             "RS256 is what the library takes by itself",
	"auth0/signin: oidc.go: idToken: if raw == \"\"":                                                     "what is empty is no token",
	"workos/webhook: workos.go: verify: header, err := single(h, \"Workos-Signature\"); if err != nil":   "no time is not about now",
	"workos/webhook: workos.go: verify: sent, signatures, err := parseSignature(header); if err != nil":  "no time is not about now",
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

// binaries are the tests of a project's packages with all mutants of a target in them, and
// where there are flows, its server as well and the tests of that.
type binaries struct {
	tests                   []string
	provider, server, flows string
}

// run is nil if the tests pass with one mutant alive.
func (b binaries) run(ctx context.Context, mutant int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, binary := range b.tests {
		cmd := exec.CommandContext(ctx, binary, "-test.failfast")
		cmd.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", mutant))
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	if b.flows == "" {
		return nil
	}
	// Most is noticed without the tests that wait for a provider that is silent.
	for _, only := range [][]string{{"-test.skip", "Browser|providerFails"}, {"-test.run", "providerFails"}} {
		if err := b.signIn(mutant, only); err != nil {
			return err
		}
	}
	return nil
}

// signIn is nil if users can sign in to the server with one mutant alive, and nobody
// else can.
func (b binaries) signIn(mutant int, only []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.flows, append(only, "-test.failfast")...)
	cmd.Dir = flowsFolder
	cmd.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", mutant), "FLOWS_SERVER="+b.provider+"="+b.server)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// flowsFolder is where the tests of servers are.
const flowsFolder = "../flows"

// build compiles the tests of a new project, whose sources stay as they are: an overlay
// has the mutants.
func build(ctx context.Context, dir string, target target) (binaries, []mutant, error) {
	var b binaries
	if _, err := servertest.Generate(ctx, dir, generator.Answers{Name: "shop", Module: "example.com/shop", Auth: target.provider}); err != nil {
		return b, nil, err
	}
	folder := filepath.Join(dir, "internal", target.pkg)
	mutated := dir + ".mutated"
	if err := os.Mkdir(mutated, 0o700); err != nil {
		return b, nil, err
	}
	var counter int
	var all []mutant
	replace := map[string]string{}
	put := func(name, source string) error {
		replace[filepath.Join(folder, name)] = filepath.Join(mutated, name)
		return os.WriteFile(filepath.Join(mutated, name), []byte(source), 0o600)
	}
	for _, name := range target.files {
		source, err := os.ReadFile(filepath.Join(folder, name))
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
	if err := put("mutants.go", fmt.Sprintf(support, target.pkg)); err != nil {
		return b, nil, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err := errors.Join(err, os.WriteFile(filepath.Join(mutated, "overlay.json"), overlay, 0o600)); err != nil {
		return b, nil, err
	}
	for _, pkg := range append([]string{target.pkg}, target.others...) {
		binary := filepath.Join(dir, pkg+".test.exe")
		b.tests = append(b.tests, binary)
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-trimpath", "-ldflags=-s -w", "-vet=off", "-overlay", filepath.Join(mutated, "overlay.json"), "-o", binary, "./internal/"+pkg)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return b, nil, fmt.Errorf("%s: %w\n%s", target, err, out)
		}
	}
	if !target.flows {
		return b, all, nil
	}
	b.provider, b.server, b.flows = target.provider, filepath.Join(dir, "server.exe"), filepath.Join(dir, "flows.test.exe")
	server := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-overlay", filepath.Join(mutated, "overlay.json"), "-o", b.server, "./cmd/server")
	server.Dir, server.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	flows := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-o", b.flows, ".")
	flows.Dir = flowsFolder
	for _, cmd := range []*exec.Cmd{server, flows} {
		if out, err := cmd.CombinedOutput(); err != nil {
			return b, nil, fmt.Errorf("%s: %w\n%s", target, err, out)
		}
	}
	return b, all, nil
}
