package signin

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

// Config is what sign-in needs to know about the application at the OpenID provider.
type Config struct {
	BaseURL      string // this server's origin
	Issuer       string // exact
	ClientID     string
	ClientSecret env.Secret
	Scopes       []string // to ask for; nil leaves it to what the provider offers
}

// LoadConfig reads OIDC_CLIENT_SECRET and OIDC_SCOPES.
func LoadConfig(r *env.Reader, baseURL string, known auth.Config) Config {
	return Config{
		BaseURL:  baseURL,
		Issuer:   known.Issuer,
		ClientID: known.ClientID,
		ClientSecret: r.Secret("OIDC_CLIENT_SECRET", "the application's client secret, at least 16 characters without blanks or quotes",
			env.Matches("[^\\s\"'`]{16,}")),
		Scopes: strings.Fields(r.Optional("OIDC_SCOPES", "", "scopes with one blank between them, openid among them",
			func(s string) bool {
				return slices.Contains(strings.Split(s, " "), "openid") && env.Matches(`[\x21-\x7e]+( [\x21-\x7e]+)*`)(s)
			})),
	}
}

// issuer is who signs the ID tokens.
func (c Config) issuer() string { return c.Issuer }

// scopes are those to ask for. With offline_access comes the refresh token by which the provider can be asked
// again; some refuse a sign-in that asks for it where it is not on offer.
func (c Config) scopes(offered []string) []string {
	if len(c.Scopes) > 0 {
		return c.Scopes
	}
	wanted := []string{"openid", "profile", "email"}
	if slices.Contains(offered, "offline_access") {
		wanted = append(wanted, "offline_access")
	}
	return wanted
}

// maxHint is what an address has room for. Many servers take none of more than 8 KB.
const maxHint = 6 << 10

// logoutURL is the page that signs the user out at the provider, or "" when it has none, or cannot be reached to
// say. The origin must be one of the application's post-logout redirect URIs there. The ID token says whose
// session is meant: without it the provider has to ask the user, since any site could lead there.
func (p *provider) logoutURL(ctx context.Context, secret string) string {
	found, err := p.discover(ctx)
	if err != nil || found.endSessionURL == "" {
		return ""
	}
	to, err := url.Parse(found.endSessionURL)
	if err != nil {
		return ""
	}
	query := to.Query()
	query.Set("client_id", p.cfg.ClientID)
	query.Set("post_logout_redirect_uri", p.cfg.BaseURL)
	if _, idToken := kept(secret); idToken != "" && len(idToken) <= maxHint {
		query.Set("id_token_hint", idToken)
	}
	to.RawQuery = query.Encode()
	return to.String()
}
