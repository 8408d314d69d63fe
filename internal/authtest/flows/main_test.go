// Package flows_test signs users in to generated servers with a browser, and tries to
// get in without: each auth provider's server as users run it, with its provider's own
// addresses, in front of a whole InsForge.
package flows_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/authtest/hosted"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/servertest"
)

// providers are those with sessions of the server's own, all of them or the one in
// FLOWS_SERVER.
var providers = []string{"auth0", "kinde", "oidc", "workos", "stytch", "clerk", "insforge"}

// generated is a provider's server.
type generated struct {
	binary   string
	settings map[string]string // required ones with sample values
}

// What all tests share.
var (
	servers  = map[string]generated{} // by provider
	insforge *insforgetest.Project    // behind all servers
	database *pgxpool.Pool            // InsForge's, as the superuser
	oidc     *hosted.OIDC
)

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
	// Most of the time goes by in waiting for providers that do not answer.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		if err := parallel.Value.Set("24"); err != nil {
			return 1, err
		}
	}
	// Package mutation has a server with a check less tried, of a provider alone.
	prebuilt := ""
	if server := os.Getenv("FLOWS_SERVER"); server != "" {
		var id string
		id, prebuilt, _ = strings.Cut(server, "=")
		providers = []string{id}
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "flows-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()

	var making sync.WaitGroup
	var mu sync.Mutex
	var failures error
	queue := make(chan string, len(providers))
	for _, id := range providers {
		queue <- id
	}
	close(queue)
	for range 2 {
		making.Go(func() {
			for id := range queue {
				g, err := generate(ctx, filepath.Join(folder, id), id, prebuilt)
				mu.Lock()
				servers[id] = g
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
	err = serve(ctx, postgres, filepath.Join(folder, providers[0], "migrations"))
	if err != nil {
		return 1, errors.Join(err, postgres.Stop())
	}
	code = m.Run()
	database.Close()
	return code, errors.Join(oidc.Close(), insforge.Close(), postgres.Stop())
}

// generate makes a provider's server, which is built already where prebuilt says so.
func generate(ctx context.Context, dir, provider, prebuilt string) (generated, error) {
	g := generated{binary: filepath.Join(dir, "server.exe")}
	var err error
	g.settings, err = servertest.Generate(ctx, dir, generator.Answers{Name: "shop", Module: "example.com/shop", Auth: provider})
	if err != nil {
		return g, err
	}
	if prebuilt != "" {
		g.binary = prebuilt
		return g, nil
	}
	return g, servertest.Build(ctx, dir, g.binary)
}

// serve puts one InsForge behind all servers, whose migrations are the same, and starts
// the OpenID providers.
func serve(ctx context.Context, postgres *insforgetest.Server, migrations string) error {
	db, err := postgres.NewDatabase(ctx)
	if err != nil {
		return err
	}
	if err := db.MigrateAll(ctx, os.DirFS(migrations)); err != nil {
		return err
	}
	if insforge, err = db.Serve(ctx); err != nil {
		return err
	}
	if database, err = pgxpool.New(ctx, db.URL); err != nil {
		return err
	}
	application := func(id string) hosted.Client {
		settings, prefix := servers[id].settings, strings.ToUpper(id)
		return hosted.Client{
			ID: settings[prefix+"_CLIENT_ID"], Secret: settings[prefix+"_CLIENT_SECRET"],
			Redirects: []string{app + "/auth/callback", local + "/auth/callback"}, Logouts: []string{app, local},
		}
	}
	installed, err := filepath.Abs("../../../.bin/oidc")
	if err != nil {
		return err
	}
	oidc, err = hosted.StartOIDC(ctx, "../oidc", installed, application)
	return err
}
