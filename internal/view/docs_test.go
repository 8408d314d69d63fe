package view_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
	"github.com/insforge/forge/templates"
)

var update = flag.Bool("update", false, "write the documentation that is made from the templates")

// top is the repository, seen from this package.
const top = "../.."

// TestDocs_areCurrent: what people read of a provider is what its declaration says.
func TestDocs_areCurrent(t *testing.T) {
	c, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range c.IDs() {
		p, _ := c.Guide(id)
		var page strings.Builder
		view.Page(&page, p)
		current(t, filepath.Join("templates", string(p.Kind), p.ID, "README.md"), page.String())
	}
	var tables strings.Builder
	view.Features(&tables, c)
	between(t, "README.md", "providers", tables.String())
	between(t, "templates/README.md", "layers", layerTable(t, c))
}

// between holds what stands in a file between the lines that begin and end what to
// the text.
func between(t *testing.T, name, what, text string) {
	t.Helper()
	begin, end := "<!-- "+what+": written by `make docs` -->\n", "<!-- end of "+what+" -->\n"
	data, err := os.ReadFile(filepath.Join(top, name))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("%s lacks the lines that the table stands between:\n%s%s", name, begin, end)
	}
	current(t, name, before+begin+"\n"+text+"\n"+end+after)
}

// layerTable lists the shared layers with the comment that each begins with, and the
// providers that name them.
func layerTable(t *testing.T, c *generator.Catalog) string {
	t.Helper()
	files, err := fs.Glob(templates.FS, "*/_*/layer.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no layers", err)
	}
	var b strings.Builder
	b.WriteString("| Layer | What it is | Named by |\n| --- | --- | --- |\n")
	for _, file := range files {
		data, err := fs.ReadFile(templates.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		about, ok := strings.CutPrefix(first, "# ")
		if !ok {
			t.Errorf("%s does not begin with a comment that says what the layer is", file)
		}
		folder := path.Dir(file)
		var by []string
		for _, p := range append(slices.Clone(c.Auth), c.Payments...) {
			if string(p.Kind) == path.Dir(folder) && slices.Contains(p.Include, path.Base(folder)) {
				by = append(by, p.ID)
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", folder, about, strings.Join(by, ", "))
	}
	return b.String()
}

// current holds a file of the repository to want, or makes it so.
func current(t *testing.T, name, want string) {
	t.Helper()
	file := filepath.Join(top, name)
	have, err := os.ReadFile(file)
	if *update {
		if string(have) != want {
			err = os.WriteFile(file, []byte(want), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v; run make docs", name, err)
	} else if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("%s is not what the templates say (-want +have); run make docs\n%s", name, diff)
	}
}

// TestDocs_noPageIsLeftOver: a page whose provider is gone goes too.
func TestDocs_noPageIsLeftOver(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(top, "templates", "*", "*", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if _, err := os.Stat(filepath.Join(filepath.Dir(page), "provider.toml")); err != nil {
			t.Errorf("%s is the page of no provider", page)
		}
	}
}
