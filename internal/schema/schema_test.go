package schema

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/templates"
)

// compiled is the schema called name, in a validator that nobody here wrote.
func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	document, encoded, err := Of(name, catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	if encoded == nil {
		if encoded, err = json.Marshal(document); err != nil {
			t.Fatal(err)
		}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, value); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func catalog(t *testing.T) *generator.Catalog {
	t.Helper()
	c, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fromTOML decodes text into what a validator takes.
func fromTOML(t *testing.T, text string) any {
	t.Helper()
	var decoded map[string]any
	if err := toml.Unmarshal([]byte(text), &decoded); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSchema_shippedDeclarations(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{"provider.toml": compiled(t, "provider"), "layer.toml": compiled(t, "layer")}
	seen := map[string]int{}
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || schemas[path.Base(name)] == nil || strings.Contains(name, "/files/") {
			return err
		}
		text, err := fs.ReadFile(templates.FS, name)
		if err != nil {
			return err
		}
		if err := schemas[path.Base(name)].Validate(fromTOML(t, string(text))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen[path.Base(name)]++
		return nil
	})
	if err != nil || seen["provider.toml"] < len(catalog(t).IDs()) || seen["layer.toml"] == 0 {
		t.Errorf("checked %v: %v", seen, err)
	}
}

// good is the smallest declaration that Load takes, and the lines that the wrong
// ones replace.
const good = `name = "Acme"
summary = "sign-in by Acme"
docs = "https://acme.example.com/docs"
credential = "a token"

[[question]]
key = "acme_mode"
message = "Which mode?"
type = "select"
choices = [{ value = "a", label = "the one" }]

[[env]]
name = "ACME_KEY"
comment = "The key."
pattern = '^acme_[a-z]+$'
shape = "acme_ and letters"

[[step]]
title = "Make a key"
text = "In the dashboard."

[[url]]
use = "callback"
field = "Callback"
path = "/auth/callback"

[[golive]]
text = "Check it."

[[require]]
module = "example.com/acme"
version = "v1.0.0"

[[rename]]
since = "0.2.0"
from = "a.txt"
to = "b.txt"
`

// TestSchema_wrongDeclarations: what an editor marks, forge refuses, and what forge
// takes no editor marks.
func TestSchema_wrongDeclarations(t *testing.T) {
	s := compiled(t, "provider")
	if err := s.Validate(fromTOML(t, good)); err != nil {
		t.Errorf("the good one: %v", err)
	}
	if err := load(good); err != nil {
		t.Errorf("the good one: %v", err)
	}
	for _, test := range []struct{ name, old, wrong string }{
		{"unknown key", `name = "Acme"`, "name = \"Acme\"\ncolour = \"red\""},
		{"unknown key of a question", `key = "acme_mode"`, "key = \"acme_mode\"\ncolour = \"red\""},
		{"unknown key of a variable", `comment = "The key."`, "comment = \"The key.\"\ncolour = \"red\""},
		{"unknown key of a step", `title = "Make a key"`, "title = \"Make a key\"\ncolour = \"red\""},
		{"no name", `name = "Acme"`, ""},
		{"no summary", `summary = "sign-in by Acme"`, ""},
		{"plain http", `docs = "https:`, `docs = "http:`},
		{"no credential", `credential = "a token"`, ""},
		{"both kinds' keys", `credential = "a token"`, "credential = \"a token\"\npackage = \"acme\""},
		{"a number for a name", `name = "Acme"`, "name = 7"},
		{"a question without a key", `key = "acme_mode"`, ""},
		{"a question without a message", `message = "Which mode?"`, ""},
		{"a question of no type", `type = "select"`, `type = "list"`},
		{"a format that there is not", `type = "select"`, "type = \"input\"\nformat = \"colour\""},
		{"a variable in small letters", `name = "ACME_KEY"`, `name = "acme_key"`},
		{"a variable without a comment", `comment = "The key."`, ""},
		{"a pattern without anchors", `'^acme_[a-z]+$'`, `'acme_[a-z]+'`},
		{"a step without a title", `title = "Make a key"`, ""},
		{"a step that says nothing", `text = "In the dashboard."`, ""},
		{"a use that there is not", `use = "callback"`, `use = "webhook"`},
		{"a path without its slash", `path = "/auth/callback"`, `path = "auth/callback"`},
		{"a module without a version", `version = "v1.0.0"`, ""},
		{"a version without its v", `version = "v1.0.0"`, `version = "1.0.0"`},
		{"a rename from nowhere", `from = "a.txt"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(good, test.old, test.wrong, 1)
			if text == good {
				t.Fatalf("%q is not in the good one", test.old)
			}
			if err := s.Validate(fromTOML(t, text)); err == nil {
				t.Error("the schema takes it")
			}
			if err := load(text); err == nil {
				t.Error("Load takes it")
			}
		})
	}
}

// load reads a catalog that has the shipped base, and one provider.
func load(declaration string) error {
	fsys := fstest.MapFS{
		"catalog.toml":            {Data: []byte("version = \"0.1.0\"\n")},
		"base/layer.toml":         {},
		"auth/acme/provider.toml": {Data: []byte(declaration)},
		"payment/_x/layer.toml":   {},
	}
	_, err := generator.Load(fsys)
	return err
}

func TestAnswers(t *testing.T) {
	s, c := compiled(t, answers), catalog(t)
	for _, test := range []struct {
		name, text string
		takes      bool
	}{
		{"all of them", "name = \"shop\"\nmodule = \"example.com/shop\"\nauth = \"clerk\"\npayments = [\"okx-x402\"]\n[values]\nproduction = \"false\"\nprice = \"0.01\"\n", true},
		{"none", "", true},
		{"no payments", "payments = []\n", true},
		{"payments in words", "payments = [\"none\"]\n", true},
		{"a provider that there is not", "auth = \"clark\"\n", false},
		{"a payment that there is not", "payments = [\"stripes\"]\n", false},
		{"an unknown key", "colour = \"red\"\n", false},
		{"a value at the top", "price = \"0.01\"\n", false},
		{"an unknown value", "[values]\ncolour = \"red\"\n", false},
		{"a bool for a string", "[values]\nproduction = false\n", false},
		{"a word for a bool", "[values]\nproduction = \"perhaps\"\n", false},
		{"a wrong choice", "auth = \"clerk\"\n[values]\nclerk_insforge_token = \"nobody\"\n", false},
		{"a secret", "CLERK_SECRET_KEY = \"sk_test_0000000000000000000000000000000000000000\"\n", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := s.Validate(fromTOML(t, test.text)); (err == nil) != test.takes {
				t.Errorf("the schema says: %v", err)
			}
			a, err := c.DecodeAnswers("answers.toml", []byte(test.text))
			if err == nil {
				err = c.Check(a)
			}
			if (err == nil) != test.takes {
				t.Errorf("forge says: %v", err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, name := range Names() {
		compiled(t, name)
	}
	if _, _, err := Of("colour", catalog(t)); err == nil {
		t.Error("there is a schema of colours")
	}
}
