package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/shop/internal/env"
)

// Config is what this server needs to know about the OpenID provider.
type Config struct {
	Issuer   string // exact, with the final slash if it has one
	ClientID string // of the application users sign in to
	Audience string // of access tokens for this server; "" when it takes none
	// Parties are the client IDs of the applications whose access tokens are accepted.
	Parties []string
	JWKSURL string // "" when the issuer says where its keys are
	Minter  MinterConfig
}

// LoadConfig reads OIDC_ISSUER_URL, OIDC_CLIENT_ID, OIDC_AUDIENCE, OIDC_AUTHORIZED_PARTIES, and the minter's
// settings.
func LoadConfig(r *env.Reader) Config {
	isID := env.Matches(`[\x21-\x7e]{1,255}`)
	cfg := Config{
		Issuer: r.Required("OIDC_ISSUER_URL",
			"the https URL that the provider calls itself by, without a query (http only for a loopback host, outside production)",
			func(s string) bool { return isIssuer(s, !r.Production()) }),
		ClientID: r.Required("OIDC_CLIENT_ID", "the application's client ID, without blanks", isID),
		Audience: r.Optional("OIDC_AUDIENCE", "",
			"what the provider writes into aud of access tokens for this server, without blanks", isID),
		Parties: r.List("OIDC_AUTHORIZED_PARTIES", "a client ID without blanks", isID),
		JWKSURL: jwksURL(r, ""),
		Minter:  LoadMinterConfig(r),
	}
	if cfg.Audience != "" && cfg.Audience == cfg.ClientID {
		r.Problem("OIDC_AUDIENCE", "is OIDC_CLIENT_ID, which ID tokens are for; want an API or resource of its own at the provider")
	}
	if cfg.Parties == nil {
		cfg.Parties = []string{cfg.ClientID}
	}
	return cfg
}

// A Verifier accepts the access tokens that the OpenID provider issues for this server.
type Verifier struct {
	keys    *keySet
	rules   tokenRules
	parties []string
}

// NewVerifier returns a Verifier for cfg. It does no I/O, and its error is nil.
func NewVerifier(cfg Config) (*Verifier, error) {
	v := &Verifier{keys: newDiscoveredKeySet(cfg.Issuer), parties: cfg.Parties}
	if cfg.JWKSURL != "" {
		v.keys = newKeySet(cfg.JWKSURL)
	}
	v.rules = tokenRules{issuers: []string{cfg.Issuer}, audience: cfg.Audience, check: v.check}
	return v, nil
}

// Verify returns whom the request's bearer token names. The error is ErrNoCredential, or wraps
// ErrInvalid or ErrUnavailable.
func (v *Verifier) Verify(r *http.Request) (Identity, error) {
	raw, err := bearerToken(r)
	if err != nil {
		return Identity{}, err
	}
	// Without one, a token that was issued for any other server would be accepted here.
	if v.rules.audience == "" {
		return Identity{}, fmt.Errorf("%w: no bearer tokens are taken while OIDC_AUDIENCE is not set", ErrInvalid)
	}
	if strings.Count(raw, ".") != 2 {
		return Identity{}, fmt.Errorf("%w: not a signed JWT: the app must request an access token for %q, and the provider issue it as a JWT",
			ErrInvalid, v.rules.audience)
	}
	return v.keys.verify(r.Context(), raw, v.rules)
}

// Ready returns nil once the provider's keys are at hand. Its error wraps ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// Close releases what the Verifier holds.
func (v *Verifier) Close() { v.keys.close() }

// IsUser reports whether a subject can be a user. What it looks like is the provider's choice.
func IsUser(subject string) bool { return validSubject(subject) }

// check demands what tells a user's access token for one of our applications from all else the provider
// signs.
func (v *Verifier) check(token decodedToken) error {
	if err := checkUse(token); err != nil {
		return err
	}
	// Whoever sends a token that is bound to a key has to prove that it has the key, which nobody checks here.
	if _, ok := token.claims["cnf"]; ok {
		return errors.New("bound to a key (cnf), want a bearer token")
	}
	// Providers have several names for the application that a token was issued to.
	for _, name := range []string{"azp", "client_id", "cid", "appid"} {
		party, ok := token.claims[name]
		if !ok {
			continue
		}
		id, _ := party.(string)
		if !slices.Contains(v.parties, id) {
			return fmt.Errorf("%s %.100q, want one of %q", name, fmt.Sprint(party), v.parties)
		}
		if token.claims["sub"] == id {
			return errors.New("sub is the application itself: the token of a machine, want a user's")
		}
	}
	return nil
}

// checkUse demands an access token. RFC 9068 has them say so in their header. Of others it has to follow from
// the claims: an ID token tells its application who signed in, and is no permission to call anybody.
func checkUse(token decodedToken) error {
	if typ, ok := token.header["typ"]; ok {
		name, _ := typ.(string)
		switch strings.TrimPrefix(strings.ToLower(name), "application/") {
		case "at+jwt":
			return nil
		case "jwt":
		default:
			return fmt.Errorf("typ %.40q, want an access token", fmt.Sprint(typ))
		}
	}
	if use, ok := token.claims["typ"]; ok { // Keycloak's
		if use != "Bearer" {
			return fmt.Errorf("a token of type %.40q, want Bearer", fmt.Sprint(use))
		}
		return nil
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, ok := token.claims[name]; ok {
			return fmt.Errorf("an ID token (%s), want an access token", name)
		}
	}
	for _, name := range []string{"scope", "scp", "client_id"} {
		if _, ok := token.claims[name]; ok {
			return nil
		}
	}
	return errors.New("nothing says that it is an access token: neither typ at+jwt nor scope, scp or client_id")
}
