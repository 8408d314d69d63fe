package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

const (
	testClient  = "client_01HBEQKA6K4QJAS93VPE39W1JT"
	testUser    = "user_01HBEQKA6K4QJAS93VPE39W1JT"
	testSession = "session_01HQSXZGF8FHF7A9ZZFCW4387R"
)

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"WORKOS_CLIENT_ID=" + testClient,
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

// accessClaims are those of the access token of an AuthKit session.
func accessClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss":         "https://api.workos.com/user_management/" + testClient,
		"sub":         testUser,
		"sid":         testSession,
		"jti":         "01HQSXZXPPFPKMDD32RKTFR3YB",
		"org_id":      "org_01HRDMC6CM357W30QMHMQ96Q0S",
		"role":        "member",
		"roles":       []string{"member"},
		"permissions": []string{"posts:read"},
		"iat":         now.Unix(),
		"exp":         now.Add(5 * time.Minute).Unix(),
	}
}

func TestVerify_acceptsEveryIssuerOfOurEnvironment(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := accessClaims(time.Now())

	for _, issuer := range []string{"https://api.workos.com", "https://api.workos.com/user_management/" + testClient} {
		id, err := verifyBearer(v, provider.sign(t, with(claims, "iss", issuer)))
		if err != nil {
			t.Fatalf("%s: %v", issuer, err)
		}
		if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0), Session: testSession}); id != want {
			t.Errorf("%s: got %+v, want %+v", issuer, id, want)
		}
	}
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("not ready after a token was accepted: %v", err)
	}
}

func TestVerify_configuredIssuersReplaceTheDefaults(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider, "WORKOS_ISSUER=https://auth.example.com, https://login.example.com/")
	claims := accessClaims(time.Now())

	for _, issuer := range []string{"https://auth.example.com", "https://login.example.com/"} {
		if _, err := verifyBearer(v, provider.sign(t, with(claims, "iss", issuer))); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	if _, err := verifyBearer(v, provider.sign(t, claims)); !errors.Is(err, ErrInvalid) {
		t.Errorf("an issuer that is not on the list: got %v, want ErrInvalid", err)
	}
}

func TestVerify_takesNoRightsFromTheToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := accessClaims(time.Now())

	for _, role := range []string{"admin", "project_admin"} {
		id, err := verifyBearer(v, provider.sign(t, with(claims, "role", role)))
		if err != nil {
			t.Fatal(err)
		}
		if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0), Session: testSession}); id != want {
			t.Errorf("role %s: got %+v, want %+v", role, id, want)
		}
	}
}

func TestVerify_refuses(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	good := accessClaims(time.Now())

	tests := map[string]map[string]any{
		"issuer with a slash":      with(good, "iss", "https://api.workos.com/"),
		"issuer of another client": with(good, "iss", "https://api.workos.com/user_management/client_01HBEQKA6K4QJAS93VPE39W1JX"),
		"issuer of a stranger":     with(good, "iss", "https://api.workos.com.evil.example"),
		"no issuer":                with(good, "iss", nil),
		"expired":                  with(good, "exp", time.Now().Add(-time.Minute).Unix()),
		"no expiry":                with(good, "exp", nil),
		"token of a machine":       with(good, "sub", testClient),
		"user ID in another form":  with(good, "sub", "user_2xPnG8KxVQr"),
		"no user":                  with(good, "sub", nil),
	}
	for name, claims := range tests {
		if id, err := verifyBearer(v, provider.sign(t, claims)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, id, err)
		}
	}
}

// Every client ID of a WorkOS account has keys of its own, and tokens are told apart by nothing else.
func TestVerify_refusesAnotherClientsKey(t *testing.T) {
	v := newTestVerifier(t, newIssuer(t))
	theirs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, kid := range []string{"sso_oidc_key_pair_theirs", "key-1"} {
		token := signWith(t, jwt.SigningMethodRS256, theirs, map[string]any{"kid": kid}, accessClaims(time.Now()))
		if _, err := verifyBearer(v, token); !errors.Is(err, ErrInvalid) {
			t.Errorf("kid %s: got %v, want ErrInvalid", kid, err)
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
	if want := "https://api.workos.com/sso/jwks/" + testClient; cfg.JWKSURL != want {
		t.Errorf("keys are read from %q, want %q", cfg.JWKSURL, want)
	}
	want := []string{"https://api.workos.com", "https://api.workos.com/user_management/" + testClient}
	if !slices.Equal(cfg.Issuers, want) {
		t.Errorf("issuers are %q, want %q", cfg.Issuers, want)
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	for _, line := range []string{
		"WORKOS_CLIENT_ID=",
		"WORKOS_CLIENT_ID=01HBEQKA6K4QJAS93VPE39W1JT",
		"WORKOS_CLIENT_ID=" + testClient + "/../other",
		"WORKOS_ISSUER=http://api.workos.com",
		"WORKOS_ISSUER=api.workos.com",
		"WORKOS_ISSUER=https://api.workos.com,",
		"WORKOS_ISSUER=https:///",
		"WORKOS_ISSUER=https://[::1",
		"WORKOS_ISSUER=https://user@api.workos.com",
		"WORKOS_ISSUER=https://api.workos.com?a=b",
		"WORKOS_ISSUER=https://api.workos.com#a",
	} {
		name, _, _ := strings.Cut(line, "=")
		_, err := loadConfig(line)
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one problem with %s", line, err, name)
		}
	}
}
