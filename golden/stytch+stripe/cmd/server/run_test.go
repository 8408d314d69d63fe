package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// sampleEnv is a complete environment. None of its values opens anything.
func sampleEnv() map[string]string {
	lines := []string{
		"APP_ENV=development",
		"ADDR=:8080",
		"APP_BASE_URL=http://localhost:8080",
		"CORS_ORIGINS=http://localhost:5173,https://page.example.com",
		"INSFORGE_URL=https://abc12345.us-east.insforge.app",
		"INSFORGE_ANON_KEY=anon_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"INSFORGE_API_KEY=ik_0123456789abcdef0123456789abcdef",
		"INSFORGE_JWT_SECRET=test-only-jwt-secret-0123456789abcdef",
		"AUTH_JWKS_URL=http://localhost:8081/.well-known/jwks.json",
		"CLIENT_IP_HEADER=X-Real-IP",
		"STYTCH_PROJECT_ID=project-test-00000000-0000-4000-8000-000000000000",
		"STYTCH_SECRET=secret-test-0123456789abcdef0123456789abcdef=",
		"STRIPE_ENVIRONMENT=test",
		"STRIPE_PRICES=pro=price_1ExampleMonthly,pack=price_1ExampleOnce",
		"STRIPE_CUSTOM_DOMAIN=pay.example.com",
	}
	env := make(map[string]string, len(lines))
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

// start runs the whole server against a stand-in for InsForge and returns its
// URL. When the test ends, the server is stopped and must return nil.
func start(t *testing.T) string {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "[]")
	}))
	t.Cleanup(upstream.Close)

	env := sampleEnv()
	env["ADDR"] = "127.0.0.1:0"
	for name, value := range env {
		// Nothing that is somebody else's is called. An issuer is only a name.
		if strings.HasPrefix(value, "https://") && strings.HasSuffix(name, "_URL") && !strings.HasSuffix(name, "_ISSUER_URL") {
			env[name] = upstream.URL
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, func(name string) string { return env[name] }, write)
		_ = write.Close()
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run returned %v, want nil", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("run did not stop")
		}
	})

	lines := bufio.NewScanner(read)
	for lines.Scan() {
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		if line.Msg == "listening" {
			// Keep reading, or the next log line would block the server.
			go func() { _, _ = io.Copy(io.Discard, read) }()
			return "http://" + line.Addr
		}
	}
	t.Fatalf("run ended before it listened: %v", <-done)
	return ""
}

func TestRun(t *testing.T) {
	url := start(t)
	tests := []struct {
		method, path string
		site         string // what a browser puts into Sec-Fetch-Site
		want         int
	}{
		{http.MethodGet, "/healthz", "", http.StatusOK},
		{http.MethodGet, "/healthz", "cross-site", http.StatusOK},
		{http.MethodPost, "/healthz", "", http.StatusMethodNotAllowed},
		{http.MethodPost, "/healthz", "cross-site", http.StatusForbidden},
		{http.MethodGet, "/nowhere", "", http.StatusNotFound},
		{http.MethodGet, "/v1/me", "", http.StatusUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path+" "+tt.site, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, url+tt.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Sec-Fetch-Site", tt.site)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != tt.want {
				body, _ := io.ReadAll(res.Body)
				t.Errorf("status %d, want %d: %s", res.StatusCode, tt.want, body)
			}
			if res.Header.Get("X-Request-Id") == "" {
				t.Error("the answer has no X-Request-Id")
			}
		})
	}
}

func TestServeFinishesRequestsUnderWay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		time.Sleep(50 * time.Millisecond) // longer than serve needs to notice
		_, _ = io.WriteString(w, "done")
	})
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, newServer(handler, slog.New(slog.DiscardHandler))) }()

	res, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "done" {
		t.Errorf("read %q, %v", body, err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve returned %v, want nil", err)
	}
}

func TestCommandRefusesArguments(t *testing.T) {
	err := command(t.Context(), []string{"sevre"}, func(string) string { return "" }, io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "usage: ") {
		t.Errorf("command = %v, want how to use it", err)
	}
}

func TestRunReportsEveryProblem(t *testing.T) {
	env := sampleEnv()
	delete(env, "INSFORGE_URL")
	env["INSFORGE_API_KEY"] = "not-a-key-but-still-private"

	var logs bytes.Buffer
	err := run(t.Context(), func(name string) string { return env[name] }, &logs)
	if err == nil {
		t.Fatal("run started without INSFORGE_URL")
	}
	for _, name := range []string{"INSFORGE_URL", "INSFORGE_API_KEY"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error()+logs.String(), env["INSFORGE_API_KEY"]) {
		t.Error("a secret was printed")
	}
}

func TestRunReportsATakenAddress(t *testing.T) {
	env := sampleEnv()
	env["ADDR"] = strings.TrimPrefix(start(t), "http://")
	if err := run(t.Context(), func(name string) string { return env[name] }, io.Discard); err == nil {
		t.Fatal("run returned nil on an address already in use")
	}
}
