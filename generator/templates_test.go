package generator

import (
	"bytes"
	"go/format"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/insforge/forge/templates"
)

// These tests hold the embedded templates to the rules of the design.

func shipped(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// controlLine is a template action that stands alone on its line.
var controlLine = regexp.MustCompile(`(?m)^[ \t]*\{\{-?\s*(if|else|end|range|with)\b.*\}\}[ \t]*\n`)

// wiring lists the files that may hold identifiers made from answers.
var wiring = []string{
	"payment/_checkout/files/internal/checkout/checkout.go.tmpl",
	"payment/_paywall/files/internal/payment/payment.go.tmpl",
}

// branching lists the Go templates that may have actions on lines of their own
// because what they hold depends on the kinds that were chosen, or because what is
// not to be told must not be read either.
var branching = []string{
	"base/files/cmd/server/run.go.tmpl",
	"base/files/internal/config/config.go.tmpl",
	"base/files/internal/httpapi/api.go.tmpl",
	"base/files/internal/httpapi/routes.go.tmpl",
	"payment/_paywall/files/internal/httpapi/payments.go.tmpl",
	"payment/_paywall/files/internal/payment/ledger/list.go.tmpl",
}

func goTemplates(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go.tmpl") {
			return err
		}
		data, err := fs.ReadFile(templates.FS, name)
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestTemplates_readAsGo: without its control lines, a Go template is Go, and
// gofmt has nothing to do. Editors highlight it, and people can read it.
func TestTemplates_readAsGo(t *testing.T) {
	for name, text := range goTemplates(t) {
		if slices.Contains(wiring, name) {
			continue
		}
		bare := []byte(controlLine.ReplaceAllString(text, ""))
		formatted, err := format.Source(bare)
		if err != nil {
			t.Errorf("%s does not parse as Go: %v", name, err)
		} else if !bytes.Equal(bare, formatted) {
			t.Errorf("%s is not gofmt-clean", name)
		}
	}
}

// TestTemplates_branchesAreABudget keeps conditions out of Go templates: the
// folder is the condition.
func TestTemplates_branchesAreABudget(t *testing.T) {
	condition := regexp.MustCompile(`\{\{-?\s*(if|with)\b`)
	for name, text := range goTemplates(t) {
		test := strings.HasSuffix(name, "_test.go.tmpl")
		if condition.MatchString(text) && !test && !slices.Contains(branching, name) && !slices.Contains(wiring, name) {
			t.Errorf("%s branches; let a layer own the file that differs", name)
		}
	}
}

// TestTemplates_baseNamesNoProvider: the base layer must not know who is in
// the catalog, or adding a provider would mean editing it.
func TestTemplates_baseNamesNoProvider(t *testing.T) {
	c := shipped(t)
	var names []string
	for _, p := range c.all() {
		names = append(names, p.ID, strings.ReplaceAll(p.ID, "-", "_"))
	}
	pattern := regexp.MustCompile(`(?i)\b(` + strings.Join(names, "|") + `)\b`)
	for _, name := range c.templatesIn("base") {
		data, err := fs.ReadFile(templates.FS, path.Join("base", name))
		if err != nil {
			t.Fatal(err)
		}
		if found := pattern.Find(data); found != nil {
			t.Errorf("base/%s names the provider %s", name, found)
		}
	}
}

// TestTemplates_textsFillIn executes every text of the declarations: a typo in
// an action would otherwise be printed to the user.
func TestTemplates_textsFillIn(t *testing.T) {
	c := shipped(t)
	for _, id := range c.IDs() {
		p, _ := c.Guide(id)
		for _, e := range p.Env {
			checkFilled(t, id+": "+e.Name, e.Comment+e.Example+e.Shape)
		}
		for _, s := range p.Steps {
			checkFilled(t, id+": "+s.Title, s.Title+s.Text)
			for _, f := range s.Fields {
				checkFilled(t, id+": "+s.Title+": "+f.Name, f.Name+f.Value)
			}
		}
		for _, g := range p.GoLive {
			checkFilled(t, id+": golive", g.Text)
		}
		if len(p.Steps) == 0 && p.ID != "better-auth" {
			t.Errorf("%s has no dashboard steps", id)
		}
	}
}

func checkFilled(t *testing.T, where, text string) {
	t.Helper()
	// {{user.id}} and the like are the providers' own syntax; an action of ours has a dot first.
	if regexp.MustCompile(`\{\{-?\s*\.`).MatchString(text) {
		t.Errorf("%s: an action was left in: %s", where, text)
	}
}
