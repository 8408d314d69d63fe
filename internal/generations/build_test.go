package generations_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
)

// TestBuild holds the later generations to what forge ships by: a project of
// theirs vets, is tidy and passes its own tests, which start the server. The combinations reach
// every layer with a lock of its own.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects; make test runs it")
	}
	for n := 2; n <= generations.Latest; n++ {
		c := load(t, n)
		for _, combo := range combinations(c) {
			if combo.name != "clerk+okx-x402" && combo.name != "better-auth" {
				continue
			}
			t.Run(fmt.Sprintf("%d/%s", n, combo.name), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				write(t, dir, render(t, c, combo))
				goTool(t, dir, "vet", "-trimpath", "./...")
				goTool(t, dir, "test", "-trimpath", "-vet=off", "./...")
				goTool(t, dir, "mod", "tidy", "-diff")
			})
		}
	}
}

func write(t *testing.T, dir string, tree *generator.Tree) {
	t.Helper()
	for f := range tree.All() {
		file := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, f.Mode); err != nil {
			t.Fatal(err)
		}
	}
}

// goTool runs the Go tool in dir. It must succeed.
func goTool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	// As the project's own Makefile builds it.
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, &out)
	}
}
