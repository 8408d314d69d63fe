package auth

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

const (
	testIssuer   = "https://id.example.com/realms/shop"
	testClient   = "shop-web"
	testAudience = "https://api.example.com"
	testUser     = "f3b8a7d2-8f43-4f3a-9d20-1c5a6f0e7b11"
)

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"OIDC_ISSUER_URL=" + testIssuer,
		"OIDC_CLIENT_ID=" + testClient,
		"OIDC_AUDIENCE=" + testAudience,
		"INSFORGE_JWT_SECRET=forge-insforge-test-secret-0123456789abcdef",
	}, lines...) {
		name, value, _ := strings.Cut(line, "=")
		vars[name] = value
	}
	r := env.NewReader(func(name string) string { return vars[name] })
	cfg := LoadConfig(r)
	return cfg, r.Err()
}

// newTestVerifier returns a Verifier that trusts provider's keys.
func newTestVerifier(t *testing.T, provider *issuer, lines ...string) *Verifier {
	t.Helper()
	cfg, err := loadConfig(append(lines, "AUTH_JWKS_URL="+provider.url)...)
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

// verifyBearer sends token in the Authorization header.
func verifyBearer(v *Verifier, token string) (Identity, error) {
	r := httptest.NewRequest("GET", "/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return v.Verify(r)
}

// accessClaims are those of an access token of the profile RFC 9068.
func accessClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss":       testIssuer,
		"sub":       testUser,
		"aud":       []string{testAudience},
		"client_id": testClient,
		"scope":     "openid profile",
		"jti":       "27daa125-2fb2-4e14-9270-742cd56e764b",
		"iat":       now.Unix(),
		"exp":       now.Add(time.Hour).Unix(),
	}
}

// signTyped signs with the typ given, or with none for nil.
func signTyped(t *testing.T, provider *issuer, typ any, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	token.Header["kid"] = provider.kid
	token.Header["typ"] = typ
	if typ == nil {
		delete(token.Header, "typ")
	}
	signed, err := token.SignedString(provider.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestVerify_acceptsAnAccessToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := accessClaims(time.Now())

	id, err := verifyBearer(v, signTyped(t, provider, "at+jwt", claims))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0)}); id != want {
		t.Errorf("got %+v, want %+v", id, want)
	}
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("not ready after a token was accepted: %v", err)
	}
}

// TestVerify_accessTokensOfProviders: what makes an access token of a token is not the same everywhere.
func TestVerify_accessTokensOfProviders(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	bare := with(with(accessClaims(time.Now()), "client_id", nil), "scope", nil)
	for name, test := range map[string]struct {
		typ    any
		claims map[string]any
	}{
		"RFC 9068":                   {"at+jwt", bare},
		"RFC 9068, whole media type": {"application/at+JWT", bare},
		"Keycloak":                   {"JWT", with(with(bare, "typ", "Bearer"), "azp", testClient)},
		"Keycloak, nonce and all":    {"JWT", with(with(bare, "typ", "Bearer"), "nonce", "n")},
		"Entra":                      {"JWT", with(with(bare, "scp", "access"), "azp", testClient)},
		"Okta":                       {nil, with(with(bare, "scp", []string{"openid"}), "cid", testClient)},
		"Zitadel":                    {"JWT", with(with(bare, "client_id", testClient), "aud", []string{testClient, testAudience})},
		"with a scope alone":         {nil, with(bare, "scope", "openid")},
	} {
		if id, err := verifyBearer(v, signTyped(t, provider, test.typ, test.claims)); err != nil || id.Subject != testUser {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

func TestVerify_refusesOtherTokens(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	good := accessClaims(time.Now())
	bare := with(with(good, "client_id", nil), "scope", nil)
	for name, test := range map[string]struct {
		typ    any
		claims map[string]any
		why    string
	}{
		"ID token with a nonce":       {"JWT", with(good, "nonce", "n"), "an ID token (nonce)"},
		"ID token of the code flow":   {"JWT", with(good, "at_hash", "h"), "an ID token (at_hash)"},
		"ID token of the hybrid flow": {nil, with(good, "c_hash", "h"), "an ID token (c_hash)"},
		"ID token of Keycloak":        {"JWT", with(good, "typ", "ID"), `"ID", want Bearer`},
		"refresh token of Keycloak":   {"JWT", with(good, "typ", "Refresh"), `"Refresh", want Bearer`},
		"a type of another type":      {"JWT", with(good, "typ", 1), "want Bearer"},
		"nothing says what it is":     {"JWT", bare, "nothing says"},
		"logout token":                {"logout+jwt", good, "logout+jwt"},
		"typ is a number":             {7, good, "typ"},
		"bound to a key":              {"at+jwt", with(good, "cnf", map[string]any{"jkt": "x"}), "cnf"},
		"bound to a key, of Keycloak": {"JWT", with(good, "typ", "DPoP"), "DPoP"},
	} {
		_, err := verifyBearer(v, signTyped(t, provider, test.typ, test.claims))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: got %v, want ErrInvalid and %s", name, err, test.why)
		}
	}
}

func TestVerify_takesNoRightsFromTheToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := with(accessClaims(time.Now()), "role", "project_admin")
	claims["realm_access"] = map[string]any{"roles": []string{"admin"}}

	id, err := verifyBearer(v, provider.sign(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0)}); id != want {
		t.Errorf("got %+v, want %+v", id, want)
	}
}

