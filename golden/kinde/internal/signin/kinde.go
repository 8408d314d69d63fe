package signin

import (
	"context"
	"net/url"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

// offlineScope asks for a refresh token.
const offlineScope = "offline"

// Config is what sign-in needs to know about the application in Kinde.
type Config struct {
	BaseURL      string // this server's origin
	Issuer       string // without a final slash
	ClientID     string
	ClientSecret env.Secret
}

// LoadConfig reads KINDE_CLIENT_SECRET.
func LoadConfig(r *env.Reader, baseURL string, business auth.Config) Config {
	return Config{
		BaseURL:  baseURL,
		Issuer:   business.Issuer,
		ClientID: business.ClientID,
		ClientSecret: r.Secret("KINDE_CLIENT_SECRET", "the application's Client secret, letters and digits",
			env.Matches(`[A-Za-z0-9]{32,}`)),
	}
}

// issuer is who signs the ID tokens. Kinde's has no final slash.
func (c Config) issuer() string { return c.Issuer }

// logoutURL is the page that signs the user out of Kinde. redirect must be one of the application's
// allowed logout redirect URLs.
func (p *provider) logoutURL(context.Context, string) string {
	return p.cfg.Issuer + "/logout?" + url.Values{"redirect": {p.cfg.BaseURL}}.Encode()
}
