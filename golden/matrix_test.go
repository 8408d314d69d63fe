package golden

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/insforge/forge/internal/trial"
)

// TestMatrix holds every combination of the catalog to what its users rely on:
// it builds, vets, passes its own tests, is gofmt-clean, tidy and silent under
// its own linter configuration. It does so with the golden projects, which TestGolden
// wants to be what users get. Those of one auth provider have most in common, so
// they are tried in one place, one after the other. TestServer builds their programs.
func TestMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every combination; make test runs it")
	}
	all := tools(t)
	byAuth := map[string][]trial.Combination{}
	for _, combo := range trial.Combinations(load(t)) {
		byAuth[combo.Auth] = append(byAuth[combo.Auth], combo)
	}
	for _, auth := range slices.Sorted(maps.Keys(byAuth)) {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			for _, combo := range byAuth[auth] {
				t.Run(combo.String(), func(t *testing.T) {
					tryAt(t, auth, combo.String(), func(dir string) error { return all.HoldsUpUnbuilt(t.Context(), dir) })
				})
			}
		})
	}
}

// TestMatrix_publicLedger holds a project to the same whose payments everybody may
// see, which is not the default. Its code must not know who paid.
func TestMatrix_publicLedger(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a project; make test runs it")
	}
	c := load(t)
	combo := trial.Of("clerk", "okx-x402")
	_, target, rec := render(t, c, combo.Answers(c).Set("public_ledger", "true"))
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, target, rec)
	tryAt(t, combo.Auth, dir, func(dir string) error { return tools(t).HoldsUp(t.Context(), dir) })
	private := regexp.MustCompile(`(?i)\b(payer|nonce|reason|operator)`)
	for _, path := range []string{
		"internal/httpapi/payments.go", "internal/httpapi/payments_page.go", "internal/httpapi/payments.html", "internal/httpapi/payments_error.html",
		"internal/httpapi/routes.go", "internal/payment/ledger/list.go", "internal/payment/payment.go",
	} {
		file := target.Lookup(path)
		if file == nil {
			t.Fatalf("there is no %s", path)
		}
		if found := private.Find(file.Data); found != nil {
			t.Errorf("%s says %q", path, found)
		}
	}
}

// tools finds what `make test` installs.
func tools(t *testing.T) *trial.Tools {
	t.Helper()
	found, err := trial.FindTools()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// tryAt has the project in dir tried at a place, and reports what the tools said
// there, if they said anything.
func tryAt(t *testing.T, place, dir string, try func(dir string) error) {
	t.Helper()
	places := trial.FindPlaces()
	check(t, places.Try(place, dir, try))
}

// check reports what a tool said of a project, if it said anything.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
