package golden

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/templates"
)

var update = flag.Bool("update", false, "write the projects, if they compile")

func load(t testing.TB) *generator.Catalog {
	t.Helper()
	c, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// render makes the project and forge's record of it.
func render(t testing.TB, c *generator.Catalog, a generator.Answers) (spec *generator.Spec, target, record *generator.Tree) {
	t.Helper()
	p, err := trial.Render(c, a, generator.Numbering{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Spec, p.Target, p.Record
}

// write puts a rendered project into dir with the code users run.
func write(t testing.TB, dir string, target, record *generator.Tree) {
	t.Helper()
	if err := (trial.Project{Target: target, Record: record}).Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

// TestGolden renders the answers in each project's own manifest and compares
// every file, the unexpected and the missing ones too.
func TestGolden(t *testing.T) {
	c := load(t)
	for _, combo := range trial.Combinations(c) {
		t.Run(combo.String(), func(t *testing.T) {
			if *update {
				if err := trial.Update(t.Context(), c, combo.String(), combo); err != nil {
					t.Fatal(err)
				}
			}
			diff, err := trial.Compare(c, combo.String(), combo)
			if err != nil {
				t.Fatalf("%v (make golden writes it)", err)
			}
			if diff != "" {
				t.Errorf("%s differs from its rendering; if the change is meant, run make golden and read the diff (-disk +rendered):\n%s", combo, diff)
			}
		})
	}
}

// TestGolden_noStrangers fails on folders that no combination makes.
func TestGolden_noStrangers(t *testing.T) {
	known := trial.Combinations(load(t))
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		// testdata is what the tests of this package read.
		if e.IsDir() && e.Name() != "testdata" && !slices.ContainsFunc(known, func(c trial.Combination) bool { return c.String() == e.Name() }) {
			t.Errorf("%s: no combination of the catalog makes this folder", e.Name())
		}
	}
}
