package authtest_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/templates"
)

// TestProfiles_haveTheSampleSettings: each setting of a profile is the example of its
// provider's template.
func TestProfiles_haveTheSampleSettings(t *testing.T) {
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range authtest.Profiles() {
		answers := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: p.ID}
		for _, q := range catalog.Questions(answers) {
			if _, ok := answers.Get(q.Key); !ok {
				answers = answers.Set(q.Key, q.Default)
			}
		}
		spec, err := catalog.Resolve(answers, generator.Numbering{})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, e := range spec.Env {
			lines = append(lines, e.Name+"="+e.Example)
		}
		for _, line := range p.Env {
			if !slices.Contains(lines, line) {
				t.Errorf("%s: %s is no example of the template", p.ID, line)
			}
		}
	}
}

func TestIssuer(t *testing.T) {
	i, other := authtest.NewIssuer("test"), authtest.NewIssuer("other")
	first := i.KeyID()
	second := i.Rotate()
	i.Remove(first)
	i.Publish(authtest.Claims{"kty": "oct", "kid": "extra"})
	var set struct {
		Keys []struct{ Kid string }
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, nil)
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil || len(set.Keys) != 2 || set.Keys[0].Kid != "extra" || set.Keys[1].Kid != second {
		t.Errorf("publishes %s, %v", w.Body, err)
	}
	if i.PublicKey(first) != nil || i.PublicKey("extra") != nil || !i.Key().PublicKey.Equal(i.PublicKey(second)) {
		t.Errorf("%s counts as published, or %s does not", first, second)
	}
	if i.KeyID() != second || authtest.NewIssuer("test").KeyID() != first {
		t.Errorf("signs with %s after %s", i.KeyID(), second)
	}
	for _, p := range authtest.Profiles() {
		token := i.Token(p.Claims(time.Now()))
		for signer, ok := range map[*authtest.Issuer]bool{i: true, other: false} {
			parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return &signer.Key().PublicKey, nil },
				jwt.WithSubject(p.Subject), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
			if (err == nil) != ok || parsed.Header["kid"] != second {
				t.Errorf("%s: %v, want ok = %v", p.ID, err, ok)
			}
		}
	}
}

func TestIssuer_signsWhateverItIsGiven(t *testing.T) {
	i := authtest.NewIssuer("test")
	const header, claims = `{"alg":"none","alg":"RS256"}`, `{"sub":"a","sub":"b"} and more`
	parts := authtest.NewIssuer("test").Sign(header, claims)
	if want := i.Sign(header, claims); parts != want { // RSA with PKCS #1 v1.5 has no randomness
		t.Errorf("%s, then %s", want, parts)
	}
	if got := authtest.Compact(header, claims, func([]byte) []byte { return nil }); got != "eyJhbGciOiJub25lIiwiYWxnIjoiUlMyNTYifQ.eyJzdWIiOiJhIiwic3ViIjoiYiJ9IGFuZCBtb3Jl." {
		t.Errorf("unsigned %s", got)
	}
}

func TestClaims_with(t *testing.T) {
	c := authtest.Claims{"a": 1}
	if got := c.With("a", nil).With("b", 2).JSON(); got != `{"b":2}` || c.JSON() != `{"a":1}` {
		t.Errorf("%s from %s", got, c.JSON())
	}
}
