package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// openProvider publishes a configuration of which a test changes parts, and keys, on this machine.
type openProvider struct {
	*issuer

	mu    sync.Mutex
	says  map[string]any
	asked int
}

func newOpenProvider(t *testing.T) *openProvider {
	t.Helper()
	p := &openProvider{issuer: newIssuer(t)}
	p.says = map[string]any{
		"issuer": p.url, "authorization_endpoint": p.url + "/authorize", "token_endpoint": p.url + "/token", "jwks_uri": p.url + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch r.URL.Path {
		case "/keys":
			writeKeys(w, with(publicJWK(p.kid, &p.key.PublicKey), "alg", nil))
		case "/.well-known/openid-configuration", "/realms/shop/.well-known/openid-configuration":
			p.asked++
			_ = json.NewEncoder(w).Encode(p.says)
		default:
			http.NotFound(w, r)
		}
	})
	return p
}

// say changes what is published.
func (p *openProvider) say(name string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.says = with(p.says, name, value)
}

func TestDiscover(t *testing.T) {
	p := newOpenProvider(t)
	for _, issuer := range []string{p.url, p.url + "/", p.url + "/realms/shop", p.url + "/realms/shop/"} {
		p.say("issuer", issuer)
		found, err := Discover(t.Context(), issuer)
		if err != nil || found.Issuer != issuer || found.TokenURL != p.url+"/token" || !slices.Equal(found.Algorithms, []string{"RS256"}) {
			t.Errorf("%s: %+v, %v", issuer, found, err)
		}
	}
	p.say("issuer", p.url)
	p.say("id_token_signing_alg_values_supported", []string{"HS256", "none", "EdDSA", "RS512", "ES256"})
	p.say("end_session_endpoint", "https://id.example.com/end")
	if found, err := Discover(t.Context(), p.url); err != nil || !slices.Equal(found.Algorithms, []string{"EdDSA", "ES256"}) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestDiscover_refuses(t *testing.T) {
	p := newOpenProvider(t)
	for _, test := range []struct {
		name  string
		value any
		why   string
	}{
		{"issuer", p.url + "/", "the issuer is"},
		{"issuer", "https://evil.example", "the issuer is"},
		{"issuer", nil, "the issuer is"},
		{"issuer", []string{p.url}, "not an OpenID configuration"},
		{"authorization_endpoint", nil, "authorization_endpoint is"},
		{"authorization_endpoint", "javascript:alert(1)", "authorization_endpoint is"},
		{"token_endpoint", "http://id.example.com/token", "token_endpoint is"},
		{"token_endpoint", "/token", "token_endpoint is"},
		{"jwks_uri", "", "jwks_uri is"},
		{"jwks_uri", "http://id.example.com/keys", "jwks_uri is"},
		{"jwks_uri", "file:///etc/passwd", "jwks_uri is"},
		{"end_session_endpoint", "http://id.example.com/end", "end_session_endpoint is"},
		{"id_token_signing_alg_values_supported", nil, "this server checks RS256"},
		{"id_token_signing_alg_values_supported", []string{"HS256", "none"}, "this server checks RS256"},
		{"padding", strings.Repeat("x", maxKeySetBytes), "not an OpenID configuration"},
	} {
		says := maps.Clone(p.says)
		p.say(test.name, test.value)
		_, err := Discover(t.Context(), p.url)
		if err == nil || !strings.Contains(err.Error(), test.why) || !strings.HasPrefix(err.Error(), p.url+"/.well-known/openid-configuration: ") {
			t.Errorf("%s %.40v: %v, want %q", test.name, test.value, err, test.why)
		}
		p.says = says
	}
}

func TestDiscover_answers(t *testing.T) {
	i, elsewhere := newIssuer(t), newIssuer(t)
	for name, answer := range map[string]http.HandlerFunc{
		"status 404": http.NotFound,
		"status 503": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"not an OpenID configuration": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "<!doctype html>")
		},
		"redirect to another origin": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.url, http.StatusFound)
		},
	} {
		i.serve(answer)
		if _, err := Discover(t.Context(), i.url); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := elsewhere.fetches.Load(); n != 0 {
		t.Errorf("%d requests to the host of the redirect", n)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := Discover(t.Context(), server.URL); err == nil || strings.Count(err.Error(), "openid-configuration") != 1 {
		t.Errorf("nobody there: %v", err)
	}
}

// newOpenVerifier trusts whatever keys the provider says it has.
func newOpenVerifier(t *testing.T, p *openProvider) *Verifier {
	t.Helper()
	cfg, err := loadConfig("OIDC_ISSUER_URL=" + p.url)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func TestVerify_findsTheKeysByItself(t *testing.T) {
	p := newOpenProvider(t)
	v := newOpenVerifier(t, p)
	if p.asked > 0 {
		t.Error("the provider was asked before it was needed")
	}
	for range 3 {
		if _, err := verifyBearer(v, p.sign(t, with(accessClaims(time.Now()), "iss", p.url))); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Ready(t.Context()); err != nil || p.asked != 1 || p.fetches.Load() != 2 {
		t.Errorf("asked %d times, and %d in all: %v", p.asked, p.fetches.Load(), err)
	}
}

// TestVerify_algorithmsOfTheProvider: an RSA key would do for two, and the provider says that it signs with one.
func TestVerify_algorithmsOfTheProvider(t *testing.T) {
	p := newOpenProvider(t)
	v := newOpenVerifier(t, p)
	claims := with(accessClaims(time.Now()), "iss", p.url)
	token := signWith(t, jwt.SigningMethodPS256, p.key, map[string]any{"kid": p.kid}, claims)
	if _, err := verifyBearer(v, token); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "want RS256, as the provider says") {
		t.Errorf("PS256: %v, want ErrInvalid", err)
	}
	if _, err := verifyBearer(v, p.sign(t, claims)); err != nil {
		t.Errorf("RS256: %v", err)
	}
}

func TestVerify_withoutDiscovery(t *testing.T) {
	p := newOpenProvider(t)
	p.say("issuer", "https://evil.example")
	v := newOpenVerifier(t, p)
	_, err := verifyBearer(v, p.sign(t, with(accessClaims(time.Now()), "iss", p.url)))
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "the issuer is") {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if err := v.Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("ready: %v, want ErrUnavailable", err)
	}
}

// TestVerify_keysElsewhere: whoever publishes keys at another address may move them.
func TestVerify_keysElsewhere(t *testing.T) {
	p, keys := newOpenProvider(t), newIssuer(t)
	keys.serve(func(w http.ResponseWriter, _ *http.Request) { writeKeys(w) })
	p.say("jwks_uri", keys.url)
	v := newOpenVerifier(t, p)
	token := p.sign(t, with(accessClaims(time.Now()), "iss", p.url))
	if _, err := verifyBearer(v, token); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), keys.url) {
		t.Errorf("no keys: %v, want ErrUnavailable", err)
	}
	p.say("jwks_uri", p.url+"/keys")
	v.keys.now = func() time.Time { return time.Now().Add(keyRetryPause) }
	if _, err := verifyBearer(v, token); err != nil {
		t.Errorf("keys at another address: %v", err)
	}
}
