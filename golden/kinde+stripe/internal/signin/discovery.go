package signin

import (
	"context"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// discovery is what the provider publishes about itself, and what is known of it besides.
type discovery struct {
	*oidc.Provider
	keys        oidc.KeySet
	algorithms  []string // of ID tokens
	scopes      []string // to ask for
	authStyle   oauth2.AuthStyle
	namesIssuer bool // in its answers to the browser (RFC 9207)
}

// read asks the provider.
func (p *provider) read(ctx context.Context) (*discovery, error) {
	published, err := oidc.NewProvider(ctx, p.cfg.issuer())
	if err != nil {
		return nil, err
	}
	var more struct {
		Keys        string `json:"jwks_uri"`
		NamesIssuer bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := published.Claims(&more); err != nil {
		return nil, err
	}
	return &discovery{
		Provider:    published,
		keys:        oidc.NewRemoteKeySet(ctx, more.Keys),
		algorithms:  []string{oidc.RS256},
		scopes:      []string{oidc.ScopeOpenID, "profile", "email", offlineScope},
		authStyle:   oauth2.AuthStyleInParams,
		namesIssuer: more.NamesIssuer,
	}, nil
}
