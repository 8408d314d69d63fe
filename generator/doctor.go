package generator

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// Doctor is what forge doctor asks an auth provider, and wants of the settings of
// a project that uses it. It is data: forge's own code knows no provider.
//
// The addresses are templates over the project's variables, such as
// https://{{ .ACME_DOMAIN }}/keys, in which a variable that is not set is "". One
// that comes out empty is not asked.
type Doctor struct {
	// Issuer issues the tokens. Where it publishes a discovery document (OpenID
	// Connect), that has to name the same issuer.
	Issuer string `toml:"issuer"`
	// JWKS is where the keys are published with which tokens are checked.
	JWKS string `toml:"jwks"`
	// Authorize starts a sign-in, complete but for redirect_uri and state. It is
	// asked with the project's callback and with one that nobody has allowed.
	Authorize string `toml:"authorize"`
	// Modes names variables whose values begin with a word or two and test or live,
	// such as sk_test_. They have to agree, and in production to be live.
	Modes []string `toml:"modes"`
	// Health answers 200 while the sign-in server is up that is the project's own.
	Health string `toml:"health"`
	// Database is where the server looks up sessions by itself.
	Database *DoctorDatabase `toml:"database"`
}

// DoctorDatabase is a Postgres schema of which the server reads some columns.
type DoctorDatabase struct {
	// URL names the variable with the address of the database, role included.
	URL    string `toml:"url"`
	Schema string `toml:"schema"`
	// Read are the columns that the server reads, by table. Its role needs no more.
	Read map[string][]string `toml:"read"`
}

// doctorFuncs are what an address may call beside what all templates may.
func doctorFuncs() template.FuncMap {
	// sprig's b64dec wants padding, which not all have, and returns its error as text.
	return template.FuncMap{"base64decode": func(s string) (string, error) {
		text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
		return string(text), err
	}}
}

// FillAddress puts the project's variables into an address of a Doctor. vars has
// every variable that the provider declares.
func FillAddress(text string, vars map[string]string) (string, error) {
	t, err := template.New("address").Funcs(funcs()).Funcs(doctorFuncs()).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, vars); err != nil {
		return "", err
	}
	return b.String(), nil
}

var (
	addressAction   = regexp.MustCompile(`\{\{[^}]*\}\}`)
	addressVariable = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b`)
)

// AddressVariables lists the variables that an address of a Doctor uses, once
// each and in its order.
func AddressVariables(text string) []string {
	var names []string
	for _, action := range addressAction.FindAllString(text, -1) {
		for _, name := range addressVariable.FindAllString(action, -1) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// checkDoctor fills in the addresses of p with the examples of the variables.
func (c *Catalog) checkDoctor(p Provider) []problem {
	d := p.Doctor
	if d == nil {
		return nil
	}
	if p.Kind != KindAuth {
		return []problem{{"doctor", "is only for auth providers"}}
	}
	var found []problem
	examples := map[string]string{}
	for _, l := range append(c.sharedLayers([]Provider{p}), c.base, p.layer) {
		for _, e := range l.Env {
			examples[e.Name] = e.Example
		}
	}
	declared := func(key string, names ...string) {
		for _, name := range names {
			if _, ok := examples[name]; !ok {
				found = append(found, problem{key, fmt.Sprintf("there is no variable %q", name)})
			}
		}
	}
	for _, a := range []struct{ key, text string }{
		{"doctor.issuer", d.Issuer}, {"doctor.jwks", d.JWKS}, {"doctor.authorize", d.Authorize}, {"doctor.health", d.Health},
	} {
		address, err := FillAddress(a.text, examples)
		if err != nil {
			found = append(found, problem{a.key, err.Error()})
			continue
		}
		if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme != "https" && a.key != "doctor.health" || u.Host == "") {
			found = append(found, problem{a.key, fmt.Sprintf("with the examples of the variables it is %q, which is no https address", address)})
		}
	}
	declared("doctor.modes", d.Modes...)
	if b := d.Database; b != nil {
		declared("doctor.database", b.URL)
		if b.Schema == "" || len(b.Read) == 0 {
			found = append(found, problem{"doctor.database", "needs a schema, and the columns to read"})
		}
	}
	return found
}

// doctorErrors are those of all providers' checks.
func (c *Catalog) doctorErrors() []error {
	var errs []error
	for _, p := range c.all() {
		for _, x := range c.checkDoctor(p) {
			errs = append(errs, &ProviderError{Path: c.at(path.Join(p.folder(), "provider.toml")), Key: x.key, Err: fmt.Errorf("%s", x.what)})
		}
	}
	return errs
}
