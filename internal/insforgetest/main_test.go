package insforgetest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insforge/forge/internal/insforgetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		if err := started.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var (
	startOnce sync.Once
	started   *insforgetest.Server
	errStart  error
)

// server is one for all tests.
func server(t *testing.T) *insforgetest.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	startOnce.Do(func() { started, errStart = insforgetest.Start(t.Context()) })
	if errStart != nil {
		t.Fatal(errStart)
	}
	return started
}

func database(t *testing.T) *insforgetest.Database {
	t.Helper()
	d, err := server(t).NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// project is one with migrations run before it is served.
func project(t *testing.T, migrations ...string) *insforgetest.Project {
	t.Helper()
	needPostgREST(t)
	d, err := server(t).NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	migrate(t, d, migrations...)
	p, err := d.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// needPostgREST skips where make installs none; on Linux a missing one is an error.
func needPostgREST(t *testing.T) {
	t.Helper()
	if runtime.GOOS+runtime.GOARCH != "linuxamd64" && os.Getenv("POSTGREST") == "" {
		t.Skip("needs PostgREST, named by POSTGREST")
	}
}

// migrate runs each as the next migration.
func migrate(t *testing.T, d *insforgetest.Database, migrations ...string) {
	t.Helper()
	ledger, err := d.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, sql := range migrations {
		if err := d.Migrate(t.Context(), fmt.Sprintf("%04d_test.sql", len(ledger)+i+1), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// refused wants a migration to fail with text in the error.
func refused(t *testing.T, d *insforgetest.Database, sql, text string) {
	t.Helper()
	err := d.Apply(t.Context(), sql)
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s\n\tgives %v, want %q", sql, err, text)
	}
}

func apply(t *testing.T, d *insforgetest.Database, sql string) {
	t.Helper()
	if err := d.Apply(t.Context(), sql); err != nil {
		t.Errorf("%s\n\tgives %v", sql, err)
	}
}

// ask runs a query as a caller and returns its one value as text.
func ask(t *testing.T, d *insforgetest.Database, c insforgetest.Caller, sql string) (string, error) {
	t.Helper()
	var text string
	err := d.As(t.Context(), c, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "select coalesce(("+sql+")::text, 'null')").Scan(&text)
	})
	return text, err
}

func sqlstate(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func apiStatus(err error) int {
	var api *insforgetest.APIError
	if errors.As(err, &api) {
		return api.Status
	}
	return 0
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// code is the code of either error shape.
func (r reply) code() string {
	var shape struct{ Error, Code string }
	_ = json.Unmarshal([]byte(r.body), &shape)
	return shape.Error + shape.Code
}

// call sends a request; credential is left out when empty. Headers are pairs.
func call(t *testing.T, method, url, credential, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(data)}
}

// expect compares the status and the error code; code "" means there is none.
func (r reply) expect(t *testing.T, what string, status int, code string) {
	t.Helper()
	if r.status != status || r.code() != code {
		t.Errorf("%s: %d %q %s, want %d %q", what, r.status, r.code(), r.body, status, code)
	}
}
