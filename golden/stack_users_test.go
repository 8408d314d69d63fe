package golden

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// signer makes requests speak for any user of one provider.
type signer interface {
	// user is a good credential. Claims come on top where it is a token.
	user(t *testing.T, subject string, claims map[string]any) func(*http.Request)
	// bad are credentials that were good but for one thing.
	bad(t *testing.T, subject string) map[string]func(*http.Request)
}

// newSigner takes after the provider's caller, and returns that caller's subject.
func newSigner(t *testing.T, auth string, env map[string]string) (signer, string) {
	t.Helper()
	speak, subject := callers[auth](t, env)
	if auth == "better-auth" {
		db, err := pgxpool.New(t.Context(), env["DATABASE_URL"])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return cookieSigner{db}, subject
	}
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	speak(req)
	shape := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), shape); err != nil {
		t.Fatal(err)
	}
	s := tokenSigner{shape: shape, key: newKey(t), foreign: newKey(t)}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "stack",
			"n": base64.RawURLEncoding.EncodeToString(s.key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(s.key.E)).Bytes()),
		}}})
	}))
	t.Cleanup(keys.Close)
	env["AUTH_JWKS_URL"] = keys.URL
	return s, subject
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// tokenSigner signs tokens of the shape that a provider gives them.
type tokenSigner struct {
	shape        jwt.MapClaims
	key, foreign *rsa.PrivateKey
}

func (s tokenSigner) user(t *testing.T, subject string, claims map[string]any) func(*http.Request) {
	t.Helper()
	return s.signed(t, s.key, subject, claims)
}

func (s tokenSigner) signed(t *testing.T, key *rsa.PrivateKey, subject string, changes map[string]any) func(*http.Request) {
	t.Helper()
	now := time.Now()
	claims := maps.Clone(s.shape)
	claims["sub"], claims["iat"], claims["nbf"], claims["exp"] = subject, now.Unix(), now.Unix(), now.Add(5*time.Minute).Unix()
	maps.Copy(claims, changes)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "stack"
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+signed) }
}

func (s tokenSigner) bad(t *testing.T, subject string) map[string]func(*http.Request) {
	t.Helper()
	hour := time.Now().Add(time.Hour).Unix()
	return map[string]func(*http.Request){
		"expired":           s.signed(t, s.key, subject, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"not yet valid":     s.signed(t, s.key, subject, map[string]any{"nbf": hour}),
		"without an expiry": s.signed(t, s.key, subject, map[string]any{"exp": nil}),
		"of a foreign key":  s.signed(t, s.foreign, subject, nil),
		"of another issuer": s.signed(t, s.key, subject, map[string]any{"iss": "https://other.example.com"}),
		"without a subject": s.signed(t, s.key, "", nil),
		"in the cookie": func(r *http.Request) {
			s.user(t, subject, nil)(r)
			r.Header.Set("Cookie", "__session="+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			r.Header.Del("Authorization")
		},
	}
}

// cookieSigner puts sessions into Better Auth's tables.
type cookieSigner struct{ db *pgxpool.Pool }

func (s cookieSigner) user(t *testing.T, subject string, _ map[string]any) func(*http.Request) {
	t.Helper()
	return cookie(betterAuthSecret, s.session(t, subject, time.Hour))
}

func (s cookieSigner) session(t *testing.T, subject string, life time.Duration) (token string) {
	t.Helper()
	token = rand.Text()
	_, err := s.db.Exec(t.Context(), `with u as (insert into better_auth."user" (id, name, email, "emailVerified")
			values ($1, 'x', $1 || '@example.com', true) on conflict (id) do nothing)
		insert into better_auth.session (id, token, "expiresAt", "userId") values ($2, $2, $3, $1)`, subject, token, time.Now().Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func cookie(secret, token string) func(*http.Request) {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	value := url.QueryEscape(token + "." + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return func(r *http.Request) { r.Header.Set("Cookie", "better-auth.session_token="+value) }
}

func (s cookieSigner) bad(t *testing.T, subject string) map[string]func(*http.Request) {
	t.Helper()
	good := s.session(t, subject, time.Hour)
	return map[string]func(*http.Request){
		"expired":              cookie(betterAuthSecret, s.session(t, subject, -time.Minute)),
		"of a foreign secret":  cookie("another-secret-0123456789abcdefghij", good),
		"of an unknown token":  cookie(betterAuthSecret, rand.Text()),
		"without a signature":  func(r *http.Request) { r.Header.Set("Cookie", "better-auth.session_token="+good) },
		"a bare session token": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+good) },
	}
}
