package account

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
)

// upstream stands in for InsForge and counts its calls.
type upstream struct {
	status int
	body   string
	calls  map[string]int
	last   map[string]any
}

func newTestAccounts(t *testing.T) (*Accounts, *upstream) {
	t.Helper()
	u := &upstream{status: http.StatusOK, body: "null", calls: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.calls[r.URL.Path]++
		u.last = nil
		_ = json.NewDecoder(r.Body).Decode(&u.last)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(u.status)
		_, _ = io.WriteString(w, u.body)
	}))
	t.Cleanup(server.Close)
	return New(insforge.New(insforge.Config{URL: server.URL, AnonKey: "anon_key", APIKey: "ik_server_key"}), slog.New(slog.DiscardHandler)), u
}

// greet sends a request of the user through Greet and reports whether it got there.
func greet(a *Accounts, subject string) (arrived bool) {
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived = true })
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	a.Greet(next).ServeHTTP(httptest.NewRecorder(), r.WithContext(auth.ContextWith(r.Context(), auth.Identity{Subject: subject})))
	return arrived
}

func TestGreet(t *testing.T) {
	const seeUser, deleteUser = "/api/database/rpc/see_user", "/api/database/rpc/delete_user"
	a, u := newTestAccounts(t)

	u.status = http.StatusInternalServerError
	if !greet(a, "user_1") {
		t.Error("a request waits for the database")
	}
	u.status = http.StatusOK
	for range 3 {
		if !greet(a, "user_1") {
			t.Error("a request did not arrive")
		}
	}
	if u.calls[seeUser] != 2 || u.last["p_user_id"] != "user_1" {
		t.Errorf("%d calls, the last with %v; want one that failed and one that did not", u.calls[seeUser], u.last)
	}
	greet(a, "user_2")
	if u.calls[seeUser] != 3 {
		t.Error("the second user was not noted")
	}

	if err := a.Delete(t.Context(), "user_1"); err != nil || u.calls[deleteUser] != 1 || u.last["p_user_id"] != "user_1" {
		t.Errorf("Delete: %v, %d calls, %v", err, u.calls[deleteUser], u.last)
	}
	greet(a, "user_1")
	if u.calls[seeUser] != 4 {
		t.Error("a user who was deleted does not begin anew")
	}
}

func TestGreet_forgetsWhenThereAreTooMany(t *testing.T) {
	a, _ := newTestAccounts(t)
	for i := range maxRemembered + 1 {
		a.remember(string(rune(i)))
	}
	if len(a.seen) > maxRemembered {
		t.Errorf("%d users are remembered", len(a.seen))
	}
}

func TestDelete_saysWhenItFailed(t *testing.T) {
	a, u := newTestAccounts(t)
	u.status = http.StatusInternalServerError
	if err := a.Delete(t.Context(), "user_1"); err == nil {
		t.Error("Delete returned nil")
	}
}

func TestProfile(t *testing.T) {
	a, u := newTestAccounts(t)
	u.body = `[{"user_id":"user_1","name":"Ada","email":null,"created_at":"2026-01-02T03:04:05Z"}]`
	if got, err := a.Profile(t.Context(), "token"); err != nil || got.Subject != "user_1" || got.Name != "Ada" || got.Email != "" {
		t.Errorf("Profile = %+v, %v", got, err)
	}
	u.body = `[]`
	if _, err := a.Profile(t.Context(), "token"); err == nil {
		t.Error("a profile of nobody")
	}
}

func TestFit(t *testing.T) {
	longest := strings.Repeat("ä", 320-len("@example.com")) + "@example.com"
	for _, tt := range []struct{ name, email, wantName, wantEmail string }{
		{"Ada Lovelace", "ada@example.com", "Ada Lovelace", "ada@example.com"},
		{"", "", "", ""},
		{"Ada\x00", "a@\x00b", "Ada", ""},
		{"Ada", "a@", "Ada", ""},
		{"Ada", longest, "Ada", longest},
		{"Ada", "a" + longest, "Ada", ""},
	} {
		if name, email := Fit(tt.name, tt.email); name != tt.wantName || email != tt.wantEmail {
			t.Errorf("Fit(%q, %q) = %q, %q", tt.name, tt.email, name, email)
		}
	}
}
