package view_test

import (
	"flag"
	"os"
	"path/filepath"
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

// The lines around the tables of README.md.
const (
	begin = "<!-- providers: written by `make docs` -->\n"
	end   = "<!-- end of providers -->\n"
)

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
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(readme), begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("README.md lacks the lines that the table of providers stands between:\n%s%s", begin, end)
	}
	current(t, "README.md", before+begin+"\n"+tables.String()+"\n"+end+after)
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
