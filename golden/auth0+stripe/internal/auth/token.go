package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// clockLeeway is how far the provider's clock and ours may differ. With less, a server that is
	// some seconds behind refuses tokens that were issued a moment ago.
	clockLeeway = 10 * time.Second
	// maxTokenLifetime is far beyond what any provider issues. A token that claims more is a mistake or a forgery.
	maxTokenLifetime = 30 * 24 * time.Hour
	// maxTokenBytes is checked before anything is decoded. Real tokens have one or two kilobytes.
	maxTokenBytes = 8 << 10
	maxKeyIDBytes = 256
)

// exactNames are the header fields and claims this package decides by. Go's JSON decoder matches field
// names without regard to case, other parties' may too: a look-alike such as "SUB" is refused, so that
// nobody downstream can read another answer from the token than we did.
var exactNames = []string{
	"alg", "kid", "crit", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "sid", "sts", "act", "role",
}

// tokenRules is what one provider demands of its tokens, beyond what every token must satisfy.
type tokenRules struct {
	issuers  []string                       // exact; one must match
	audience string                         // "" means the provider sets none
	maxAge   time.Duration                  // since iat; 0 means no limit
	check    func(token decodedToken) error // what the provider's own tokens have; nil means no more demands
}

// verify checks raw, a JWT in compact form, against the key set and rules and returns whom it names.
// An error wraps ErrUnavailable when there are no keys to check with, the
// sentinel that rules.check chose when it refused, and ErrInvalid in all other cases.
func (k *keySet) verify(ctx context.Context, raw string, rules tokenRules) (Identity, error) {
	id, err := k.check(ctx, raw, rules)
	switch {
	case err == nil:
		return id, nil
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrForbidden):
		return Identity{}, err
	default:
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
}

// check is verify before its errors are sorted.
func (k *keySet) check(ctx context.Context, raw string, rules tokenRules) (Identity, error) {
	token, err := decode(raw)
	if err != nil {
		return Identity{}, err
	}
	key, err := k.find(ctx, token.header)
	if err != nil {
		return Identity{}, err
	}
	if err := checkSignature(token, key); err != nil {
		return Identity{}, fmt.Errorf("signature: %w", err)
	}

	// The library's parser would decode the token a second time, and take what decode refuses.
	options := []jwt.ParserOption{
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(clockLeeway),
		jwt.WithTimeFunc(k.now),
	}
	if rules.audience != "" {
		options = append(options, jwt.WithAudience(rules.audience))
	}
	if err := jwt.NewValidator(options...).Validate(token.claims); err != nil {
		return Identity{}, err
	}
	id, err := identify(token.claims, rules, k.now())
	if err != nil || rules.check == nil {
		return id, err
	}
	return id, rules.check(token)
}

// identify reads the identity from claims whose signature and times have been checked.
func identify(claims jwt.MapClaims, rules tokenRules, now time.Time) (Identity, error) {
	issuer, _ := claims["iss"].(string)
	if !slices.Contains(rules.issuers, issuer) {
		return Identity{}, fmt.Errorf("issuer %.100q, want one of %q", fmt.Sprint(claims["iss"]), rules.issuers)
	}

	expires, _ := claims.GetExpirationTime()
	if expires == nil {
		return Identity{}, errors.New("no usable exp")
	}
	if expires.After(now.Add(maxTokenLifetime)) {
		return Identity{}, fmt.Errorf("exp is more than %s ahead", maxTokenLifetime)
	}

	if rules.maxAge > 0 {
		issued, _ := claims.GetIssuedAt()
		if issued == nil {
			return Identity{}, errors.New("no usable iat")
		}
		if age := now.Sub(issued.Time); age > rules.maxAge+clockLeeway {
			return Identity{}, fmt.Errorf("issued %s ago, at most %s allowed", age.Round(time.Second), rules.maxAge)
		}
	}

	subject, _ := claims["sub"].(string)
	if !validSubject(subject) {
		return Identity{}, errors.New("sub is missing, too long, or no plain text")
	}
	session, _ := claims["sid"].(string)
	return Identity{Subject: subject, ExpiresAt: expires.Time, Session: session, Actor: actor(claims)}, nil
}

// actor returns who acts as the subject (RFC 8693, section 4.1), for the log; "" when nobody does.
func actor(claims jwt.MapClaims) string {
	act, ok := claims["act"]
	if !ok {
		return ""
	}
	named, _ := act.(map[string]any)
	if subject, _ := named["sub"].(string); validSubject(subject) {
		return subject
	}
	return "unknown"
}

// decodedToken is a token in pieces. To decode it says nothing of its signature.
type decodedToken struct {
	header    map[string]any
	claims    jwt.MapClaims
	signed    string // what the signature is about
	signature []byte
}

// decode reads a token once, so that what is checked is what is used. It refuses what JWT libraries
// let pass: huge tokens, repeated or look-alike names, extensions we do not know, tokens that do
// not name their key, and algorithms that no provider's key is for.
func decode(raw string) (token decodedToken, err error) {
	if len(raw) > maxTokenBytes {
		return token, fmt.Errorf("token of %d bytes, at most %d allowed", len(raw), maxTokenBytes)
	}
	if strings.Contains(raw, "\n") || strings.Contains(raw, "\r") { // which base64 decoders skip
		return token, errors.New("token has line ends")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return token, fmt.Errorf("%d parts, a signed JWT has 3", len(parts))
	}
	if token.header, err = decodeObject(parts[0]); err != nil {
		return token, fmt.Errorf("header: %w", err)
	}
	if err := checkAlgorithm(token.header["alg"]); err != nil {
		return token, err
	}
	if _, ok := token.header["crit"]; ok {
		return token, errors.New("header demands an extension (crit)")
	}
	if kid, _ := token.header["kid"].(string); kid == "" || len(kid) > maxKeyIDBytes {
		return token, errors.New("header has no usable kid")
	}
	if token.claims, err = decodeObject(parts[1]); err != nil {
		return token, fmt.Errorf("claims: %w", err)
	}
	if token.signature, err = base64.RawURLEncoding.Strict().DecodeString(parts[2]); err != nil {
		return token, fmt.Errorf("signature: %w", err)
	}
	token.signed = raw[:len(parts[0])+1+len(parts[1])]
	return token, nil
}

// decodeObject decodes one base64url segment that holds a JSON object, and refuses names that occur
// twice or differ from one of exactNames in case only.
func decodeObject(segment string) (map[string]any, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("not a JSON object")
	}
	if len(object) != members(data) {
		return nil, errors.New("a name occurs twice")
	}
	for name := range object {
		if slices.Contains(exactNames, name) {
			continue
		}
		for _, exact := range exactNames {
			if strings.EqualFold(name, exact) {
				return nil, fmt.Errorf("%.40q stands for %q", name, exact)
			}
		}
	}
	return object, nil
}

// members counts the members of the JSON object in data, which is valid: each has a colon.
func members(data []byte) int {
	count, depth, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++ // whatever is escaped does not end the string
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			depth--
		case c == ':' && depth == 1:
			count++
		}
	}
	return count
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
