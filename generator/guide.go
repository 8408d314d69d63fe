package generator

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/insforge/forge/internal/spelling"
)

// Guide returns the provider id as a newcomer needs to read it: texts filled in
// for a project called shop, and the variables and requirements of the layers
// it builds on joined to its own.
func (c *Catalog) Guide(id string) (Provider, bool) {
	p, ok := c.Provider(id)
	if !ok {
		return Provider{}, false
	}
	s := &Spec{
		Answers: Answers{Name: "shop", Module: "example.com/shop"},
		DevURL:  DevURL, ProdURL: exampleProdURL,
	}
	var joined layer
	whole := p
	whole.Include = c.includes(p)
	for _, l := range append(c.sharedLayers([]Provider{whole}), p.layer) {
		l = s.fill(l)
		joined.Questions = append(joined.Questions, l.Questions...)
		joined.Env = append(joined.Env, l.Env...)
		joined.Steps = append(joined.Steps, l.Steps...)
		joined.URLs = append(joined.URLs, l.URLs...)
		joined.GoLive = append(joined.GoLive, l.GoLive...)
		joined.Requires = append(joined.Requires, l.Requires...)
	}
	p.layer = joined
	return p, true
}

// Chosen returns the providers that a names, auth first, each with the variables
// of the shared layers it builds on in front of its own.
func (c *Catalog) Chosen(a Answers) []Provider {
	chosen := c.chosen(a)
	for i, p := range chosen {
		var env []EnvVar
		for _, l := range c.sharedLayers([]Provider{p}) {
			env = append(env, l.Env...)
		}
		chosen[i].Env = append(env, p.Env...)
	}
	return chosen
}

// DecodeAnswers reads an answers file: TOML with the keys name, module, auth,
// payments and the table values. Unknown keys and secrets are errors that name
// the file and the line; all of them are joined.
func (c *Catalog) DecodeAnswers(file string, data []byte) (Answers, error) {
	var a Answers
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&a)
	errs := tomlErrors(file, err)
	for _, e := range errs {
		var at *ProviderError
		if !errors.As(e, &at) {
			continue
		}
		if _, secret := c.secrets[at.Key]; secret {
			at.Err = errors.New("is a secret, and answers are written into the project: put it in .env instead")
		} else if at.Err.Error() == "unknown key" {
			at.Err = errors.New(c.unknownAnswer(at.Key))
		} else if strings.HasPrefix(at.Err.Error(), "cannot decode TOML ") { // into what, is Go's name for it
			at.Err = errors.New(wantedAnswer(at.Key))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Answers{}, err
	}
	if a.Payments != nil {
		a.Payments = SplitList(strings.Join(a.Payments, ","))
	}
	return a, nil
}

// wantedAnswer says what the value of a key of an answers file has to be.
func wantedAnswer(key string) string {
	switch key {
	case KeyPayments:
		return `has to be a list, such as ["okx-x402"], or [] for none`
	case "values":
		return "has to be a table: [values], and below it the answers to all other questions"
	}
	return `has to be a string in quotes, such as "true" or "0.01"`
}

// unknownAnswer explains a key that an answers file has no place for.
func (c *Catalog) unknownAnswer(key string) string {
	top := []string{KeyName, KeyModule, KeyAuth, KeyPayments, "values"}
	for _, q := range c.AllQuestions() {
		if q.Key == key && !slices.Contains(top, key) {
			return fmt.Sprintf("unknown key: %s belongs under [values]", key)
		}
	}
	if near := spelling.Nearest(key, top); near != "" {
		return fmt.Sprintf("unknown key, did you mean %q?", near)
	}
	return "unknown key (known: " + strings.Join(top, ", ") + ")"
}

// Carry returns the recorded answers without those that no question asks for
// any more, and the keys of those.
func (c *Catalog) Carry(a Answers) (carried Answers, dropped []string) {
	asked := map[string]bool{}
	for _, q := range c.Questions(a) {
		asked[q.Key] = true
	}
	carried = a
	carried.Values = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(a.Values)) {
		if asked[key] {
			carried.Values[key] = a.Values[key]
		} else {
			dropped = append(dropped, key)
		}
	}
	return carried, dropped
}
