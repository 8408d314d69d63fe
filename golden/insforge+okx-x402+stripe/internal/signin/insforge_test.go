package signin

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
)

const (
	anonKey = "anon_0123456789abcdef"
	user1   = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	user2   = "00000000-0000-4000-8000-000000000002"
)

// person is a user of the stand-in.
type person struct {
	id, name, password string
	verified           bool
}

// project stands in for InsForge's accounts. It takes exactly what its API describes, and fails the test over
// anything else.
type project struct {
	t   *testing.T
	url string
	key *rsa.PrivateKey

	mu       sync.Mutex
	accounts map[string]*person // by e-mail
	refresh  map[string]string   // user IDs by refresh token
	confirm  bool                // addresses have to be confirmed
	closed   bool                // nobody may sign up
	mails    []string
	asked    []string
	// spoil changes what is answered, or answers by itself when it returns false.
	spoil func(w http.ResponseWriter, path string, answer map[string]any) bool
}

// newProject returns a Service whose users are the stand-in's.
func newProject(t *testing.T) (*project, *Service, *database) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &project{t: t, key: key, accounts: map[string]*person{}, refresh: map[string]string{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	verifier, err := auth.NewVerifier(auth.Config{URL: p.url, JWKSURL: p.url + "/.well-known/jwks.json"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	db := &database{sessions: map[string]map[string]any{}, leased: map[string]bool{}}
	records := httptest.NewServer(db)
	t.Cleanup(records.Close)
	client := insforge.New(insforge.Config{URL: records.URL, AnonKey: anonKey, APIKey: "ik_server_key"})
	cfg := Config{BaseURL: "https://app.example.com", URL: p.url, AnonKey: anonKey}
	return p, New(cfg, verifier, client, slog.New(slog.DiscardHandler)), db
}

func (p *project) fail(w http.ResponseWriter, status int, code, message string) {
	p.write(w, status, map[string]any{"error": code, "message": message, "statusCode": status})
}

func (p *project) write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// text takes the fields of a request, which must all be texts that are named, and no others.
func (p *project) text(r *http.Request, names ...string) map[string]string {
	body := map[string]string{}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Content-Type") != "application/json" {
		p.t.Errorf("%s: %v, %v", r.URL, err, r.Header)
	}
	if got := slices.Sorted(maps.Keys(body)); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		p.t.Errorf("%s has %q, want %q", r.URL, got, names)
	}
	return body
}

func (p *project) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/.well-known/jwks.json" {
		encode := base64.RawURLEncoding.EncodeToString
		p.write(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "key-1", "use": "sig", "alg": "RS256",
			"n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
		return
	}
	p.asked = append(p.asked, r.URL.Path)
	if r.Method != http.MethodPost || r.Header.Get("X-Api-Key") != "" || r.Header.Get("Authorization") != "Bearer "+anonKey {
		p.t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
	}
	if opens := r.URL.Path != "/api/auth/email/send-verification"; opens != (r.URL.RawQuery == "client_type=server") {
		p.t.Errorf("%s asks for its refresh token in a cookie", r.URL)
	}
	if p.spoil != nil && !p.spoil(w, r.URL.Path, nil) {
		return
	}
	switch r.URL.Path {
	case "/api/auth/users":
		p.signUp(w, p.text(r, "name", "email", "password", "redirectTo"))
	case "/api/auth/sessions":
		p.signIn(w, p.text(r, "email", "password"))
	case "/api/auth/email/verify":
		body := p.text(r, "email", "otp")
		a := p.accounts[body["email"]]
		if a == nil || body["otp"] != "123456" {
			p.fail(w, http.StatusBadRequest, "INVALID_INPUT", "Invalid or expired verification code")
			return
		}
		a.verified = true
		p.session(w, body["email"])
	case "/api/auth/email/send-verification":
		body := p.text(r, "email", "redirectTo")
		p.mail(body["email"], body["redirectTo"])
		p.write(w, http.StatusAccepted, map[string]any{"success": true, "message": "If your email is registered, we have sent you a verification code."})
	case "/api/auth/refresh":
		token := p.text(r, "refreshToken")["refreshToken"]
		for email, a := range p.accounts {
			if p.refresh[token] == a.id {
				p.session(w, email)
				return
			}
		}
		p.fail(w, http.StatusUnauthorized, "AUTH_UNAUTHORIZED", "User not found")
	default:
		p.t.Errorf("there is no %s", r.URL)
	}
}

func (p *project) mail(email, redirectTo string) {
	if redirectTo != "https://app.example.com/confirmed" {
		p.t.Errorf("mails lead to %s, which is on no list", redirectTo)
	}
	if p.accounts[email] != nil {
		p.mails = append(p.mails, email)
	}
}

