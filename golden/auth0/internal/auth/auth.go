// Package auth says who is calling. A Verifier checks the credential the sign-in provider issued;
// a Minter turns the answer into a token InsForge accepts, so that row level security sees the caller.
package auth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// Identity is who a request comes from.
type Identity struct {
	Subject   string    // the provider's user ID; the owner in every row
	ExpiresAt time.Time // when the provider's own credential ends
	Session   string    // the provider's name for the session; "" when the credential does not say
	Actor     string    // who acts as the subject, such as somebody of support; "" when the credential names nobody
}

// The reasons a request is refused. Verify wraps them with the detail that belongs in the log.
var (
	ErrNoCredential = errors.New("no credential")
	ErrInvalid      = errors.New("invalid credential")
	ErrForbidden    = errors.New("forbidden")
	ErrUnavailable  = errors.New("credentials cannot be checked now")
)

// Require lets a request through only with a credential that verify accepts, and puts its Identity into
// the context. Refuse answers all others. What somebody does as another is in the log.
func Require(verify func(*http.Request) (Identity, error), log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := verify(r)
			if err != nil {
				Refuse(w, r, log, err)
				return
			}
			if id.Actor != "" {
				log.LogAttrs(r.Context(), slog.LevelWarn, "somebody acts as a user",
					slog.String("method", r.Method), slog.String("path", r.URL.Path),
					slog.String("subject", id.Subject), slog.String("actor", id.Actor))
			}
			next.ServeHTTP(w, r.WithContext(ContextWith(r.Context(), id)))
		})
	}
}

// Refuse answers a request whose credential failed with err: 403 for ErrForbidden, 503 for
// ErrUnavailable, 401 for everything else. Which check failed is said in the log only: told to the
// caller, it would guide a forger.
func Refuse(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status, code, message := http.StatusUnauthorized, "unauthorized", "Sign in to use this."
	level := slog.LevelInfo
	switch {
	case errors.Is(err, ErrUnavailable):
		status, code, message = http.StatusServiceUnavailable, "unavailable", "Sign-in cannot be checked right now; try again soon."
		level = slog.LevelError
		w.Header().Set("Retry-After", "5")
	case errors.Is(err, ErrForbidden):
		status, code, message = http.StatusForbidden, "forbidden", "This account may not use this."
	case errors.Is(err, ErrNoCredential):
		w.Header().Set("WWW-Authenticate", "Bearer")
	default:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	log.LogAttrs(r.Context(), level, "request refused",
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.Any("reason", err))

	type detail struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The only possible failure is a caller that hung up.
	_ = json.NewEncoder(w).Encode(map[string]detail{"error": {code, message}})
}

type contextKey struct{}

// ContextWith returns a context that carries id.
func ContextWith(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// FromContext returns the Identity that Require put into ctx, and whether there is one.
func FromContext(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(contextKey{}).(Identity)
	return id, ok
}

// Subject is the Subject of the Identity in ctx, "" without one.
func Subject(ctx context.Context) string {
	id, _ := FromContext(ctx)
	return id.Subject
}

const maxSubjectBytes = 255

// validSubject reports whether s can be an owner column's value: neither empty nor padded with blanks,
// of bounded length, and printable.
func validSubject(s string) bool {
	return s != "" && len(s) <= maxSubjectBytes && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsRune(s, unicode.ReplacementChar)
}
