package auth

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRequire_putsIdentityIntoContext(t *testing.T) {
	want := Identity{Subject: "user_1", ExpiresAt: time.Unix(1767225600, 0)}
	verify := func(*http.Request) (Identity, error) { return want, nil }
	var got Identity
	var ok bool
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, ok = FromContext(r.Context()) })

	rec := httptest.NewRecorder()
	Require(verify, slog.New(slog.DiscardHandler))(next).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/me", nil))

	if rec.Code != http.StatusOK || !ok || got != want {
		t.Errorf("status %d, identity %v %v; want 200 and %v", rec.Code, got, ok, want)
	}
}

func TestRequire_logsWhoActs(t *testing.T) {
	for actor, logged := range map[string]bool{"ada@support.example": true, "": false} {
		var logs bytes.Buffer
		verify := func(*http.Request) (Identity, error) { return Identity{Subject: "user_1", Actor: actor}, nil }
		rec := httptest.NewRecorder()
		Require(verify, slog.New(slog.NewTextHandler(&logs, nil)))(http.NotFoundHandler()).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v1/todos", nil))
		if got := strings.Contains(logs.String(), "path=/v1/todos subject=user_1 actor=ada@support.example"); got != logged || !logged && logs.Len() > 0 {
			t.Errorf("actor %q: the log says %q", actor, &logs)
		}
	}
}

func TestSubject(t *testing.T) {
	ctx := t.Context()
	if got := Subject(ctx); got != "" {
		t.Errorf("subject %q without an identity", got)
	}
	if got := Subject(ContextWith(ctx, Identity{Subject: "user_1"})); got != "user_1" {
		t.Errorf("subject %q, want user_1", got)
	}
}

func TestRequire_refuses(t *testing.T) {
	for _, test := range []struct {
		name          string
		err           error
		status        int
		authenticate  string
		retryAfter    string
		codeInBody    string
		reasonsInLogs string
	}{
		{"no credential", ErrNoCredential, 401, "Bearer", "", "unauthorized", "no credential"},
		{"bad signature", fmt.Errorf("%w: signature", ErrInvalid), 401, `Bearer error="invalid_token"`, "", "unauthorized", "signature"},
		{"expired", fmt.Errorf("%w: expired", ErrInvalid), 401, `Bearer error="invalid_token"`, "", "unauthorized", "expired"},
		{"unknown cause", errors.New("surprise"), 401, `Bearer error="invalid_token"`, "", "unauthorized", "surprise"},
		{"forbidden", fmt.Errorf("%w: pending", ErrForbidden), 403, "", "", "forbidden", "pending"},
		{"no keys", fmt.Errorf("%w: dial", ErrUnavailable), 503, "", "5", "unavailable", "dial"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var logs bytes.Buffer
			verify := func(*http.Request) (Identity, error) { return Identity{}, test.err }
			next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request went through") })
			req := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
			req.Header.Set("Authorization", "Bearer the-callers-credential")

			rec := httptest.NewRecorder()
			Require(verify, slog.New(slog.NewTextHandler(&logs, nil)))(next).ServeHTTP(rec, req)

			if rec.Code != test.status {
				t.Errorf("status %d, want %d", rec.Code, test.status)
			}
			if got := rec.Header().Get("WWW-Authenticate"); got != test.authenticate {
				t.Errorf("WWW-Authenticate %q, want %q", got, test.authenticate)
			}
			if got := rec.Header().Get("Retry-After"); got != test.retryAfter {
				t.Errorf("Retry-After %q, want %q", got, test.retryAfter)
			}
			if !strings.Contains(rec.Body.String(), `"code":"`+test.codeInBody+`"`) {
				t.Errorf("body %s, want code %q", rec.Body, test.codeInBody)
			}
			if !strings.Contains(logs.String(), test.reasonsInLogs) {
				t.Errorf("log %s, want the reason %q", &logs, test.reasonsInLogs)
			}
			if strings.Contains(logs.String(), "the-callers-credential") {
				t.Errorf("log %s holds the credential", &logs)
			}
		})
	}
}

// Told apart, the answers would tell a forger how far a token got.
func TestRequire_everyInvalidCredentialGetsTheSameBody(t *testing.T) {
	bodies := map[string]bool{}
	for _, err := range []error{ErrNoCredential, ErrInvalid, fmt.Errorf("%w: issuer", ErrInvalid), errors.New("other")} {
		rec := httptest.NewRecorder()
		Refuse(rec, httptest.NewRequest(http.MethodGet, "/", nil), slog.New(slog.DiscardHandler), err)
		bodies[rec.Body.String()] = true
	}
	if len(bodies) != 1 {
		t.Errorf("%d different bodies: %v", len(bodies), bodies)
	}
}

func TestFromContext_withoutIdentity(t *testing.T) {
	if id, ok := FromContext(t.Context()); ok {
		t.Errorf("identity %v from an empty context", id)
	}
}
