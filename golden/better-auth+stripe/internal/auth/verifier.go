package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/shop/internal/env"
)

const (
	// lookupTimeout bounds the wait for the database, connecting included.
	lookupTimeout = 3 * time.Second

	minSecretLength = 32
	// minSecretBits is the entropy below which Better Auth itself warns, estimated the same way.
	minSecretBits = 120
	// defaultSecret is what Better Auth signs with when nobody gave it a secret; anybody can.
	defaultSecret = "better-auth-secret-12345678901234567890"
)

// Config is what this server needs to know about the Better Auth server.
type Config struct {
	Secret      env.Secret
	BaseURL     string // an origin
	DatabaseURL env.Secret
	Minter      MinterConfig
}

// LoadConfig reads BETTER_AUTH_SECRET, BETTER_AUTH_URL, DATABASE_URL, and the minter's settings.
func LoadConfig(r *env.Reader) Config {
	cfg := Config{
		Minter: LoadMinterConfig(r),
		Secret: r.Secret("BETTER_AUTH_SECRET",
			"the Better Auth server's secret: at least 32 characters that are hard to guess, no blanks or quotes, not Better Auth's public default",
			strongSecret),
		BaseURL: r.Required("BETTER_AUTH_URL",
			"the Better Auth server's origin, such as https://app.example.com; http only for localhost", env.Origin),
		DatabaseURL: r.Secret("DATABASE_URL",
			"postgres://user:password@host:5432/database", isDatabaseURL),
	}
	if cfg.Secret != "" && cfg.Secret == cfg.Minter.Secret {
		r.Problem("BETTER_AUTH_SECRET", "is the same as INSFORGE_JWT_SECRET: whoever learns one would hold both")
	}
	if r.Production() && strings.HasPrefix(cfg.BaseURL, "http:") {
		r.Problem("BETTER_AUTH_URL", "must be https in production")
	}
	if r.Production() && cfg.DatabaseURL != "" && isLocal(string(cfg.DatabaseURL)) {
		r.Problem("DATABASE_URL", "points to this machine; production wants the real database")
	}
	return cfg
}

// strongSecret refuses secrets that are public, guessable, or copied together with their quotes.
func strongSecret(s string) bool {
	if len(s) < minSecretLength || s == defaultSecret || strings.ContainsAny(s, "\"'` \t\r\n") {
		return false
	}
	distinct := map[rune]bool{}
	for _, c := range s {
		distinct[c] = true
	}
	return float64(len(s))*math.Log2(float64(len(distinct))) >= minSecretBits
}

func isDatabaseURL(s string) bool {
	if !strings.HasPrefix(s, "postgres://") && !strings.HasPrefix(s, "postgresql://") {
		return false
	}
	_, err := pgxpool.ParseConfig(s)
	return err == nil
}

// isLocal reports whether a valid database URL leads to a loopback host or a Unix socket.
func isLocal(databaseURL string) bool {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return false
	}
	host := cfg.ConnConfig.Host
	return env.Loopback(host) || strings.HasPrefix(host, "/")
}

// A Verifier accepts the session cookie of the Better Auth server. It needs both a cookie signed with
// the shared secret and a live row in the session table, so signing out works at once.
//
// Browsers send cookies on their own, also with requests that other sites make them send. What keeps
// those out is the http.CrossOriginProtection around all routes: do not serve writes without it.
type Verifier struct {
	secret []byte
	cookie string // its name
	db     database
}

// database is what the Verifier uses of a pgxpool.Pool.
type database interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Close()
}

// NewVerifier returns a Verifier for cfg. It does not connect to the database: the first Verify or
// Ready does.
func NewVerifier(cfg Config) (*Verifier, error) {
	pool, err := pgxpool.ParseConfig(string(cfg.DatabaseURL))
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	// Prepared statements do not survive the poolers many hosts put in front of Postgres.
	pool.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	db, err := pgxpool.NewWithConfig(context.Background(), pool)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return &Verifier{secret: []byte(cfg.Secret), cookie: cookieName(cfg.BaseURL), db: db}, nil
}

// cookieName is what Better Auth calls its session cookie. Behind https the name gets a prefix with
// which browsers refuse the cookie from anybody who is not on https. Only one of the two counts, or
// the prefix would protect nothing.
func cookieName(baseURL string) string {
	const name = "better-auth.session_token"
	if strings.HasPrefix(baseURL, "https://") {
		return "__Secure-" + name
	}
	return name
}

// Verify returns whose session the request's cookie names. The error is ErrNoCredential without a
// cookie, and wraps ErrInvalid for a forged cookie or an ended session, or ErrUnavailable when the
// database cannot tell.
func (v *Verifier) Verify(r *http.Request) (Identity, error) {
	cookie, err := r.Cookie(v.cookie) // the first of that name, as Better Auth does
	if err != nil {
		return Identity{}, ErrNoCredential
	}
	token, err := v.sessionToken(cookie.Value)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return v.session(r.Context(), token)
}

// sessionToken returns the session token in a cookie's value: the escaped form of the token, a dot,
// and the token's HMAC-SHA256 in base64.
func (v *Verifier) sessionToken(value string) (string, error) {
	value, err := url.PathUnescape(value) // QueryUnescape would take a + in the signature for a blank
	if err != nil {
		return "", errors.New("session cookie is not escaped properly")
	}
	dot := strings.LastIndexByte(value, '.')
	if dot < 1 {
		return "", errors.New("session cookie is not signed")
	}
	token, signature := value[:dot], value[dot+1:]
	mac := hmac.New(sha256.New, v.secret)
	mac.Write([]byte(token))
	// Compared as text: decoders take more than one spelling of the same signature.
	right := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(signature), []byte(right)) {
		return "", errors.New("session cookie's signature is wrong: forged, or BETTER_AUTH_SECRET is not the Better Auth server's")
	}
	return token, nil
}

// sessionQuery names the schema because poolers do not keep a search path, quotes "user" because
// unquoted it is the database user, and leaves the time to the database, whose clock Better Auth's
// rows can be compared with.
const sessionQuery = `
select s."userId", s."expiresAt"
from better_auth.session s
join better_auth."user" u on u.id = s."userId"
where s.token = $1 and s."expiresAt" > now()`

// session returns whose session has this token. Better Auth's optional session_data cookie would save
// the query, but it outlives the session it was made from.
func (v *Verifier) session(ctx context.Context, token string) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var id Identity
	err := v.db.QueryRow(ctx, sessionQuery, token).Scan(&id.Subject, &id.ExpiresAt)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Identity{}, fmt.Errorf("%w: the session has ended", ErrInvalid)
	case err != nil:
		return Identity{}, fmt.Errorf("%w: look up session: %w", ErrUnavailable, err)
	case !validSubject(id.Subject):
		return Identity{}, fmt.Errorf("%w: the user ID is empty, too long, or no plain text", ErrInvalid)
	}
	return id, nil
}

// Ready returns nil when sessions can be looked up. Its error wraps ErrUnavailable; it also shows
// missing tables and rights.
func (v *Verifier) Ready(ctx context.Context) error {
	if _, err := v.session(ctx, ""); errors.Is(err, ErrUnavailable) { // no session has an empty token
		return err
	}
	return nil
}

// Close closes the connections to the database.
func (v *Verifier) Close() { v.db.Close() }
