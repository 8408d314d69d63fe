package auth

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// requireLimit is what a request's whole check may take, in multiples of what the JWT library takes
// to parse the same token and to verify it with the same key.
const requireLimit = 1.15

// BenchmarkRequire measures a signed-in request. The keys are read once, before: from then on nobody
// is asked for anything.
func BenchmarkRequire(b *testing.B) {
	i := newIssuer(b)
	keys := newKeySet(i.url)
	defer keys.close()
	claims := goodClaims(i.url, time.Now())
	for name, value := range map[string]any{
		"exp": time.Now().Add(time.Hour).Unix(), "aud": []string{"https://api.example.com"}, "azp": "https://app.example.com",
		"sid": "sess_2xPnG8KxVQrLb3Fq0uWcYtR1aZe", "scope": "openid profile email", "org": map[string]any{"id": "org_1", "role": "member"},
	} {
		claims[name] = value
	}
	raw := i.sign(b, claims)
	rules := tokenRules{issuers: []string{"https://other.example", i.url}, audience: "https://api.example.com", maxAge: time.Hour}
	signedIn := Require(func(r *http.Request) (Identity, error) {
		token, err := bearerToken(r)
		if err != nil {
			return Identity{}, err
		}
		return keys.verify(r.Context(), token, rules)
	}, slog.New(slog.DiscardHandler))
	let := 0
	handler := signedIn(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { let++ }))
	r := httptest.NewRequest(http.MethodGet, "/v1/me", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+raw)
	handler.ServeHTTP(httptest.NewRecorder(), r)

	w := httptest.NewRecorder()
	compare(b, requireLimit, func() { handler.ServeHTTP(w, r) }, func() {
		_, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return &i.key.PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"}))
		if err != nil {
			b.Fatal(err)
		}
	})
	if let < b.N || i.fetches.Load() != 1 {
		b.Errorf("%d of %d requests let through, keys read %d times", let, b.N, i.fetches.Load())
	}
}
