package skeleton

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/kit/lint"
	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/templates"
)

// with are the shipped templates with a new provider in them.
func with(t *testing.T, p Provider) fs.FS {
	t.Helper()
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(catalog); err != nil {
		t.Fatal(err)
	}
	tree, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	all := fstest.MapFS{}
	err = fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates.FS, name)
		all[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for f := range tree.All() {
		all[p.Folder()+"/"+f.Path] = &fstest.MapFile{Data: f.Data, Mode: f.Mode}
	}
	return all
}

// TestFiles_meetEveryRule: what is written first has no findings, whatever the
// provider is called.
func TestFiles_meetEveryRule(t *testing.T) {
	for _, p := range []Provider{
		{Kind: generator.KindAuth, ID: "acme", Name: "Acme", Docs: "https://docs.acme.com/"},
		{Kind: generator.KindAuth, ID: "a-rather-long-name-for-a-login2", Name: "A Rather Long Name, For A Log-in", Docs: "https://a.example/b?c=d#e"},
		{Kind: generator.KindAuth, ID: "x", Name: "x", Docs: "https://x.example"},
		{Kind: generator.KindPayment, ID: "acme", Name: "Acme", Docs: "https://docs.acme.com/"},
		{Kind: generator.KindPayment, ID: "a-rather-long-name-for-a-checkou", Name: "A Rather Long Name, For A Check-out", Docs: "https://a.example/b?c=d#e"},
		{Kind: generator.KindPayment, ID: "x", Name: "x", Docs: "https://x.example"},
	} {
		found, err := lint.Run(with(t, p), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Errorf("%s: %s", p.ID, f)
		}
	}
}

// TestFiles_besideAnother: whatever a checkout is called, the files that name it and
// another one are as gofmt leaves them.
func TestFiles_besideAnother(t *testing.T) {
	for _, id := range []string{"acme", "x", "a-rather-long-name-for-a-checkou", "zebra"} {
		catalog, err := generator.Load(with(t, Provider{Kind: generator.KindPayment, ID: id, Name: "Acme", Docs: "https://docs.acme.com/"}))
		if err != nil {
			t.Fatal(err)
		}
		project, err := trial.Render(catalog, trial.Of("clerk", id, "stripe").Answers(catalog), generator.Numbering{})
		if err != nil {
			t.Fatal(err)
		}
		for f := range project.Target.All() {
			if !strings.HasSuffix(f.Path, ".go") {
				continue
			}
			if formatted, err := format.Source(f.Data); err != nil || !bytes.Equal(f.Data, formatted) {
				t.Errorf("%s with %s: gofmt would change it (%v)", f.Path, id, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		good := Provider{Kind: kind, ID: "acme", Name: "Acme", Docs: "https://docs.acme.com/"}
		if err := good.Check(catalog); err != nil {
			t.Error(err)
		}
		for name, change := range map[string]func(*Provider){
			"kind":              func(p *Provider) { p.Kind = "storage" },
			"capital":           func(p *Provider) { p.ID = "Acme" },
			"path":              func(p *Provider) { p.ID = "../acme" },
			"underscore":        func(p *Provider) { p.ID = "_acme" },
			"nobody":            func(p *Provider) { p.ID = "none" },
			"a file's name":     func(p *Provider) { p.Kind, p.ID = generator.KindAuth, "cookies" },
			"a route":           func(p *Provider) { p.Kind, p.ID = generator.KindPayment, "billing" },
			"a keyword":         func(p *Provider) { p.Kind, p.ID = generator.KindPayment, "go" },
			"a type":            func(p *Provider) { p.Kind, p.ID = generator.KindPayment, "string" },
			"a package":         func(p *Provider) { p.Kind, p.ID = generator.KindPayment, "s-log" },
			"package there":     func(p *Provider) { p.Kind, p.ID = generator.KindPayment, "st-ripe" },
			"there already":     func(p *Provider) { p.ID = "kinde" },
			"name with a quote": func(p *Provider) { p.Name = `A"cme` },
			"no link":           func(p *Provider) { p.Docs = "docs.acme.com" },
		} {
			p := good
			change(&p)
			if err := p.Check(catalog); err == nil {
				t.Errorf("%s: %+v was taken", name, p)
			}
		}
	}
}

// TestTaken: an ID must not make a file that a shared layer has in internal/signin.
func TestTaken(t *testing.T) {
	names, err := fs.Glob(templates.FS, "auth/_*/files/internal/signin/*.go.tmpl")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %d files", err, len(names))
	}
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".go.tmpl")
		id := strings.ReplaceAll(strings.TrimSuffix(base, "_test"), "_", "-")
		if taken[generator.KindAuth][id] == "" {
			t.Errorf("%s: an ID of %q would make it, too", name, id)
		}
	}
}