func TestVerify_demandsAnAudience(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	for _, audience := range []any{nil, []string{}, "https://other.example", testAudience + "/", testClient} {
		if _, err := verifyBearer(v, provider.sign(t, with(accessClaims(time.Now()), "aud", audience))); !errors.Is(err, ErrInvalid) {
			t.Errorf("aud %v: got %v, want ErrInvalid", audience, err)
		}
	}
	none := newTestVerifier(t, provider, "OIDC_AUDIENCE=")
	for _, audience := range []any{nil, "", testAudience} {
		_, err := verifyBearer(none, provider.sign(t, with(accessClaims(time.Now()), "aud", audience)))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "OIDC_AUDIENCE is not set") {
			t.Errorf("aud %v while none is set: got %v, want ErrInvalid", audience, err)
		}
	}
}

func TestVerify_applications(t *testing.T) {
	provider := newIssuer(t)
	claims := with(accessClaims(time.Now()), "client_id", nil)
	for _, test := range []struct {
		parties string
		claim   string
		value   any
		ok      bool
	}{
		{"", "azp", testClient, true},
		{"", "client_id", testClient, true},
		{"", "azp", "other", false},
		{"", "client_id", "other", false},
		{"", "cid", "other", false},
		{"", "appid", "other", false},
		{"", "azp", "", false},
		{"", "azp", []string{testClient}, false},
		{"", "azp", 7, false},
		{"phone, desk", "azp", "desk", true},
		{"phone, desk", "azp", testClient, false},
	} {
		v := newTestVerifier(t, provider, "OIDC_AUTHORIZED_PARTIES="+test.parties)
		_, err := verifyBearer(v, provider.sign(t, with(claims, test.claim, test.value)))
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	v := newTestVerifier(t, provider)
	both := with(with(claims, "azp", testClient), "client_id", "other")
	if _, err := verifyBearer(v, provider.sign(t, both)); !errors.Is(err, ErrInvalid) {
		t.Errorf("one name of two is another's: %v", err)
	}
}

func TestVerify_refuses(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	good := accessClaims(time.Now())

	tests := map[string]map[string]any{
		"issuer with a slash":            with(good, "iss", testIssuer+"/"),
		"issuer of another realm":        with(good, "iss", "https://id.example.com/realms/other"),
		"no issuer":                      with(good, "iss", nil),
		"expired":                        with(good, "exp", time.Now().Add(-time.Minute).Unix()),
		"expiry written in milliseconds": with(good, "exp", 1168335720000),
		"no user":                        with(good, "sub", nil),
		"a user who is a number":         with(good, "sub", 248289761001),
		"token of a machine":             with(good, "sub", testClient),
	}
	for name, claims := range tests {
		if id, err := verifyBearer(v, provider.sign(t, claims)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, id, err)
		}
	}
}

func TestVerify_opaqueToken(t *testing.T) {
	provider := newIssuer(t)
	_, err := verifyBearer(newTestVerifier(t, provider), "hq1Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1Xo0")
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), testAudience) || provider.fetches.Load() > 0 {
		t.Errorf("got %v after %d requests, want ErrInvalid and what to ask for", err, provider.fetches.Load())
	}
}

func TestVerify_withoutToken(t *testing.T) {
	v := newTestVerifier(t, newIssuer(t))
	if _, err := v.Verify(httptest.NewRequest("GET", "/v1/me", nil)); !errors.Is(err, ErrNoCredential) {
		t.Errorf("got %v, want ErrNoCredential", err)
	}
}

func TestIsUser(t *testing.T) {
	for subject, want := range map[string]bool{
		testUser: true, "248289761001": true, "": false, " ": false, "1\n": false, strings.Repeat("1", 300): false,
	} {
		if IsUser(subject) != want {
			t.Errorf("IsUser(%q) = %v", subject, !want)
		}
	}
}

func TestLoadConfig(t *testing.T) {
	for _, issuer := range []string{testIssuer, testIssuer + "/", "https://accounts.google.com", "http://localhost:8081/realms/shop", "http://127.0.0.1:9000"} {
		cfg, err := loadConfig("OIDC_ISSUER_URL=" + issuer)
		if err != nil || cfg.Issuer != issuer || len(cfg.Parties) != 1 || cfg.Parties[0] != testClient {
			t.Errorf("%s: %+v, %v", issuer, cfg, err)
		}
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	for _, line := range []string{
		"OIDC_ISSUER_URL=",
		"OIDC_ISSUER_URL=id.example.com",
		"OIDC_ISSUER_URL=http://id.example.com",
		"OIDC_ISSUER_URL=" + testIssuer + "?a=b",
		"OIDC_ISSUER_URL=" + testIssuer + "?",
		"OIDC_ISSUER_URL=" + testIssuer + "#a",
		"OIDC_ISSUER_URL=" + testIssuer + "#",
		"OIDC_ISSUER_URL=https://ada@id.example.com",
		"OIDC_ISSUER_URL=https://[::1",
		"OIDC_CLIENT_ID=",
		"OIDC_CLIENT_ID=shop web",
		"OIDC_AUDIENCE=my api",
		"OIDC_AUDIENCE=" + testClient,
		"OIDC_AUTHORIZED_PARTIES=phone,,desk",
		"OIDC_AUTHORIZED_PARTIES=phone desk",
		"AUTH_JWKS_URL=http://id.example.com/keys",
	} {
		name, _, _ := strings.Cut(line, "=")
		_, err := loadConfig(line)
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one problem with %s", line, err, name)
		}
	}
	if _, err := loadConfig("APP_ENV=production", "OIDC_ISSUER_URL=http://localhost:8081/realms/shop"); err == nil {
		t.Error("in production an issuer without TLS is taken")
	}
}
