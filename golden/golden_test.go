package golden

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
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

// combination is one valid choice of providers.
type combination struct {
	auth     string
	payments []string
}

func (c combination) String() string {
	return strings.Join(append([]string{c.auth}, c.payments...), "+")
}

// combinations lists every valid choice the catalog offers.
func combinations(c *generator.Catalog) []combination {
	var all []combination
	for _, auth := range c.Auth {
		for set := range 1 << len(c.Payments) {
			combo := combination{auth: auth.ID, payments: []string{}}
			for i, p := range c.Payments {
				if set&(1<<i) != 0 {
					combo.payments = append(combo.payments, p.ID)
				}
			}
			if c.Check(combo.answers(c)) == nil {
				all = append(all, combo)
			}
		}
	}
	return all
}

// answers takes the default of everything but the providers.
func (c combination) answers(catalog *generator.Catalog) generator.Answers {
	a := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: c.auth, Payments: c.payments}
	for _, q := range catalog.Questions(a) {
		if _, ok := a.Get(q.Key); !ok {
			a = a.Set(q.Key, q.Default)
		}
	}
	return a
}

// render makes the project and forge's record of it.
func render(t testing.TB, c *generator.Catalog, a generator.Answers, n generator.Numbering) (spec *generator.Spec, target, record *generator.Tree) {
	t.Helper()
	spec, err := c.Resolve(a, n)
	if err != nil {
		t.Fatal(err)
	}
	if target, err = generator.Render(spec); err != nil {
		t.Fatal(err)
	}
	if record, err = generator.Record(spec, target); err != nil {
		t.Fatal(err)
	}
	return spec, target, record
}

// write puts a rendered project into dir with the code users run.
func write(t testing.TB, dir string, target, record *generator.Tree) {
	t.Helper()
	plan := generator.NewPlan(&generator.Tree{}, &generator.Tree{}, target)
	if err := generator.Apply(t.Context(), dir, plan, record, nil); err != nil {
		t.Fatal(err)
	}
}

// TestGolden renders the answers in each project's own manifest and compares
// every file, the unexpected and the missing ones too.
func TestGolden(t *testing.T) {
	c := load(t)
	for _, combo := range combinations(c) {
		t.Run(combo.String(), func(t *testing.T) {
			if *update {
				record(t, c, combo)
			}
			m, err := generator.ReadManifest(os.DirFS(combo.String()))
			if err != nil {
				t.Fatalf("%v (make golden writes it)", err)
			}
			if diff := cmp.Diff(combo.answers(c), m.Answers); diff != "" {
				t.Errorf("answers in the manifest (-want +got):\n%s", diff)
			}
			_, target, rec := render(t, c, m.Answers, m.Numbering())
			compare(t, combo.String(), target, rec)
		})
	}
}

// TestGolden_noStrangers fails on folders that no combination makes.
func TestGolden_noStrangers(t *testing.T) {
	known := combinations(load(t))
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		// testdata is what the tests of this package read.
		if e.IsDir() && e.Name() != "testdata" && !slices.ContainsFunc(known, func(c combination) bool { return c.String() == e.Name() }) {
			t.Errorf("%s: no combination of the catalog makes this folder", e.Name())
		}
	}
}

// compare holds a project on disk against its rendering.
func compare(t *testing.T, dir string, target, rec *generator.Tree) {
	t.Helper()
	want := map[string]string{}
	for f := range target.All() {
		want[f.Path] = string(f.Data)
	}
	for f := range rec.All() {
		pristine, ok := strings.CutPrefix(f.Path, generator.BaseDir+"/")
		if !ok {
			want[f.Path] = string(f.Data)
		} else if original := target.Lookup(pristine); original == nil || string(original.Data) != string(f.Data) {
			t.Errorf("%s is not the pristine %s", f.Path, pristine)
		}
	}
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		got[filepath.ToSlash(rel)] = string(data)
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s differs from its rendering; if the change is meant, run make golden and read the diff (-disk +rendered):\n%s", dir, diff)
	}
}

// record writes the project of a combination, after it has compiled.
func record(t *testing.T, c *generator.Catalog, combo combination) {
	t.Helper()
	_, target, rec := render(t, c, combo.answers(c), generator.Numbering{})
	trial := filepath.Join(t.TempDir(), "shop")
	write(t, trial, target, rec)
	command(t, trial, "go", "build", "-trimpath", "./...")
	command(t, trial, "go", "vet", "-trimpath", "./...")
	if t.Failed() {
		t.Fatal("not recorded")
	}
	if err := os.RemoveAll(filepath.Join(trial, filepath.FromSlash(generator.BaseDir))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(combo.String()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(combo.String(), os.DirFS(trial)); err != nil {
		t.Fatal(err)
	}
}
