package golden

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// insforgeServer is one for all tests.
func insforgeServer(t testing.TB) *insforgetest.Server {
	t.Helper()
	startOnce.Do(func() { started, errStart = insforgetest.Start(context.Background()) })
	if errStart != nil {
		t.Fatal(errStart)
	}
	return started
}

// insforgeDatabase is the database of a clean InsForge project.
func insforgeDatabase(t testing.TB) *insforgetest.Database {
	t.Helper()
	d, err := insforgeServer(t).NewDatabase(t.Context())
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

// migrated is a database with the migrations of the project in dir.
func migrated(t testing.TB, dir string) *insforgetest.Database {
	t.Helper()
	d := insforgeDatabase(t)
	if err := d.MigrateAll(t.Context(), os.DirFS(filepath.Join(dir, "migrations"))); err != nil {
		t.Fatal(err)
	}
	return d
}

// connect is a connection to d as its owner, whom nothing holds back.
func connect(t testing.TB, d *insforgetest.Database) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // t.Context has ended by then
	return conn
}
