package auth

import (
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

const (
	// mintedRole is the database role of every minted token. It is a constant because InsForge takes the
	// role from the token alone: one that says project_admin is admin, whoever it names.
	mintedRole     = "authenticated"
	mintedAudience = "insforge-api"

	// mintedTTL is short because a minted token cannot be called back, and InsForge itself
	// demands no expiry.
	mintedTTL = 5 * time.Minute

	minSecretBytes = 32
	// minSecretDistinct is how many different characters a secret has at least. One of 32 random hex digits
	// has fewer once in 27 million times.
	minSecretDistinct = 8
	// publicSecret is the one InsForge's own example settings ship with; anybody can sign with it.
	publicSecret = "dev-secret-please-change-in-production"
)

// MinterConfig is what a Minter needs.
type MinterConfig struct {
	Secret env.Secret    // the InsForge project's JWT secret
	TTL    time.Duration // the longest life of a minted token
}

// LoadMinterConfig reads INSFORGE_JWT_SECRET.
func LoadMinterConfig(r *env.Reader) MinterConfig {
	return MinterConfig{
		Secret: r.Secret("INSFORGE_JWT_SECRET",
			"the project's JWT secret: at least 32 characters that are hard to guess, the value only (no JWT_SECRET= in front, no quotes), not InsForge's public default",
			validSecret),
		TTL: mintedTTL,
	}
}

// validSecret refuses secrets that are guessable, public, or copied together with their surroundings.
func validSecret(s string) bool {
	distinct := map[rune]bool{}
	for _, c := range s {
		distinct[c] = true
	}
	return len(s) >= minSecretBytes && len(distinct) >= minSecretDistinct && s != publicSecret &&
		!strings.HasPrefix(s, "JWT_SECRET=") && !strings.ContainsAny(s, "\"'` \t\r\n")
}

// A Minter issues the tokens with which this server acts for a signed-in user at InsForge.
type Minter struct {
	secret []byte
	ttl    time.Duration
	now    func() time.Time
}

// NewMinter returns a Minter for cfg.
func NewMinter(cfg MinterConfig) *Minter {
	return &Minter{secret: []byte(cfg.Secret), ttl: cfg.TTL, now: time.Now}
}

// mintedClaims is all a minted token says. InsForge passes on nothing else, and nothing in it but the
// subject comes from the user.
type mintedClaims struct {
	jwt.RegisteredClaims
	Role     string `json:"role"`
	Audience string `json:"aud"` // one string; the embedded Audience would become an array
}

// Mint returns a token that lets InsForge run queries as id, and when it expires: after the configured
// time, but never later than id itself. The error wraps ErrInvalid when id has no subject or has expired.
func (m *Minter) Mint(id Identity) (token string, expires time.Time, err error) {
	if id.Subject == "" {
		return "", time.Time{}, fmt.Errorf("%w: no subject to mint a token for", ErrInvalid)
	}
	now := m.now().Truncate(time.Second)
	expires = now.Add(m.ttl)
	if id.ExpiresAt.Before(expires) {
		expires = id.ExpiresAt.Truncate(time.Second)
	}
	if !expires.After(now) {
		return "", time.Time{}, fmt.Errorf("%w: expired at %s", ErrInvalid, id.ExpiresAt.UTC().Format(time.RFC3339))
	}
	claims := mintedClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   id.Subject,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		Role:     mintedRole,
		Audience: mintedAudience,
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(m.secret)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}
