package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.com/shop/internal/env"
)

// Config is what a Verifier and a Minter need to know about the InsForge project.
type Config struct {
	URL     string // the project's origin
	JWKSURL string
	Minter  MinterConfig
}

// LoadConfig reads INSFORGE_URL and the minter's settings.
func LoadConfig(r *env.Reader) Config {
	url := r.Required("INSFORGE_URL", "the origin of the InsForge project, without /api or a final slash; http only for localhost", env.Origin)
	return Config{URL: url, JWKSURL: jwksURL(r, url+"/.well-known/jwks.json"), Minter: LoadMinterConfig(r)}
}

// A Verifier accepts the access tokens that InsForge issues to its own users.
type Verifier struct {
	keys     *keySet
	accounts *accounts
}

// NewVerifier returns a Verifier for cfg. It does no I/O, and its error is nil.
func NewVerifier(cfg Config) (*Verifier, error) {
	return &Verifier{keys: newKeySet(cfg.JWKSURL), accounts: newAccounts(cfg.URL)}, nil
}

// Verify returns whom the request's bearer token names. The error is ErrNoCredential, or wraps
// ErrInvalid or ErrUnavailable.
func (v *Verifier) Verify(r *http.Request) (Identity, error) {
	raw, err := bearerToken(r)
	if err != nil {
		return Identity{}, err
	}
	id, err := v.VerifyToken(r.Context(), raw)
	if err != nil {
		return Identity{}, err
	}
	// The token outlives the account by up to 15 minutes. InsForge knows.
	if err := v.accounts.stands(r.Context(), raw, id); err != nil {
		return Identity{}, err
	}
	return id, nil
}

// VerifyToken returns whom a token names that InsForge handed out a moment ago, with the same errors.
func (v *Verifier) VerifyToken(ctx context.Context, raw string) (Identity, error) {
	// InsForge's tokens have neither issuer nor audience, which checkUser sees to: its key is the project's own.
	return v.keys.verify(ctx, raw, tokenRules{issuers: []string{""}, check: checkUser})
}

// Ready returns nil once InsForge's keys are at hand. Its error wraps ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// Close releases what the Verifier holds.
func (v *Verifier) Close() { v.keys.close() }

// IsUser reports whether a subject is one of InsForge's users.
var IsUser = env.Matches(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// checkUser demands the access token of a user. The project's admin and the anonymous role have tokens, too,
// and refresh tokens say what they are.
func checkUser(token decodedToken) error {
	if role := token.claims["role"]; role != "authenticated" {
		return fmt.Errorf("role %.40q, want authenticated", fmt.Sprint(role))
	}
	for _, name := range []string{"iss", "aud", "type"} {
		if _, ok := token.claims[name]; ok {
			return fmt.Errorf("it has %s, which InsForge's access tokens have not", name)
		}
	}
	if subject, _ := token.claims["sub"].(string); !IsUser(subject) {
		return errors.New("sub is not the ID of an InsForge user")
	}
	return nil
}
