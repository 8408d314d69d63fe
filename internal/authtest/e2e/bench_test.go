package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/servertest"
)

// TestBenchmarks runs the projects' own benchmarks of what a signed-in request costs. They
// fail above their limits when they run long enough to tell, as make bench has them.
func TestBenchmarks(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	rounds := "100x"
	if os.Getenv("FORGE_SOAK") != "" {
		rounds = "8000x"
	}
	for _, id := range []string{"clerk", betterAuth} {
		cmd := exec.CommandContext(t.Context(), "go", "test", "-run", "^$", "-bench", ".", "-benchtime", rounds, "./internal/auth")
		cmd.Dir = projects[id].dir
		cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+insforge.DatabaseURL)
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Count(string(out), "limit-x-bare") != 2 {
			t.Errorf("%s: %v\n%s", id, err, out)
		}
		t.Logf("%s", out)
	}
}
