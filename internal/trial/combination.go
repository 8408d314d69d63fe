// Package trial tries what the catalog offers: it renders combinations of
// providers, holds them against the golden projects, and has the tools of a
// generated project say what they think of it. The tests of the golden projects
// and `forge template test` are both made of it.
package trial

import (
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

// Combination is one valid choice of providers. Its name, which is that of its
// golden project, is their IDs joined by +.
type Combination struct {
	Auth     string
	Payments []string
}

// Of is the combination of an auth provider and payment options.
func Of(auth string, payments ...string) Combination {
	return Combination{Auth: auth, Payments: append([]string{}, payments...)}
}

func (c Combination) String() string {
	return strings.Join(append([]string{c.Auth}, c.Payments...), "+")
}

// Has says whether a provider is part of it.
func (c Combination) Has(id string) bool {
	return c.Auth == id || slices.Contains(c.Payments, id)
}

// Combinations lists every valid choice the catalog offers, by auth provider and
// then by payment options.
func Combinations(catalog *generator.Catalog) []Combination {
	auths := make([]string, 0, len(catalog.Auth)+1)
	for _, p := range catalog.Auth {
		auths = append(auths, p.ID)
	}
	var all []Combination
	for _, auth := range append(auths, generator.None) {
		for set := range 1 << len(catalog.Payments) {
			c := Combination{Auth: auth, Payments: []string{}}
			for i, p := range catalog.Payments {
				if set&(1<<i) != 0 {
					c.Payments = append(c.Payments, p.ID)
				}
			}
			if catalog.Check(c.Answers(catalog)) == nil {
				all = append(all, c)
			}
		}
	}
	return all
}

// Answers takes the default of everything but the providers.
func (c Combination) Answers(catalog *generator.Catalog) generator.Answers {
	a := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: c.Auth, Payments: c.Payments}
	for _, q := range catalog.Questions(a) {
		if _, ok := a.Get(q.Key); !ok {
			a = a.Set(q.Key, q.Default)
		}
	}
	return a
}
