package generator

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// Kind is what a provider is chosen for: authentication or payment.
type Kind string

// The kinds of provider, in the order their layers are rendered.
const (
	KindAuth    Kind = "auth"
	KindPayment Kind = "payment"
)

func kinds() []Kind { return []Kind{KindAuth, KindPayment} }

// Provider is one provider's declaration, decoded strictly from its
// provider.toml. ID and Kind come from the folder it stands in, never from the
// file. It is data: what a provider needs in logic is in its generated Go.
type Provider struct {
	ID   string `toml:"-" json:"id"`
	Kind Kind   `toml:"-" json:"kind"`
	// Pack is the name of the pack it comes from, "" for one of forge's own.
	Pack string `toml:"-" json:"pack,omitempty"`

	Name    string `toml:"name" json:"name"`
	Summary string `toml:"summary" json:"summary"`
	Docs    string `toml:"docs" json:"docs"`
	// Credential is how a caller proves who they are, in Markdown, as the end
	// of "Signed in means with". Auth providers only.
	Credential string `toml:"credential" json:"credential,omitempty"`
	// Package is the Go package that holds this provider's code, beside the
	// wiring file of the layer it builds on. Payment providers only: a project may
	// have several.
	Package string `toml:"package" json:"package,omitempty"`
	// NeedsUser says that nobody can pay by it who is not signed in. Payment
	// providers only.
	NeedsUser bool `toml:"needs_user" json:"needs_user,omitempty"`
	// Include names shared layers of the same kind that this provider builds on.
	Include []string `toml:"include" json:"include,omitempty"`
	// Conflicts names providers that cannot be chosen together with this one.
	Conflicts []string `toml:"conflicts" json:"conflicts,omitempty"`
	// Doctor is what forge doctor checks of it. Auth providers only.
	Doctor *Doctor `toml:"doctor" json:"-"`

	layer
}

// Label is the provider's summary as a list of choices shows it.
func (p Provider) Label() string {
	if p.Pack == "" {
		return p.Summary
	}
	return p.Summary + " (from " + p.Pack + ")"
}

func (p Provider) folder() string { return path.Join(string(p.Kind), p.ID) }

// layer is the part of a declaration that a shared layer may have too.
type layer struct {
	Questions []Question `toml:"question" json:"questions,omitempty"`
	Env       []EnvVar   `toml:"env" json:"env,omitempty"`
	Steps     []Step     `toml:"step" json:"steps,omitempty"`
	URLs      []URL      `toml:"url" json:"urls,omitempty"`
	GoLive    []GoLive   `toml:"golive" json:"golive,omitempty"`
	Requires  []Module   `toml:"require" json:"requires,omitempty"`
	Renames   []Rename   `toml:"rename" json:"-"`
}

// SharedLayer is a layer that providers of one kind build on, decoded strictly from
// its layer.toml.
type SharedLayer struct {
	layer
	// Include names shared layers of the same kind that join wherever this one does.
	Include []string `toml:"include"`
	// When has the conditions under which the layer joins what includes it: all of
	// them have to hold.
	When []Condition `toml:"when"`
}

// EnvVar is one environment variable of the generated server.
type EnvVar struct {
	Name     string `toml:"name" json:"name"`
	Required bool   `toml:"required" json:"required"`
	// Secret variables get no value in any generated file and no place in answers.
	Secret  bool   `toml:"secret" json:"secret"`
	Default string `toml:"default" json:"default,omitempty"`
	// Example is a value of the right shape that opens nothing.
	Example string `toml:"example" json:"example,omitempty"`
	// Pattern is an anchored RE2 expression; Shape says the same in words.
	Pattern string `toml:"pattern" json:"pattern,omitempty"`
	Shape   string `toml:"shape" json:"shape,omitempty"`
	// Comment says what the variable is and where to find its value.
	Comment string `toml:"comment" json:"comment,omitempty"`
}

// Step is one thing to do in a provider's dashboard.
type Step struct {
	Title  string  `toml:"title" json:"title"`
	Text   string  `toml:"text" json:"text"`
	Source string  `toml:"source" json:"source,omitempty"`
	Fields []Field `toml:"fields" json:"fields,omitempty"`
}

// Field is one field of a dashboard form, spelled as the dashboard spells it.
type Field struct {
	Name  string `toml:"name" json:"name"`
	Value string `toml:"value" json:"value"`
}

// URL is an address of the generated project that the provider must know.
type URL struct {
	// Use is callback, logout, redirect or origin.
	Use string `toml:"use" json:"use"`
	// Field is the dashboard field that takes it.
	Field string `toml:"field" json:"field"`
	// Path is appended to the origin; "" for the bare origin.
	Path string `toml:"path" json:"path"`

	prod string // the production origin, once it is known
}

// Dev is the address on a developer's machine.
func (u URL) Dev() string { return DevURL + u.Path }

