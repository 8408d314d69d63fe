package golden

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/trial"
)

// TestWall_mutants opens the wall around a project's data in every way that one
// statement or clause less in its migrations can, and wants the project's own
// database tests to notice each. Every migration of the catalog, and every test of
// one, is in one of the projects.
func TestWall_mutants(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres and runs hundreds of tests; make test runs it")
	}
	tried := map[string]bool{} // by what is in a file, whatever its number
	for _, combo := range walls(t) {
		project := combo.String()
		t.Run(project, func(t *testing.T) { mutateWall(t, project, tried) })
	}
}

// mutateWall tries the mutants of a project's migrations, but of those tried before.
func mutateWall(t *testing.T, project string, tried map[string]bool) {
	files := migrationFiles(t, project)
	bin := filepath.Join(t.TempDir(), "wall.test.exe")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-trimpath", "-ldflags=-s -w", "-o", bin, "./internal/database")
	build.Dir, build.Env = project, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const workers = 3
	benches := make([]*bench, workers)
	for i := range benches {
		benches[i] = newBench(t, bin, files)
	}
	if verdict, out := benches[0].run(t, 0, files[0], ".", ""); verdict != survived {
		t.Fatalf("unmutated, the tests do not pass:\n%s", out)
	}
	type job struct {
		at int // which of the files it is one of
		mutant
	}
	var all []job
	for at, file := range files {
		if tried[file.sql] {
			continue
		}
		tried[file.sql] = true
		for i, m := range mutants(t, file) {
			// make soak tries all. Here every other one is, and of what functions do
			// inside one in ten.
			if i%2 == 0 && (!m.inBody || i%10 == 0) || os.Getenv("FORGE_SOAK") != "" {
				all = append(all, job{at, m})
			}
		}
	}
	queue := make(chan job)
	count := map[verdict]int{}
	var mu sync.Mutex
	var running sync.WaitGroup
	for _, bench := range benches {
		running.Go(func() {
			for m := range queue {
				quick, slow := likely(m.file.name)
				got, out := bench.run(t, m.at, m.file, quick, slow)
				if got == survived && slow != "" {
					got, out = bench.run(t, m.at, m.file, slow, "")
				}
				if got == survived {
					got, out = bench.run(t, m.at, m.file, ".", "")
				}
				mu.Lock()
				count[got]++
				if got == survived {
					t.Errorf("not noticed: %s", m.what)
				}
				if got == stuck {
					t.Logf("does not run again: %s", m.what)
				}
				if got == broken {
					t.Errorf("does not migrate, so it proves nothing: %s\n%s", m.what, out)
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range all {
		queue <- m
	}
	close(queue)
	running.Wait()
	noticed := count[killed] + count[stuck]
	t.Logf("%d of %d mutants noticed, %d of them as a migration does not run again", noticed, len(all), count[stuck])
}

// walls are a few golden projects that between them have every migration of all
// combinations and every database test, word for word: mutants of those stand for
// all.
func walls(t *testing.T) []trial.Combination {
	t.Helper()
	type text struct{ name, says string }
	left := map[text]bool{}
	of := map[string][]text{}
	combos := map[string]trial.Combination{}
	for _, combo := range trial.Combinations(load(t)) {
		project := combo.String()
		combos[project] = combo
		for _, file := range migrationFiles(t, project) {
			_, title, _ := strings.Cut(file.name, "_")
			of[project] = append(of[project], text{title, file.sql})
		}
		tests, err := filepath.Glob(filepath.Join(project, "internal", "database", "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			data, err := os.ReadFile(test)
			if err != nil {
				t.Fatal(err)
			}
			of[project] = append(of[project], text{filepath.Base(test), string(data)})
		}
		for _, t := range of[project] {
			left[t] = true
		}
	}
	adds := func(project string) (n int) {
		for _, t := range of[project] {
			if left[t] {
				n++
			}
		}
		return n
	}
	var chosen []trial.Combination
	for len(left) > 0 {
		best := slices.MaxFunc(slices.Sorted(maps.Keys(of)), func(a, b string) int { return cmp.Compare(adds(a), adds(b)) })
		for _, t := range of[best] {
			delete(left, t)
		}
		chosen = append(chosen, combos[best])
	}
	return chosen
}

// likely are the tests that look at a migration first of all, and those of them that
// take long, if any do: they come last.
func likely(file string) (tests, slow string) {
	switch _, title, _ := strings.Cut(file, "_"); title {
	case "requesting-user-id.sql":
		return "^(TestRequestingUserID|TestCatalog|TestTodos.*)$", ""
	case "todos.sql":
		return "^(TestTodos.*|TestCatalog)$", ""
	case "profiles.sql":
		return "^(TestProfiles.*|TestSeeUser|TestDeleteUser|TestCatalog)$", ""
	case "sign-in-sessions.sql":
		return "^(TestSessions_closed|TestBeginSession|TestLeaseSession|TestCatalog)$", ""
	case "better-auth-schema.sql":
		return "^TestBetterAuth$", ""
	case "payments.sql":
		return "^(TestPayments_closed|TestPayments_plan|TestLedger_.*|TestCatalog)$", "^TestLedger_steps$"
	case "payments-recovery.sql":
		return "^(TestRecovery_.*|TestCatalog)$", ""
	case "payments-overview.sql":
		return "^(TestOverview_.*|TestCatalog)$", ""
	case "stripe-purchases.sql":
		return "^(TestPurchases_.*|TestStripe_.*|TestCatalog)$", "^TestStripe_anyOrder$"
	case "stripe-checkout.sql":
		return "^TestCheckout_ownOnly$", ""
	case "payments-realtime.sql":
		return "^(TestPayments_realtime|TestCatalog)$", ""
	}
	return ".", ""
}

// verdict is what the database tests say of a mutant.
type verdict int

const (
	survived verdict = iota // they pass
	killed                  // one fails
	stuck                   // one fails, as a migration does not run again
	broken                  // none runs, as a migration does not
)

// bench is a place to run the database tests of a project in. They run the migrations
// that the database does not have.
type bench struct {
	bin, dir string
	database *insforgetest.Database
	files    []migrationFile
	has      int // how many of the files the database has
}

func newBench(t *testing.T, bin string, files []migrationFile) *bench {
	t.Helper()
	bench := &bench{bin: bin, dir: t.TempDir(), database: insforgeDatabase(t), files: files}
	for _, folder := range []string{"migrations", filepath.Join("internal", "database")} {
		if err := os.MkdirAll(filepath.Join(bench.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		bench.put(t, file)
	}
	return bench
}

func (r *bench) put(t *testing.T, file migrationFile) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "migrations", file.name), []byte(file.sql), 0o600); err != nil {
		t.Error(err)
	}
}

var second = regexp.MustCompile(`: a second run: `)

// run is what some of the tests, but not those, say when the file at an index is
// another. They leave nothing in the database, which gets the files before that one
// first: so the index must not be less than in an earlier run.
func (r *bench) run(t *testing.T, at int, changed migrationFile, tests, but string) (verdict, string) {
	t.Helper()
	for ; r.has < at; r.has++ {
		if err := r.database.Migrate(t.Context(), r.files[r.has].name, r.files[r.has].sql); err != nil {
			t.Error(err)
		}
	}
	r.put(t, changed)
	defer r.put(t, r.files[at])
	cmd := exec.CommandContext(t.Context(), r.bin, "-test.failfast", "-test.run", tests, "-test.skip", but)
	cmd.Dir = filepath.Join(r.dir, "internal", "database")
	// Some mutants never come to an end.
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+r.database.URL+"&statement_timeout=3000")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil && bytes.HasPrefix(out, []byte("PASS")):
		return survived, string(out)
	case err == nil || !errors.As(err, &exit):
		t.Errorf("running the tests: %v\n%s", err, out)
		return survived, fmt.Sprint(err)
	case !bytes.Contains(out, []byte("--- FAIL: ")):
		return broken, string(out)
	case second.Match(out):
		return stuck, string(out)
	}
	return killed, string(out)
}
