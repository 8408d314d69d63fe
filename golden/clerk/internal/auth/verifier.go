package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/shop/internal/env"
)

// Config is what a Verifier and a Minter need.
type Config struct {
	PublishableKey    string
	FrontendAPI       string   // the origin that the publishable key names
	Issuer            string   // the exact iss of every session token
	JWKSURL           string   // where Clerk publishes the signing keys
	AuthorizedParties []string // origins of the pages whose session tokens are accepted
	Minter            MinterConfig
}

// LoadConfig reads the Clerk settings and the minter's. Issuer and key address follow from the
// publishable key, which holds the host of the instance's Frontend API.
func LoadConfig(r *env.Reader) Config {
	key := r.Required("CLERK_PUBLISHABLE_KEY", "pk_test_ or pk_live_ followed by the encoded Frontend API host",
		func(s string) bool { return frontendAPI(s) != "" })
	if r.Production() && strings.HasPrefix(key, "pk_test_") {
		r.Problem("CLERK_PUBLISHABLE_KEY", "belongs to a development instance (pk_test_); production needs pk_live_")
	}
	frontend := "https://" + frontendAPI(key)

	parties := r.List("CLERK_AUTHORIZED_PARTIES", "an origin such as https://app.example.com, no path, no final slash", env.Origin)
	if len(parties) == 0 {
		r.Problem("CLERK_AUTHORIZED_PARTIES", "is needed: the origins of the pages that sign users in, separated by commas")
	}
	return Config{
		PublishableKey: key,
		FrontendAPI:    frontend,
		Issuer: r.Optional("CLERK_ISSUER", frontend, "an https URL without a final slash",
			func(s string) bool { return strings.HasPrefix(s, "https://") && !strings.HasSuffix(s, "/") }),
		JWKSURL:           jwksURL(r, frontend+"/.well-known/jwks.json"),
		AuthorizedParties: parties,
		Minter:            LoadMinterConfig(r),
	}
}

// frontendAPI returns the host inside a publishable key, or "" when s is none.
func frontendAPI(s string) string {
	encoded, ok := strings.CutPrefix(s, "pk_live_")
	if !ok {
		if encoded, ok = strings.CutPrefix(s, "pk_test_"); !ok {
			return ""
		}
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return ""
	}
	host, ok := strings.CutSuffix(string(decoded), "$")
	if !ok || !strings.Contains(host, ".") || !env.Origin("https://"+host) {
		return ""
	}
	return host
}

// A Verifier checks Clerk session tokens.
type Verifier struct {
	keys  *keySet
	rules tokenRules
}

// NewVerifier returns a Verifier for cfg. It does no I/O: keys are fetched when first needed.
func NewVerifier(cfg Config) (*Verifier, error) {
	if cfg.Issuer == "" || cfg.JWKSURL == "" {
		return nil, errors.New("issuer and key address must be set")
	}
	if len(cfg.AuthorizedParties) == 0 {
		return nil, errors.New("no authorized parties: tokens made for any site would be accepted")
	}
	return &Verifier{
		keys: newKeySet(cfg.JWKSURL),
		rules: tokenRules{
			issuers: []string{cfg.Issuer},
			check:   func(token decodedToken) error { return checkSession(token.claims, cfg.AuthorizedParties) },
		},
	}, nil
}

// Verify returns who sent r. It reads the Authorization header and never the __session cookie: a
// cookie comes along with requests that other sites start. The error wraps one of this package's.
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

// Ready returns nil when Clerk's keys are at hand.
func (v *Verifier) Ready(ctx context.Context) error {
	return v.keys.ready(ctx)
}

// Close releases what the Verifier holds.
func (v *Verifier) Close() {
	v.keys.close()
}

// checkSession checks the claims that make a token a session of one of our own pages.
func checkSession(claims map[string]any, parties []string) error {
	// Clerk signs tokens for every site of the instance, and leaves azp out of those made through its
	// Backend API. Only those a browser got on one of our pages count.
	party, ok := claims["azp"].(string)
	if !ok {
		return errors.New("no azp: not a session token made in a browser")
	}
	if !slices.Contains(parties, party) {
		return fmt.Errorf("azp %.100q is none of the authorized parties %q", party, parties)
	}
	// A pending session has a user but tasks left, such as choosing an organization.
	if status, ok := claims["sts"]; ok && status != "active" {
		return fmt.Errorf("%w: session status %.40q", ErrForbidden, fmt.Sprint(status))
	}
	return nil
}
