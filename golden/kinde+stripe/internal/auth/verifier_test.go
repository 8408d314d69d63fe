package auth

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/env"
)

const (
	testIssuer   = "https://testing.kinde.com"
	testClient   = "0123456789abcdef0123456789abcdef"
	testAudience = "http://my.api.com/api"
	testUser     = "kp_cfcb1ae5b9254ad99521214014c54f43"
)

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"KINDE_ISSUER_URL=" + testIssuer,
		"KINDE_CLIENT_ID=" + testClient,
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

// accessClaims are those of the access token of an application without a registered API.
func accessClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss":           testIssuer,
		"sub":           testUser,
		"aud":           []string{},
		"azp":           testClient,
		"scp":           []string{"openid", "profile", "email"},
		"org_code":      "org_1234567890ab",
		"permissions":   []string{"read:todos"},
		"feature_flags": map[string]any{},
		"jti":           "27daa125-2fb2-4e14-9270-742cd56e764b",
		"iat":           now.Unix(),
		"exp":           now.Add(24 * time.Hour).Unix(),
	}
}

func TestVerify_acceptsAnAccessToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := accessClaims(time.Now())

	id, err := verifyBearer(v, provider.sign(t, claims))
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

func TestVerify_takesNoRightsFromTheToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := with(accessClaims(time.Now()), "role", "project_admin")
	claims["roles"] = []any{map[string]any{"key": "admin"}}

	id, err := verifyBearer(v, provider.sign(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0)}); id != want {
		t.Errorf("got %+v, want %+v", id, want)
	}
}

func TestVerify_demandsTheConfiguredAudience(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider, "KINDE_AUDIENCE="+testAudience)
	claims := accessClaims(time.Now())

	second := with(claims, "aud", []string{"http://other.api.com", testAudience})
	if _, err := verifyBearer(v, provider.sign(t, second)); err != nil {
		t.Errorf("our audience second: %v", err)
	}
	for _, audience := range []any{nil, []string{}, []string{"http://other.api.com"}, testAudience + "/"} {
		_, err := verifyBearer(v, provider.sign(t, with(claims, "aud", audience)))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "register the API") {
			t.Errorf("aud %v: got %v, want ErrInvalid and what to do", audience, err)
		}
	}
}

func TestVerify_refuses(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	good := accessClaims(time.Now())

	tests := map[string]map[string]any{
		"issuer with a slash":            with(good, "iss", testIssuer+"/"),
		"issuer of another business":     with(good, "iss", "https://other.kinde.com"),
		"no issuer":                      with(good, "iss", nil),
		"another application":            with(good, "azp", "fedcba9876543210fedcba9876543210"),
		"no application":                 with(good, "azp", nil),
		"ID token":                       with(good, "aud", []string{testIssuer, testClient}),
		"audience that is no string":     with(good, "aud", []any{7}),
		"expired":                        with(good, "exp", time.Now().Add(-time.Minute).Unix()),
		"expiry written in milliseconds": with(good, "exp", 1168335720000),
		"token of a machine":             with(good, "sub", nil),
		"user ID in another form":        with(good, "sub", "user_2xPnG8KxVQr"),
	}
	for name, claims := range tests {
		if id, err := verifyBearer(v, provider.sign(t, claims)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, id, err)
		}
	}
}

func TestVerify_withoutToken(t *testing.T) {
	v := newTestVerifier(t, newIssuer(t))
	if _, err := v.Verify(httptest.NewRequest("GET", "/v1/me", nil)); !errors.Is(err, ErrNoCredential) {
		t.Errorf("got %v, want ErrNoCredential", err)
	}
}

func TestLoadConfig(t *testing.T) {
	for _, issuer := range []string{testIssuer, testIssuer + "/"} {
		cfg, err := loadConfig("KINDE_ISSUER_URL=" + issuer)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Issuer != testIssuer || cfg.JWKSURL != testIssuer+"/.well-known/jwks" {
			t.Errorf("%s: issuer %q with keys at %q", issuer, cfg.Issuer, cfg.JWKSURL)
		}
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	for _, line := range []string{
		"KINDE_ISSUER_URL=",
		"KINDE_ISSUER_URL=testing.kinde.com",
		"KINDE_ISSUER_URL=http://testing.kinde.com",
		"KINDE_ISSUER_URL=http://localhost",
		"KINDE_ISSUER_URL=https://testing.kinde.com/oauth2",
		"KINDE_CLIENT_ID=",
		"KINDE_CLIENT_ID=" + testClient[1:],
		"KINDE_AUDIENCE=my api",
	} {
		name, _, _ := strings.Cut(line, "=")
		_, err := loadConfig(line)
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one problem with %s", line, err, name)
		}
	}
}
