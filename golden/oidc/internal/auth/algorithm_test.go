package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// signers are one key of each kind.
type signers struct {
	p256, p384, p521 *ecdsa.PrivateKey
	ed               ed25519.PrivateKey
}

func newSigners(t *testing.T) signers {
	t.Helper()
	curve := func(c elliptic.Curve) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signers{curve(elliptic.P256()), curve(elliptic.P384()), curve(elliptic.P521()), ed}
}

// jwk describes a key as a key set does, without saying what for.
func jwk(t *testing.T, kid string, key crypto.PublicKey) map[string]any {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	switch key := key.(type) {
	case *rsa.PublicKey:
		return with(with(publicJWK(kid, key), "alg", nil), "use", nil)
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		return map[string]any{"kty": "EC", "kid": kid, "crv": key.Params().Name, "x": encode(point[1 : 1+half]), "y": encode(point[1+half:])}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": encode(key)}
	default:
		t.Fatalf("no key: %T", key)
		return nil
	}
}

// publish has the issuer publish one key of each kind, named by what it is.
func publish(t *testing.T, i *issuer, s signers) {
	t.Helper()
	keys := []map[string]any{
		jwk(t, "rsa", &i.key.PublicKey), jwk(t, "p256", &s.p256.PublicKey), jwk(t, "p384", &s.p384.PublicKey),
		jwk(t, "p521", &s.p521.PublicKey), jwk(t, "ed", s.ed.Public()),
	}
	i.serve(func(w http.ResponseWriter, _ *http.Request) { writeKeys(w, keys...) })
}

func TestVerify_algorithms(t *testing.T) {
	i, s := newIssuer(t), newSigners(t)
	publish(t, i, s)
	keys := newTestKeys(t, i)
	for _, test := range []struct {
		method jwt.SigningMethod
		kid    string
		key    any
		ok     bool
	}{
		{jwt.SigningMethodRS256, "rsa", i.key, true},
		{jwt.SigningMethodPS256, "rsa", i.key, true},
		{jwt.SigningMethodES256, "p256", s.p256, true},
		{jwt.SigningMethodES384, "p384", s.p384, true},
		{jwt.SigningMethodEdDSA, "ed", s.ed, true},
		{jwt.SigningMethodRS384, "rsa", i.key, false},
		{jwt.SigningMethodRS512, "rsa", i.key, false},
		{jwt.SigningMethodPS512, "rsa", i.key, false},
		{jwt.SigningMethodES512, "p521", s.p521, false},
		{jwt.SigningMethodHS256, "ed", []byte(s.ed.Public().(ed25519.PublicKey)), false},
		// Signed well, and the key that the header names is of another kind.
		{jwt.SigningMethodRS256, "p256", i.key, false},
		{jwt.SigningMethodES256, "rsa", s.p256, false},
		{jwt.SigningMethodES256, "p384", s.p256, false},
		{jwt.SigningMethodEdDSA, "p256", s.ed, false},
	} {
		token := signWith(t, test.method, test.key, map[string]any{"kid": test.kid}, goodClaims(i.url, testNow))
		_, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}})
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s by the key %s: %v, want ok = %v", test.method.Alg(), test.kid, err, test.ok)
		}
	}
}

// TestCheckSignature_curve: the library takes a key on any curve.
func TestCheckSignature_curve(t *testing.T) {
	token := decodedToken{header: map[string]any{"alg": "ES256"}, signed: "header.claims", signature: make([]byte, 64)}
	if err := checkSignature(token, &newSigners(t).p384.PublicKey); err == nil || err.Error() != "the key is of another curve" {
		t.Errorf("ES256 by a key on P-384: %v", err)
	}
}
