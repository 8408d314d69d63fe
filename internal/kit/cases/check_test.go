package cases

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/templates"
)

// only is the shipped catalog with one case of a provider's.
func only(t *testing.T, text string) (Case, *generator.Catalog) {
	t.Helper()
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"auth/auth0/cases/a.txtar": &fstest.MapFile{Data: []byte(text)}}
	all, err := Load(fsys, catalog, "auth0")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d cases, %v", len(all), err)
	}
	return all[0], catalog
}

const action = "With the Action.\n-- answers.toml --\n[values]\nauth0_insforge_token = \"action\"\n"

// TestCheck: an expectation that is not met is a problem that says so.
func TestCheck(t *testing.T) {
	for name, test := range map[string]struct{ text, problem string }{
		"lines":             {action + "-- lines --\n+ auth0/insforge-token.js: createHmac\n- README.md: JWT template\n", ""},
		"a line is missing": {action + "-- lines --\n+ README.md: JWT template\n", `README.md does not say "JWT template"`},
		"a line is there":   {action + "-- lines --\n- auth0/insforge-token.js: createHmac\n", `insforge-token.js says "createHmac"`},
		"no such file":      {action + "-- lines --\n+ auth0/token.js: createHmac\n", "there is no auth0/token.js"},
		"no sign":           {action + "-- lines --\nREADME.md: a\n", "is neither"},
		"another diff":      {action + "-- diff --\ndiff --git a/README.md b/README.md\n@@\n+a\n", "otherwise than expected"},
		"another file":      {action + "-- want/insforge.toml --\n[auth]\n", "+disable_signup = true"},
		"a file too many":   {action + "-- want/auth0/other.js --\na\n", "there is no auth0/other.js"},
		"not refused":       {action + "-- error --\nno\n", `refused with "", want "no\n"`},
		"refused":           {"A slip.\n-- answers.toml --\n[values]\nauth0_insforge_token = \"acton\"\n-- lines --\n", "the answers are refused"},
		"nothing expected":  {action, "expects nothing"},
		"nothing said":      {strings.TrimPrefix(action, "With the Action.\n"), "says nothing in front"},
		"no answers":        {"Nothing.\n-- diff --\n", "has no file answers.toml"},
		"unknown section":   {action + "-- wants/a --\na\n", `has a file "wants/a"`},
		"a section twice":   {action + "-- lines --\n-- lines --\n", "has lines twice"},
		"unknown answer":    {"A slip.\n-- answers.toml --\n[valuess]\na = \"b\"\n-- diff --\n", `did you mean "values"`},
		"another provider":  {"Kinde.\n-- answers.toml --\nauth = \"kinde\"\n-- diff --\n", "do not choose auth0"},
	} {
		c, catalog := only(t, test.text)
		err := c.Check(catalog)
		if test.problem == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var unmet UnmetError
		if !errors.As(err, &unmet) || unmet.File != c.File || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: got %v, want %q", name, err, test.problem)
		}
	}
}

// TestUpdated: what is written anew is met, keeps what its author wrote, and is not
// written a second time.
func TestUpdated(t *testing.T) {
	refused := "A slip.\n-- answers.toml --\n[values]\nauth0_insforge_token = \"rule\"\n"
	for _, text := range []string{
		action, action + "-- diff --\nold\n", action + "-- want/insforge.toml --\nold\n-- lines --\n- README.md: nothing of the kind\n",
		action + "-- error --\nrefused once\n", refused, refused + "-- diff --\nold\n",
	} {
		c, catalog := only(t, text)
		data, changed, err := c.Updated(catalog)
		if err != nil || !changed {
			t.Fatalf("%q: changed %v, %v", text, changed, err)
		}
		if !strings.HasPrefix(string(data), text[:strings.Index(text, "\"\n")]) || strings.Contains(text, "-- lines --") != strings.Contains(string(data), "-- lines --") {
			t.Errorf("%q became\n%s", text, data)
		}
		again, _ := only(t, string(data))
		if err := again.Check(catalog); err != nil {
			t.Errorf("written anew: %v", err)
		}
		if _, changed, err := again.Updated(catalog); changed || err != nil {
			t.Errorf("written a second time: %v, %v", changed, err)
		}
	}
}

// TestEmbedded: cases are no part of forge's binary, let alone of a project.
func TestEmbedded(t *testing.T) {
	err := fs.WalkDir(templates.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.Contains(name, "/cases") {
			t.Errorf("%s is embedded", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
