package signin

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/shop/internal/insforge"
)

// database stands in for InsForge: the sessions table and the functions for it.
type database struct {
	mu       sync.Mutex
	sessions map[string]map[string]any
	leased   map[string]bool
	down     bool
	broken   string // the one call that does not work
	calls    []string
}

func (d *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, what, _ := strings.Cut(r.URL.Path, "/api/database/")
	d.calls = append(d.calls, r.Method+" "+what)
	w.Header().Set("Content-Type", "application/json")
	if d.down || d.broken == r.Method+" "+what {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body := map[string]any{}
	_ = json.NewDecoder(r.Body).Decode(&body)
	id := strings.TrimPrefix(r.URL.Query().Get("id"), "eq.")
	var answer any
	switch r.Method + " " + what {
	case "POST rpc/begin_session":
		delete(d.sessions, body["p_replaces"].(string))
		d.sessions[body["p_id"].(string)] = map[string]any{
			"user_id": body["p_user_id"], "sealed": body["p_sealed"], "renew_at": body["p_renew_at"], "expires_at": body["p_expires_at"],
		}
	case "POST rpc/lease_session":
		id := body["p_id"].(string)
		answer = !d.leased[id]
		d.leased[id] = true
	case "GET records/sign_in_sessions":
		found := []any{}
		if s, ok := d.sessions[id]; ok {
			found = append(found, s)
		}
		answer = found
	case "PATCH records/sign_in_sessions":
		for name, value := range body {
			d.sessions[id][name] = value
		}
		d.leased[id] = false
	case "DELETE records/sign_in_sessions":
		delete(d.sessions, id)
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// newTestService returns a Service with a database of its own. It is at https://app.example.com.
func newTestService(t *testing.T) (*Service, *database) {
	t.Helper()
	db := &database{sessions: map[string]map[string]any{}, leased: map[string]bool{}}
	server := httptest.NewServer(db)
	t.Cleanup(server.Close)
	client := insforge.New(insforge.Config{URL: server.URL, AnonKey: "anon_key", APIKey: "ik_server_key"})
	return New(Config{BaseURL: "https://app.example.com"}, nil, client, slog.New(slog.DiscardHandler)), db
}

// enter signs a user in and returns the cookie of the session.
func enter(t *testing.T, s *Service, g grant) *http.Cookie {
	t.Helper()
	rec := httptest.NewRecorder()
	if err := s.enter(rec, httptest.NewRequest(http.MethodGet, "/", nil), g); err != nil {
		t.Fatal(err)
	}
	return cookieOf(t, rec)
}

// cookieOf returns the one cookie that an answer sets.
func cookieOf(t *testing.T, rec *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("the answer sets %d cookies, want 1: %v", len(cookies), cookies)
	}
	return cookies[0]
}

// visit is a request of the browser that has the cookie.
func visit(method string, cookie *http.Cookie, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "https://app.example.com/todos", nil)
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// bodyOf reads an answer.
func bodyOf(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// inAnHour is when most sessions of the tests end.
func inAnHour() time.Time { return time.Now().Add(time.Hour).Truncate(time.Microsecond) }
