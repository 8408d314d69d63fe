package merge

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/insforge/forge/internal/insforgetoml"
)

// TestFile_toml runs the merges in testdata/toml. Each says what it is about,
// and holds the sides, the merged file and the reasons of its conflicts. Without
// a base, forge's settings are added to a file that was there before it. The
// InsForge CLI would heed each file, but for one with conflicts.
func TestFile_toml(t *testing.T) {
	paths, err := filepath.Glob("testdata/toml/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no merges to run: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := make(map[string]string)
			for _, f := range archive.Files {
				text[f.Name] = string(f.Data)
				if _, err := insforgetoml.Parse(f.Name, f.Data); err != nil && strings.HasSuffix(f.Name, ".toml") && text["reasons"] == "" && !HasMarkers(f.Data) {
					t.Error(err)
				}
			}
			r, err := Result{}, error(nil)
			if base, ok := text["base.toml"]; ok {
				r, err = File("insforge.toml", []byte(base), []byte(text["user.toml"]), []byte(text["target.toml"]), testLabels)
			} else {
				r.Data, err = Adopt("insforge.toml", []byte(text["user.toml"]), []byte(text["target.toml"]))
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text["want.toml"], string(r.Data)); diff != "" {
				t.Errorf("merged file, -want +got:\n%s\n%s", diff, r.Data)
			}
			var reasons strings.Builder
			for _, c := range r.Conflicts {
				reasons.WriteString(c.Reason + "\n")
			}
			if diff := cmp.Diff(text["reasons"], reasons.String()); diff != "" {
				t.Errorf("reasons, -want +got:\n%s", diff)
			}
			checkPlaces(t, r)
		})
	}
}
