package generator_test

import (
	"bytes"
	"go/format"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/templates"
)

// These tests hold every combination of the shipped catalog to the rules of the
// design.

func shipped(t testing.TB) *generator.Catalog {
	t.Helper()
	c, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// variants are the answers of a combination, with each choice of each further question
// in turn, and with names of several lengths.
func variants(c *generator.Catalog, of trial.Combination) []generator.Answers {
	base := of.Answers(c)
	all := []generator.Answers{base}
	for _, q := range c.Questions(base) {
		switch {
		case q.ChoicesFrom != "":
		case q.Type == "confirm":
			all = append(all, complete(c, base.Set(q.Key, "true")), complete(c, base.Set(q.Key, "false")))
		default:
			for _, choice := range q.Choices {
				all = append(all, complete(c, base.Set(q.Key, choice.Value)))
			}
		}
	}
	short, long := base, base
	short.Name, short.Module = "s", "a.io"
	long.Name, long.Module = "a-shop-with-a-rather-long-name", "zz.example.com/of/many/elements/and/a-long-last-one/v2"
	if _, ok := base.Get("price"); ok {
		short, long = short.Set("price", "1"), long.Set("price", "123456.654321")
	}
	return append(all, short, long)
}

// complete answers what has become a question, and takes back what no longer is.
func complete(c *generator.Catalog, a generator.Answers) generator.Answers {
	a, _ = c.Carry(a)
	for _, q := range c.Questions(a) {
		if _, ok := a.Get(q.Key); !ok {
			value := q.Default
			if q.Format == "origin" {
				value = "https://app.example.com"
			}
			a = a.Set(q.Key, value)
		}
	}
	return a
}

// TestCombinations_renderGofmtClean: what a template renders is gofmt-clean,
// whatever and however long the answers are; Render does not format.
func TestCombinations_renderGofmtClean(t *testing.T) {
	c := shipped(t)
	seen := map[string]bool{}
	for _, combo := range trial.Combinations(c) {
		for _, a := range variants(c, combo) {
			s, err := c.Resolve(a, generator.Numbering{})
			if err != nil {
				t.Fatalf("%s: %v", combo, err)
			}
			tree, err := generator.Render(s)
			if err != nil {
				t.Fatalf("%s: %v", combo, err)
			}
			for f := range tree.All() {
				if !strings.HasSuffix(f.Path, ".go") || seen[f.SHA256()] {
					continue
				}
				seen[f.SHA256()] = true
				if formatted, err := format.Source(f.Data); err != nil || !bytes.Equal(f.Data, formatted) {
					t.Errorf("%s of %s with %v: gofmt would change it (%v)", f.Path, combo, a, err)
				}
			}
		}
	}
}

// TestCombinations_withoutLogin: a server at which nobody signs in has no trace of
// signing in, and is asked for no secret that signs tokens.
func TestCombinations_withoutLogin(t *testing.T) {
	c := shipped(t)
	found := 0
	for _, combo := range trial.Combinations(c) {
		if combo.Auth != generator.None {
			continue
		}
		found++
		for _, a := range variants(c, combo) {
			s, err := c.Resolve(a, generator.Numbering{})
			if err != nil {
				t.Fatalf("%s: %v", combo, err)
			}
			tree, err := generator.Render(s)
			if err != nil {
				t.Fatalf("%s: %v", combo, err)
			}
			for f := range tree.All() {
				if strings.HasPrefix(f.Source, "auth/") {
					t.Errorf("%s has %s of %s", combo, f.Path, f.Source)
				}
				for _, trace := range []string{"INSFORGE_JWT_SECRET", "internal/auth", "signin", "signed in", "todo", "/login", "requesting_user_id", "OPERATOR_SUBJECTS"} {
					if f.Path == "internal/database/catalog_test.go" && trace == "requesting_user_id" {
						continue // it knows what later migrations may come to call
					}
					if bytes.Contains(f.Data, []byte(trace)) {
						t.Errorf("%s: %s says %q", combo, f.Path, trace)
					}
				}
			}
			token := false
			for _, e := range s.Env {
				token = token || e.Name == "OPERATOR_TOKEN"
			}
			if public := a.Values["public_ledger"] == "true"; token == public {
				t.Errorf("%s with %v: OPERATOR_TOKEN is a variable: %v", combo, a.Values, token)
			}
		}
	}
	if found == 0 {
		t.Error("the catalog offers no server without login")
	}
}