// TestTaken_routes: the routes of a checkout must be below none of the server's own,
// or it would not start.
func TestTaken_routes(t *testing.T) {
	route, found := regexp.MustCompile(`"[A-Z]+ /v1/([a-z-]+)`), 0
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go.tmpl") || strings.HasSuffix(name, "_test.go.tmpl") || !strings.Contains(name, "/files/internal/") {
			return err
		}
		text, err := fs.ReadFile(templates.FS, name)
		for _, m := range route.FindAllStringSubmatch(string(text), -1) {
			if found++; taken[generator.KindPayment][m[1]] == "" {
				t.Errorf("%s: an ID of %q would have routes below %s, too", name, m[1], m[0])
			}
		}
		return err
	})
	if err != nil || found == 0 {
		t.Errorf("%v, %d routes", err, found)
	}
}

// TestNoPackage: a checkout's package must have no name that is another thing's in
// the file which lists checkouts.
func TestNoPackage(t *testing.T) {
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	const wiring, shipped = "internal/checkout/checkout.go", "stripe"
	project, err := trial.Render(catalog, trial.Of("clerk", shipped).Answers(catalog), generator.Numbering{})
	if err != nil {
		t.Fatal(err)
	}
	f := project.Target.Lookup(wiring)
	if f == nil {
		t.Fatalf("there is no %s", wiring)
	}
	file, err := parser.ParseFile(token.NewFileSet(), wiring, f.Data, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{file.Name.Name}
	for _, i := range file.Imports {
		names = append(names, path.Base(strings.Trim(i.Path.Value, `"`)))
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			for _, fields := range []*ast.FieldList{n.Recv, n.Type.Params, n.Type.Results} {
				if fields != nil {
					for _, field := range fields.List {
						for _, name := range field.Names {
							names = append(names, name.Name)
						}
					}
				}
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names = append(names, name.Name)
			}
		}
		return true
	})
	lower := regexp.MustCompile(`^[a-z][a-z0-9]*$`) // as packages are
	for _, name := range names {
		if lower.MatchString(name) && name != shipped && !slices.Contains(noPackage, name) {
			t.Errorf("a package called %s would not compile, or read badly, in %s", name, wiring)
		}
	}
}

// TestFiles_holdUp: the project of a new provider builds, vets, passes its tests
// and is silent under its linter, with nothing changed in the folder.
func TestFiles_holdUp(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a project; make test runs it")
	}
	tools, err := trial.FindTools()
	if err != nil {
		t.Fatal(err)
	}
	places := trial.FindPlaces()
	for kind, combination := range map[generator.Kind]trial.Combination{
		generator.KindAuth:    trial.Of("acme"),
		generator.KindPayment: trial.Of("clerk", "acme"),
	} {
		t.Run(string(kind), func(t *testing.T) {
			catalog, err := generator.Load(with(t, Provider{Kind: kind, ID: "acme", Name: "Acme", Docs: "https://docs.acme.com/"}))
			if err != nil {
				t.Fatal(err)
			}
			project, err := trial.Render(catalog, combination.Answers(catalog), generator.Numbering{})
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "shop")
			if err := project.Write(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			err = places.Try("skeleton "+string(kind), dir, func(dir string) error { return tools.HoldsUp(t.Context(), dir) })
			if err != nil {
				t.Error(err)
			}
		})
	}
}
