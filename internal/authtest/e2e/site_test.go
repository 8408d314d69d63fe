package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/servertest"
)

// What needs a credential.
var routes = []string{"/v1/me", "/v1/todos", "/v1/insforge-token"}

// unauthorized is every 401's body, whatever was wrong.
const unauthorized = `{"error":{"code":"unauthorized","message":"Sign in to use this."}}` + "\n"

// site is a running server.
type site struct {
	server *servertest.Process
	https  bool // is how browsers reach it

	mu   sync.Mutex
	sent []string // credentials that must not be in its log
}

// start starts the server of a provider's project. Lines are NAME=value, on top of the
// sample settings.
func start(provider string, lines ...string) (*site, error) {
	env := map[string]string{
		"ADDR":                "127.0.0.1:0",
		"INSFORGE_URL":        insforge.URL,
		"INSFORGE_ANON_KEY":   insforge.AnonKey,
		"INSFORGE_API_KEY":    insforge.APIKey,
		"INSFORGE_JWT_SECRET": insforge.JWTSecret,
	}
	for name, value := range projects[provider].settings {
		if _, ok := env[name]; !ok {
			env[name] = value
		}
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	var list []string
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	server, err := servertest.Start(projects[provider].binary, list)
	if err != nil {
		return nil, err
	}
	return &site{server: server, https: strings.HasPrefix(env["APP_BASE_URL"], "https:"), sent: []string{insforge.JWTSecret, insforge.APIKey}}, nil
}

// stop ends the server, which must be able to do so, and reads what it has logged.
func (s *site) stop() error {
	err := s.server.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.server.Log()
	for _, secret := range s.sent {
		if strings.Contains(log, secret) {
			err = errors.Join(err, fmt.Errorf("the log holds the credential %.20s…", secret))
		}
	}
	return err
}

// secret has stop look for a credential in the log, and for the parts of a token that
// would do for one.
func (s *site) secret(credential string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for part := range strings.SplitSeq(credential, ".") {
		if len(part) >= 20 && !slices.Contains(s.sent, part) {
			s.sent = append(s.sent, part)
		}
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// client follows no redirects: an API has none.
var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 100},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (s *site) get(ctx context.Context, path string, header http.Header) (answer, error) {
	return fetch(ctx, http.MethodGet, s.server.URL+path, header, "")
}

func fetch(ctx context.Context, method, url string, header http.Header, body string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header = header.Clone()
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(data)}, err
}

// me asks who is signed in.
func (s *site) me(t *testing.T, header http.Header) answer {
	t.Helper()
	return s.ask(t, "/v1/me", header)
}

func (s *site) ask(t *testing.T, path string, header http.Header) answer {
	t.Helper()
	for _, values := range header {
		for _, value := range values {
			s.secret(strings.TrimPrefix(value, "Bearer "))
		}
	}
	a, err := s.get(t.Context(), path, header)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// reason is why a request was refused, as the log says it.
func (s *site) reason(t *testing.T, a answer) string {
	t.Helper()
	id := a.header.Get("X-Request-Id")
	for patience := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		log := s.server.Log()
		for at := strings.Index(log, id); at >= 0 && id != ""; {
			line := log[strings.LastIndexByte(log[:at], '\n')+1:]
			line, _, _ = strings.Cut(line, "\n")
			var entry struct{ Msg, Reason string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "request refused" {
				return entry.Reason
			}
			next := strings.Index(log[at+1:], id)
			if next < 0 {
				break
			}
			at += 1 + next
		}
		if time.Now().After(patience) {
			t.Errorf("the log has no reason for %d %s", a.status, a.body)
			return ""
		}
	}
}

// logged waits until the server has logged a text.
func (s *site) logged(t *testing.T, text string) {
	t.Helper()
	for patience := time.Now().Add(5 * time.Second); !strings.Contains(s.server.Log(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(patience) {
			t.Errorf("the log does not say %s", text)
			return
		}
	}
}

// attempt is a request that must be refused with 401.
type attempt struct {
	name   string
	header http.Header
	query  string
	why    string // a part of the reason in the log
}

// bearer is the header that carries a token.
func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// token is an attempt with a bearer token.
func token(name, token, why string) attempt {
	return attempt{name: name, header: bearer(token), why: why}
}

// refused wants each route to refuse the attempts, with the same answer whatever is
// wrong, and the log to know what.
func (s *site) refused(t *testing.T, attempts ...attempt) {
	t.Helper()
	for _, tried := range attempts {
		for _, path := range routes {
			a := s.ask(t, path+tried.query, tried.header)
			if a.status != http.StatusUnauthorized || a.body != unauthorized {
				t.Errorf("%s: GET %s: %d %s", tried.name, path, a.status, a.body)
				continue
			}
			why := s.reason(t, a)
			if !strings.Contains(why, tried.why) || tried.why == "" {
				t.Errorf("%s: GET %s: refused because of %q, want %q", tried.name, path, why, tried.why)
			}
			challenge := `Bearer error="invalid_token"`
			if why == "no credential" {
				challenge = "Bearer"
			}
			header := maps.Clone(a.header)
			for _, name := range []string{"Date", "X-Request-Id"} {
				if len(header[name]) != 1 {
					t.Errorf("%s: %d of %s", tried.name, len(header[name]), name)
				}
				delete(header, name)
			}
			want := http.Header{
				"Content-Type": {"application/json"}, "Content-Length": {fmt.Sprint(len(unauthorized))},
				"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}, "Www-Authenticate": {challenge},
			}
			if s.https {
				want["Strict-Transport-Security"] = []string{"max-age=31536000"}
			}
			if !maps.EqualFunc(header, want, slices.Equal) {
				t.Errorf("%s: GET %s: header %v, want %v", tried.name, path, header, want)
			}
		}
	}
}

// accepted wants /v1/me to name the subject.
func (s *site) accepted(t *testing.T, what string, header http.Header, subject string) {
	t.Helper()
	a := s.me(t, header)
	var me struct {
		Subject string
	}
	if err := json.Unmarshal([]byte(a.body), &me); err != nil || a.status != http.StatusOK || me.Subject != subject {
		why := ""
		if a.status >= 400 {
			why = s.reason(t, a)
		}
		t.Errorf("%s: %d %s, want 200 and %s; %s", what, a.status, a.body, subject, why)
	}
}

// stop also looks at what the server asked for: keys, at their one address, and where
// that is another's, accounts.
func (s *tokenSite) stop() error {
	err := s.site.stop()
	if refused := s.net.Refused(); len(refused) > 0 || s.net.Dials(attacker) > 0 {
		err = errors.Join(err, fmt.Errorf("%s: the server asked for %q, and %d times for the attacker's host", s.ID, refused, s.net.Dials(attacker)))
	}
	for _, r := range s.net.Requests(s.Host()) {
		got := "https://" + r.Host + r.Path
		data := strings.HasPrefix(r.Path, "/api/database/") || r.Path == "/api/health"
		if s.Accounts != "" && (data || got == s.Accounts && r.Method == http.MethodGet) {
			continue
		}
		if got != s.KeysURL || r.Method != http.MethodGet {
			err = errors.Join(err, fmt.Errorf("%s: the server asked for %s %s", s.ID, r.Method, got))
		}
	}
	if s.accounts != nil {
		err = errors.Join(err, s.accounts.mistakes())
	}
	return errors.Join(err, s.net.Close())
}

func tail(s string, most int) string { return s[max(0, len(s)-most):] }

// each runs a case for all providers with tokens, and its counterpart for Better Auth.
func each(t *testing.T, id string, test func(t *testing.T, p authtest.Profile)) {
	t.Helper()
	servertest.Need(t)
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
	if c := counterparts[id]; c.test != nil {
		t.Run(betterAuth, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// refuse runs a case in which the shared server of each provider refuses all attempts,
// and takes a good token afterwards.
func refuse(t *testing.T, id string, attempts func(s *tokenSite) []attempt) {
	t.Helper()
	each(t, id, func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		s.refused(t, attempts(s)...)
		s.accepted(t, "a good token", bearer(s.good()), s.Subject)
	})
}

// profile is a provider's.
func profile(id string) authtest.Profile {
	return profiles[slices.IndexFunc(profiles, func(p authtest.Profile) bool { return p.ID == id })]
}
