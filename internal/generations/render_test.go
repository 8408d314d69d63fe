package generations_test

import (
	"bytes"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
)

// TestRender_everyCombination: every combination of every generation renders,
// parses and is gofmt-clean.
func TestRender_everyCombination(t *testing.T) {
	for n := 1; n <= generations.Latest; n++ {
		c := load(t, n)
		for _, combo := range combinations(c) {
			t.Run(fmt.Sprintf("%d/%s", n, combo.name), func(t *testing.T) {
				t.Parallel()
				for f := range render(t, c, combo).All() {
					if path.Ext(f.Path) != ".go" {
						continue
					}
					formatted, err := format.Source(f.Data)
					if err != nil {
						t.Errorf("%s: %v", f.Path, err)
					} else if !bytes.Equal(f.Data, formatted) {
						t.Errorf("%s is not gofmt-clean", f.Path)
					}
				}
			})
		}
	}
}

// release is what a generation does to the paths of a project. The package
// comment says the same, and other tests rely on it.
type release struct {
	renamed        map[string]string
	added, deleted []string
}

var releases = map[int]release{
	2: {
		renamed: map[string]string{
			"internal/httpapi/json.go":      "internal/httpapi/codec.go",
			"internal/httpapi/json_test.go": "internal/httpapi/codec_test.go",
		},
		added: []string{
			"internal/httpapi/callers.go", "internal/httpapi/callers_test.go",
			"internal/httpapi/favicon.go", "internal/httpapi/favicon.png", "internal/httpapi/favicon_test.go",
			"internal/httpapi/overload.go", "internal/httpapi/overload_test.go",
			"migrations/N_forget-user.sql",
			"scripts/release.sh", "scripts/smoke.sh",
		},
	},
	3: {
		renamed: map[string]string{
			"internal/httpapi/codec.go":      "internal/httpapi/bodies.go",
			"internal/httpapi/codec_test.go": "internal/httpapi/bodies_test.go",
		},
		deleted: []string{".dockerignore", "internal/httpapi/overload.go", "internal/httpapi/overload_test.go"},
	},
}

// TestReleases compares the paths of each generation with those of the one
// before, in every combination.
func TestReleases(t *testing.T) {
	for n, want := range releases {
		before, after := load(t, n-1), load(t, n)
		for i, combo := range combinations(after) {
			old, now := outputs(render(t, before, combinations(before)[i])), outputs(render(t, after, combo))
			var got release
			for _, p := range slices.Sorted(maps.Keys(old)) {
				to, renamed := want.renamed[p]
				switch {
				case now[p]:
				case renamed && now[to]:
					delete(now, to)
				default:
					got.deleted = append(got.deleted, p)
				}
				delete(now, p)
			}
			got.added = slices.Sorted(maps.Keys(now))
			if diff := cmp.Diff(want.added, got.added); diff != "" {
				t.Errorf("generation %d of %s adds (-want +got):\n%s", n, combo.name, diff)
			}
			if diff := cmp.Diff(want.deleted, got.deleted); diff != "" {
				t.Errorf("generation %d of %s deletes (-want +got):\n%s", n, combo.name, diff)
			}
		}
	}
}

// migrationNumber is the part of a migration's name that depends on what else
// was rendered.
var migrationNumber = regexp.MustCompile(`^migrations/[0-9]+_`)

func outputs(tree *generator.Tree) map[string]bool {
	paths := map[string]bool{}
	for f := range tree.All() {
		paths[migrationNumber.ReplaceAllString(f.Path, "migrations/N_")] = true
	}
	return paths
}

// TestReleases_declareTheirRenames: the newest layer declares every rename
// there ever was, each since its own version, so that an upgrade over several
// releases can follow them.
func TestReleases_declareTheirRenames(t *testing.T) {
	data, err := fs.ReadFile(generations.FS(generations.Latest), "base/layer.toml")
	if err != nil {
		t.Fatal(err)
	}
	var layer struct {
		Renames []generator.Rename `toml:"rename"`
	}
	if err := toml.Unmarshal(data, &layer); err != nil {
		t.Fatal(err)
	}
	var want []generator.Rename
	for n := 2; n <= generations.Latest; n++ {
		for _, from := range slices.Sorted(maps.Keys(releases[n].renamed)) {
			want = append(want, generator.Rename{Since: load(t, n).Version, From: from, To: releases[n].renamed[from]})
		}
	}
	if diff := cmp.Diff(want, layer.Renames); diff != "" {
		t.Errorf("base/layer.toml declares (-want +got):\n%s", diff)
	}
}

// TestReleases_kindsOfFile holds the files that other tests need for their kind.
func TestReleases_kindsOfFile(t *testing.T) {
	trees := map[int]*generator.Tree{}
	for n := 2; n <= generations.Latest; n++ {
		c := load(t, n)
		trees[n] = render(t, c, combinations(c)[0])
	}
	for _, script := range []struct {
		path string
		n    int
		mode fs.FileMode
	}{
		{"scripts/smoke.sh", 2, 0o755},
		{"scripts/smoke.sh", 3, 0o644},
		{"scripts/release.sh", 2, 0o644},
		{"scripts/release.sh", 3, 0o755},
	} {
		if got := trees[script.n].Lookup(script.path).Mode; got != script.mode {
			t.Errorf("generation %d: %s has mode %o, want %o", script.n, script.path, got, script.mode)
		}
	}
	const binary = "internal/httpapi/favicon.png"
	if bytes.Equal(trees[2].Lookup(binary).Data, trees[3].Lookup(binary).Data) {
		t.Errorf("%s is the same in generations 2 and 3", binary)
	}
	for n, tree := range trees {
		if !strings.ContainsRune(string(tree.Lookup(binary).Data), 0) {
			t.Errorf("generation %d: %s has no NUL byte", n, binary)
		}
	}
}
