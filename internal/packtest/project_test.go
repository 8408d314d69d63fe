package packtest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/pack"
	"github.com/insforge/forge/internal/packtest"
	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/templates"
)

// TestProject: a project with a provider from a pack is as good as any other: it
// builds, vets, is tidy, silent under its linter and passes its own tests, with
// payments of forge's beside it. Where the pack comes from makes no difference.
func TestProject(t *testing.T) {
	folder, err := pack.Folder("acme", "acme")
	if err != nil {
		t.Fatal(err)
	}
	project := render(t, folder)

	proxy := t.TempDir()
	if err := packtest.Publish(proxy, "example.com/acme@v1.0.0", "acme"); err != nil {
		t.Fatal(err)
	}
	t.Run("module", func(t *testing.T) {
		t.Setenv("GOPROXY", "file://"+filepath.ToSlash(proxy))
		t.Setenv("GONOSUMDB", "example.com")
		cache := t.TempDir()
		t.Setenv("GOMODCACHE", cache)
		t.Cleanup(func() { writable(t, cache) })
		p, err := pack.Module(t.Context(), "example.com/acme@v1.0.0", false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(files(project.Target), files(render(t, p).Target)); diff != "" {
			t.Errorf("from the folder and from the module (-folder +module):\n%s", diff)
		}
	})
	t.Run("holds up", func(t *testing.T) {
		tools, err := trial.FindTools()
		if err != nil {
			t.Fatal(err)
		}
		places := trial.FindPlaces()
		dir := filepath.Join(t.TempDir(), "shop")
		if err := project.Write(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		err = places.Try("pack", dir, func(dir string) error { return tools.HoldsUp(t.Context(), dir) })
		if err != nil {
			t.Error(err)
		}
	})
}

func render(t *testing.T, p generator.Pack) trial.Project {
	t.Helper()
	catalog, err := generator.Load(templates.FS, p)
	if err != nil {
		t.Fatal(err)
	}
	project, err := trial.Render(catalog, trial.Of("kindred", "okx-x402").Answers(catalog), generator.Numbering{})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func files(tree *generator.Tree) map[string]string {
	all := map[string]string{}
	for f := range tree.All() {
		all[f.Path] = string(f.Data)
	}
	return all
}

// writable gives back the right to write, which the Go tool takes away.
func writable(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(name, 0o755)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
