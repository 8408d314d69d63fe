package usertoken

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/templates"
)

const (
	secret = "forge-insforge-test-secret-0123456789abcdef"
	// vector is what InsForge's own JWT library made of that secret.
	vector = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyXzJ4UG5HOEt4VlFyIiwicm9sZSI6ImF1dGhlbnRpY2F0ZWQiLCJhdWQiOiJpbnNmb3JnZS1hcGkiLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMH0.opzhSG0vU1puvKldIkNZekO_ZrBq4YpeEW2ZpE4-d5k"
)

func TestSign_isInsForgesOwnVector(t *testing.T) {
	if got := Sign(secret, "user_2xPnG8KxVQr", time.Unix(1767225600, 0), time.Hour); got != vector {
		t.Errorf("got  %s\nwant %s", got, vector)
	}
}

// TestSign_oddSubjects reads back what no text of a subject may break out of.
func TestSign_oddSubjects(t *testing.T) {
	now := time.Now()
	for _, subject := range []string{`auth0|64a0c1f2`, `a","role":"project_admin`, "ünïcode\u2028<&>"} {
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(Sign(secret, subject, now, time.Minute), claims,
			func(*jwt.Token) (any, error) { return []byte(secret), nil }, jwt.WithValidMethods([]string{"HS256"}))
		if err != nil {
			t.Fatal(err)
		}
		want := jwt.MapClaims{
			"sub": subject, "role": "authenticated", "aud": "insforge-api",
			"iat": float64(now.Unix()), "exp": float64(now.Unix() + 60),
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("%q (-want +got):\n%s", subject, diff)
		}
	}
}

func TestCheckSubject(t *testing.T) {
	for subject, ok := range map[string]bool{
		"user_123": true, "auth0|64a0c1f2": true, "ada lovelace": true, "ü": true, strings.Repeat("a", 255): true,
		"": false, " a": false, "a ": false, "a\n": false, "a\x00b": false, "a\x7fb": false, "a\xffb": false, "\ufffd": false,
		strings.Repeat("a", 256): false,
	} {
		if err := CheckSubject(subject); (err == nil) != ok {
			t.Errorf("CheckSubject(%q) = %v, want ok = %v", subject, err, ok)
		}
	}
}

func TestWrongSecret(t *testing.T) {
	for value, want := range map[string]string{
		secret:                                    "",
		"9f86d081884c7d659a2feaa0c55ad015":        "", // 32 hex digits
		"dev-secret-please-change-in-production":  "is a published example, with which anybody can sign tokens",
		"JWT_SECRET=" + secret:                    "begins with JWT_SECRET=, which is not part of the secret",
		"0123456789abcdef0123456789abcde":         "is shorter than 32 characters",
		"ik_0123456789abcdef0123456789abcdef":     "holds a key and not the secret that signs tokens",
		"anon_0123456789abcdef0123456789abcdef":   "holds a key and not the secret that signs tokens",
		vector:                                    "holds a key and not the secret that signs tokens",
		"two words of 0123456789abcdef0123456789": "has quotes or white space in it, which the secret has not",
		"it's-0123456789abcdef0123456789abcdef":   "has quotes or white space in it, which the secret has not",
		strings.Repeat("abcdefg", 8):              "is easy to guess: it is made of 7 different characters",
	} {
		if got := WrongSecret(value); got != want {
			t.Errorf("WrongSecret(%q) = %q, want %q", value, got, want)
		}
	}
}

// TestWrongSecret_example wants no example of the templates to be taken.
func TestWrongSecret_example(t *testing.T) {
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalog.Auth {
		guide, _ := catalog.Guide(p.ID)
		found := false
		for _, e := range guide.Env {
			if e.Name == SecretName {
				found = true
				if WrongSecret(e.Example) == "" {
					t.Errorf("%s: the example of %s is taken", p.ID, SecretName)
				}
			}
		}
		if !found {
			t.Errorf("%s has no %s", p.ID, SecretName)
		}
	}
}
