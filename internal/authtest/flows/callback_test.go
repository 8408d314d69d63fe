package flows_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest/hosted"
)

// code are the providers that lead back with a code.
var code = slices.Concat(openID, []string{"workos"})

// openID are those of them that speak OpenID Connect.
var openID = []string{"auth0", "kinde", "oidc"}

// atCallback changes the query with which the provider leads back.
func atCallback(change func(q url.Values)) func(*url.URL) {
	return func(u *url.URL) {
		if u.Host == appHost && u.Path == "/auth/callback" {
			q := u.Query()
			change(q)
			u.RawQuery = q.Encode()
		}
	}
}

// atProvider changes the query with which the app leads to the provider.
func atProvider(change func(q url.Values)) func(*url.URL) {
	return func(u *url.URL) {
		if u.Query().Has("code_challenge") {
			q := u.Query()
			change(q)
			u.RawQuery = q.Encode()
		}
	}
}

func other(s string) string {
	if strings.HasPrefix(s, "A") {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

// TestCallback_refuses what is not the answer to what this browser asked.
func TestCallback_refuses(t *testing.T) {
	type wrong struct {
		name   string
		detour func(*url.URL)
		status int
		log    string
	}
	change := func(name string, to func(string) string) func(q url.Values) {
		return func(q url.Values) { q.Set(name, to(q.Get(name))) }
	}
	drop := func(name string) func(q url.Values) { return func(q url.Values) { q.Del(name) } }
	all := []wrong{
		{"another state", atCallback(change("state", other)), 400, "state does not belong to this browser"},
		{"no state", atCallback(drop("state")), 400, "state does not belong to this browser"},
		{"another code", atCallback(change("code", other)), 401, "refused the code"},
		{"no code", atCallback(drop("code")), 400, "neither a code nor an error"},
		{"another challenge", atProvider(change("code_challenge", other)), 401, "refused the code"},
	}
	ofOpenID := []wrong{
		{"another issuer", atCallback(func(q url.Values) { q.Set("iss", "https://evil.example") }), 401, "the answer comes from"},
		{"issuer with another end", atCallback(change("iss", func(s string) string { return strings.TrimSuffix(s+"/", "//") })), 401, "the answer comes from"},
		{"no issuer", atCallback(drop("iss")), 401, "the answer comes from"},
		{"another nonce", atProvider(change("nonce", other)), 401, "another sign-in's"},
		{"no nonce", atProvider(drop("nonce")), 401, "another sign-in's"},
	}
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		tried := all
		if id != "workos" {
			tried = append(tried, ofOpenID...)
		}
		for _, w := range tried {
			v, u := s.visitor(), s.hosted.newUser(true)
			v.detour = w.detour
			if p := s.hosted.signIn(v, u, ""); p.status != w.status || !strings.Contains(p.body, "Signing in did not work") {
				t.Errorf("%s: %v", w.name, p)
			}
			s.logged(w.log)
			v.out()
			if count := s.sessions(u); count != 0 {
				t.Errorf("%s: there are %d sessions", w.name, count)
			}
			// And the way is open again.
			v.detour = nil
			s.hosted.signIn(v, u, "")
			v.in(u)
		}
	}, code...)
}

// TestCallback_replayed uses an answer of the provider again, in the same browser and in
// others: it is good once, in the browser that asked.
func TestCallback_replayed(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		v.in(u)
		callback := ""
		for _, address := range v.trail {
			if strings.Contains(address, "/auth/callback?") {
				callback = address
			}
		}
		// Going back in the browser's history must not hurt.
		if p := v.follow(callback); p.status != http.StatusOK || p.url != app+"/todos" {
			t.Errorf("again in the same browser: %v", p)
		}
		v.in(u)
		stranger := s.visitor()
		if p := stranger.follow(callback); p.status != http.StatusBadRequest {
			t.Errorf("in another browser: %v", p)
		}
		stranger.out()

		// A code that was not used yet: that is how a victim is signed in as somebody else.
		attacker := s.visitor()
		attacker.detour = func(u *url.URL) {
			if u.Path == "/auth/callback" {
				callback = u.String()
				u.Path, u.RawQuery = "/", ""
			}
		}
		s.hosted.signIn(attacker, s.hosted.newUser(true), "")
		for name, victim := range map[string]*visitor{"fresh": s.visitor(), "signing in": s.visitor()} {
			if name == "signing in" {
				victim.ask(http.MethodGet, "/login", nil, nil)
			}
			if p := victim.follow(callback); p.status != http.StatusBadRequest {
				t.Errorf("a %s victim: %v", name, p)
			}
			victim.out()
		}
		// The victim who is signed in stays who they are.
		v.follow(callback)
		v.in(u)
	}, code...)
}

// TestCallback_twoTabs begins twice in one browser. The later one signs in; the earlier one
// does not, and hurts neither what is under way nor what has come of it.
func TestCallback_twoTabs(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		var answers []string
		v.detour = func(to *url.URL) {
			if to.Path == "/auth/callback" && len(answers) < 2 {
				answers = append(answers, to.String())
				to.Path, to.RawQuery = "/", ""
			}
		}
		s.hosted.signIn(v, u, "")
		s.hosted.signIn(v, u, "")
		if len(answers) != 2 {
			t.Fatalf("the provider has answered %d times", len(answers))
		}
		if p := v.follow(answers[0]); p.status != http.StatusBadRequest || !strings.Contains(p.body, "begun in another window") {
			t.Errorf("the first tab: %v", p)
		}
		v.out()
		if p := v.follow(answers[1]); p.status != http.StatusOK || p.url != app+"/todos" {
			t.Errorf("the second tab: %v", p)
		}
		v.in(u)
		if p := v.follow(answers[0]); p.status != http.StatusOK || p.url != app+"/todos" {
			t.Errorf("the first tab, later: %v", p)
		}
		v.in(u)
	}, code...)
}

