package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/auth"
)

const testJWTSecret = "0123456789abcdef0123456789abcdef"

func newTestMinter() *auth.Minter {
	return auth.NewMinter(auth.MinterConfig{Secret: testJWTSecret, TTL: 5 * time.Minute})
}

// mintedClaims verifies a minted token and returns what it says.
func mintedClaims(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(testJWTSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		t.Fatalf("not a token signed with the project's secret: %v", err)
	}
	return claims
}

func TestInsForgeToken(t *testing.T) {
	sessionEnd := time.Now().Add(time.Minute)
	req := httptest.NewRequest(http.MethodGet, "/v1/insforge-token", nil)
	req = req.WithContext(auth.ContextWith(req.Context(), auth.Identity{Subject: "user_1", ExpiresAt: sessionEnd}))

	rec := httptest.NewRecorder()
	handleInsForgeToken(newTestMinter(), slog.New(slog.DiscardHandler)).ServeHTTP(rec, req)

	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if got := rec.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	if len(rec.Result().Cookies()) != 0 {
		t.Error("the token was set as a cookie")
	}
	var body struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if body.ExpiresAt.After(sessionEnd) {
		t.Errorf("expires %s, after the session's end %s", body.ExpiresAt, sessionEnd)
	}
	claims := mintedClaims(t, body.Token)
	if claims["sub"] != "user_1" || claims["role"] != "authenticated" {
		t.Errorf("claims %v, want sub user_1 and role authenticated", claims)
	}
}

func TestInsForgeToken_sessionJustEnded(t *testing.T) {
	req := httptest.NewRequest(http.MethodGet, "/v1/insforge-token", nil)
	req = req.WithContext(auth.ContextWith(req.Context(), auth.Identity{Subject: "user_1", ExpiresAt: time.Now().Add(-time.Second)}))

	rec := httptest.NewRecorder()
	handleInsForgeToken(newTestMinter(), slog.New(slog.DiscardHandler)).ServeHTTP(rec, req)

	if rec.Code != http.StatusUnauthorized {
		t.Errorf("status %d, want 401: %s", rec.Code, rec.Body)
	}
}
