package golden

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/trial"
)

// stack is a generated server with all that is behind it.
type stack struct {
	p      *insforgetest.Project
	front  *front
	db     *pgxpool.Pool // as the superuser
	origin string        // of the server
	sign   signer
	a, b   string // two users, by their subject
	client *http.Client
}

func startStack(t *testing.T, server *insforgetest.Server, auth string) *stack {
	t.Helper()
	c := load(t)
	combo := trial.Of(auth)
	spec, target, rec := render(t, c, combo.Answers(c))
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, target, rec)
	env := sampleEnv(t, spec, dir)
	s := &stack{
		p:      serveInsForge(t, server, combo.String()),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
	}
	s.front = newFront(t, s.p.URL)
	env["INSFORGE_URL"], env["INSFORGE_ANON_KEY"] = s.front.url, s.p.AnonKey
	env["INSFORGE_API_KEY"], env["INSFORGE_JWT_SECRET"] = s.p.APIKey, s.p.JWTSecret
	s.sign, s.a = newSigner(t, auth, env)
	s.b = neighbour(s.a)
	db, err := pgxpool.New(t.Context(), s.p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s.db = db
	s.origin = serve(t, dir, env)
	return s
}

// neighbour is an ID that differs in the case of one letter alone.
func neighbour(id string) string {
	i := strings.LastIndexFunc(id, unicode.IsLetter)
	letter := id[i : i+1]
	if other := strings.ToUpper(letter); other != letter {
		return id[:i] + other + id[i+1:]
	}
	return id[:i] + strings.ToLower(letter) + id[i+1:]
}

// front is in front of the gateway, remembers who came and can change it.
type front struct {
	url string

	mu      sync.Mutex
	seen    []*http.Request
	instead string // a credential to send on in place of the server's, if not empty
}

func newFront(t *testing.T, gateway string) *front {
	t.Helper()
	target, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 32},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			f.mu.Lock()
			defer f.mu.Unlock()
			f.seen = append(f.seen, r.In)
			if f.instead != "" {
				r.Out.Header.Set("Authorization", "Bearer "+f.instead)
			}
		},
	})
	t.Cleanup(proxy.Close)
	f.url = proxy.URL
	return f
}

// take returns what has come since the last time, as whom each request came. It
// must bear a token of the server's own, for a user, and nothing else.
func (s *stack) take(t *testing.T) []string {
	t.Helper()
	s.front.mu.Lock()
	defer s.front.mu.Unlock()
	var subjects []string
	for _, r := range s.front.seen {
		header := r.Header
		token := strings.TrimPrefix(header.Get("Authorization"), "Bearer ")
		if r.URL.Path == "/api/database/rpc/see_user" && token == s.p.APIKey {
			continue // users do not write their profiles
		}
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(s.p.JWTSecret), nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("insforge-api"), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
		if err != nil || claims["role"] != "authenticated" || len(claims) != 5 {
			t.Errorf("the gateway got a token with %v (%v), want one of the server's own", claims, err)
		}
		for _, name := range []string{"X-Api-Key", "Cookie"} {
			if _, ok := header[name]; ok {
				t.Errorf("the gateway got a header %s", name)
			}
		}
		subject, _ := claims["sub"].(string)
		subjects = append(subjects, subject)
	}
	s.front.seen = nil
	return subjects
}

// request calls the server.
func (s *stack) request(t *testing.T, speak func(*http.Request), method, path, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.origin+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, nil, ""
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin") // a write with a cookie must say where it comes from
	speak(req)
	res, err := s.client.Do(req)
	if err != nil {
		t.Error(err)
		return 0, nil, ""
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, res.Header, string(data)
}

// as calls the server as a user and wants the status. The gateway must have seen
// that user and nobody else.
func (s *stack) as(t *testing.T, user, method, path, body string, status int, into any) http.Header {
	t.Helper()
	got, header, answer := s.request(t, s.sign.user(t, user, nil), method, path, body)
	if got != status {
		t.Fatalf("%s %s %s: %d %s, want %d", user, method, path, got, answer, status)
	}
	for _, seen := range s.take(t) {
		if seen != user {
			t.Errorf("%s %s %s reached the gateway as %q", user, method, path, seen)
		}
	}
	if into != nil {
		if err := json.Unmarshal([]byte(answer), into); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, answer)
		}
	}
	return header
}