// Prod is the address under the production origin, or under an example of one.
func (u URL) Prod() string { return cmp.Or(u.prod, exampleProdURL) + u.Path }

// GoLive is one line of the checklist before real users arrive.
type GoLive struct {
	Text string `toml:"text" json:"text"`
}

// Module is a Go module that a layer's files import directly.
type Module struct {
	Path    string `toml:"module" json:"module"`
	Version string `toml:"version" json:"version"`
}

// Rename says that the templates of version Since and later write To what
// earlier ones wrote From. An upgrade moves the user's file, edits and all.
type Rename struct {
	Since string `toml:"since"`
	From  string `toml:"from"`
	To    string `toml:"to"`
}

var (
	idPattern      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	envNamePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	packagePattern = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	urlUses        = []string{"callback", "logout", "redirect", "origin"}
)

// problem is one fault in a declaration, at the key it stands under.
type problem struct{ key, what string }

// problems checks what strict decoding cannot.
func (p *Provider) problems() []problem {
	var found []problem
	add := func(key, format string, args ...any) {
		found = append(found, problem{key, fmt.Sprintf(format, args...)})
	}
	if !idPattern.MatchString(p.ID) {
		add("id", "folder name %q is not lower-case words joined by hyphens", p.ID)
	}
	if p.ID == None {
		add("id", "%q is the answer for no provider at all", None)
	}
	for _, f := range []struct{ key, value string }{{"name", p.Name}, {"summary", p.Summary}, {"docs", p.Docs}} {
		if f.value == "" {
			add(f.key, "is missing")
		}
	}
	if p.Docs != "" && !strings.HasPrefix(p.Docs, "https://") {
		add("docs", "is not an https link")
	}
	switch {
	case p.Kind == KindPayment && !packagePattern.MatchString(p.Package):
		add("package", "%q is not a Go package name of lower-case letters and digits", p.Package)
	case p.Kind != KindPayment && p.Package != "":
		add("package", "is only for payment providers")
	}
	if p.NeedsUser && p.Kind != KindPayment {
		add("needs_user", "is only for payment providers")
	}
	if (p.Kind == KindAuth) != (p.Credential != "") {
		add("credential", "is for auth providers, and every one has it")
	}
	return append(found, p.layer.problems()...)
}

func (l *layer) problems() []problem {
	var found []problem
	add := func(key, format string, args ...any) {
		found = append(found, problem{key, fmt.Sprintf(format, args...)})
	}
	for i, q := range l.Questions {
		for _, what := range q.problems() {
			add(fmt.Sprintf("question[%d]", i), "%s", what)
		}
	}
	for i, e := range l.Env {
		key := fmt.Sprintf("env[%d]", i)
		if !envNamePattern.MatchString(e.Name) {
			add(key, "name %q is not an environment variable name", e.Name)
		}
		if e.Comment == "" {
			add(key, "%s has no comment", e.Name)
		}
		if e.Pattern == "" {
			continue
		}
		re, err := regexp.Compile(e.Pattern)
		switch {
		case err != nil:
			add(key, "%s: pattern: %v", e.Name, err)
		case !strings.HasPrefix(e.Pattern, "^") || !strings.HasSuffix(e.Pattern, "$"):
			add(key, "%s: pattern is not anchored with ^ and $", e.Name)
		case e.Shape == "":
			add(key, "%s: pattern without a shape that says it in words", e.Name)
		case e.Example != "" && !re.MatchString(e.Example):
			add(key, "%s: example does not match its own pattern", e.Name)
		case e.Default != "" && !re.MatchString(e.Default):
			add(key, "%s: default does not match the pattern", e.Name)
		}
	}
	for i, r := range l.Renames {
		key := fmt.Sprintf("rename[%d]", i)
		if !semver.IsValid("v" + r.Since) {
			add(key, "since %q is not a version like 0.2.0", r.Since)
		}
		for _, name := range []string{r.From, r.To} {
			if err := checkPath(name); err != nil {
				add(key, "%v", err)
			}
		}
	}
	for i, s := range l.Steps {
		if s.Title == "" || s.Text == "" && len(s.Fields) == 0 {
			add(fmt.Sprintf("step[%d]", i), "needs a title, and a text or fields")
		}
	}
	for i, u := range l.URLs {
		if !slices.Contains(urlUses, u.Use) {
			add(fmt.Sprintf("url[%d]", i), "use %q is none of %s", u.Use, strings.Join(urlUses, ", "))
		}
		if u.Path != "" && !strings.HasPrefix(u.Path, "/") {
			add(fmt.Sprintf("url[%d]", i), "path %q does not start with /", u.Path)
		}
	}
	for i, m := range l.Requires {
		if m.Path == "" || !strings.HasPrefix(m.Version, "v") {
			add(fmt.Sprintf("require[%d]", i), "needs a module and a version like v1.2.3")
		}
	}
	return found
}
