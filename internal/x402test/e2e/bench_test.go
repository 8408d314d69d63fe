package e2e_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/servertest"
)

// TestBenchmarks runs the project's own benchmarks, which fail when a request costs
// more allocations than it may. How long they take is not looked at.
func TestBenchmarks(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-run", "^$", "-bench", ".", "-benchtime", "100x", "./internal/payment/okx")
	cmd.Dir = project
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "limit-allocs/op") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
