// Package usertoken makes the tokens with which InsForge takes a caller for a
// signed-in user, in the very shape in which generated servers make them.
package usertoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

const (
	// Role is the database role of every token. InsForge takes the role from the
	// token alone, and one that says project_admin is admin: so it is never data.
	Role = "authenticated"
	// Audience is whom the tokens are for.
	Audience = "insforge-api"

	// SecretName is the variable with the secret that signs the tokens.
	SecretName = "INSFORGE_JWT_SECRET" //nolint:gosec // the name, not the secret
	// SecretMeaning says what its value is, after "to".
	SecretMeaning = "what this prints, and nothing else: npx @insforge/cli secrets get JWT_SECRET"
)

// Sign makes the token of a user, good for a whole number of seconds.
func Sign(secret, subject string, now time.Time, life time.Duration) string {
	claims, err := json.Marshal(struct {
		Subject  string `json:"sub"`
		Role     string `json:"role"`
		Audience string `json:"aud"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}{subject, Role, Audience, now.Unix(), now.Unix() + int64(life/time.Second)})
	if err != nil {
		panic(err) // text and numbers are always JSON
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// maxSubjectBytes is the longest subject that a generated server takes.
const maxSubjectBytes = 255

// CheckSubject refuses what is the ID of no user.
func CheckSubject(subject string) error {
	switch {
	case subject == "":
		return errors.New("is empty: it is the ID of the user, such as user_123")
	case len(subject) > maxSubjectBytes:
		return fmt.Errorf("has %d bytes, and the longest ID of a user has %d", len(subject), maxSubjectBytes)
	case strings.TrimSpace(subject) != subject:
		return errors.New("begins or ends in white space")
	case strings.ContainsFunc(subject, unicode.IsControl):
		return errors.New("has a control character in it")
	case strings.ToValidUTF8(subject, "\ufffd") != subject || strings.ContainsRune(subject, unicode.ReplacementChar):
		return errors.New("is not valid UTF-8")
	}
	return nil
}

// publicSecrets are known to everybody: InsForge's own example settings, and the
// one that examples and tests of forge's projects use.
func publicSecrets() []string {
	return []string{"dev-secret-please-change-in-production", "test-only-jwt-secret-0123456789abcdef"}
}

var token = regexp.MustCompile(`^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

const (
	minSecretBytes = 32
	// minDistinct is how many different characters a secret has at least. One of
	// 32 random hex digits has fewer once in 27 million times.
	minDistinct = 8
)

// WrongSecret says what is wrong with a secret, after its name; nothing is "".
// It never repeats it.
func WrongSecret(secret string) string {
	distinct := map[rune]bool{}
	for _, r := range secret {
		distinct[r] = true
	}
	for _, public := range publicSecrets() {
		if secret == public {
			return "is a published example, with which anybody can sign tokens"
		}
	}
	switch {
	case strings.HasPrefix(secret, "JWT_SECRET="):
		return "begins with JWT_SECRET=, which is not part of the secret"
	case strings.HasPrefix(secret, "ik_"), strings.HasPrefix(secret, "anon_"), token.MatchString(secret):
		return "holds a key and not the secret that signs tokens"
	case len(secret) < minSecretBytes:
		return fmt.Sprintf("is shorter than %d characters", minSecretBytes)
	case strings.ContainsAny(secret, "\"'` \t\r\n"):
		return "has quotes or white space in it, which the secret has not"
	case len(distinct) < minDistinct:
		return fmt.Sprintf("is easy to guess: it is made of %d different characters", len(distinct))
	}
	return ""
}
