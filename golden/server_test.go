package golden

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/trial"
)

// caller makes a request speak for a user the way one provider's users do. It
// may change the server's environment, which holds the sample values.
type caller func(t *testing.T, env map[string]string) (func(*http.Request), string)

// callers has the credential of every provider's real shape.
var callers = map[string]caller{
	"clerk": bearer("user_2xPnG8KxVQrLb3Fq0uWcYtR1aZe", func(env map[string]string) jwt.MapClaims {
		host, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.SplitN(env["CLERK_PUBLISHABLE_KEY"], "_", 3)[2], "="))
		if err != nil {
			panic(err)
		}
		return jwt.MapClaims{
			"iss": "https://" + strings.TrimSuffix(string(host), "$"), "azp": "http://localhost:8080",
			"sid": "sess_2xPnG8KxVQrLb3Fq0uWcYtR1aZe", "sts": "active", "v": 2, "fva": []int{0, -1}, "ttl": 60,
		}
	}),
	"auth0": bearer("auth0|64a1b2c3d4e5f60718293a4b", func(env map[string]string) jwt.MapClaims {
		issuer := "https://" + env["AUTH0_DOMAIN"] + "/"
		return jwt.MapClaims{
			"iss": issuer, "aud": []string{env["AUTH0_AUDIENCE"], issuer + "userinfo"},
			"azp": "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1", "scope": "openid profile email", "ttl": 86400,
		}
	}),
	"workos": bearer("user_01HBEQKA6K4QJAS93VPE39W1JT", func(env map[string]string) jwt.MapClaims {
		return jwt.MapClaims{
			"iss": "https://api.workos.com/user_management/" + env["WORKOS_CLIENT_ID"],
			"sid": "session_01HQSXZGF8FHF7A9ZZFCW4387R", "jti": "01HQSXZXPPFPKMDD32RKTFY6PV",
			"org_id": "org_01HRDMC6CM357W30QMHMQ96Q0S", "role": "admin", "permissions": []string{"posts:write"}, "ttl": 300,
		}
	}),
	"kinde": bearer("kp_cfcb1ae5b9254ad99521214014c54f43", func(env map[string]string) jwt.MapClaims {
		aud := []string{}
		if env["KINDE_AUDIENCE"] != "" {
			aud = append(aud, env["KINDE_AUDIENCE"])
		}
		return jwt.MapClaims{
			"iss": env["KINDE_ISSUER_URL"], "aud": aud, "azp": env["KINDE_CLIENT_ID"],
			"scp": []string{"openid", "profile"}, "org_code": "org_1234", "jti": "d3f0a1b2", "ttl": 86400,
		}
	}),
	"stytch": bearer("user-test-16d9ba61-97a1-4ba4-9720-b03761dc50c6", func(env map[string]string) jwt.MapClaims {
		now := time.Now()
		return jwt.MapClaims{
			"iss": "stytch.com/" + env["STYTCH_PROJECT_ID"], "aud": []string{env["STYTCH_PROJECT_ID"]},
			"https://stytch.com/session": map[string]any{
				"id": "session-test-fe6c042b-6286-479f-8a4f-b046a6c46509", "started_at": now.UTC().Format(time.RFC3339),
				"last_accessed_at": now.UTC().Format(time.RFC3339), "expires_at": now.Add(time.Hour).UTC().Format(time.RFC3339),
				"attributes": map[string]string{"user_agent": "", "ip_address": ""}, "authentication_factors": []any{}, "roles": []string{"stytch_user"},
			}, "ttl": 300,
		}
	}),
	"oidc": func(t *testing.T, env map[string]string) (func(*http.Request), string) {
		env["OIDC_AUDIENCE"] = "https://api.example.com"
		return bearer("f3b8a7d2-8f43-4f3a-9d20-1c5a6f0e7b11", func(env map[string]string) jwt.MapClaims {
			return jwt.MapClaims{
				"iss": env["OIDC_ISSUER_URL"], "aud": env["OIDC_AUDIENCE"], "client_id": env["OIDC_CLIENT_ID"], "scope": "openid profile", "ttl": 300,
			}
		})(t, env)
	},
	"insforge": func(t *testing.T, env map[string]string) (func(*http.Request), string) {
		const user = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
		speak, subject := bearer(user, func(map[string]string) jwt.MapClaims {
			return jwt.MapClaims{"email": "ada@example.com", "role": "authenticated", "ttl": 900}
		})(t, env)
		project := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/auth/sessions/current" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, `{"user":{"id":"`+user+`","email":"ada@example.com","emailVerified":true}}`)
		}))
		t.Cleanup(project.Close)
		env["INSFORGE_URL"] = project.URL
		return speak, subject
	},
	"better-auth": betterAuthCookie,
}

