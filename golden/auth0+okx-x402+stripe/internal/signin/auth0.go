package signin

import (
	"context"
	"net/url"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

// offlineScope asks for a refresh token.
const offlineScope = "offline_access"

// Config is what sign-in needs to know about the application in Auth0.
type Config struct {
	BaseURL      string // this server's origin
	Domain       string // the tenant's
	ClientID     string
	ClientSecret env.Secret
}

// LoadConfig reads AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET. The API must not be called as the application is: the
// tokens for the application say who signed in, and are no permission to call anybody.
func LoadConfig(r *env.Reader, baseURL string, tenant auth.Config) Config {
	cfg := Config{
		BaseURL:  baseURL,
		Domain:   tenant.Domain,
		ClientID: r.Required("AUTH0_CLIENT_ID", "the application's Client ID, letters and digits", env.Matches(`[A-Za-z0-9]{16,64}`)),
		ClientSecret: r.Secret("AUTH0_CLIENT_SECRET", "the application's Client Secret, without blanks or quotes",
			env.Matches(`[A-Za-z0-9_-]{32,}`)),
	}
	if cfg.ClientID != "" && cfg.ClientID == tenant.Audience {
		r.Problem("AUTH0_AUDIENCE", "is AUTH0_CLIENT_ID, which ID tokens are for; want the Identifier of an API in Auth0")
	}
	return cfg
}

// issuer is who signs the ID tokens. Auth0's ends in a slash.
func (c Config) issuer() string { return "https://" + c.Domain + "/" }

// logoutURL is the page that signs the user out of Auth0. returnTo must be one of the application's
// Allowed Logout URLs.
func (p *provider) logoutURL(context.Context, string) string {
	query := url.Values{"client_id": {p.cfg.ClientID}, "returnTo": {p.cfg.BaseURL}}
	return p.cfg.issuer() + "v2/logout?" + query.Encode()
}
