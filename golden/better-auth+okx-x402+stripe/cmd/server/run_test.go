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
		"CLIENT_IP_HEADER=X-Real-IP",
		"BETTER_AUTH_SECRET=test-only-better-auth-secret-fedcba9876543210",
		"BETTER_AUTH_URL=http://localhost:8080",
		"BETTER_AUTH_UPSTREAM=http://127.0.0.1:3000",
		"DATABASE_URL=postgres://better_auth_reader:test-only@localhost:5432/insforge",
		"BETTER_AUTH_DATABASE_URL=postgres://better_auth_server:test-only@localhost:5432/insforge",
		"BETTER_AUTH_LISTEN=127.0.0.1:3000",
		"PAYMENT_JOURNAL=payments.journal",
		"OPERATOR_SUBJECTS=user_2abc,user_2def",
		"PAYMENT_RECIPIENT=0x000000000000000000000000000000000000dEaD",
		"OKX_API_KEY=00000000-0000-0000-0000-000000000000",
		"OKX_SECRET_KEY=00000000000000000000000000000000",
		"OKX_PASSPHRASE=not-a-real-passphrase",
		"OKX_BASE_URL=https://web3.okx.com/api/v6/pay/x402",
		"OKX_API=v6-pay",
		"X_LAYER_RPC_URL=https://rpc.xlayer.tech",
		"PAYMENT_CONTRACT_WALLETS=false",
		"PAYMENT_ASSETS=USDG,EXUSD",
		"PAYMENT_ASSET_SYMBOL=EXUSD",
		"PAYMENT_ASSET_NETWORK=eip155:196",
		"PAYMENT_ASSET_ADDRESS=0x00000000000000000000000000000000000a55e7",
		"PAYMENT_ASSET_DECIMALS=6",
		"PAYMENT_ASSET_NAME=Dollar",
		"PAYMENT_ASSET_VERSION=1",
		"PAYMENT_ASSET_SEPARATOR=0xbcaecd376e578e016d75f8b7da15a288a0f48ba32cf3b643b9283173f82cf677",
		"PAYMENT_COMPAT=false",
		"MOCK_OKX_FACILITATOR=false",
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
	env["PAYMENT_JOURNAL"] = t.TempDir()

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
		{http.MethodPost, "/v1/report", "", http.StatusPaymentRequired},
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
