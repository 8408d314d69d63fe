package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

const testUser = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"INSFORGE_URL=https://shop.insforge.example",
		"INSFORGE_JWT_SECRET=forge-insforge-test-secret-0123456789abcdef",
	}, lines...) {
		name, value, _ := strings.Cut(line, "=")
		vars[name] = value
	}
	r := env.NewReader(func(name string) string { return vars[name] })
	cfg := LoadConfig(r)
	return cfg, r.Err()
}

// project stands in for InsForge: its keys, and what it says about sessions.
type project struct {
	*issuer
	status int
	body   string
	asked  int
}

func newProject(t *testing.T) (*project, *Verifier) {
	t.Helper()
	p := &project{issuer: newIssuer(t), status: http.StatusOK, body: `{"user":{"id":"` + testUser + `","email":"ada@example.com"}}`}
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/jwks.json":
			writeKeys(w, publicJWK(p.kid, &p.key.PublicKey))
		case "/api/auth/sessions/current":
			p.asked++
			if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") || r.Header.Get("X-Api-Key") != "" {
				t.Errorf("asked with %v", r.Header)
			}
			w.WriteHeader(p.status)
			_, _ = w.Write([]byte(p.body))
		default:
			t.Errorf("asked for %s", r.URL.Path)
		}
	})
	cfg, err := loadConfig("INSFORGE_URL=" + p.url)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return p, v
}

// verifyBearer sends token in the Authorization header.
func verifyBearer(v *Verifier, token string) (Identity, error) {
	r := httptest.NewRequest("GET", "/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return v.Verify(r)
}

// accessClaims are those of an access token, all of them.
func accessClaims(now time.Time) map[string]any {
	return map[string]any{
		"sub": testUser, "email": "ada@example.com", "role": "authenticated",
		"iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(),
	}
}

func TestVerify_acceptsAnAccessToken(t *testing.T) {
	p, v := newProject(t)
	claims := accessClaims(time.Now())
	id, err := verifyBearer(v, p.sign(t, claims))
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

func TestVerify_refuses(t *testing.T) {
	p, v := newProject(t)
	good := accessClaims(time.Now())
	for name, claims := range map[string]map[string]any{
		"the project's admin":     with(good, "role", "project_admin"),
		"anonymous":               with(good, "role", "anon"),
		"no role":                 with(good, "role", nil),
		"a list of roles":         with(good, "role", []string{"authenticated"}),
		"no end":                  with(good, "exp", nil),
		"expired":                 with(good, "exp", time.Now().Add(-time.Minute).Unix()),
		"a refresh token":         with(with(good, "type", "refresh"), "iss", "insforge"),
		"of another kind":         with(good, "type", "access"),
		"an issuer":               with(good, "iss", "insforge"),
		"an empty issuer":         with(good, "iss", ""),
		"a list of issuers":       with(good, "iss", []string{"insforge"}),
		"minted for the database": with(good, "aud", "insforge-api"),
		"no user":                 with(good, "sub", nil),
		"another provider's user": with(good, "sub", "user_2xPnG8KxVQr"),
		"a UUID in capitals":      with(good, "sub", strings.ToUpper(testUser)),
		"the project":             with(good, "sub", "local"),
	} {
		if id, err := verifyBearer(v, p.sign(t, claims)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, id, err)
		}
	}
	secret := []byte("forge-insforge-test-secret-0123456789abcdef")
	if _, err := verifyBearer(v, signWith(t, jwt.SigningMethodHS256, secret, map[string]any{"kid": p.kid}, good)); !errors.Is(err, ErrInvalid) {
		t.Errorf("under the project's secret, as this server mints them: %v", err)
	}
	if p.asked != 0 {
		t.Errorf("InsForge was asked %d times about what is refused here", p.asked)
	}
}

// TestVerify_whatInsForgeSays: a token is good for 15 minutes, and its user may be gone by then.
func TestVerify_whatInsForgeSays(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   error
	}{
		{http.StatusUnauthorized, `{"error":"AUTH_INVALID_CREDENTIALS","message":"User not found","statusCode":401}`, ErrInvalid},
		{http.StatusOK, `{"user":{"id":"00000000-0000-4000-8000-000000000000"}}`, ErrInvalid},
		{http.StatusUnauthorized, `<!doctype html>`, ErrUnavailable},
		{http.StatusUnauthorized, `{}`, ErrUnavailable},
		{http.StatusOK, `{}`, ErrUnavailable},
		{http.StatusOK, `null`, ErrUnavailable},
		{http.StatusOK, `<!doctype html>`, ErrUnavailable},
		{http.StatusInternalServerError, `{"error":"INTERNAL_ERROR","message":"","statusCode":500}`, ErrUnavailable},
		{http.StatusTooManyRequests, `{"error":"RATE_LIMITED","message":"","statusCode":429}`, ErrUnavailable},
		{http.StatusFound, ``, ErrUnavailable},
	} {
		p, v := newProject(t)
		p.status, p.body = test.status, test.body
		token := p.sign(t, accessClaims(time.Now()))
		for range 2 { // nothing but a yes is kept
			if _, err := verifyBearer(v, token); !errors.Is(err, test.want) || errors.Is(err, ErrInvalid) && errors.Is(err, ErrUnavailable) {
				t.Errorf("%d %s: %v, want %v", test.status, test.body, err, test.want)
			}
		}
		if p.asked != 2 {
			t.Errorf("%d %s: asked %d times", test.status, test.body, p.asked)
		}
	}
}

