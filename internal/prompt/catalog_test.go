package prompt_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/insforge/forge/generator"
)

const questions = `
[[question]]
key = "name"
message = "Project name"
help = "The folder is called so."
type = "input"
default = "shop"
format = "project-name"

[[question]]
key = "module"
message = "Go module path"
type = "input"
default = "example.com/{{ .Name }}"
format = "module-path"

[[question]]
key = "auth"
message = "Who signs users in?"
help = "One of these."
type = "select"
choices_from = "auth"

[[question]]
key = "payments"
message = "How do callers pay?"
type = "multiselect"
default = "none"
choices_from = "payment"

[[question]]
key = "greeting"
message = "Greeting"
type = "input"

[[question]]
key = "live"
message = "Is it live?"
type = "confirm"
default = "false"

[[question]]
key = "url"
message = "Address"
type = "input"
format = "origin"
when = { key = "live", is = "true" }
`

func catalog(t *testing.T) *generator.Catalog {
	t.Helper()
	return catalogOf(t, questions, "")
}

// sellers is a catalog that offers a server to which nobody signs in, at which
// voucher cannot be chosen.
func sellers(t *testing.T) *generator.Catalog {
	t.Helper()
	asked := strings.Replace(questions, "choices_from = \"auth\"\n", "choices_from = \"auth\"\nchoices = [{ value = \"none\", label = \"nobody\" }]\n", 1)
	asked = strings.Replace(asked, "default = \"none\"\n", "default = '{{ if ne .Auth \"none\" }}none{{ end }}'\n", 1)
	return catalogOf(t, asked, "needs_user = true\n")
}

// catalogOf loads a catalog of these questions; voucher has more to declare.
func catalogOf(t *testing.T, questions, voucher string) *generator.Catalog {
	t.Helper()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	provider := func(name, more string) *fstest.MapFile {
		return file("name = \"" + name + "\"\nsummary = \"for tests\"\ndocs = \"https://example.com\"\n" + more)
	}
	const credential = "credential = \"a token\"\n"
	c, err := generator.Load(fstest.MapFS{
		"catalog.toml":                  file("version = \"0.1.0\"\n" + questions),
		"base/layer.toml":               file(""),
		"auth/_common/layer.toml":       file(""),
		"auth/acme/provider.toml":       provider("Acme", credential),
		"auth/bolt/provider.toml":       provider("Bolt", credential+"conflicts = [\"coin\"]\n[[question]]\nkey = \"realm\"\nmessage = \"Realm\"\ntype = \"input\"\npattern = \"^[a-z]+$\"\nshape = \"a word\"\n"),
		"payment/card/provider.toml":    provider("Card", "package = \"card\"\n"),
		"payment/coin/provider.toml":    provider("Coin", "package = \"coin\"\n"),
		"payment/_common/layer.toml":    file(""),
		"payment/_unused/layer.toml":    file(""),
		"payment/voucher/provider.toml": provider("Voucher", "package = \"voucher\"\n"+voucher),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answered is a catalog's answers but for the keys that a test asks.
func answered(open ...string) generator.Answers {
	var a generator.Answers
	for _, kv := range [][2]string{
		{"name", "shop"}, {"module", "example.com/shop"}, {"auth", "acme"}, {"payments", "none"}, {"greeting", ""}, {"live", "false"},
	} {
		skip := false
		for _, key := range open {
			skip = skip || key == kv[0]
		}
		if !skip {
			a = a.Set(kv[0], kv[1])
		}
	}
	return a
}
