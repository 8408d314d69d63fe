package doctor

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/usertoken"
)

const (
	nameBaseURL = "APP_BASE_URL"
	nameAppEnv  = "APP_ENV"
	nameJWKS    = "AUTH_JWKS_URL"
	checkModes  = "test and live"
)

// signIn is how users of a project sign in. What is asked of whom stands in the
// provider's declaration: nothing here knows one provider from another.
type signIn struct {
	*settings

	asker   *asker
	timeout time.Duration
}

// settings are the variables of a provider.
type settings struct {
	*project

	provider *generator.Provider
	// values are those of all variables that the provider declares; a value that
	// cannot be used is "".
	values map[string]string
	// wrong has the failed check of each variable without a value to use, or nil
	// for one that this project does not know of.
	wrong map[string]*Check
	// keysAt is where the issuer says that its keys are; "" until it has said so.
	keysAt string
}

func newSettings(p *project, provider *generator.Provider) *settings {
	return &settings{project: p, provider: provider, values: map[string]string{}, wrong: map[string]*Check{}}
}

func (p *project) signingIn(ctx context.Context, in Input) []Check {
	s := &signIn{newSettings(p, in.Auth), newAsker(in.Transport, in.Timeout, p.secrets), in.Timeout}
	all := s.variables()
	if base, wrong := p.vars.check(nameURL, wrongURL); wrong == nil {
		s.values[nameURL] = base // where users are InsForge's own
	} else {
		s.wrong[nameURL] = wrong
	}
	d := in.Auth.Doctor
	if d == nil {
		d = &generator.Doctor{}
	}
	all = append(all, s.modes(d.Modes)...)
	all = append(all, s.issuer(ctx, d.Issuer)...)
	all = append(all, s.keys(ctx, d)...)
	all = append(all, s.health(ctx, d.Health)...)
	all = append(all, s.clock()...)
	all = append(all, s.addresses(ctx, d.Authorize)...)
	all = append(all, s.sessions(ctx, d.Database)...)
	if in.Section == Auth { // else the section database has them
		all = append(all, p.trySecret(ctx, readMigrations(p.files, p.ledger)).secret, p.forged(ctx))
	}
	return all
}

// variables checks the shape of every variable that the provider declares. What is
// not set is missed only if the project knows of it: it may be older than the
// declaration.
func (s *settings) variables() []Check {
	var all []Check
	holder := map[string]string{} // of a secret value: the variable that has it
	if secret := s.vars.value(usertoken.SecretName); secret != "" {
		holder[secret] = usertoken.SecretName
	}
	for _, e := range s.provider.Env {
		if strings.HasPrefix(e.Name, "INSFORGE_") {
			continue // the section database has them
		}
		value, from := s.vars.Get(e.Name)
		s.values[e.Name] = ""
		if value == "" && !s.vars.Declares(e.Name) {
			if e.Required {
				s.wrong[e.Name] = nil
			}
			continue
		}
		if value == "" && !e.Required {
			s.values[e.Name] = e.Default
			continue
		}
		if e.Secret {
			s.secrets.add(value)
		}
		value, problem := s.vars.Check(e.Name, s.meaning(e), func(value string) string {
			if e.Pattern != "" && !regexp.MustCompile(e.Pattern).MatchString(value) {
				return "has not the right shape: " + e.Shape
			}
			if other := holder[value]; e.Secret && other != "" {
				return "is the same as " + other + ": whoever learns one holds both"
			}
			return ""
		})
		if problem != nil {
			c := failed(e.Name, problem.What, problem.Fix)
			s.wrong[e.Name] = &c
			all = append(all, c)
			continue
		}
		if e.Secret {
			holder[value] = e.Name
		}
		s.values[e.Name] = value
		all = append(all, ok(e.Name, "has the right shape (set in "+from+")"))
	}
	return all
}

// meaning says, after "to", what a variable's value is and who knows it.
func (s *settings) meaning(e generator.EnvVar) string {
	guide := "forge providers " + s.provider.ID + " says where it stands"
	if e.Shape == "" {
		return "its value; " + guide
	}
	return e.Shape + "; " + guide
}