func (p *project) signUp(w http.ResponseWriter, body map[string]string) {
	email := body["email"]
	switch {
	case p.closed:
		p.fail(w, http.StatusForbidden, "AUTH_SIGNUP_DISABLED", "User signups are disabled for this project.")
		return
	case len(body["password"]) < 6:
		p.fail(w, http.StatusBadRequest, "INVALID_INPUT", "Password must be at least 6 characters long")
		return
	case !strings.Contains(email, "@"):
		p.fail(w, http.StatusBadRequest, "INVALID_INPUT", "email: Invalid email format")
		return
	case p.accounts[email] != nil:
		p.fail(w, http.StatusConflict, "AUTH_EMAIL_EXISTS", "User already exists")
		return
	}
	id := user1
	if len(p.accounts) > 0 {
		id = user2
	}
	p.accounts[email] = &person{id: id, name: body["name"], password: body["password"]}
	if p.confirm {
		p.mail(email, body["redirectTo"])
		p.write(w, http.StatusOK, map[string]any{"accessToken": nil, "requireEmailVerification": true})
		return
	}
	p.session(w, email)
}

func (p *project) signIn(w http.ResponseWriter, body map[string]string) {
	a := p.accounts[body["email"]]
	switch {
	case a == nil || a.password != body["password"]:
		p.fail(w, http.StatusUnauthorized, "AUTH_UNAUTHORIZED", "Invalid credentials")
	case p.confirm && !a.verified:
		p.fail(w, http.StatusForbidden, "FORBIDDEN", "Email verification required")
	default:
		p.session(w, body["email"])
	}
}

// session answers with a new one.
func (p *project) session(w http.ResponseWriter, email string) {
	a := p.accounts[email]
	refresh := newKey().String()
	p.refresh[refresh] = a.id
	answer := map[string]any{
		"user": map[string]any{
			"id": a.id, "email": email, "emailVerified": a.verified, "profile": map[string]any{"name": a.name}, "metadata": nil,
			"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
		},
		"accessToken": p.token(a.id, "authenticated"), "refreshToken": refresh,
	}
	if p.spoil == nil || p.spoil(w, "session", answer) {
		p.write(w, http.StatusOK, answer)
	}
}

// token is an access token.
func (p *project) token(id, role string) string {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"sub": id, "email": "ada@example.com", "role": role, "iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(),
	})
	token.Header["kid"] = "key-1"
	signed, err := token.SignedString(p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	return signed
}

func TestRenew(t *testing.T) {
	p, s, _ := newProject(t)
	p.accounts["ada@example.com"] = &person{id: user1, name: "Ada", verified: true}
	p.refresh["first"] = user1
	g, err := s.provider.renew(t.Context(), user1, "first")
	if err != nil || g.subject != user1 || g.name != "Ada" || g.email != "ada@example.com" || p.refresh[g.secret] != user1 || g.renewAt.IsZero() {
		t.Errorf("renew = %+v, %v", g, err)
	}
	delete(p.accounts, "ada@example.com")
	if _, err := s.provider.renew(t.Context(), user1, g.secret); !errors.Is(err, errEnded) {
		t.Errorf("a user who was deleted: %v, want ended", err)
	}
	for _, outage := range outages {
		api := outage
		s.provider.http.Transport = &api
		if _, err := s.provider.renew(t.Context(), user1, g.secret); err == nil || errors.Is(err, errEnded) || api.asked != 1 {
			t.Errorf("an outage, %d %s: %v, after %d questions", outage.status, outage.body, err, api.asked)
		}
	}
}

// TestGrant_refuses sessions that InsForge would never open.
func TestGrant_refuses(t *testing.T) {
	p, s, db := newProject(t)
	p.accounts["ada@example.com"] = &person{id: user1, password: "secret-1"}
	for name, change := range map[string]func(answer map[string]any){
		"another user's token":  func(a map[string]any) { a["accessToken"] = p.token(user2, "authenticated") },
		"an admin's token":      func(a map[string]any) { a["accessToken"] = p.token(user1, "project_admin") },
		"nobody's token":        func(a map[string]any) { a["accessToken"] = p.token("local", "authenticated") },
		"a token of no key":     func(a map[string]any) { a["accessToken"] = "eyJhbGciOiJub25lIn0.e30." },
		"without refresh token": func(a map[string]any) { delete(a, "refreshToken") },
		"without user":          func(a map[string]any) { delete(a, "user") },
	} {
		p.spoil = func(_ http.ResponseWriter, path string, answer map[string]any) bool {
			if path == "session" {
				change(answer)
			}
			return true
		}
		rec := submit(s, "/login", "email=ada%40example.com&password=secret-1")
		if rec.Code != http.StatusUnauthorized || len(rec.Result().Cookies()) > 0 || len(db.sessions) > 0 {
			t.Errorf("%s: status %d, cookies %v", name, rec.Code, rec.Result().Cookies())
		}
	}
}
