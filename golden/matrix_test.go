package golden

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
)

// TestMatrix holds every combination of the catalog to what its users rely on:
// it builds, vets, passes its own tests, is gofmt-clean, tidy and silent under
// its own linter configuration. It does so in the golden projects, which TestGolden
// wants to be what users get: tools remember what they found in a folder.
func TestMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every combination; make test runs it")
	}
	linter := golangciLint(t)
	for _, combo := range combinations(load(t)) {
		t.Run(combo.String(), func(t *testing.T) {
			t.Parallel()
			holdsUp(t, combo.String(), linter)
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
	combo := combination{auth: "clerk", payments: []string{"okx-x402"}}
	_, target, rec := render(t, c, combo.answers(c).Set("public_ledger", "true"), generator.Numbering{})
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, target, rec)
	holdsUp(t, dir, golangciLint(t))
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

// holdsUp wants the tools of the project in dir to have nothing to say about it.
func holdsUp(t *testing.T, dir, linter string) {
	t.Helper()
	command(t, dir, "go", "build", "-trimpath", "./...")
	command(t, dir, "go", "vet", "-trimpath", "./...")
	command(t, dir, "go", "test", "-trimpath", "-vet=off", "./...")
	silent(t, dir, "gofmt", "-l", ".")
	silent(t, dir, "go", "mod", "tidy", "-diff")
	command(t, dir, linter, "run", "--allow-parallel-runners", "./...")
}

// golangciLint finds the linter that `make test` installs.
func golangciLint(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("GOLANGCI_LINT"); path != "" {
		return path
	}
	path, err := exec.LookPath("golangci-lint")
	if err != nil {
		t.Fatal("golangci-lint is not installed; run the tests with `make test`, which installs it")
	}
	return path
}

// command runs a tool in a generated project; it must succeed.
func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	// As the project's own Makefile builds it. Without cgo Go links by itself,
	// which takes a fraction of the time.
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
}

// silent runs a tool that has nothing to say about a clean project. What it
// prints on standard error, such as downloads, does not count.
func silent(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || len(out) > 0 {
		t.Errorf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.Bytes())
	}
}