func TestVerify_asksAgain(t *testing.T) {
	p, v := newProject(t)
	token := p.sign(t, accessClaims(time.Now()))
	late := time.Duration(0)
	v.accounts.now = func() time.Time { return time.Now().Add(late) }
	for range 3 {
		if _, err := verifyBearer(v, token); err != nil {
			t.Fatal(err)
		}
	}
	if p.asked != 1 {
		t.Errorf("InsForge was asked %d times", p.asked)
	}
	late = accountTime
	p.status, p.body = http.StatusUnauthorized, `{"error":"AUTH_INVALID_CREDENTIALS"}`
	if _, err := verifyBearer(v, token); !errors.Is(err, ErrInvalid) || p.asked != 2 {
		t.Errorf("half a minute after the user was deleted: %v, asked %d times", err, p.asked)
	}
	// Another token of the same user is another question.
	if _, err := verifyBearer(v, p.sign(t, with(accessClaims(time.Now()), "email", "ada@example.org"))); !errors.Is(err, ErrInvalid) {
		t.Errorf("another token: %v", err)
	}
}

func TestAccounts_keepsSoMany(t *testing.T) {
	p, v := newProject(t)
	for n := range maxAccounts {
		v.accounts.known[[32]byte{byte(n), byte(n >> 8), 1}] = time.Now().Add(accountTime)
	}
	if _, err := verifyBearer(v, p.sign(t, accessClaims(time.Now()))); err != nil || len(v.accounts.known) != 1 {
		t.Errorf("%v; %d are kept", err, len(v.accounts.known))
	}
}

func TestVerify_withoutToken(t *testing.T) {
	_, v := newProject(t)
	if _, err := v.Verify(httptest.NewRequest("GET", "/v1/me", nil)); !errors.Is(err, ErrNoCredential) {
		t.Errorf("got %v, want ErrNoCredential", err)
	}
}

func TestLoadConfig(t *testing.T) {
	cfg, err := loadConfig()
	if err != nil || cfg.JWKSURL != "https://shop.insforge.example/.well-known/jwks.json" {
		t.Errorf("%+v, %v", cfg, err)
	}
	for _, line := range []string{"INSFORGE_URL=", "INSFORGE_URL=http://shop.insforge.example", "INSFORGE_URL=https://shop.insforge.example/api"} {
		if _, err := loadConfig(line); err == nil || !strings.HasPrefix(err.Error(), "INSFORGE_URL ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one problem", line, err)
		}
	}
}
