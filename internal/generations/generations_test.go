package generations_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
)

// load reads generation n.
func load(t *testing.T, n int) *generator.Catalog {
	t.Helper()
	c, err := generator.Load(generations.FS(n))
	if err != nil {
		t.Fatalf("generation %d: %v", n, err)
	}
	return c
}

// combination is one valid choice of providers, with the default answer to
// every other question.
type combination struct {
	name    string
	answers generator.Answers
}

// combinations lists every valid choice that c offers, in order.
func combinations(c *generator.Catalog) []combination {
	var all []combination
	for _, auth := range c.Auth {
		for set := range 1 << len(c.Payments) {
			name, payments := auth.ID, []string{}
			for i, p := range c.Payments {
				if set&(1<<i) != 0 {
					name += "+" + p.ID
					payments = append(payments, p.ID)
				}
			}
			a := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: auth.ID, Payments: payments}
			for _, q := range c.Questions(a) {
				if _, ok := a.Get(q.Key); !ok {
					a = a.Set(q.Key, q.Default)
				}
			}
			if c.Check(a) == nil {
				all = append(all, combination{name, a})
			}
		}
	}
	return all
}

func render(t *testing.T, c *generator.Catalog, combo combination) *generator.Tree {
	t.Helper()
	s, err := c.Resolve(combo.answers, generator.Numbering{})
	if err != nil {
		t.Fatalf("%s: %v", combo.name, err)
	}
	tree, err := generator.Render(s)
	if err != nil {
		t.Fatalf("%s: %v", combo.name, err)
	}
	return tree
}

func TestFS_versionsAscend(t *testing.T) {
	for n, want := range map[int]string{1: "0.1.0", 2: "0.1.1", 3: "0.1.2"} {
		if got := load(t, n).Version; got != want {
			t.Errorf("generation %d is version %s, want %s", n, got, want)
		}
	}
	if _, err := fs.Stat(generations.FS(3), "deleted"); err == nil {
		t.Error("the list of deleted files is in the composed set")
	}
}

func TestFS_refusesOtherNumbers(t *testing.T) {
	for _, n := range []int{0, generations.Latest + 1} {
		func() {
			defer func() {
				if s, _ := recover().(string); !strings.Contains(s, "only 1 to 3") {
					t.Errorf("FS(%d) panics with %q, want the numbers there are", n, s)
				}
			}()
			generations.FS(n)
		}()
	}
}
