package signin

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

// The application of the tests, and users.
var testConfig = Config{BaseURL: "https://app.example.com", Issuer: "https://id.example.com/realms/shop", ClientID: "client", ClientSecret: "secret"}

const user1, user2 = "f3b8a7d2-8f43-4f3a-9d20-1c5a6f0e7b11", "248289761001"

// newOpenProvider is an OpenID provider that publishes the configuration, in which ISSUER stands for its
// address.
func newOpenProvider(t *testing.T, configuration string) *provider {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(strings.ReplaceAll(configuration, "ISSUER", server.URL)))
	}))
	t.Cleanup(server.Close)
	cfg := testConfig
	cfg.Issuer = server.URL
	return newProvider(cfg, nil)
}

const (
	smallest = `"issuer":"ISSUER","authorization_endpoint":"ISSUER/authorize","token_endpoint":"ISSUER/token","jwks_uri":"ISSUER/keys",` +
		`"id_token_signing_alg_values_supported":["ES256","HS256"]`
	complete = "{" + smallest + `,"end_session_endpoint":"ISSUER/end?theme=dark","scopes_supported":["openid","offline_access"],` +
		`"token_endpoint_auth_methods_supported":["client_secret_post"],"authorization_response_iss_parameter_supported":true}`
)

func TestDiscover(t *testing.T) {
	p := newOpenProvider(t, complete)
	found, err := p.discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found.algorithms, []string{oidc.ES256}) || found.authStyle != oauth2.AuthStyleInParams || !found.namesIssuer ||
		!slices.Equal(found.scopes, []string{"openid", "profile", "email", "offline_access"}) {
		t.Errorf("discovered %+v", found)
	}
	to, err := p.authorizeURL(t.Context(), attempt{newKey(), home})
	if err != nil || !strings.HasPrefix(to, p.cfg.Issuer+"/authorize?") || !strings.Contains(to, "code_challenge_method=S256") {
		t.Errorf("a sign-in begins at %s, %v", to, err)
	}
}

// TestDiscover_whatIsNotSaid: a provider that publishes no more than it must is asked for no more.
func TestDiscover_whatIsNotSaid(t *testing.T) {
	found, err := newOpenProvider(t, "{"+smallest+"}").discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if found.authStyle != oauth2.AuthStyleInHeader || found.namesIssuer || !slices.Equal(found.scopes, []string{"openid", "profile", "email"}) {
		t.Errorf("discovered %+v", found)
	}
}

func TestDiscover_isNotKeptWhenItFails(t *testing.T) {
	p := newOpenProvider(t, `{"issuer":"https://evil.example"}`)
	for range 2 {
		if _, err := p.discover(t.Context()); err == nil || p.discovered != nil {
			t.Errorf("another issuer's configuration: %v, kept %v", err, p.discovered)
		}
	}
}

func TestLogoutURL(t *testing.T) {
	p := newOpenProvider(t, complete)
	const plain, hinted = "?client_id=client&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com&theme=dark",
		"?client_id=client&id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com&theme=dark"
	for name, test := range map[string]struct{ secret, query string }{
		"the ID token":     {keep("refresh", "a.b.c"), hinted},
		"and nothing else": {keep("", "a.b.c"), hinted},
		"one too long":     {keep("refresh", strings.Repeat("x", maxHint+1)), plain},
		"no ID token":      {"refresh", plain}, // as older sessions are
		"no session":       {"", plain},
	} {
		if got := p.logoutURL(t.Context(), test.secret); got != p.cfg.Issuer+"/end"+test.query {
			t.Errorf("%s: signing out leads to %s", name, got)
		}
	}
	for name, p := range map[string]*provider{"nowhere to sign out": newOpenProvider(t, "{"+smallest+"}"), "nothing published": newOpenProvider(t, "")} {
		if got := p.logoutURL(t.Context(), ""); got != "" {
			t.Errorf("%s: signing out leads to %s", name, got)
		}
	}
}

// TestRenew_keepsAnIDToken: the one of the sign-in until the provider hands out another, which has been checked.
func TestRenew_keepsAnIDToken(t *testing.T) {
	api := &answers{status: http.StatusOK}
	p, key := newTestProvider(t, api)
	claims := map[string]any{"iss": p.cfg.issuer(), "aud": "client", "sub": user1, "exp": time.Now().Add(time.Hour).Unix()}
	for name, test := range map[string]struct {
		audience string // of the ID token that comes along; "" has none come
		keeps    bool   // the one of the sign-in
	}{"none": {"", true}, "the application's": {"client", false}, "another's": {"another", true}} {
		if test.audience != "" {
			claims["aud"] = test.audience
			api.body = tokens(t, key, claims)
		} else {
			api.body = `{"access_token":"a","token_type":"Bearer","refresh_token":"next"}`
		}
		g, _ := p.renew(t.Context(), user1, keep("token", "first"))
		if refreshToken, idToken := kept(g.secret); refreshToken != "next" || (idToken == "first") != test.keeps || idToken == "" {
			t.Errorf("%s comes along: the session keeps %q and %.20q", name, refreshToken, idToken)
		}
	}
}

func TestAuthStyle(t *testing.T) {
	for _, test := range []struct {
		offered string
		want    oauth2.AuthStyle
	}{
		{"", oauth2.AuthStyleInHeader},
		{"client_secret_basic", oauth2.AuthStyleInHeader},
		{"client_secret_post client_secret_basic", oauth2.AuthStyleInHeader},
		{"private_key_jwt client_secret_post", oauth2.AuthStyleInParams},
	} {
		if got := authStyle(strings.Fields(test.offered)); got != test.want {
			t.Errorf("offered %q: style %v, want %v", test.offered, got, test.want)
		}
	}
}

func TestLoadConfig(t *testing.T) {
	for _, test := range []struct {
		secret, scopes string
		wrong          string // the variable
		want           []string
	}{
		{"0123456789abcdef", "", "", []string{"openid", "profile", "email"}},
		{"0123456789abcdef", "openid groups", "", []string{"openid", "groups"}},
		{"", "", "OIDC_CLIENT_SECRET", nil},
		{"0123456789abcde", "", "OIDC_CLIENT_SECRET", nil},
		{`"0123456789abcdef"`, "", "OIDC_CLIENT_SECRET", nil},
		{"0123456789abcdef", "profile email", "OIDC_SCOPES", nil},
		{"0123456789abcdef", "openid  email", "OIDC_SCOPES", nil},
		{"0123456789abcdef", "openid,email", "OIDC_SCOPES", nil},
	} {
		r := env.NewReader(func(name string) string {
			return map[string]string{"OIDC_CLIENT_SECRET": test.secret, "OIDC_SCOPES": test.scopes}[name]
		})
		cfg, err := LoadConfig(r, "https://app.example.com", auth.Config{Issuer: "https://id.example.com", ClientID: "client"}), r.Err()
		if test.wrong != "" {
			if err == nil || !strings.HasPrefix(err.Error(), test.wrong+" ") {
				t.Errorf("%+v: %v", test, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(cfg.scopes(nil), test.want) || cfg.issuer() != "https://id.example.com" {
			t.Errorf("%+v: %+v, %v", test, cfg, err)
		}
	}
}
