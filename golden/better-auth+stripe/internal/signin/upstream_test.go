package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
)

// fakeAuth stands for the Better Auth server. It answers with status and body, and keeps the last request.
type fakeAuth struct {
	status  int
	body    string
	cookies []string
	request *http.Request
	sent    string
}

func (f *fakeAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.request, f.sent = r, string(body)
	for _, cookie := range f.cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Retry-After", "7")
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.body)
}

// newTestServer returns the routes of sign-in, in front of a fake. Calls are what InsForge was asked.
func newTestServer(t *testing.T) (mux *http.ServeMux, fake *fakeAuth, calls *[]map[string]any) {
	t.Helper()
	fake, calls = &fakeAuth{status: http.StatusOK}, &[]map[string]any{}
	upstream := httptest.NewServer(fake)
	t.Cleanup(upstream.Close)
	database := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := map[string]any{}
		_ = json.NewDecoder(r.Body).Decode(&call)
		*calls = append(*calls, call)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(database.Close)
	verifier, err := auth.NewVerifier(auth.Config{
		Secret:      "test-only-better-auth-secret-fedcba9876543210",
		BaseURL:     "https://app.example.com",
		DatabaseURL: "postgres://nobody:test-only@127.0.0.1:1/nowhere", // nobody gets so far
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	cfg := Config{BaseURL: "https://app.example.com", Upstream: upstream.URL}
	mux = http.NewServeMux()
	New(cfg, verifier, insforge.New(insforge.Config{URL: database.URL, APIKey: "ik_test"}), slog.New(slog.DiscardHandler)).Routes(mux)
	return mux, fake, calls
}

type reply struct {
	status int
	header http.Header
	body   string
}

func send(mux *http.ServeMux, r *http.Request) reply {
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// TestProxy_passesNoMoreThanItMust: no key, no identity and no address that a caller made up gets through.
func TestProxy_passesNoMoreThanItMust(t *testing.T) {
	mux, fake, _ := newTestServer(t)
	r := httptest.NewRequest(http.MethodPost, "/api/auth/sign-in/email?x=1", strings.NewReader(`{"a":1}`))
	r.RemoteAddr = "192.0.2.7:4321"
	want := map[string]string{
		"Accept": "application/json", "Accept-Language": "de", "Content-Type": "application/json", "Cookie": "a=b; c=d", "Origin": "https://app.example.com",
		"Referer": "https://app.example.com/login", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "User-Agent": "test",
	}
	for name, value := range want {
		r.Header.Set(name, value)
	}
	for _, name := range []string{
		"Authorization", "X-Api-Key", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-Ip", "X-Client-Ip",
		"True-Client-Ip", "Cf-Connecting-Ip", "X-Forwarded-User", "X-User-Id", "X-Original-Url", "X-Http-Method-Override", "Upgrade", "Proxy-Authorization",
	} {
		r.Header.Set(name, "Bearer ik_forged")
	}
	r.Header.Set("Connection", "Upgrade, Cookie")

	fake.body, fake.cookies = `{"ok":true}`, []string{"better-auth.session_token=x; Path=/", "better-auth.session_data=; Max-Age=0"}
	res := send(mux, r)
	if res.status != http.StatusOK || res.body != fake.body || !slices.Equal(res.header.Values("Set-Cookie"), fake.cookies) {
		t.Errorf("the answer is %d %s with %v", res.status, res.body, res.header)
	}
	want["X-Forwarded-For"], want["X-Forwarded-Proto"], want["Content-Length"] = "192.0.2.7", "https", "7"
	got := map[string]string{}
	for name, values := range fake.request.Header {
		got[name] = strings.Join(values, "|")
	}
	if !maps.Equal(got, want) {
		t.Errorf("Better Auth was sent %v\nwant %v", got, want)
	}
	if fake.request.Host != "app.example.com" || fake.request.URL.String() != "/api/auth/sign-in/email?x=1" || fake.sent != `{"a":1}` {
		t.Errorf("Better Auth was sent %s%s %s", fake.request.Host, fake.request.URL, fake.sent)
	}
}

func TestProxy_boundsBodies(t *testing.T) {
	mux, fake, _ := newTestServer(t)
	for size, want := range map[int]int{maxAuthBody: http.StatusOK, maxAuthBody + 1: http.StatusRequestEntityTooLarge} {
		// Also when nobody says how long it will be.
		r := httptest.NewRequest(http.MethodPost, "/api/auth/sign-up/email", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", size))})
		fake.request = nil
		if res := send(mux, r); res.status != want || (fake.request != nil) != (want == http.StatusOK) {
			t.Errorf("%d bytes: %d, want %d", size, res.status, want)
		}
		if fake.request != nil && fake.request.ContentLength != int64(size) {
			t.Errorf("Better Auth was told %d bytes, want %d", fake.request.ContentLength, size)
		}
	}
}

func TestProxy_withoutAnAnswer(t *testing.T) {
	var logs bytes.Buffer
	u := newUpstream(Config{BaseURL: "https://app.example.com", Upstream: "http://127.0.0.1:1"}, slog.New(slog.NewTextHandler(&logs, nil)))
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", u)
	r := httptest.NewRequest(http.MethodGet, "/api/auth/get-session", nil)
	res := send(mux, r)
	if res.status != http.StatusServiceUnavailable || res.header.Get("Retry-After") == "" || !strings.Contains(res.body, `"code":"unavailable"`) {
		t.Errorf("%d %s with %v", res.status, res.body, res.header)
	}
	if !strings.Contains(logs.String(), "level=ERROR") {
		t.Errorf("the log says %q", logs.String())
	}

	logs.Reset()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if res := send(mux, r.WithContext(gone)); res.body != "" || logs.Len() > 0 {
		t.Errorf("to a caller that has gone: %d %s, and in the log %q", res.status, res.body, logs.String())
	}
}

func TestLoadConfig(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		problem     bool
	}{
		{"BETTER_AUTH_UPSTREAM", "http://auth:3000", false},
		{"BETTER_AUTH_UPSTREAM", "https://[::1]:3000", false},
		{"BETTER_AUTH_UPSTREAM", "http://auth:3000/", true},
		{"BETTER_AUTH_UPSTREAM", "http://auth:3000/api", true},
		{"BETTER_AUTH_UPSTREAM", "http://user:pw@auth:3000", true},
		{"BETTER_AUTH_UPSTREAM", "unix:/run/auth", true},
		{"BETTER_AUTH_UPSTREAM", "http://:3000", true},
		{"CLIENT_IP_HEADER", "CF-Connecting-IP", false},
		{"CLIENT_IP_HEADER", "X-Real-IP, X-Forwarded-For", true},
	} {
		r := env.NewReader(func(name string) string { return map[string]string{tt.name: tt.value}[name] })
		cfg := LoadConfig(r, "http://localhost:8080", auth.Config{BaseURL: "http://localhost:8080"})
		if err := r.Err(); (err != nil) != tt.problem || err != nil && !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s=%s: %v, want a problem: %v", tt.name, tt.value, err, tt.problem)
		} else if err == nil && cfg.Upstream != tt.value && cfg.ClientIPHeader != tt.value {
			t.Errorf("%s=%s: %+v", tt.name, tt.value, cfg)
		}
	}
	r := env.NewReader(func(string) string { return "" })
	if cfg := LoadConfig(r, "http://localhost:8080", auth.Config{BaseURL: "http://localhost:3000"}); r.Err() == nil || cfg.Upstream != "http://127.0.0.1:3000" {
		t.Errorf("two origins: %v, %+v; want a problem, and the default upstream", r.Err(), cfg)
	}
}
