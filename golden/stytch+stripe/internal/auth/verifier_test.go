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
	testProject = "project-test-00000000-0000-4000-8000-000000000000"
	liveProject = "project-live-00000000-0000-4000-8000-000000000000"
	testUser    = "user-test-16d9ba61-97a1-4ba4-9720-b03761dc50c6"
)

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"STYTCH_PROJECT_ID=" + testProject,
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

// sessionClaims are those of a session JWT Stytch issued at now.
func sessionClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss": "stytch.com/" + testProject,
		"sub": testUser,
		"aud": []string{testProject},
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(5 * time.Minute).Unix(),
		"https://stytch.com/session": map[string]any{
			"id":               "session-test-fe6c042b-6286-479f-8a4f-b046a6c46509",
			"started_at":       now.UTC().Format(time.RFC3339),
			"last_accessed_at": now.UTC().Format(time.RFC3339),
			"expires_at":       now.Add(time.Hour).UTC().Format(time.RFC3339),
			"attributes":       map[string]any{"ip_address": "", "user_agent": ""},
			"authentication_factors": []map[string]any{
				{"type": "magic_link", "delivery_method": "email"},
			},
			"roles": []string{"stytch_user"},
		},
	}
}

func TestVerify_acceptsASessionOfEitherIssuer(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := sessionClaims(time.Now())

	for _, issuer := range []string{"stytch.com/" + testProject, "https://test.stytch.com"} {
		id, err := verifyBearer(v, provider.sign(t, with(claims, "iss", issuer)))
		if err != nil {
			t.Fatalf("%s: %v", issuer, err)
		}
		if want := (Identity{Subject: testUser, ExpiresAt: time.Unix(claims["exp"].(int64), 0)}); id != want {
			t.Errorf("%s: got %+v, want %+v", issuer, id, want)
		}
	}
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("not ready after a token was accepted: %v", err)
	}
}

func TestVerify_acceptsALiveSession(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider, "STYTCH_PROJECT_ID="+liveProject)
	claims := with(sessionClaims(time.Now()), "aud", []string{liveProject})
	claims["sub"] = strings.Replace(testUser, "test", "live", 1)

	for _, issuer := range []string{"stytch.com/" + liveProject, "https://api.stytch.com"} {
		if _, err := verifyBearer(v, provider.sign(t, with(claims, "iss", issuer))); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func TestVerify_allowsForAClockThatIsAhead(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	if _, err := verifyBearer(v, provider.sign(t, sessionClaims(time.Now().Add(2*time.Second)))); err != nil {
		t.Error(err)
	}
}

func TestVerify_takesNoRightsFromTheToken(t *testing.T) {
	provider := newIssuer(t)
	v := newTestVerifier(t, provider)
	claims := with(sessionClaims(time.Now()), "role", "project_admin")

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
	now := time.Now()
	good := sessionClaims(now)

	tests := map[string]map[string]any{
		"issuer with a scheme":         with(good, "iss", "https://stytch.com/"+testProject),
		"issuer of another project":    with(good, "iss", "stytch.com/project-test-11111111-1111-4111-8111-111111111111"),
		"issuer of the live host":      with(good, "iss", "https://api.stytch.com"),
		"another project":              with(good, "aud", []string{liveProject}),
		"no audience":                  with(good, "aud", nil),
		"six minutes old":              sessionClaims(now.Add(-6 * time.Minute)),
		"six minutes old, long-lived":  with(sessionClaims(now.Add(-6*time.Minute)), "exp", now.Add(time.Hour).Unix()),
		"no time of issue":             with(good, "iat", nil),
		"ID in userId instead of sub":  with(with(good, "sub", nil), "userId", testUser),
		"user of the live environment": with(good, "sub", strings.Replace(testUser, "test", "live", 1)),
		"member of an organization":    with(good, "sub", strings.Replace(testUser, "user", "member", 1)),
		"token without a session":      with(good, "https://stytch.com/session", nil),
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

func TestLoadConfig_readsTheKeysOfItsEnvironment(t *testing.T) {
	for project, want := range map[string]string{
		testProject: "https://test.stytch.com/v1/sessions/jwks/" + testProject,
		liveProject: "https://api.stytch.com/v1/sessions/jwks/" + liveProject,
	} {
		cfg, err := loadConfig("STYTCH_PROJECT_ID=" + project)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.JWKSURL != want {
			t.Errorf("keys are read from %q, want %q", cfg.JWKSURL, want)
		}
	}
}

func TestLoadConfig_production(t *testing.T) {
	if _, err := loadConfig("APP_ENV=production", "STYTCH_PROJECT_ID="+liveProject); err != nil {
		t.Error(err)
	}
	_, err := loadConfig("APP_ENV=production")
	if err == nil || !strings.HasPrefix(err.Error(), "STYTCH_PROJECT_ID belongs to a test environment") {
		t.Errorf("a test project: got %v", err)
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	for _, project := range []string{
		"", "project-test-1", strings.TrimPrefix(testProject, "project-"),
		strings.Replace(testProject, "project", "secret", 1), testProject + "/..",
	} {
		_, err := loadConfig("APP_ENV=production", "STYTCH_PROJECT_ID="+project)
		if err == nil || !strings.HasPrefix(err.Error(), "STYTCH_PROJECT_ID ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want one problem with STYTCH_PROJECT_ID", project, err)
		}
	}
}
