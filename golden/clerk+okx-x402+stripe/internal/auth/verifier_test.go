package auth

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

const testOrigin = "http://localhost:8080"

// newTestVerifier returns a Verifier that trusts i and pages at testOrigin.
func newTestVerifier(t *testing.T, i *issuer) *Verifier {
	t.Helper()
	verifier, err := NewVerifier(Config{
		Issuer:            i.url,
		JWKSURL:           i.url + "/.well-known/jwks.json",
		AuthorizedParties: []string{testOrigin, "https://app.example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	return verifier
}

// sessionClaims are those of a session token made on a page at testOrigin.
func sessionClaims(i *issuer, now time.Time) map[string]any {
	claims := goodClaims(i.url, now)
	claims["azp"] = testOrigin
	claims["sid"] = "sess_2xPnG8KxVQr"
	claims["sts"] = "active"
	claims["v"] = 2
	return claims
}

func bearer(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestVerify_sessionToken(t *testing.T) {
	i := newIssuer(t)
	now := time.Now()

	id, err := newTestVerifier(t, i).Verify(bearer(i.sign(t, sessionClaims(i, now))))
	if err != nil {
		t.Fatal(err)
	}
	want := Identity{Subject: "user_2xPnG8KxVQr", ExpiresAt: time.Unix(now.Unix()+60, 0)}
	if id.Subject != want.Subject || !id.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("identity %v, want %v", id, want)
	}
}

func TestVerify_refuses(t *testing.T) {
	i := newIssuer(t)
	verifier := newTestVerifier(t, i)
	claims := sessionClaims(i, time.Now())

	for name, test := range map[string]struct {
		claims map[string]any
		want   error
	}{
		"page of another origin":       {with(claims, "azp", "http://localhost:3000"), ErrInvalid},
		"page on a look-alike origin":  {with(claims, "azp", testOrigin+".evil.example"), ErrInvalid},
		"origin with a final slash":    {with(claims, "azp", testOrigin+"/"), ErrInvalid},
		"made through the Backend API": {with(claims, "azp", nil), ErrInvalid},
		"azp is a list":                {with(claims, "azp", []string{testOrigin}), ErrInvalid},
		"cached for 70 seconds":        {sessionClaims(i, time.Now().Add(-70*time.Second-clockLeeway)), ErrInvalid},
		"another instance":             {with(claims, "iss", "https://clerk.evil.example"), ErrInvalid},
		"issuer that contains Clerk's": {with(claims, "iss", "https://evil.example/.clerk.accounts"), ErrInvalid},
		"pending session":              {with(claims, "sts", "pending"), ErrForbidden},
		"unknown session status":       {with(claims, "sts", true), ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := verifier.Verify(bearer(i.sign(t, test.claims))); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestVerify_oldTokenVersionHasNoStatus(t *testing.T) {
	i := newIssuer(t)
	token := i.sign(t, with(sessionClaims(i, time.Now()), "sts", nil))
	if _, err := newTestVerifier(t, i).Verify(bearer(token)); err != nil {
		t.Error(err)
	}
}

// Whoever reads the log must not look for a wrong origin when there is none.
func TestVerify_saysThatThereIsNoOrigin(t *testing.T) {
	i := newIssuer(t)
	token := i.sign(t, with(sessionClaims(i, time.Now()), "azp", nil))
	if _, err := newTestVerifier(t, i).Verify(bearer(token)); err == nil || !strings.Contains(err.Error(), "no azp") {
		t.Errorf("error %v, want one that says no azp", err)
	}
}

// The token of Clerk's InsForge template is meant for InsForge alone.
func TestVerify_refusesTemplateToken(t *testing.T) {
	i := newIssuer(t)
	claims := with(sessionClaims(i, time.Now()), "role", "authenticated")
	token := signWith(t, jwt.SigningMethodHS256, []byte("0123456789abcdef0123456789abcdef"), map[string]any{"kid": i.kid}, claims)

	if _, err := newTestVerifier(t, i).Verify(bearer(token)); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

func TestVerify_cookieAloneIsNoCredential(t *testing.T) {
	i := newIssuer(t)
	r := httptest.NewRequest(http.MethodPost, "/v1/todos", nil)
	r.AddCookie(&http.Cookie{Name: "__session", Value: i.sign(t, sessionClaims(i, time.Now()))})

	if _, err := newTestVerifier(t, i).Verify(r); !errors.Is(err, ErrNoCredential) {
		t.Errorf("error %v, want ErrNoCredential", err)
	}
}

// A wrong port is the most common mistake with this provider: the log must name both origins and the
// answer neither.
func TestRequire_wrongOriginIsExplainedInTheLogOnly(t *testing.T) {
	i := newIssuer(t)
	var logs strings.Builder
	handler := Require(newTestVerifier(t, i).Verify, slog.New(slog.NewTextHandler(&logs, nil)))(http.NotFoundHandler())
	token := i.sign(t, with(sessionClaims(i, time.Now()), "azp", "http://localhost:3000"))

	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, bearer(token))

	if got := rec.Header().Get("WWW-Authenticate"); rec.Code != http.StatusUnauthorized || got != `Bearer error="invalid_token"` {
		t.Errorf("status %d, WWW-Authenticate %q", rec.Code, got)
	}
	for _, origin := range []string{"http://localhost:3000", testOrigin} {
		if !strings.Contains(logs.String(), origin) {
			t.Errorf("log %s does not name %s", logs.String(), origin)
		}
		if strings.Contains(rec.Body.String(), origin) {
			t.Errorf("body %s names %s", rec.Body, origin)
		}
	}
	if strings.Contains(logs.String(), token) {
		t.Error("the log holds the token")
	}
}

func TestReady(t *testing.T) {
	i := newIssuer(t)
	if err := newTestVerifier(t, i).Ready(t.Context()); err != nil {
		t.Error(err)
	}

	i.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if err := newTestVerifier(t, i).Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

func TestNewVerifier_refusesIncompleteConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"nothing":    {},
		"no parties": {Issuer: "https://clerk.example.com", JWKSURL: "https://clerk.example.com/jwks"},
		"no issuer":  {JWKSURL: "https://clerk.example.com/jwks", AuthorizedParties: []string{testOrigin}},
		"no keys":    {Issuer: "https://clerk.example.com", AuthorizedParties: []string{testOrigin}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewVerifier(cfg); err == nil {
				t.Error("no error")
			}
		})
	}
}

// publishableKey returns the key Clerk would give an instance with this Frontend API host.
func publishableKey(prefix, host string) string {
	return prefix + base64.RawStdEncoding.EncodeToString([]byte(host+"$"))
}

func TestLoadConfig(t *testing.T) {
	good := map[string]string{
		"CLERK_PUBLISHABLE_KEY":    publishableKey("pk_test_", "clever-cat-12.clerk.accounts.dev"),
		"CLERK_AUTHORIZED_PARTIES": testOrigin + ", https://app.example.com",
		"INSFORGE_JWT_SECRET":      vectorSecret,
	}
	for name, test := range map[string]struct {
		changes map[string]string
		problem string // "" means none
		issuer  string
		jwks    string
	}{
		"from the key": {
			issuer: "https://clever-cat-12.clerk.accounts.dev",
			jwks:   "https://clever-cat-12.clerk.accounts.dev/.well-known/jwks.json",
		},
		"key with padding": {
			changes: map[string]string{"CLERK_PUBLISHABLE_KEY": publishableKey("pk_test_", "clerk.example.com") + "=="},
			issuer:  "https://clerk.example.com",
			jwks:    "https://clerk.example.com/.well-known/jwks.json",
		},
		"behind a proxy": {
			changes: map[string]string{
				"CLERK_ISSUER":  "https://app.example.com/__clerk",
				"AUTH_JWKS_URL": "https://app.example.com/__clerk/.well-known/jwks.json",
			},
			issuer: "https://app.example.com/__clerk",
			jwks:   "https://app.example.com/__clerk/.well-known/jwks.json",
		},
		"production": {
			changes: map[string]string{"APP_ENV": "production", "CLERK_PUBLISHABLE_KEY": publishableKey("pk_live_", "clerk.example.com")},
			issuer:  "https://clerk.example.com",
			jwks:    "https://clerk.example.com/.well-known/jwks.json",
		},
		"development key in production": {changes: map[string]string{"APP_ENV": "production"}, problem: "CLERK_PUBLISHABLE_KEY"},
		"secret key in its place":       {changes: map[string]string{"CLERK_PUBLISHABLE_KEY": "sk_test_0123456789"}, problem: "CLERK_PUBLISHABLE_KEY"},
		"key without its prefix":        {changes: map[string]string{"CLERK_PUBLISHABLE_KEY": publishableKey("", "clerk.example.com")}, problem: "CLERK_PUBLISHABLE_KEY"},
		"key without its end":           {changes: map[string]string{"CLERK_PUBLISHABLE_KEY": "pk_test_" + base64.RawStdEncoding.EncodeToString([]byte("clerk.example.com"))}, problem: "CLERK_PUBLISHABLE_KEY"},
		"key with more behind":          {changes: map[string]string{"CLERK_PUBLISHABLE_KEY": publishableKey("pk_test_", "clerk.example.com") + "!"}, problem: "CLERK_PUBLISHABLE_KEY"},
		"key holds no host":             {changes: map[string]string{"CLERK_PUBLISHABLE_KEY": "pk_test_aGVsbG8k"}, problem: "CLERK_PUBLISHABLE_KEY"},
		"key holds a path":              {changes: map[string]string{"CLERK_PUBLISHABLE_KEY": publishableKey("pk_test_", "evil.example/x.y")}, problem: "CLERK_PUBLISHABLE_KEY"},
		"no parties":                    {changes: map[string]string{"CLERK_AUTHORIZED_PARTIES": ""}, problem: "CLERK_AUTHORIZED_PARTIES"},
		"party with a path":             {changes: map[string]string{"CLERK_AUTHORIZED_PARTIES": testOrigin + "/app"}, problem: "CLERK_AUTHORIZED_PARTIES"},
		"issuer without TLS":            {changes: map[string]string{"CLERK_ISSUER": "http://clerk.example.com"}, problem: "CLERK_ISSUER"},
		"issuer with a final slash":     {changes: map[string]string{"CLERK_ISSUER": "https://clerk.example.com/"}, problem: "CLERK_ISSUER"},
		"key address without TLS":       {changes: map[string]string{"AUTH_JWKS_URL": "http://clerk.example.com/jwks"}, problem: "AUTH_JWKS_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			r := env.NewReader(func(name string) string {
				if value, ok := test.changes[name]; ok {
					return value
				}
				return good[name]
			})
			cfg, err := LoadConfig(r), r.Err()
			if test.problem != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.problem) {
					t.Errorf("error %v, want one about %s", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if cfg.Issuer != test.issuer || cfg.JWKSURL != test.jwks || len(cfg.AuthorizedParties) != 2 {
				t.Errorf("issuer %s, keys %s, parties %q", cfg.Issuer, cfg.JWKSURL, cfg.AuthorizedParties)
			}
		})
	}
}
