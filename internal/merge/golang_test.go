package merge

import (
	"go/format"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestFile_go runs the merges in testdata/go. Each says what it is about, holds
// the three sides and the merged file, and the reasons of its conflicts.
func TestFile_go(t *testing.T) {
	paths, err := filepath.Glob("testdata/go/*.txtar")
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
			}
			labels := Labels{User: "yours", Base: "base", Target: "forge"}
			r := goFile([]byte(text["base.go"]), []byte(text["user.go"]), []byte(text["target.go"]), labels)
			if diff := cmp.Diff(text["want.go"], string(r.Data)); diff != "" {
				t.Errorf("merged file, -want +got:\n%s", diff)
			}
			var reasons strings.Builder
			for _, c := range r.Conflicts {
				if c.Reason != "" {
					reasons.WriteString(c.Reason + "\n")
				}
			}
			if diff := cmp.Diff(text["reasons"], reasons.String()); diff != "" {
				t.Errorf("reasons, -want +got:\n%s", diff)
			}
			checkPlaces(t, r)
			_, err = format.Source([]byte(text["user.go"]))
			if _, merged := format.Source(r.Data); len(r.Conflicts) == 0 && err == nil && merged != nil {
				t.Errorf("the merged file is not Go: %v", merged)
			}
		})
	}
}
