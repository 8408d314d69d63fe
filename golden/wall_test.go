package golden

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/insforge/forge/internal/pgtest"
)

// TestWall runs the database tests of generated projects, which their own
// `make test` skips: on an empty Postgres, on a clean InsForge project, and on
// one that has the migrations already. The projects between them have every
// database test there is.
func TestWall(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects and starts Postgres; make test runs it")
	}
	empty, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := empty.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := load(t)
	for _, combo := range walls(t) {
		t.Run(combo.String(), func(t *testing.T) {
			_, target, rec := render(t, c, combo.Answers(c))
			dir := filepath.Join(t.TempDir(), "shop")
			write(t, dir, target, rec)
			database := insforgeDatabase(t)
			testDB(t, dir, empty.URL)
			testDB(t, dir, empty.URL) // the first run left nothing
			testDB(t, dir, database.URL)
			if err := database.MigrateAll(t.Context(), os.DirFS(filepath.Join(dir, "migrations"))); err != nil {
				t.Fatal(err)
			}
			testDB(t, dir, database.URL)
		})
	}
}

func testDB(t *testing.T, dir, url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", "test-db")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TEST_DATABASE_URL="+url, "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("make test-db on %s: %v\n%s", url, err, out)
	}
}
