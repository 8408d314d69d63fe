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

// Config is what this server needs to know about the Kinde business.
type Config struct {
	Issuer   string // without a final slash
	ClientID string // of the application users sign in to
	Audience string // of the API registered for this server; "" when there is none
	JWKSURL  string
	Minter   MinterConfig
}

// LoadConfig reads KINDE_ISSUER_URL, KINDE_CLIENT_ID, KINDE_AUDIENCE, and the minter's settings.
func LoadConfig(r *env.Reader) Config {
	issuer := r.Required("KINDE_ISSUER_URL", "an https URL without a path, such as https://yourbusiness.kinde.com", isIssuer)
	issuer = strings.TrimSuffix(issuer, "/") // copied along easily, but not part of the issuer
	return Config{
		Issuer: issuer,
		ClientID: r.Required("KINDE_CLIENT_ID",
			"the application's Client ID, 32 digits and letters from a to f", env.Matches(`[0-9a-f]{32}`)),
		Audience: r.Optional("KINDE_AUDIENCE", "",
			"the Audience of one API registered in Kinde, without blanks", env.Matches(`\S+`)),
		JWKSURL: jwksURL(r, issuer+"/.well-known/jwks"),
		Minter:  LoadMinterConfig(r),
	}
}

func isIssuer(s string) bool {
	return strings.HasPrefix(s, "https://") && env.Origin(strings.TrimSuffix(s, "/"))
}

// A Verifier accepts the access tokens Kinde issues to our application.
type Verifier struct {
	keys     *keySet
	rules    tokenRules
	clientID string
	audience string
}

// NewVerifier returns a Verifier for cfg. It does no I/O, and its error is nil.
func NewVerifier(cfg Config) (*Verifier, error) {
	v := &Verifier{keys: newKeySet(cfg.JWKSURL), clientID: cfg.ClientID, audience: cfg.Audience}
	v.rules = tokenRules{issuers: []string{cfg.Issuer}, check: v.check}
	return v, nil
}

// Verify returns whom the request's bearer token names. The error is ErrNoCredential, or wraps
// ErrInvalid or ErrUnavailable.
func (v *Verifier) Verify(r *http.Request) (Identity, error) {
	raw, err := bearerToken(r)
	if err != nil {
		return Identity{}, err
	}
	return v.keys.verify(r.Context(), raw, v.rules)
}

// Ready returns nil once Kinde's keys are at hand. Its error wraps ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// Close releases what the Verifier holds.
func (v *Verifier) Close() { v.keys.close() }

// IsUser reports whether a subject is a user: a machine has another one.
var IsUser = env.Matches(`kp_[0-9a-f]{32}`)

// check demands what tells our tokens from all others this Kinde business issues.
func (v *Verifier) check(token decodedToken) error {
	// All applications of a business share issuer and keys, and the audience is empty as long as no
	// API is registered.
	if azp, _ := token.claims["azp"].(string); azp != v.clientID {
		return fmt.Errorf("azp %.100q, want %q", azp, v.clientID)
	}
	audience, err := token.claims.GetAudience()
	if err != nil {
		return err
	}
	// An ID token is for the application that asked, and no permission to call anybody.
	if slices.Contains(audience, v.clientID) {
		return errors.New("an ID token, want an access token")
	}
	if v.audience != "" && !slices.Contains(audience, v.audience) {
		return fmt.Errorf("audience %q, want %q: register the API in Kinde, authorize the application for it, and pass audience when signing in",
			audience, v.audience)
	}
	if subject, _ := token.claims["sub"].(string); !IsUser(subject) {
		return errors.New("sub is not the ID of a Kinde user")
	}
	return nil
}
