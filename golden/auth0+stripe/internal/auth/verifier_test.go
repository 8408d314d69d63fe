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
	testDomain   = "tenant.us.auth0.com"
	testAudience = "https://api.example.com"
	testUser     = "auth0|64a0c1f2b3d4e5f60718293a"
)

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"AUTH0_DOMAIN=" + testDomain,
		"AUTH0_AUDIENCE=" + testAudience,
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
func newTestVerifier(t *testing.T, provider *issuer) *Verifier {
	t.Helper()
	cfg, err := loadConfig("AUTH_JWKS_URL=" + provider.url)
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

// accessClaims are those of an access token a web app received for this API.
func accessClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss":         "https://" + testDomain + "/",
		"sub":         testUser,
		"aud":         []string{testAudience, "https://" + testDomain + "/userinfo"},
		"iat":         now.Unix(),
		"exp":         now.Add(24 * time.Hour).Unix(),
		"azp":         "DOsng05QhKSktD9R86JHdNfJBwjfagd3",
		"scope":       "openid profile email",
		"permissions": []string{"read:all"},
	}
}

func TestVerify_acceptsAnAccessToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := accessClaims(time.Now())

	for _, audience := range []any{claims["aud"], testAudience} {
		id, err := verifyBearer(v, provider.sign(t, with(claims, "aud", audience)))
		if err != nil {
			t.Fatalf("aud %v: %v", audience, err)
		}
		if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0)}); id != want {
			t.Errorf("aud %v: got %+v, want %+v", audience, id, want)
		}
	}
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("not ready after a token was accepted: %v", err)
	}
}

func TestVerify_takesNoRightsFromTheToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := with(accessClaims(time.Now()), "role", "project_admin")

	id, err := verifyBearer(v, provider.sign(t, with(claims, "is_admin", true)))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0)}); id != want {
		t.Errorf("got %+v, want %+v", id, want)
	}
}

func TestVerify_refuses(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	good := accessClaims(time.Now())

	tests := map[string]map[string]any{
		"issuer without its slash":   with(good, "iss", "https://"+testDomain),
		"issuer of another tenant":   with(good, "iss", "https://other.us.auth0.com/"),
		"no issuer":                  with(good, "iss", nil),
		"ID token":                   with(good, "aud", good["azp"]),
		"token for another API":      with(good, "aud", "https://api.example.com/"),
		"no audience":                with(good, "aud", nil),
		"expired":                    with(good, "exp", time.Now().Add(-time.Minute).Unix()),
		"token of a machine":         with(good, "sub", "DOsng05QhKSktD9R86JHdNfJBwjfagd3@clients"),
		"user without a connection":  with(good, "sub", "|64a0c1f2b3d4e5f60718293a"),
		"connection without a user":  with(good, "sub", "auth0|"),
		"user ID of another product": with(good, "sub", "user_2xPnG8KxVQr"),
	}
	for name, claims := range tests {
		if id, err := verifyBearer(v, provider.sign(t, claims)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, id, err)
		}
	}
}

func TestVerify_saysHowToGetAReadableToken(t *testing.T) {
	v := newTestVerifier(t, newIssuer(t))
	opaque := []string{"ZcKJv8Yl2dPn0Q4rTqkN", "eyJhbGciOiJkaXIifQ..iv.text.tag"}
	for _, token := range opaque {
		_, err := verifyBearer(v, token)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "request an access token with audience") {
			t.Errorf("%s: got %v", token, err)
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
	cfg, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://tenant.us.auth0.com/.well-known/jwks.json"; cfg.JWKSURL != want {
		t.Errorf("keys are read from %q, want %q", cfg.JWKSURL, want)
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	for _, line := range []string{
		"AUTH0_DOMAIN=",
		"AUTH0_DOMAIN=https://tenant.us.auth0.com/",
		"AUTH0_DOMAIN=https://tenant.us.auth0.com",
		"AUTH0_DOMAIN=tenant.us.auth0.com/",
		"AUTH0_DOMAIN=tenant",
		"AUTH0_AUDIENCE=",
		"AUTH0_AUDIENCE=my api",
	} {
		name, _, _ := strings.Cut(line, "=")
		_, err := loadConfig(line)
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one problem with %s", line, err, name)
		}
	}
	if _, err := loadConfig("AUTH0_DOMAIN=https://tenant.us.auth0.com/"); !strings.Contains(err.Error(), "without https://") {
		t.Errorf("the problem does not name the right form: %v", err)
	}
}

// Sign-in asks this alone, of a subject that no token check has seen.
func TestIsUser(t *testing.T) {
	for subject, want := range map[string]bool{
		testUser: true, "google-oauth2|1093": true,
		"": false, "auth0": false, "auth0|": false, "|1": false, "auth0|1\n": false, "auth0|1 ": false, "auth0|" + strings.Repeat("1", 300): false,
	} {
		if got := IsUser(subject); got != want {
			t.Errorf("IsUser(%.40q) = %v", subject, got)
		}
	}
}
