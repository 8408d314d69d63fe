package doctor

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/insforge/forge/generator"
)

const (
	checkIssuer    = "issuer"
	checkKeys      = "signing keys"
	checkHealth    = "sign-in server"
	checkClock     = "clock"
	checkAddresses = "addresses"
)

// issuer compares the issuer whose tokens the project takes with what the provider
// says of itself.
func (s *signIn) issuer(ctx context.Context, text string) []Check {
	want, not := s.address(checkIssuer, text, safeURL)
	if want == "" {
		return not
	}
	address := strings.TrimSuffix(want, "/") + "/.well-known/openid-configuration"
	a, problem := s.asker.get(ctx, s.asker.near, address)
	if problem != "" {
		return s.unreached(checkIssuer, address, text, problem)
	}
	if a.status == http.StatusNotFound {
		return []Check{warning(checkIssuer, address+" is not there, so the issuer cannot be compared",
			"compare "+want+" with the iss claim of a token of yours")}
	}
	var says struct {
		Issuer string
		Keys   string `json:"jwks_uri"`
	}
	switch {
	case unfit(a) != "":
		return s.unreached(checkIssuer, address, text, unfit(a))
	case json.Unmarshal(a.body, &says) != nil || says.Issuer == "":
		return s.unreached(checkIssuer, address, text, "answers what is no discovery document ("+s.kind(a)+")")
	case says.Issuer != want:
		return []Check{failed(checkIssuer,
			fmt.Sprintf("%s names the issuer %q, and this project takes tokens of %q alone: every one is refused", address, s.secrets.quoted(says.Issuer), want),
			s.correct(text, ""))}
	}
	s.keysAt = says.Keys
	return []Check{ok(checkIssuer, want+" is what the provider calls itself")}
}

// kind is an answer's media type, for people.
func (s *signIn) kind(a *reply) string {
	if a.kind == "" {
		return "without a media type"
	}
	return s.secrets.quoted(a.kind)
}

// keys wants a key that a server takes where it reads them: at the declared address,
// or else where the issuer says.
func (s *signIn) keys(ctx context.Context, d *generator.Doctor) []Check {
	text, usable, wanted := d.JWKS, jwk.usable, wantedRS256
	if text == "" {
		usable, wanted = jwk.usableByAny, wantedOfAny
	}
	if own := s.values[nameJWKS]; own != "" || s.wrong[nameJWKS] != nil {
		text = "{{ ." + nameJWKS + " }}"
	}
	address, not := s.address(checkKeys, text, safeURL)
	if text == "" && s.keysAt != "" {
		text = d.Issuer
		if address = s.keysAt; !safeURL(address) {
			return s.unreached(checkKeys, s.secrets.quoted(address), text, "is where the issuer has its keys, and no https address")
		}
	}
	if address == "" {
		return not
	}
	a, problem := s.asker.get(ctx, s.asker.near, address)
	if problem == "" {
		problem = unfit(a)
	}
	if problem != "" {
		return s.unreached(checkKeys, address, text, problem)
	}
	var set struct{ Keys []jwk }
	if json.Unmarshal(a.body, &set) != nil || set.Keys == nil {
		return s.unreached(checkKeys, address, text, "answers what is no key set ("+s.kind(a)+")")
	}
	n := len(set.Keys)
	set.Keys = slices.DeleteFunc(set.Keys, func(k jwk) bool { return !usable(k) })
	if len(set.Keys) == 0 {
		return s.unreached(checkKeys, address, text, fmt.Sprintf("has no key that a server takes (of %d): %s", n, wanted))
	}
	return []Check{ok(checkKeys, fmt.Sprintf("%s has %d that a server takes", address, len(set.Keys)))}
}

// jwk is a published key.
type jwk struct{ Kty, Crv, Kid, Use, Alg, N string }

// Which keys generated servers take.
const (
	wantedRS256 = "RSA of at least 2048 bits, with a kid, for signatures by RS256"
	wantedOfAny = "RSA of at least 2048 bits, P-256, P-384 or Ed25519, with a kid, for signatures"
)

// usable says that a generated server takes the key whose provider signs with RS256.
func (k jwk) usable() bool {
	return k.Kty == "RSA" && k.usableByAny() && (k.Alg == "" || k.Alg == "RS256")
}

// usableByAny says that a generated server takes the key whose provider publishes what
// it signs with.
func (k jwk) usableByAny() bool {
	if k.Kid == "" || k.Use != "" && k.Use != "sig" {
		return false
	}
	algorithms := []string{"", "EdDSA"}
	switch k.Kty + " " + k.Crv {
	case "EC P-256":
		algorithms[1] = "ES256"
	case "EC P-384":
		algorithms[1] = "ES384"
	case "OKP Ed25519":
	case "RSA ":
		const minBits = 2048
		if modulus, err := base64.RawURLEncoding.DecodeString(k.N); err != nil || new(big.Int).SetBytes(modulus).BitLen() < minBits {
			return false
		}
		algorithms = []string{"", "RS256", "PS256"}
	default:
		return false
	}
	return slices.Contains(algorithms, k.Alg)
}

