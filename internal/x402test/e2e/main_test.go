// Package e2e_test sells to buyers with money: a generated server as users run it,
// its ledger behind a whole InsForge, a facilitator that settles, and a chain to
// look at afterwards. Each numbered test is a way in which published x402 servers
// have lost money or given their goods away.
package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/servertest"
)

// What all tests share: one server binary, the project it was built from, and one
// Postgres.
var (
	binary   string
	project  string
	settings map[string]string // what .env.example has, and what it requires
	insforge *insforgetest.Server
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
		return m.Run(), nil // prepare skips each test
	}
	// Most of the time goes by in waiting for a server to lose patience.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		if err := parallel.Value.Set("6"); err != nil {
			return 1, err
		}
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	project = filepath.Join(folder, "shop")
	if settings, err = servertest.Generate(ctx, project, generator.Answers{
		Name: "shop", Module: "example.com/shop", Auth: "clerk", Payments: []string{"okx-x402"},
	}); err != nil {
		return 1, err
	}
	if err := edit(project); err != nil {
		return 1, err
	}
	binary = filepath.Join(folder, "server.exe")
	if err := servertest.Build(ctx, project, binary); err != nil {
		return 1, err
	}
	if insforge, err = insforgetest.Start(ctx); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, insforge.Stop()
}

// edit adds what a user would: routes of his own, sold next to the report.
func edit(dir string) error {
	api := filepath.Join(dir, "internal", "httpapi")
	path := filepath.Join(api, "routes.go")
	routes, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const above = "	mux.Handle(\"GET /v1/payments/status/{claim}\""
	if strings.Count(string(routes), above) != 1 {
		return fmt.Errorf("%s has no place for more routes", path)
	}
	edited := strings.Replace(string(routes), above, "	own(mux, d)\n"+above, 1)
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join("testdata", "own.go.txt"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(api, "own.go"), own, 0o600)
}
