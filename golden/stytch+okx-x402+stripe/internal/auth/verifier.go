package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/shop/internal/env"
)

// sessionTokenAge is how long Stytch's session JWTs live, however long the session itself does.
const sessionTokenAge = 5 * time.Minute

// Config is what this server needs to know about the Stytch project.
type Config struct {
	ProjectID string
	APIURL    string // Stytch's API for the environment of the project
	JWKSURL   string
	Minter    MinterConfig
}

var isProjectID = env.Matches(`project-(test|live)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// LoadConfig reads STYTCH_PROJECT_ID and the minter's settings. A test project is a problem in
// production: it is for trying things out, and its users are not the real ones.
func LoadConfig(r *env.Reader) Config {
	project := r.Required("STYTCH_PROJECT_ID", "project-test- or project-live- followed by a UUID", isProjectID)
	if r.Production() && strings.HasPrefix(project, "project-test-") {
		r.Problem("STYTCH_PROJECT_ID", "belongs to a test environment; production wants the project-live- one")
	}
	return Config{
		ProjectID: project,
		APIURL:    baseURL(project),
		JWKSURL:   jwksURL(r, baseURL(project)+"/v1/sessions/jwks/"+project),
		Minter:    LoadMinterConfig(r),
	}
}

// environment is the test or live in a project ID.
func environment(project string) string {
	if strings.HasPrefix(project, "project-live-") {
		return "live"
	}
	return "test"
}

// baseURL is Stytch's API for the environment a project belongs to.
func baseURL(project string) string {
	if environment(project) == "live" {
		return "https://api.stytch.com"
	}
	return "https://test.stytch.com"
}

// A Verifier accepts the session JWTs of one Stytch project.
type Verifier struct {
	keys  *keySet
	rules tokenRules
}

// NewVerifier returns a Verifier for cfg. It does no I/O, and its error is nil.
func NewVerifier(cfg Config) (*Verifier, error) {
	return &Verifier{
		keys: newKeySet(cfg.JWKSURL),
		rules: tokenRules{
			issuers:  []string{"stytch.com/" + cfg.ProjectID, baseURL(cfg.ProjectID)}, // the first has no scheme
			audience: cfg.ProjectID,
			maxAge:   sessionTokenAge,
			check:    checkSession(environment(cfg.ProjectID)),
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
	return v.VerifyToken(r.Context(), raw)
}

// VerifyToken returns whom a token names that did not come with a request, with the same errors.
func (v *Verifier) VerifyToken(ctx context.Context, raw string) (Identity, error) {
	return v.keys.verify(ctx, raw, v.rules)
}

// Ready returns nil once Stytch's keys are at hand. Its error wraps ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// Close releases what the Verifier holds.
func (v *Verifier) Close() { v.keys.close() }

// checkSession demands the session of a user of the given environment. Without the session claim a
// token may be one the user granted to somebody else's application.
func checkSession(environment string) func(decodedToken) error {
	isUserID := env.Matches(`user-` + environment + `-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	return func(token decodedToken) error {
		if _, ok := token.claims["https://stytch.com/session"].(map[string]any); !ok {
			return errors.New("not a session JWT")
		}
		if subject, _ := token.claims["sub"].(string); !isUserID(subject) {
			return fmt.Errorf("sub is not the ID of a Stytch user of the %s environment", environment)
		}
		return nil
	}
}