// set says what to do about a variable.
func (s *settings) set(name string) string {
	_, from := s.vars.Get(name)
	for _, e := range s.provider.Env {
		if e.Name == name {
			return fmt.Sprintf("set %s in %s to %s", name, from, s.meaning(e))
		}
	}
	return set(name, from)
}

// mode finds the test or live in a key.
var mode = regexp.MustCompile(`^[a-z]+(?:[_-][a-z]+)?[_-](test|live)[_-]`)

// modes wants the keys to be of one environment of the provider, and in production
// of the live one.
func (s *signIn) modes(names []string) []Check {
	var first, is string
	for _, name := range names {
		if wrong, found := s.wrong[name]; found && wrong != nil {
			skip, _ := unmade(checkModes, wrong)
			return []Check{skip}
		}
		match := mode.FindStringSubmatch(s.values[name])
		switch {
		case match == nil:
			continue
		case is == "":
			first, is = name, match[1]
		case match[1] != is:
			return []Check{failed(checkModes, fmt.Sprintf("%s is of %s and %s of %s: they belong to two environments, and know nothing of each other's users", first, is, name, match[1]),
				fmt.Sprintf("set %s and %s to keys of one environment", first, name))}
		}
	}
	production := s.vars.value(nameAppEnv) == "production"
	switch {
	case is == "":
		return nil
	case production && is == "test":
		return []Check{failed(checkModes, first+" is of test, and APP_ENV is production: its users are not the real ones", "set "+first+" to the live environment's")}
	case !production && is == "live":
		return []Check{warning(checkModes, first+" is of live, and APP_ENV is not production: real users sign in to a server for development",
			"set "+first+" to the test environment's, or APP_ENV to production")}
	}
	return []Check{ok(checkModes, "agree: "+is)}
}

// address fills in one of the provider's addresses. An empty one is not to be
// asked, for the reason in the check, if there is one.
func (s *signIn) address(name, text string, usable func(string) bool) (string, []Check) {
	names := generator.AddressVariables(text)
	for _, v := range names {
		wrong, found := s.wrong[v]
		if !found {
			continue
		}
		if wrong == nil {
			return "", nil
		}
		skip, _ := unmade(name, wrong)
		return "", []Check{skip}
	}
	address, err := generator.FillAddress(text, s.values)
	switch {
	case err == nil && address == "":
		return "", nil
	case err != nil || !usable(address):
		set := slices.IndexFunc(names, func(v string) bool { return s.values[v] != "" })
		return "", []Check{failed(name, "cannot be asked: no address follows from "+strings.Join(names, " and "), s.set(names[max(set, 0)]))}
	}
	return address, nil
}

// unreached is the check called name of an address that gave no answer to use.
func (s *signIn) unreached(name, address, text, what string) []Check {
	return []Check{failed(name, address+" "+what, s.correct(text, ", or the network between here and it"))}
}

// correct says what to do about an address that is not the right one, or what else
// it may be.
func (s *signIn) correct(text, orElse string) string {
	names := generator.AddressVariables(text)
	for _, v := range names {
		if value, _ := s.vars.Get(v); value != "" && value == s.vars.Example[v] {
			return s.set(v) + "; so far it is the example"
		}
	}
	if len(names) == 0 {
		return "look at the network between here and it, then run forge doctor again"
	}
	return "correct " + strings.Join(names, " or ") + orElse
}

// unfit says why an answer is not the JSON that was asked for; "" if it may be.
func unfit(a *reply) string {
	switch {
	case a.status >= 300 && a.status < 400:
		return "answers with a redirect to " + a.elsewhere + ", and a server follows none to another address"
	case a.status >= 500:
		return fmt.Sprintf("answers %d: it is down, or what stands in front of it is", a.status)
	case a.status != http.StatusOK:
		return fmt.Sprintf("answers %d", a.status)
	case a.tooLong:
		return "answers with more than 1 MiB"
	}
	return ""
}
