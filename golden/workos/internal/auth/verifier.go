package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"example.com/shop/internal/env"
)

// Config is what this server needs to know about the WorkOS environment.
type Config struct {
	ClientID string
	Issuers  []string // a token must name one of them
	JWKSURL  string
	Minter   MinterConfig
}

// LoadConfig reads WORKOS_CLIENT_ID, WORKOS_ISSUER, and the minter's settings.
func LoadConfig(r *env.Reader) Config {
	clientID := r.Required("WORKOS_CLIENT_ID",
		"client_ followed by 26 capital letters and digits", env.Matches(`client_[0-9A-Z]{26}`))
	issuers := r.List("WORKOS_ISSUER", "https URLs exactly as in the iss claim of your tokens", isIssuer)
	if len(issuers) == 0 {
		// Older environments use the first form, those made since the middle of 2025 the second.
		issuers = []string{"https://api.workos.com", "https://api.workos.com/user_management/" + clientID}
	}
	return Config{
		ClientID: clientID,
		Issuers:  issuers,
		JWKSURL:  jwksURL(r, "https://api.workos.com/sso/jwks/"+clientID),
		Minter:   LoadMinterConfig(r),
	}
}

func isIssuer(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// A Verifier accepts the access tokens of AuthKit sessions.
type Verifier struct {
	keys  *keySet
	rules tokenRules
}

// NewVerifier returns a Verifier for cfg. It does no I/O, and its error is nil.
func NewVerifier(cfg Config) (*Verifier, error) {
	return &Verifier{
		// WorkOS puts no audience into session tokens. Reading the keys of our own client ID is what
		// binds a token to this application, so its address must never come from a token.
		keys:  newKeySet(cfg.JWKSURL),
		rules: tokenRules{issuers: cfg.Issuers, check: checkUser},
	}, nil
}

// Verify returns whom the request's bearer token names. The error is ErrNoCredential, or wraps
// ErrInvalid or ErrUnavailable.
func (v *Verifier) Verify(r *http.Request) (Identity, error) {
	raw, err := bearerToken(r)
	if err != nil {
		return Identity{}, err
	}
	return v.VerifyToken(r.Context(), raw)
}

// VerifyToken returns whom a token names that did not come with a request, with the same errors.
func (v *Verifier) VerifyToken(ctx context.Context, raw string) (Identity, error) {
	return v.keys.verify(ctx, raw, v.rules)
}

// Ready returns nil once the keys of WorkOS are at hand. Its error wraps ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// Close releases what the Verifier holds.
func (v *Verifier) Close() { v.keys.close() }

var isUserID = env.Matches(`user_[0-9A-Z]{26}`)

// checkUser refuses the tokens of machines and applications, which have other subjects.
func checkUser(token decodedToken) error {
	if subject, _ := token.claims["sub"].(string); !isUserID(subject) {
		return errors.New("sub is not the ID of a WorkOS user")
	}
	return nil
}