// TestServer starts the server of every combination as its README says, on the
// generated .env.example filled with sample values, in mock mode, and calls it.
func TestServer(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every combination; make test runs it")
	}
	c := load(t)
	for _, combo := range trial.Combinations(c) {
		t.Run(combo.String(), func(t *testing.T) {
			t.Parallel()
			spec, target, rec := render(t, c, combo.Answers(c))
			dir := filepath.Join(t.TempDir(), "shop")
			write(t, dir, target, rec)
			env := sampleEnv(t, spec, dir)
			login := combo.Auth != generator.None
			var speak func(*http.Request)
			var subject string
			if login {
				if callers[combo.Auth] == nil {
					t.Fatalf("callers has no credential of %s", combo.Auth)
				}
				speak, subject = callers[combo.Auth](t, env)
			}
			server := serve(t, dir, env)

			expect(t, server+"/healthz", "GET", nil, http.StatusOK)
			if login {
				expect(t, server+"/v1/me", "GET", nil, http.StatusUnauthorized)
				body, _ := expect(t, server+"/v1/me", "GET", speak, http.StatusOK)
				var me struct{ Subject string }
				if err := json.Unmarshal(body, &me); err != nil || me.Subject != subject {
					t.Errorf("GET /v1/me says %s, want subject %q", body, subject)
				}
				body, header := expect(t, server+"/v1/insforge-token", "GET", speak, http.StatusOK)
				checkMinted(t, body, header, env["INSFORGE_JWT_SECRET"], subject)
			} else {
				for _, path := range []string{"/login", "/todos", "/v1/me", "/v1/insforge-token", "/v1/todos"} {
					expect(t, server+path, "GET", nil, http.StatusNotFound)
				}
				expect(t, server+"/v1/payments", "GET", nil, http.StatusUnauthorized)
			}
			if combo.Has("okx-x402") {
				_, header := expect(t, server+"/v1/report", "POST", nil, http.StatusPaymentRequired)
				checkChallenge(t, header, env)
			}
			if combo.Has("stripe") {
				expect(t, server+"/v1/billing/products", "GET", nil, http.StatusUnauthorized)
				// Nothing is sold while InsForge does not answer; it is no InsForge that the examples name.
				expect(t, server+"/v1/billing/products", "GET", speak, http.StatusBadGateway)
			}
		})
	}
}

// sampleEnv fills the project's .env.example in, as a user would.
func sampleEnv(t *testing.T, spec *generator.Spec, dir string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			env[name] = value
		}
	}
	for _, e := range spec.Env {
		if env[e.Name] == "" && e.Required {
			env[e.Name] = e.Example
		}
	}
	env["ADDR"] = "127.0.0.1:0"
	if slices.ContainsFunc(spec.Payments, func(p generator.Provider) bool { return p.ID == "okx-x402" }) {
		env["MOCK_OKX_FACILITATOR"] = "true"
		env["PAYMENT_JOURNAL"] = t.TempDir()
	}
	return env
}

// serve builds the server, without what only debuggers read, as that is half of the
// work, starts it and returns its origin. It must stop by itself, with success, when
// it is interrupted.
func serve(t *testing.T, dir string, env map[string]string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "server.exe")
	check(t, trial.Succeed(t.Context(), dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "./cmd/server"))
	cmd := exec.Command(bin) //nolint:noctx // ended below, by a signal
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if runtime.GOOS == "windows" {
		cmd.Env = append(cmd.Env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var logs bytes.Buffer
	var mu sync.Mutex
	addr := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			mu.Lock()
			logs.Write(append(lines.Bytes(), '\n'))
			mu.Unlock()
			var entry struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "listening" {
				addr <- entry.Addr
			}
		}
	}()
	t.Cleanup(func() {
		if runtime.GOOS == "windows" {
			_ = cmd.Process.Kill() // Windows has no signal to stop with
			return
		}
		_ = cmd.Process.Signal(os.Interrupt)
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server stopped with %v", err)
		}
		for name, value := range env {
			if strings.Contains(name, "SECRET") && value != "" && strings.Contains(logs.String(), value) {
				t.Errorf("the log holds the value of %s", name)
			}
		}
		if t.Failed() {
			t.Logf("server log:\n%s", logs.String())
		}
	})
	select {
	case a := <-addr:
		return "http://" + a
	case <-read:
		t.Fatalf("the server did not start:\n%s", logs.String())
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not start within 20 s")
	}
	return ""
}

