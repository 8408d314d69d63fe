package signin

import (
	"context"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"example.com/shop/internal/auth"
)

// discovery is what the provider publishes about itself.
type discovery struct {
	*oidc.Provider
	keys          oidc.KeySet
	algorithms    []string // of ID tokens
	scopes        []string // to ask for
	authStyle     oauth2.AuthStyle
	namesIssuer   bool   // in its answers to the browser (RFC 9207)
	endSessionURL string // "" when it has none
}

// read asks the provider.
func (p *provider) read(ctx context.Context) (*discovery, error) {
	published, err := auth.Discover(ctx, p.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	known := oidc.ProviderConfig{IssuerURL: published.Issuer, AuthURL: published.AuthorizeURL, TokenURL: published.TokenURL}
	return &discovery{
		Provider:      known.NewProvider(ctx),
		keys:          oidc.NewRemoteKeySet(ctx, published.KeysURL),
		algorithms:    published.Algorithms,
		scopes:        p.cfg.scopes(published.Scopes),
		authStyle:     authStyle(published.ClientAuth),
		namesIssuer:   published.NamesIssuer,
		endSessionURL: published.EndSessionURL,
	}, nil
}

// authStyle is how this server proves itself: in a header, as every provider has to offer, unless it says that
// it takes nothing but parameters.
func authStyle(offered []string) oauth2.AuthStyle {
	if slices.Contains(offered, "client_secret_post") && !slices.Contains(offered, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
