package auth

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

// A token InsForge's own JWT library signed, and the settings it was signed with.
const (
	vectorSecret = "forge-insforge-test-secret-0123456789abcdef"
	vectorToken  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyXzJ4UG5HOEt4VlFyIiwicm9sZSI6ImF1dGhlbnRpY2F0ZWQiLCJhdWQiOiJpbnNmb3JnZS1hcGkiLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMH0.opzhSG0vU1puvKldIkNZekO_ZrBq4YpeEW2ZpE4-d5k"
)

var vectorTime = time.Unix(1767225600, 0)

func newTestMinter(ttl time.Duration) *Minter {
	minter := NewMinter(MinterConfig{Secret: vectorSecret, TTL: ttl})
	minter.now = func() time.Time { return vectorTime }
	return minter
}

// parseMinted verifies token as InsForge does and returns its header and claims.
func parseMinted(t *testing.T, token string) (map[string]any, jwt.MapClaims) {
	t.Helper()
	claims := jwt.MapClaims{}
	parsed, err := jwt.ParseWithClaims(token, claims,
		func(*jwt.Token) (any, error) { return []byte(vectorSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}),
		jwt.WithTimeFunc(func() time.Time { return vectorTime }))
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header, claims
}

func TestMint_saysWhatInsForgeExpects(t *testing.T) {
	wantHeader, wantClaims := parseMinted(t, vectorToken)

	token, expires, err := newTestMinter(time.Hour).Mint(Identity{Subject: "user_2xPnG8KxVQr", ExpiresAt: vectorTime.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	header, claims := parseMinted(t, token)

	if !maps.Equal(header, wantHeader) {
		t.Errorf("header %v, want %v", header, wantHeader)
	}
	if !maps.Equal(claims, wantClaims) {
		t.Errorf("claims %v, want %v", claims, wantClaims)
	}
	if want := vectorTime.Add(time.Hour); !expires.Equal(want) {
		t.Errorf("expires %s, want %s", expires, want)
	}
}

func TestMint_neverOutlivesTheSession(t *testing.T) {
	for name, left := range map[string]time.Duration{
		"session ends first":           time.Minute,
		"session ends within a second": 1900 * time.Millisecond,
		"token ends first":             time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			id := Identity{Subject: "user_1", ExpiresAt: vectorTime.Add(left)}
			token, expires, err := newTestMinter(mintedTTL).Mint(id)
			if err != nil {
				t.Fatal(err)
			}
			_, claims := parseMinted(t, token)
			inToken, err := claims.GetExpirationTime()
			if err != nil {
				t.Fatal(err)
			}
			if !inToken.Equal(expires) {
				t.Errorf("token expires %s, Mint said %s", inToken, expires)
			}
			if expires.After(id.ExpiresAt) || expires.Sub(vectorTime) > mintedTTL {
				t.Errorf("expires %s after the start, session %s", expires.Sub(vectorTime), left)
			}
		})
	}
}

func TestMint_refuses(t *testing.T) {
	for name, id := range map[string]Identity{
		"no subject":       {ExpiresAt: vectorTime.Add(time.Hour)},
		"expired":          {Subject: "user_1", ExpiresAt: vectorTime.Add(-time.Second)},
		"expires now":      {Subject: "user_1", ExpiresAt: vectorTime.Add(time.Millisecond)},
		"no expiry at all": {Subject: "user_1"},
	} {
		t.Run(name, func(t *testing.T) {
			token, _, err := newTestMinter(mintedTTL).Mint(id)
			if token != "" || !errors.Is(err, ErrInvalid) {
				t.Errorf("Mint = %q, %v; want no token and ErrInvalid", token, err)
			}
		})
	}
}

func TestLoadMinterConfig_secret(t *testing.T) {
	for name, test := range map[string]struct {
		secret string
		ok     bool
	}{
		"good":             {vectorSecret, true},
		"missing":          {"", false},
		"short":            {"0123456789abcdef0123456789abcde", false},
		"public default":   {"dev-secret-please-change-in-production", false},
		"one word, again":  {strings.Repeat("secret", 8), false},
		"one character":    {strings.Repeat("x", 64), false},
		"8 characters":     {strings.Repeat("abcdefgh", 4), true},
		"copied with name": {"JWT_SECRET=" + vectorSecret, false},
		"quoted":           {`"` + vectorSecret + `"`, false},
		"with line end":    {vectorSecret + "\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := env.NewReader(func(name string) string {
				return map[string]string{"INSFORGE_JWT_SECRET": test.secret}[name]
			})
			cfg := LoadMinterConfig(r)
			if err := r.Err(); (err == nil) != test.ok {
				t.Errorf("error %v, want ok = %v", err, test.ok)
			}
			if cfg.TTL <= 0 || cfg.TTL > 15*time.Minute {
				t.Errorf("TTL %s", cfg.TTL)
			}
		})
	}
}
