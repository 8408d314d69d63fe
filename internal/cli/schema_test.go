package cli

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/insforge/forge/internal/generations"
)

var update = flag.Bool("update", false, "write the contract anew")

// TestSchema_contract holds what programs rely on. The templates are those of a
// generation, so that a new provider is no change of the contract.
func TestSchema_contract(t *testing.T) {
	const file = "testdata/contract.json"
	want, code := printed(t, 1, "schema", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, want)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run make docs", err)
	}
	if diff := cmp.Diff(string(have), want); diff != "" {
		t.Errorf("forge schema --json has changed (-recorded +now). What goes or means something else needs a new view.Schema; "+
			"for what is added run make docs\n%s", diff)
	}
}

// printed is what forge prints with the templates of a generation, and its exit code.
func printed(t *testing.T, generation int, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	a := testApp(func(a *app) {
		a.In, a.Out, a.Err, a.name = strings.NewReader(""), &out, io.Discard, "forge"
		a.getenv = func(string) string { return "" }
		a.templates = generations.FS(generation)
	})
	code := run(args, a)
	return out.String(), code
}

// TestSchema_documents: what is printed is what its schema says.
func TestSchema_documents(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	is := func(generation int, name string, code int, args ...string) {
		t.Helper()
		text, got := printed(t, generation, args...)
		if got != code {
			t.Errorf("%v: exit code %d, want %d\n%s", args, got, code, text)
		}
		described, got := printed(t, generation, "schema", name)
		if got != 0 {
			t.Fatalf("schema %s: exit code %d", name, got)
		}
		if err := schemaOf(t, described).Validate(parsed(t, text)); err != nil {
			t.Errorf("%v: %v\n%s", args, err, text)
		}
	}
	is(1, "failure", 2, "new", "shop", "--json")
	is(1, "failure", 2, "new", "shop", "--auth", "clark", "--set", "colour=red", "--json")
	is(1, "failure", 2, "build", "--json")
	is(1, "failure", 1, "status", "--json")
	is(1, "plan", 0, "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults", "--dry-run", "--json")
	is(1, "plan", 0, "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults", "--json")
	t.Chdir(filepath.Join(dir, "shop"))
	is(1, "status", 0, "status", "--json")
	is(2, "status", 0, "status", "--json")
	is(1, "plan", 0, "upgrade", "--json")
	is(1, "plan", 0, "add", "payment", "okx-x402", "--defaults", "--dry-run", "--json")
	is(1, "failure", 2, "add", "payment", "stripes", "--json")
	is(1, "doctor", 1, "doctor", "--json")
	if err := os.WriteFile("Makefile", []byte("all: ours\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	is(2, "plan", 3, "upgrade", "--defaults", "--json")
	is(1, "plan", 0, "eject", "--dry-run", "--json")
}

func schemaOf(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", parsed(t, text)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}
