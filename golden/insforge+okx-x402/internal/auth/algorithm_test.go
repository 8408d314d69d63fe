package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestVerify_otherAlgorithms(t *testing.T) {
	i := newIssuer(t)
	curveKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Without alg in the key set, it is up to us alone which algorithms pass.
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		writeKeys(w, with(publicJWK(i.kid, &i.key.PublicKey), "alg", nil))
	})
	keys := newTestKeys(t, i)
	claims := goodClaims(i.url, testNow)
	header := map[string]any{"kid": i.kid}
	for name, token := range map[string]string{
		"RS384": signWith(t, jwt.SigningMethodRS384, i.key, header, claims),
		"RS512": signWith(t, jwt.SigningMethodRS512, i.key, header, claims),
		"PS256": signWith(t, jwt.SigningMethodPS256, i.key, header, claims),
		"ES256": signWith(t, jwt.SigningMethodES256, curveKey, header, claims),
	} {
		if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", name, err)
		}
	}
}