// health asks the project's own sign-in server.
func (s *signIn) health(ctx context.Context, text string) []Check {
	address, not := s.address(checkHealth, text, func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	})
	if address == "" {
		return not
	}
	a, problem := s.asker.get(ctx, s.asker.near, address)
	if problem == "" {
		problem = unfit(a)
	}
	if problem != "" {
		return []Check{failed(checkHealth, address+" "+problem,
			"start it (README.md, Set up "+s.provider.Name+"), or correct "+strings.Join(generator.AddressVariables(text), " or "))}
	}
	return []Check{ok(checkHealth, address+" answers 200")}
}

// How far clocks may be apart. A generated server allows a minute; many providers'
// libraries allow 5 seconds.
const (
	noticeable = 5 * time.Second
	fatal      = time.Minute
)

// clock compares the clock here with the provider's. Tokens say when they were made
// and when they end.
func (s *signIn) clock() []Check {
	switch {
	case !s.asker.answered:
		return nil // which other checks say
	case s.asker.ahead == nil:
		return []Check{warning(checkClock, "cannot be compared: no answer of the provider says what time it is", "look whether this machine's clock is set by NTP")}
	}
	apart, where := s.asker.ahead.Abs().Round(time.Second), "ahead of"
	if *s.asker.ahead < 0 {
		where = "behind"
	}
	said := fmt.Sprintf("is %v %s the provider's", apart, where)
	switch {
	case apart > fatal:
		return []Check{failed(checkClock, said+": tokens that are good are refused, and ones that have ended are taken", "set this machine's clock by NTP")}
	case apart > noticeable:
		return []Check{warning(checkClock, said, "set this machine's clock by NTP")}
	}
	return []Check{ok(checkClock, "agrees with the provider's within 5 seconds")}
}

// addresses says which addresses of the project the provider has to know, and asks
// where it can be asked.
func (s *signIn) addresses(ctx context.Context, authorize string) []Check {
	if len(s.provider.URLs) == 0 {
		return nil
	}
	base, wrong := s.vars.check(nameBaseURL, wrongBaseURL)
	if wrong != nil {
		skip, _ := unmade(checkAddresses, wrong)
		return []Check{*wrong, skip}
	}
	var all []Check
	var unasked []string
	for _, u := range s.provider.URLs {
		address := base + u.Path
		if list, own := s.values[u.Field]; own { // the list is a setting of the project
			all = append(all, s.listed(u.Field, list, address)...)
			continue
		}
		if u.Use == "callback" {
			if known := s.callback(ctx, authorize, u.Field, address); known != nil {
				all = append(all, known...)
				continue
			}
		}
		unasked = append(unasked, u.Field+" has "+address)
	}
	if unasked != nil {
		list := strings.Join(unasked, ", ")
		all = append(all, warning(checkAddresses, "some lists only "+s.provider.Name+" knows, and nobody may ask it for them", "look there yourself, whether "+list))
	}
	return all
}

func wrongBaseURL(value string) string {
	what := wrongURL(value)
	if strings.HasPrefix(what, "begins with http://") {
		return "begins with http://, and signing in needs https everywhere but on this machine"
	}
	return what
}

func (s *signIn) listed(name, list, address string) []Check {
	if wrong := s.wrong[name]; wrong != nil {
		skip, _ := unmade(checkAddresses, wrong)
		return []Check{skip}
	}
	for item := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(item) == address {
			return []Check{ok(checkAddresses, name+" has "+address)}
		}
	}
	_, from := s.vars.Get(name)
	return []Check{failed(checkAddresses, name+" has not "+address+", which is APP_BASE_URL: who signs in there is refused", "add "+address+" to "+name+" in "+from)}
}

// callback begins a sign-in that is to return to address, and two that are to return
// where nobody has allowed it. A provider that treats the first like the others, or
// the others not alike, does not tell, and then the result is nil.
func (s *signIn) callback(ctx context.Context, authorize, field, address string) []Check {
	begin, not := s.address(checkAddresses, authorize, safeURL)
	if begin == "" {
		return not
	}
	u, err := url.Parse(begin)
	if err != nil {
		return nil // which address has refused already
	}
	try := func(to string) (*reply, string) {
		q := u.Query()
		q.Set("redirect_uri", to)
		q.Set("state", rand.Text())
		return s.asker.get(ctx, s.asker.first, (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawQuery: q.Encode()}).String())
	}
	ours, problem := try(address)
	if problem != "" {
		return s.unreached(checkAddresses, u.Scheme+"://"+u.Host+u.Path, authorize, problem)
	}
	if busy(ours) {
		return nil
	}
	if ours.status >= 400 {
		return []Check{failed(checkAddresses, fmt.Sprintf("%s answers %d to a sign-in that returns to %s", s.provider.Name, ours.status, address),
			"add "+address+" to "+field+" there, or correct "+strings.Join(generator.AddressVariables(authorize), " or "))}
	}
	const nobodys = "https://forge-doctor.invalid/auth/callback"
	one, problem := try(nobodys)
	if problem != "" || busy(one) || alike(ours, one) {
		return nil
	}
	if two, problem := try(nobodys); problem != "" || !alike(one, two) {
		return nil
	}
	return []Check{ok(checkAddresses, field+" has "+address)}
}

// busy says that an answer is about the provider and not about what was asked.
func busy(r *reply) bool { return r.status >= 500 || r.status == http.StatusTooManyRequests }

// alike says that two answers lead to one page.
func alike(a, b *reply) bool {
	if a.status != b.status || (a.location == nil) != (b.location == nil) {
		return false
	}
	return a.location == nil || a.location.Host == b.location.Host && a.location.Path == b.location.Path
}
