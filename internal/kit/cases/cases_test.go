package cases

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/insforge/forge/generator"
)

var update = flag.Bool("update", false, "write what the cases expect anew")

const dir = "../../../templates"

// TestCases holds every case of the shipped providers to what it expects, and wants
// one of each provider that asks something of its own.
func TestCases(t *testing.T) {
	catalog, err := generator.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range catalog.IDs() {
		all, err := Load(os.DirFS(dir), catalog, id)
		if err != nil {
			t.Fatal(err)
		}
		if p, _ := catalog.Provider(id); len(p.Questions) > 0 && len(all) == 0 {
			t.Errorf("%s asks %d questions and has no case of what their answers change", id, len(p.Questions))
		}
		for _, c := range all {
			t.Run(c.File, func(t *testing.T) {
				if *update {
					data, changed, err := c.Updated(catalog)
					if err != nil {
						t.Fatal(err)
					}
					if changed {
						if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(c.File)), data, 0o644); err != nil {
							t.Fatal(err)
						}
						t.Log("written anew")
					}
					return
				}
				if err := c.Check(catalog); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
