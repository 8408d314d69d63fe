package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signingKey is made once: RSA keys are slow to make, and no test depends on its value.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// issuer is a local stand-in for the provider: it signs tokens and serves the key set, on every path.
type issuer struct {
	url string
	key *rsa.PrivateKey
	kid string

	fetches atomic.Int32
	answer  atomic.Pointer[http.HandlerFunc] // replaces the key set when set
}

// newIssuer starts an issuer that stops with the test.
func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, kid: "key-1"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		if answer := i.answer.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		writeKeys(w, publicJWK(i.kid, &key.PublicKey))
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// serve makes the issuer answer with handler instead of its key set.
func (i *issuer) serve(handler http.HandlerFunc) {
	i.answer.Store(&handler)
}

// sign returns a token with these claims, signed as the provider would.
func (i *issuer) sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	return signWith(t, jwt.SigningMethodRS256, i.key, map[string]any{"kid": i.kid}, claims)
}

// signWith returns a token signed by method and key, with the given extra header fields.
func signWith(t testing.TB, method jwt.SigningMethod, key any, header, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	maps.Copy(token.Header, header)
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// goodClaims are the claims every provider accepts, before its own are added.
func goodClaims(issuer string, now time.Time) map[string]any {
	return map[string]any{
		"iss": issuer,
		"sub": "user_2xPnG8KxVQr",
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(time.Minute).Unix(),
	}
}

// with returns a copy of claims in which name has the given value; nil takes it away.
func with(claims map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(claims)
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

// publicJWK describes key as a key set does.
func publicJWK(kid string, key *rsa.PublicKey) map[string]any {
	return map[string]any{
		"kty": "RSA",
		"kid": kid,
		"use": "sig",
		"alg": "RS256",
		"n":   base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e":   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

// writeKeys answers with a key set of these keys.
func writeKeys(w http.ResponseWriter, keys ...map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
}