// TestCallback_error is what the provider says instead of a code.
func TestCallback_error(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		for _, c := range []struct {
			kind, text string
			status     int
			shown      string
		}{
			{"access_denied", "The user said no.", 200, "You did not sign in"},
			{"server_error", `<script>alert(1)</script><a href="https://evil.example">`, 502, "reported a problem"},
			{"<b>odd</b>", strings.Repeat("<i>", 5000), 502, "reported a problem"},
			{"temporarily_unavailable\n\"level\":\"FAKE\"", "", 502, "reported a problem"},
		} {
			v, u := s.visitor(), s.hosted.newUser(true)
			v.detour = atCallback(func(q url.Values) {
				q.Del("code")
				q.Set("error", c.kind)
				q.Set("error_description", c.text)
			})
			p := s.hosted.signIn(v, u, "/todos?offset=0")
			if p.status != c.status || !strings.Contains(p.body, c.shown) {
				t.Errorf("%q: %v", c.kind, p)
			}
			for _, foreign := range []string{"<script", "evil.example", "<i>", "<b>", "FAKE"} {
				if strings.Contains(p.body, foreign) {
					t.Errorf("%q: the page shows %s", c.kind, foreign)
				}
			}
			v.out()
			// With a state of somebody else's it is not even an answer.
			v.detour = nil
			if p := v.follow("/auth/callback?error=access_denied&state=x"); p.status != http.StatusBadRequest {
				t.Errorf("%q for nobody: %v", c.kind, p)
			}
		}
		if log := s.servers[0].Log(); strings.Contains(log, "\n\"level\"") || len(log) > 40_000 {
			t.Errorf("the log has what came from outside as it was, %d bytes of it", len(log))
		}
	}, code...)
}

// TestSignIn_providerFails: whatever the provider does instead of answering, nobody is
// signed in, the page says to try again, and nothing is written in the clear.
func TestSignIn_providerFails(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		paths := map[string][]string{
			"workos":   {"/user_management/authenticate", "/sso/jwks/" + servers[id].settings["WORKOS_CLIENT_ID"]},
			"stytch":   {"/v1/magic_links/email/login_or_create", "/v1/magic_links/authenticate", "/v1/sessions/jwks/" + servers[id].settings["STYTCH_PROJECT_ID"]},
			"clerk":    {"/.well-known/jwks.json"},
			"insforge": {"/api/auth/sessions", "/.well-known/jwks.json"},
		}[id]
		if p, ok := s.hosted.(*oidcProvider); ok {
			paths = []string{p.TokenPath(), p.KeysPath(), p.DiscoveryPath()}
		}
		for i, path := range paths {
			for name, answer := range answers {
				v, u := s.visitor(), s.hosted.newUser(true)
				if strings.Contains(path, "jwks") || strings.Contains(path, "well-known") || strings.HasSuffix(path, "/certs") {
					if name != "500" && name != "an object" {
						continue
					}
					v.s = open(t, id, 1) // a server that has read this does not ask again
					v, u = v.s.visitor(), v.s.hosted.newUser(true)
				}
				if name == "silence" && i > 0 { // 10 seconds for each
					continue
				}
				v.s.hosted.Answer(path, answer)
				p := v.s.hosted.signIn(v, u, "")
				// What is JSON, but does not say who it is, may count as a no. And an answer of which nothing is
				// needed may have any shape.
				formed := name == "null" || name == "an object" || name == "other types"
				// With a form of its own the server says by itself what it is that InsForge has reported.
				reported := id == "insforge" && (name == "too many" && p.status == http.StatusTooManyRequests || name == "our fault" && p.status == http.StatusBadGateway)
				ok := reported || p.status == http.StatusServiceUnavailable || formed && p.status == http.StatusUnauthorized ||
					formed && p.status == http.StatusOK && strings.HasSuffix(path, "login_or_create")
				if !ok || strings.Contains(p.body, "foreign") {
					t.Errorf("%s at %s: %v", name, path, p)
				}
				v.s.hosted.Answer(path, nil)
				v.out()
			}
		}
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		v.in(u)
	})
}

// answers are those of a provider that is out of order, or of something in its place.
var answers = map[string]http.HandlerFunc{
	"500":         func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "foreign", http.StatusInternalServerError) },
	"500 as JSON": hosted.JSON(500, `{"error":"server_error","error_type":"internal_server_error","errors":[{"code":"internal_error"}]}`),
	"a page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<!doctype html><p>foreign")) },
	"a page, 404": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<p>foreign", http.StatusNotFound) },
	"null":        hosted.JSON(200, `null`),
	"an object":   hosted.JSON(200, `{}`),
	"other types": hosted.JSON(200, `{"access_token":1,"user":[],"session_token":{},"keys":"x","user_id":7,"status":{}}`),
	"too many":    hosted.JSON(429, `{"error":"too_many_requests","error_type":"too_many_requests","errors":[{"code":"too_many_requests"}]}`),
	"our fault":   hosted.JSON(401, `{"error":"invalid_client","error_type":"unauthorized_credentials","errors":[{"code":"clerk_key_invalid"}]}`),
	"elsewhere": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
	},
	"silence": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
		panic(http.ErrAbortHandler)
	},
}
