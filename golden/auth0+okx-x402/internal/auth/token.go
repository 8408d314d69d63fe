package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// clockLeeway is how far the provider's clock and ours may differ.
	clockLeeway = 5 * time.Second
	// maxTokenLifetime is far beyond what any provider issues. A token that claims more is a mistake or a forgery.
	maxTokenLifetime = 30 * 24 * time.Hour
	// maxTokenBytes is checked before anything is decoded. Real tokens have one or two kilobytes.
	maxTokenBytes   = 8 << 10
	maxKeyIDBytes   = 256
	maxSubjectBytes = 255
)

// exactNames are the header fields and claims this package decides by. Go's JSON decoder matches field
// names without regard to case, other parties' may too: a look-alike such as "SUB" is refused, so that
// nobody downstream can read another answer from the token than we did.
var exactNames = []string{
	"alg", "kid", "crit", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "sid", "sts", "role",
}

// tokenRules is what one provider demands of its tokens, beyond what every token must satisfy.
type tokenRules struct {
	issuers  []string                          // exact; one must match
	audience string                            // "" means the provider sets none
	maxAge   time.Duration                     // since iat; 0 means no limit
	check    func(claims map[string]any) error // the provider's own claims; nil means no more demands
}

// verify checks raw, a JWT in compact form, against the key set and rules and returns whom it names.
// It accepts RS256 only. An error wraps ErrUnavailable when there are no keys to check with, the
// sentinel that rules.check chose when it refused, and ErrInvalid in all other cases.
func (k *keySet) verify(ctx context.Context, raw string, rules tokenRules) (Identity, error) {
	if err := checkForm(raw); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}

	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(clockLeeway),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(k.now),
	}
	if rules.audience != "" {
		options = append(options, jwt.WithAudience(rules.audience))
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.NewParser(options...).ParseWithClaims(raw, claims, k.find(ctx)); err != nil {
		if errors.Is(err, ErrUnavailable) {
			return Identity{}, err
		}
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}

	id, err := identify(claims, rules, k.now())
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if rules.check == nil {
		return id, nil
	}
	if err := rules.check(claims); errors.Is(err, ErrForbidden) {
		return Identity{}, err
	} else if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return id, nil
}

// identify reads the identity from claims whose signature and times have been checked.
func identify(claims jwt.MapClaims, rules tokenRules, now time.Time) (Identity, error) {
	issuer, ok := claims["iss"].(string)
	if !ok || !slices.Contains(rules.issuers, issuer) {
		return Identity{}, fmt.Errorf("issuer %.100q, want one of %q", fmt.Sprint(claims["iss"]), rules.issuers)
	}

	expires, err := claims.GetExpirationTime()
	if err != nil || expires == nil {
		return Identity{}, errors.New("no usable exp")
	}
	if expires.After(now.Add(maxTokenLifetime)) {
		return Identity{}, fmt.Errorf("exp is more than %s ahead", maxTokenLifetime)
	}

	if rules.maxAge > 0 {
		issued, err := claims.GetIssuedAt()
		if err != nil || issued == nil {
			return Identity{}, errors.New("no usable iat")
		}
		if age := now.Sub(issued.Time); age > rules.maxAge+clockLeeway {
			return Identity{}, fmt.Errorf("issued %s ago, at most %s allowed", age.Round(time.Second), rules.maxAge)
		}
	}

	subject, ok := claims["sub"].(string)
	if !ok || !validSubject(subject) {
		return Identity{}, errors.New("sub is missing, too long, or no plain text")
	}
	session, _ := claims["sid"].(string)
	return Identity{Subject: subject, ExpiresAt: expires.Time, Session: session}, nil
}

// validSubject reports whether s can be an owner column's value: neither empty nor padded with blanks,
// of bounded length, and printable.
func validSubject(s string) bool {
	return s != "" && len(s) <= maxSubjectBytes && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsRune(s, unicode.ReplacementChar)
}

// checkForm refuses what a JWT library would let pass: huge tokens, repeated or look-alike names,
// extensions we do not know, and tokens that do not name their key.
func checkForm(raw string) error {
	if len(raw) > maxTokenBytes {
		return fmt.Errorf("token of %d bytes, at most %d allowed", len(raw), maxTokenBytes)
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return fmt.Errorf("%d parts, a signed JWT has 3", len(parts))
	}
	header, err := decodeObject(parts[0])
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if _, ok := header["crit"]; ok {
		return errors.New("header demands an extension (crit)")
	}
	if kid, ok := header["kid"].(string); !ok || kid == "" || len(kid) > maxKeyIDBytes {
		return errors.New("header has no usable kid")
	}
	if _, err := decodeObject(parts[1]); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	return nil
}

// decodeObject decodes one base64url segment that holds a JSON object, and refuses names that occur
// twice or differ from one of exactNames in case only.
func decodeObject(segment string) (map[string]any, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	object := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("not a JSON object")
		}
		if _, ok := object[name]; ok {
			return nil, fmt.Errorf("%.40q occurs twice", name)
		}
		for _, exact := range exactNames {
			if name != exact && strings.EqualFold(name, exact) {
				return nil, fmt.Errorf("%.40q stands for %q", name, exact)
			}
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		object[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return object, nil
}

// bearerToken returns the credential of the request's Authorization header. The error is
// ErrNoCredential without such a header and wraps ErrInvalid when there are several or the header has
// another form than "Bearer" and one token. Query strings and bodies are not looked at: what stands
// there ends up in logs.
func bearerToken(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	switch len(values) {
	case 0:
		return "", ErrNoCredential
	case 1:
	default:
		return "", fmt.Errorf("%w: %d Authorization headers", ErrInvalid, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", fmt.Errorf(`%w: Authorization is not "Bearer" and one token`, ErrInvalid)
	}
	return token, nil
}
