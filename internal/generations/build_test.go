package generations_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/trial"
)

// TestBuild holds the later generations to what forge ships by: a project of
// theirs vets, is tidy and passes its own tests, which start the server. The combinations reach
// every layer with a lock of its own.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects; make test runs it")
	}
	places := trial.FindPlaces()
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
				err := places.Try(fmt.Sprintf("generation %d %s", n, combo.name), dir, func(dir string) error {
					return errors.Join(
						trial.Passes(t.Context(), dir),
						trial.Silent(t.Context(), dir, "go", "mod", "tidy", "-diff"),
					)
				})
				if err != nil {
					t.Error(err)
				}
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