func expect(t *testing.T, url, method string, speak func(*http.Request), status int) ([]byte, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if speak != nil {
		speak(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Errorf("%s %s: %d, want %d: %s", method, req.URL.Path, res.StatusCode, status, body)
	}
	return body, res.Header
}

// checkMinted holds the token to the contract with InsForge.
func checkMinted(t *testing.T, body []byte, header http.Header, secret, subject string) {
	t.Helper()
	if got := header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control of the token is %q, want no-store", got)
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(answer.Token, claims, func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("insforge-api"), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		t.Fatalf("minted token: %v", err)
	}
	if claims["sub"] != subject || claims["role"] != "authenticated" || len(claims) != 5 {
		t.Errorf("minted claims are %v, want sub %q, role authenticated, aud, iat and exp alone", claims, subject)
	}
	if life := claims["exp"].(float64) - claims["iat"].(float64); life <= 0 || life > 300 {
		t.Errorf("minted token lives %v s, want at most 300", life)
	}
}

// checkChallenge decodes what a buyer's client needs before it can pay.
func checkChallenge(t *testing.T, header http.Header, env map[string]string) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(header.Get("PAYMENT-REQUIRED"))
	if err != nil {
		t.Fatalf("PAYMENT-REQUIRED: %v", err)
	}
	var challenge struct {
		X402Version int
		Resource    struct{ URL string }
		Accepts     []struct {
			Scheme, Network, Amount, Asset, PayTo string
			MaxTimeoutSeconds                     int
			Extra                                 struct{ Name, Version string }
		}
	}
	if err := json.Unmarshal(data, &challenge); err != nil {
		t.Fatalf("PAYMENT-REQUIRED: %v: %s", err, data)
	}
	if challenge.X402Version != 2 || len(challenge.Accepts) == 0 || challenge.Resource.URL != "http://localhost:8080/v1/report" {
		t.Fatalf("challenge is %s", data)
	}
	a := challenge.Accepts[0]
	if a.Scheme != "exact" || a.Network != "eip155:196" || a.Amount != "10000" ||
		!strings.EqualFold(a.PayTo, env["PAYMENT_RECIPIENT"]) || a.MaxTimeoutSeconds <= 0 ||
		!strings.EqualFold(a.Asset, "0x4ae46a509f6b1d9056937ba4500cb143933d2dc8") ||
		a.Extra.Name != "Global Dollar" || a.Extra.Version != "1" {
		t.Errorf("the offer is %+v", a)
	}
}

// bearer signs a provider's claims with a key set served from this machine.
func bearer(subject string, claims func(env map[string]string) jwt.MapClaims) caller {
	return func(t *testing.T, env map[string]string) (func(*http.Request), string) {
		t.Helper()
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
				"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "ins_1",
				"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
				"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
			}}})
		}))
		t.Cleanup(keys.Close)
		env["AUTH_JWKS_URL"] = keys.URL
		all := claims(env)
		life, _ := all["ttl"].(int)
		delete(all, "ttl")
		now := time.Now()
		all["sub"], all["iat"], all["nbf"] = subject, now.Unix(), now.Add(-10*time.Second).Unix()
		all["exp"] = now.Add(time.Duration(life) * time.Second).Unix()
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, all)
		token.Header["kid"] = "ins_1"
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+signed) }, subject
	}
}

// A session cookie that a real Better Auth 1.7.25 server signed.
const (
	betterAuthSecret = "forge-test-vector-secret-0123456789abcdef"
	betterAuthToken  = "9aQxt7zon7g9rhA9VCcJTpe3nhMKrz0L"
	betterAuthValue  = "9aQxt7zon7g9rhA9VCcJTpe3nhMKrz0L.ue5hQ7mhOR2gSJE4SIeC0EO29dmpBk%2Fj2qkgziZ6V9M%3D"
	betterAuthUser   = "PSBVUIQej6VefL2vcbQ7JVoeUi00y40D"
)

// betterAuthCookie puts that session into a real database, in Better Auth's
// own tables, and the server on it.
func betterAuthCookie(t *testing.T, env map[string]string) (func(*http.Request), string) {
	t.Helper()
	database := insforgeDatabase(t)
	db := connect(t, database)
	_, err := db.Exec(t.Context(), `
		create schema better_auth;
		create table better_auth."user" (
			id text primary key, name text not null, email text not null unique, "emailVerified" boolean not null,
			image text, "createdAt" timestamptz not null default now(), "updatedAt" timestamptz not null default now());
		create table better_auth.session (
			id text primary key, "expiresAt" timestamptz not null, token text not null unique,
			"createdAt" timestamptz not null default now(), "updatedAt" timestamptz not null default now(),
			"ipAddress" text, "userAgent" text, "userId" text not null references better_auth."user" (id) on delete cascade);
		insert into better_auth."user" (id, name, email, "emailVerified") values ('`+betterAuthUser+`', 'Ada', 'ada@example.com', true);
		insert into better_auth.session (id, "expiresAt", token, "userId")
			values ('o0AGR3OGreYYE6USW2GTUFSE2ovhSabz', now() + interval '7 days', '`+betterAuthToken+`', '`+betterAuthUser+`');`)
	if err != nil {
		t.Fatal(err)
	}
	env["BETTER_AUTH_SECRET"] = betterAuthSecret
	env["DATABASE_URL"] = database.URL
	return func(r *http.Request) {
		// Set raw: the cookie's value is percent-encoded on the wire.
		r.Header.Set("Cookie", "better-auth.session_token="+betterAuthValue)
	}, betterAuthUser
}
