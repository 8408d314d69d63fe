// Package skeleton makes the folder of a new provider: small, and complete enough
// to meet every rule, to compile and to pass its own tests before its author has
// written the provider's facts into it.
package skeleton

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/insforge/forge/generator"
)

//go:embed auth payment
var skeletons embed.FS

// Provider is what is known of a provider before anything is written.
type Provider struct {
	Kind generator.Kind
	// ID is the folder's name.
	ID string
	// Name is how the provider spells itself, such as "Better Auth".
	Name string
	// Docs is an https link to the provider's documentation.
	Docs string
}

// files are the files of a provider's folder, by kind. PROVIDER stands for the ID's
// words joined by _, and PACKAGE for the Go package.
var files = map[generator.Kind]map[string]string{ //nolint:gochecknoglobals // a table, never written
	generator.KindAuth: {
		"provider.toml":                               "auth/provider.toml.skel",
		"files/internal/auth/verifier.go.tmpl":        "auth/verifier.go.skel",
		"files/internal/auth/verifier_test.go.tmpl":   "auth/verifier_test.go.skel",
		"files/internal/signin/PROVIDER.go.tmpl":      "auth/signin.go.skel",
		"files/internal/signin/PROVIDER_test.go.tmpl": "auth/signin_test.go.skel",
	},
	generator.KindPayment: {
		"provider.toml": "payment/provider.toml.skel",
		"files/internal/checkout/PACKAGE/config.go.tmpl":        "payment/config.go.skel",
		"files/internal/checkout/PACKAGE/config_test.go.tmpl":   "payment/config_test.go.skel",
		"files/internal/checkout/PACKAGE/api.go.tmpl":           "payment/api.go.skel",
		"files/internal/checkout/PACKAGE/checkout.go.tmpl":      "payment/checkout.go.skel",
		"files/internal/checkout/PACKAGE/checkout_test.go.tmpl": "payment/checkout_test.go.skel",
		"fragments/README.md.tmpl":                              "payment/README.md.skel",
		"fragments/AGENTS.md.tmpl":                              "payment/AGENTS.md.skel",
	},
}

// Kinds are the kinds that there is a skeleton of.
func Kinds() []generator.Kind { return []generator.Kind{generator.KindAuth, generator.KindPayment} }

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// taken are what an ID must not be, for what already has the name.
var taken = map[generator.Kind]map[string]string{ //nolint:gochecknoglobals // a table, never written
	generator.KindAuth: names("a file that every sign-in has in internal/signin",
		"answers", "attempt", "client-ip", "code", "cookies", "database", "discovery", "from-browser", "kept", "oidc", "return-path", "seal", "service", "store", "test", "tries"),
	generator.KindPayment: names("a part of the server's own API",
		"billing", "insforge-token", "me", "payments", "report", "todos"),
}

// noPackage are what the Go package of a checkout must not be called: what the file
// that lists checkouts calls something else, and what Go gives a meaning of its own.
var noPackage = []string{ //nolint:gochecknoglobals // a table, never written
	"as", "auth", "cfg", "checkout", "context", "ctx", "db", "documentation", "env", "http", "init", "insforge", "internal", "log", "main",
	"minter", "mux", "next", "product", "r", "s", "slog", "stop", "testdata", "vendor", "visitor",
}

func names(of string, all ...string) map[string]string {
	m := map[string]string{}
	for _, name := range all {
		m[name] = of
	}
	return m
}

// Check reports why p cannot become a provider of c, or nil. All problems are
// joined.
func (p Provider) Check(c *generator.Catalog) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(Kinds(), p.Kind) {
		wrong("there is no skeleton for %q (kinds: %s)", p.Kind, strings.ReplaceAll(strings.Trim(fmt.Sprint(Kinds()), "[]"), " ", ", "))
	}
	switch {
	case !idPattern.MatchString(p.ID) || len(p.ID) > 32:
		wrong("the ID %q is not lower-case words joined by hyphens, of 32 characters or less, such as acme-id", p.ID)
	case p.ID == generator.None:
		wrong("the ID %q is the answer for choosing nobody", p.ID)
	case taken[p.Kind][p.ID] != "":
		wrong("the ID %q is taken: it names %s", p.ID, taken[p.Kind][p.ID])
	case slices.Contains(c.IDs(), p.ID):
		wrong("there is a provider %q already", p.ID)
	case p.Kind == generator.KindPayment:
		errs = append(errs, p.checkPackage(c))
	}
	if !strings.HasPrefix(p.Docs, "https://") || strings.ContainsAny(p.Docs, " \"\\\n") {
		wrong("the documentation %q is no https link", p.Docs)
	}
	if p.Name == "" || len(p.Name) > 40 || strings.ContainsAny(p.Name, "\"\\\n`{}<>|") {
		wrong("the name %q is not one that fits in a sentence: 1 to 40 characters, no quotes, brackets or backslashes", p.Name)
	}
	return errors.Join(errs...)
}

// checkPackage reports why the Go package of a checkout cannot be called as it would
// be, or nil.
func (p Provider) checkPackage(c *generator.Catalog) error {
	name := p.Package()
	if token.IsKeyword(name) || types.Universe.Lookup(name) != nil || slices.Contains(noPackage, name) {
		return fmt.Errorf("the ID %q makes a Go package called %s, which means something else in the code around it: add a word, such as %s-pay", p.ID, name, p.ID)
	}
	for _, other := range c.Payments {
		if other.Package == name {
			return fmt.Errorf("the ID %q makes a Go package called %s, which is that of %s", p.ID, name, other.ID)
		}
	}
	return nil
}

// NameOf is the name that an ID suggests.
func NameOf(id string) string {
	words := strings.Split(id, "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// DocsOf is a link that an ID suggests, for want of a better one.
func DocsOf(id string) string { return "https://docs." + id + ".com/" }

// Prefix is what the names of the provider's variables begin with.
func (p Provider) Prefix() string { return strings.ToUpper(strings.ReplaceAll(p.ID, "-", "_")) }

// Package is the Go package of a payment provider.
func (p Provider) Package() string { return strings.ReplaceAll(p.ID, "-", "") }

// Summary is what the catalog says of it, until its author says it better.
func (p Provider) Summary() string {
	if p.Kind == generator.KindPayment {
		return "checkout pages for signed-in users"
	}
	return "hosted sign-in by OpenID Connect"
}

// Folder is the path of the provider's folder below the templates.
func (p Provider) Folder() string { return path.Join(string(p.Kind), p.ID) }

// Files renders the files of the folder, by their paths in it.
func (p Provider) Files() (*generator.Tree, error) {
	var made []generator.File
	for name, skeleton := range files[p.Kind] {
		text, err := skeletons.ReadFile(skeleton)
		if err != nil {
			return nil, err
		}
		t, err := template.New(skeleton).Delims("«", "»").Option("missingkey=error").Parse(string(text))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, p); err != nil {
			return nil, err
		}
		name = strings.NewReplacer("PROVIDER", strings.ReplaceAll(p.ID, "-", "_"), "PACKAGE", p.Package()).Replace(name)
		made = append(made, generator.File{Path: name, Mode: 0o644, Data: b.Bytes(), Source: "skeleton"})
	}
	return generator.NewTree(made)
}
