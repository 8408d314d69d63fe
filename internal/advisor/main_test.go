package advisor

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

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

// database is a clean project's, on a server that all tests share.
func database(t *testing.T) *insforgetest.Database {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	startOnce.Do(func() { started, errStart = insforgetest.Start(context.Background()) })
	if errStart != nil {
		t.Fatal(errStart)
	}
	d, err := started.NewDatabase(t.Context())
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

// connect opens a connection as the superuser.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// exec runs a script.
func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in\n%s", err, sql)
	}
}

// migrated is a fresh project with migrations run as the backend runs them.
func migrated(t *testing.T, migrations ...string) *pgx.Conn {
	t.Helper()
	d := database(t)
	for i, sql := range migrations {
		if err := d.Migrate(t.Context(), fmt.Sprintf("%d_test.sql", i+1), sql); err != nil {
			t.Fatal(err)
		}
	}
	return connect(t, d.URL)
}

// found lists what the rules of some scopes say, "severity rule object" each.
func found(t *testing.T, conn *pgx.Conn, l limits, scopes ...scope) []string {
	t.Helper()
	findings, err := scan(t.Context(), conn, l, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range findings {
		if f.Detail == "" || f.Fix == "" {
			t.Errorf("%v lacks its detail or its fix", f)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Severity, f.Rule, f.Object))
	}
	return lines
}

// of keeps what one rule says.
func of(t *testing.T, conn *pgx.Conn, l limits, id string) []Finding {
	t.Helper()
	for _, r := range rules() {
		if r.id != id {
			continue
		}
		findings, err := scan(t.Context(), conn, l, r.scope)
		if err != nil {
			t.Fatal(err)
		}
		var kept []Finding
		for _, f := range findings {
			if f.Rule == id {
				kept = append(kept, f)
			}
		}
		return kept
	}
	t.Fatalf("there is no rule %s", id)
	return nil
}
