package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"example.com/shop/internal/env"
)

// Config is what this server needs to know about the Auth0 tenant.
type Config struct {
	Domain   string // bare host
	Audience string // the Identifier of the API registered for this server
	JWKSURL  string
	Minter   MinterConfig
}

var isDomain = env.Matches(`[a-z0-9-]+(\.[a-z0-9-]+)+`)

// LoadConfig reads AUTH0_DOMAIN, AUTH0_AUDIENCE, and the minter's settings.
func LoadConfig(r *env.Reader) Config {
	domain := r.Required("AUTH0_DOMAIN",
		"the bare host in lower case, such as tenant.us.auth0.com, without https:// and without a slash", isDomain)
	return Config{
		Domain: domain,
		Audience: r.Required("AUTH0_AUDIENCE",
			"the Identifier of the API in the Auth0 dashboard, such as https://api.example.com, without blanks",
			env.Matches(`\S+`)),
		JWKSURL: jwksURL(r, "https://"+domain+"/.well-known/jwks.json"),
		Minter:  LoadMinterConfig(r),
	}
}

// A Verifier accepts the access tokens Auth0 issues for this API.
type Verifier struct {
	keys  *keySet
	rules tokenRules
}

// NewVerifier returns a Verifier for cfg. It does no I/O, and its error is nil.
func NewVerifier(cfg Config) (*Verifier, error) {
	return &Verifier{
		keys: newKeySet(cfg.JWKSURL),
		rules: tokenRules{
			issuers: []string{"https://" + cfg.Domain + "/"}, // Auth0's issuers end in a slash
			// The audience also tells access tokens from ID tokens: those name the application instead.
			audience: cfg.Audience,
			check:    checkUser,
		},
	}, nil
}

// Verify returns whom the request's bearer token names. The error is ErrNoCredential, or wraps
// ErrInvalid or ErrUnavailable.
func (v *Verifier) Verify(r *http.Request) (Identity, error) {
	raw, err := bearerToken(r)
	if err != nil {
		return Identity{}, err
	}
	// Without an audience Auth0 issues an access token only Auth0 itself can read.
	if strings.Count(raw, ".") != 2 {
		return Identity{}, fmt.Errorf("%w: not a signed JWT: the app must request an access token with audience %q",
			ErrInvalid, v.rules.audience)
	}
	return v.keys.verify(r.Context(), raw, v.rules)
}

// Ready returns nil once Auth0's keys are at hand. Its error wraps ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// Close releases what the Verifier holds.
func (v *Verifier) Close() { v.keys.close() }

// checkUser refuses the tokens of machines.
func checkUser(token decodedToken) error {
	if subject, _ := token.claims["sub"].(string); !IsUser(subject) {
		return errors.New("sub is not the ID of an Auth0 user")
	}
	return nil
}

// IsUser reports whether a subject is a user: the connection and the ID there, as in auth0|64a0c1f2. A
// machine has its client ID for a subject.
func IsUser(subject string) bool {
	connection, id, _ := strings.Cut(subject, "|")
	return connection != "" && id != "" && validSubject(subject)
}
