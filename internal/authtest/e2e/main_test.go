// Package e2e_test tries to get past the sign-in of generated servers: of each auth
// provider's, as users run it, with its provider's own addresses, in front of a whole
// InsForge. Each numbered test is a way in which published servers took a credential
// they should not have, or refused a good one. A test of that number says what
// becomes of it for every provider.
package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/servertest"
)

// generated is a provider's project with its server's binary.
type generated struct {
	dir, binary string
	settings    map[string]string // required ones with sample values
}

// What all tests share.
var (
	projects = map[string]generated{} // by provider
	insforge *insforgetest.Project    // behind all servers
	profiles = authtest.Profiles()
)

const betterAuth = "better-auth"

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	flag.Parse()
	if servertest.Missing() != "" {
		return m.Run(), nil // each skips each test
	}
	// Most of the time goes by in waiting until a server asks for keys again.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		if err := parallel.Value.Set("100"); err != nil {
			return 1, err
		}
	}
	// Some keys here are so short that Go by itself would not use them.
	if err := os.Setenv("GODEBUG", "rsa1024min=0"); err != nil {
		return 1, err
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "authtest-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()

	var making sync.WaitGroup
	var mu sync.Mutex
	var failures error
	providers := []string{betterAuth}
	for _, p := range profiles {
		providers = append(providers, p.ID)
	}
	queue := make(chan string, len(providers))
	for _, id := range providers {
		queue <- id
	}
	close(queue)
	for range 2 {
		making.Go(func() {
			for id := range queue {
				g, err := generate(ctx, filepath.Join(folder, id), id)
				mu.Lock()
				projects[id] = g
				failures = errors.Join(failures, err)
				mu.Unlock()
			}
		})
	}
	postgres, err := insforgetest.Start(ctx)
	making.Wait()
	if err := errors.Join(err, failures); err != nil {
		return 1, err
	}
	if err := serve(ctx, postgres); err != nil {
		return 1, errors.Join(err, postgres.Stop())
	}
	code = m.Run()
	return code, errors.Join(stopShared(), insforge.Close(), postgres.Stop())
}

func generate(ctx context.Context, dir, provider string) (generated, error) {
	g := generated{dir: dir, binary: filepath.Join(dir, "server.exe")}
	var err error
	g.settings, err = servertest.Generate(ctx, dir, generator.Answers{Name: "shop", Module: "example.com/shop", Auth: provider})
	if err != nil {
		return g, err
	}
	return g, servertest.Build(ctx, dir, g.binary)
}

// serve puts one InsForge behind all servers. Better Auth's project has the migrations
// of the others, and one for its own schema.
func serve(ctx context.Context, postgres *insforgetest.Server) error {
	database, err := postgres.NewDatabase(ctx)
	if err != nil {
		return err
	}
	if err := database.MigrateAll(ctx, os.DirFS(filepath.Join(projects[betterAuth].dir, "migrations"))); err != nil {
		return err
	}
	if err := makeBetterAuth(ctx, database.URL); err != nil {
		return err
	}
	insforge, err = database.Serve(ctx)
	return err
}

// names are the IDs of the suite's cases.
func names() []string {
	var all []string
	for n := range 27 {
		all = append(all, fmt.Sprintf("J%02d", n+1))
	}
	return all
}

// TestCounterparts: for Better Auth, whose credential is a cookie, each case has a
// counterpart, or a reason why there is none.
func TestCounterparts(t *testing.T) {
	for _, id := range names() {
		c, ok := counterparts[id]
		if !ok || (c.test == nil) == (c.none == "") {
			t.Errorf("%s has neither a counterpart nor a reason, or both", id)
		}
	}
	for id := range counterparts {
		if !slices.Contains(names(), id) {
			t.Errorf("there is no %s", id)
		}
	}
}
