package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// Discovery is what an OpenID provider publishes about itself, as far as this server needs it.
type Discovery struct {
	Issuer        string   `json:"issuer"`
	AuthorizeURL  string   `json:"authorization_endpoint"`
	TokenURL      string   `json:"token_endpoint"`
	KeysURL       string   `json:"jwks_uri"`
	EndSessionURL string   `json:"end_session_endpoint"`                  // "" when it has none
	Algorithms    []string `json:"id_token_signing_alg_values_supported"` // those this server checks too
	Scopes        []string `json:"scopes_supported"`
	ClientAuth    []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer   bool     `json:"authorization_response_iss_parameter_supported"` // to the browser (RFC 9207)
}

// Discover reads what the issuer publishes, which has to name that very issuer, algorithms to sign with that
// are not refused here, and addresses that nobody can listen in on. It takes at most keyFetchTimeout.
func Discover(ctx context.Context, issuer string) (Discovery, error) {
	ctx, cancel := context.WithTimeout(ctx, keyFetchTimeout)
	defer cancel()
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	found, err := readDiscovery(ctx, address)
	if err != nil {
		return Discovery{}, fmt.Errorf("%s: %w", address, err)
	}
	if found.Issuer != issuer { // whoever answers here must not speak for another one
		return Discovery{}, fmt.Errorf("%s: the issuer is %.200q there, and %q in OIDC_ISSUER_URL", address, found.Issuer, issuer)
	}
	// A provider on this machine has no need of TLS, and one elsewhere must not lead to this machine without.
	local := strings.HasPrefix(issuer, "http://")
	for _, endpoint := range []struct{ name, url string }{
		{"authorization_endpoint", found.AuthorizeURL},
		{"token_endpoint", found.TokenURL},
		{"jwks_uri", found.KeysURL},
		{"end_session_endpoint", found.EndSessionURL},
	} {
		optional := endpoint.name == "end_session_endpoint"
		if (!optional || endpoint.url != "") && !safeKeyURL(endpoint.url, local) {
			return Discovery{}, fmt.Errorf("%s: %s is %.200q, want an https URL", address, endpoint.name, endpoint.url)
		}
	}
	named := found.Algorithms
	found.Algorithms = slices.DeleteFunc(slices.Clone(named), func(alg string) bool { return checkAlgorithm(alg) != nil })
	if len(found.Algorithms) == 0 {
		return Discovery{}, fmt.Errorf("%s: tokens are signed with %.200q there, and this server checks %s", address, named, algorithmNames)
	}
	return found, nil
}

func readDiscovery(ctx context.Context, address string) (Discovery, error) {
	var found Discovery
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return found, err
	}
	client := &http.Client{Transport: boundedTransport{}, CheckRedirect: sameOrigin}
	resp, err := client.Do(req)
	if err != nil {
		return found, errors.Unwrap(err) // the address is in the caller's
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return found, fmt.Errorf("status %d", resp.StatusCode)
	}
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		return found, fmt.Errorf("not an OpenID configuration: %w", err)
	}
	return found, nil
}

// newDiscoveredKeySet returns the key set of an issuer, wherever that publishes it at the time. It does no
// I/O.
func newDiscoveredKeySet(issuer string) *keySet {
	k := newKeySet(issuer)
	k.fetch = func(ctx context.Context) (keyfunc.Keyfunc, error) {
		ctx, cancel := context.WithTimeout(ctx, keyFetchTimeout) // for both questions
		defer cancel()
		found, err := Discover(ctx, issuer)
		if err != nil {
			return nil, err
		}
		keys, err := fetchKeys(ctx, found.KeysURL, keyFetchTimeout)
		if err != nil {
			return nil, err
		}
		return discoveredKeys{keys, found.Algorithms}, nil
	}
	return k
}

// discoveredKeys are for the algorithms that their provider says it signs with, and for no other that a key
// would do for as well.
type discoveredKeys struct {
	published
	algorithms []string
}

// published has a name that can be embedded: that of the interface in it is one of its methods, too.
type published interface{ keyfunc.Keyfunc }

// KeyfuncCtx finds the key that a token's header names.
func (d discoveredKeys) KeyfuncCtx(ctx context.Context) jwt.Keyfunc {
	find := d.published.KeyfuncCtx(ctx)
	return func(token *jwt.Token) (any, error) {
		if alg, _ := token.Header["alg"].(string); !slices.Contains(d.algorithms, alg) {
			return nil, fmt.Errorf("alg %.20q, want %s, as the provider says", alg, strings.Join(d.algorithms, " or "))
		}
		return find(token)
	}
}

// isIssuer reports whether s can be an issuer: a URL that is safe to read from, with neither query nor
// fragment.
func isIssuer(s string, loopback bool) bool {
	u, err := url.Parse(s)
	return err == nil && u.RawQuery == "" && !u.ForceQuery && !strings.HasSuffix(s, "#") && safeKeyURL(s, loopback)
}
