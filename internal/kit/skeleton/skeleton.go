// Package skeleton makes the folder of a new provider: small, and complete enough
// to meet every rule, to compile and to pass its own tests before its author has
// written the provider's facts into it.
package skeleton

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/insforge/forge/generator"
)

//go:embed auth
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

// files are the files of a provider's folder, by kind. They hold .ID's words
// joined by _.
var files = map[generator.Kind]map[string]string{ //nolint:gochecknoglobals // a table, never written
	generator.KindAuth: {
		"provider.toml":                               "auth/provider.toml.skel",
		"files/internal/auth/verifier.go.tmpl":        "auth/verifier.go.skel",
		"files/internal/auth/verifier_test.go.tmpl":   "auth/verifier_test.go.skel",
		"files/internal/signin/PROVIDER.go.tmpl":      "auth/signin.go.skel",
		"files/internal/signin/PROVIDER_test.go.tmpl": "auth/signin_test.go.skel",
	},
}

// Kinds are the kinds that there is a skeleton of.
func Kinds() []generator.Kind { return []generator.Kind{generator.KindAuth} }

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// taken are names that the layers' own files in internal/signin have.
var taken = []string{ //nolint:gochecknoglobals // a table, never written
	"answers", "attempt", "code", "cookies", "database", "discovery", "from-browser", "oidc", "return-path", "seal", "service", "store", "test",
}

// Check reports why p cannot become a provider of c, or nil. All problems are
// joined.
func (p Provider) Check(c *generator.Catalog) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case slices.Contains(Kinds(), p.Kind):
	case p.Kind == generator.KindPayment:
		wrong("there is no skeleton for payment providers, which have too little in common: begin with a copy of a folder " +
			"in templates/payment that sells as yours does, to signed-in users or for each request")
	default:
		wrong("there is no skeleton for %q (kinds: auth)", p.Kind)
	}
	switch {
	case !idPattern.MatchString(p.ID) || len(p.ID) > 32:
		wrong("the ID %q is not lower-case words joined by hyphens, of 32 characters or less, such as acme-id", p.ID)
	case p.ID == generator.None:
		wrong("the ID %q is the answer for choosing nobody", p.ID)
	case slices.Contains(taken, p.ID):
		wrong("the ID %q names a file that every sign-in has, internal/signin/%s.go", p.ID, strings.ReplaceAll(p.ID, "-", "_"))
	case slices.Contains(c.IDs(), p.ID):
		wrong("there is a provider %q already", p.ID)
	}
	if !strings.HasPrefix(p.Docs, "https://") || strings.ContainsAny(p.Docs, " \"\\\n") {
		wrong("the documentation %q is no https link", p.Docs)
	}
	if p.Name == "" || len(p.Name) > 40 || strings.ContainsAny(p.Name, "\"\\\n`{}<>|") {
		wrong("the name %q is not one that fits in a sentence: 1 to 40 characters, no quotes, brackets or backslashes", p.Name)
	}
	return errors.Join(errs...)
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

// Summary is what the catalog says of it, until its author says it better.
func (p Provider) Summary() string { return "hosted sign-in by OpenID Connect" }

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
		name = strings.ReplaceAll(name, "PROVIDER", strings.ReplaceAll(p.ID, "-", "_"))
		made = append(made, generator.File{Path: name, Mode: 0o644, Data: b.Bytes(), Source: "skeleton"})
	}
	return generator.NewTree(made)
}
