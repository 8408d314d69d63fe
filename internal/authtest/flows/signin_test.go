package flows_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		if p := v.follow("/"); p.status != http.StatusOK || !strings.Contains(p.body, `href="/todos"`) {
			t.Errorf("the front page: %v", p)
		}
		p := s.hosted.signIn(v, u, "")
		if p.status != http.StatusOK || p.url != app+"/todos" || !strings.Contains(p.body, "Ada Lovelace") {
			t.Fatalf("after signing in: %v", p)
		}
		v.in(u)
		if provider, ok := s.hosted.(*oidcProvider); ok && provider.Asked(provider.renewPath()) != 1 {
			t.Errorf("the code was used %d times", provider.Asked(provider.renewPath()))
		}
		if p = v.open(http.MethodPost, "/todos", url.Values{"title": {"Water the <plants>"}}); !strings.Contains(p.body, "Water the &lt;plants&gt;") {
			t.Errorf("after adding: %v", p)
		}
		cookie := v.session()
		if p = v.leave(); p.status != http.StatusOK || !strings.HasPrefix(p.url, app) {
			t.Errorf("after signing out: %v", p)
		}
		v.out()
		if count := s.sessions(u); count != 0 {
			t.Errorf("%d sessions are left", count)
		}
		if standing := s.hosted.standing(u); standing > 0 {
			t.Errorf("%d sessions are left at the provider", standing)
		}
		v.cookies[cookie.Name] = cookie
		v.out()
		if p := v.ask(http.MethodGet, "/todos", nil, nil); p.status != http.StatusSeeOther || p.header.Get("Location") != "/login?return_to=%2Ftodos" && p.header.Get("Location") != "/login" {
			t.Errorf("with the cookie of before: %v, to %s", p, p.header.Get("Location"))
		}
	})
}

// TestCookies looks at what the app sets, behind https and while it is being developed.
func TestCookies(t *testing.T) {
	for _, base := range []string{app, local} {
		t.Run(base[:5], func(t *testing.T) {
			each(t, func(t *testing.T, id string) {
				s := open(t, id, 1, "APP_BASE_URL="+base, "CLERK_AUTHORIZED_PARTIES="+base)
				v, u := s.visitor(), s.hosted.newUser(true)
				v.base = base
				if p := s.hosted.signIn(v, u, ""); p.status != http.StatusOK || p.url != base+"/todos" {
					t.Fatalf("after signing in: %v", p)
				}
				prefix, lasts := "", map[string]time.Duration{"session": 7 * 24 * time.Hour, "sign-in": 30 * time.Minute}
				if base == app {
					prefix = "__Host-"
				}
				if slices.Contains(openID, id) {
					lasts["session"] = 12 * time.Hour
				}
				seen := 0
				for _, c := range v.set {
					name, ok := strings.CutPrefix(c.Name, prefix)
					if !ok || lasts[name] == 0 || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.Secure != (base == app) || c.SameSite != http.SameSiteLaxMode {
						t.Errorf("it sets %s", c.Raw)
					}
					if c.MaxAge < 0 {
						continue
					}
					if left := time.Until(c.Expires); left > lasts[name] || left < lasts[name]-time.Minute {
						t.Errorf("%s lasts %s", name, left)
					}
					if name == "session" {
						seen++
						if random, err := base64.RawURLEncoding.DecodeString(c.Value); err != nil || len(random) != 32 {
							t.Errorf("the session cookie has %d bytes, %v", len(random), err)
						}
					}
				}
				if seen != 1 {
					t.Errorf("it sets %d session cookies", seen)
				}
			})
		})
	}
}

// TestFixation plants a session in a browser before its user signs in.
func TestFixation(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		attacker, a := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(attacker, a, "")
		attacker.in(a)
		planted := attacker.session()
		unknown := *planted
		unknown.Value = strings.Repeat("A", 43)

		for _, c := range []*http.Cookie{planted, &unknown} {
			v, u := s.visitor(), s.hosted.newUser(true)
			v.cookies[c.Name] = c
			s.hosted.signIn(v, u, "")
			v.in(u)
			if v.session().Value == c.Value {
				t.Error("the planted session was taken over")
			}
			thief := s.visitor()
			thief.cookies[c.Name] = c
			thief.out() // what the browser had ends
		}
	})
}

// TestRotation signs in twice in one browser: the first session ends.
func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		old := v.clone()
		old.in(u)
		s.hosted.signIn(v, u, "")
		v.in(u)
		old.out()
		if count := s.sessions(u); count != 1 || v.session().Value == old.session().Value {
			t.Errorf("there are %d sessions", count)
		}
	})
}

// TestSecrets looks for what opens a session, here or at the provider, where it must
// not be. Site.close looks in the log.
func TestSecrets(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "/todos?offset=0")
		v.in(u)
		s.due(u)
		v.in(u)
		cookie := v.session().Value
		tokens := s.hosted.tokens(u)
		if len(tokens) == 0 {
			t.Fatal("the provider has handed out nothing")
		}
		rows, err := database.Query(t.Context(), `select row_to_json(s)::text || row_to_json(p)::text
			from public.sign_in_sessions s join public.profiles p using (user_id) where user_id = $1`, u.subject)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		count := 0
		for ; rows.Next(); count++ {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Fatal(err)
			}
			for _, secret := range append(tokens, cookie) {
				s.secret(secret)
				for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))} {
					if strings.Contains(row, form) {
						t.Errorf("the database holds %.12s… in the clear", secret)
					}
				}
			}
		}
		if err := rows.Err(); err != nil || count != 1 {
			t.Errorf("%d rows, %v", count, err)
		}
		v.leave()
		for _, address := range v.trail {
			if strings.Contains(address, cookie) {
				t.Errorf("the cookie is in the address %s", address)
			}
		}
	})
}

// TestReturnPath: from the page that was asked for to signing in, and back to it; and to
// no other place.
func TestReturnPath(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		u := s.hosted.newUser(true)
		v := s.visitor()
		p := v.ask(http.MethodGet, "/todos?offset=0", nil, nil)
		to, err := url.Parse(p.header.Get("Location"))
		if err != nil || p.status != http.StatusSeeOther || to.Path != "/login" {
			t.Fatalf("a page that needs a user: %v, to %s", p, p.header.Get("Location"))
		}
		if p = s.hosted.signIn(v, u, to.Query().Get("return_to")); p.url != app+"/todos?offset=0" || p.status != http.StatusOK {
			t.Errorf("not back at the page: %v", p)
		}
		for i, away := range []string{
			"https://evil.example/", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/%2f/evil.example",
			"/%5cevil.example", "/.//evil.example", "/..//evil.example", "javascript:alert(1)", "evil.example", "http:evil.example", "https:///evil.example",
			"/todos\r\nSet-Cookie: a=b", "/\u2028/evil.example", "@evil.example", ".evil.example", "/login", "/auth/callback?code=1", "//app.example.com@evil.example",
			" //evil.example", "/todos#@evil.example", strings.Repeat("/a", 1000),
		} {
			if _, ok := s.hosted.(*oidcProvider); ok && i%5 != 0 {
				continue // the way there is long, and its end the same
			}
			v := s.visitor()
			v.detour = func(u *url.URL) {
				if strings.Contains(u.Hostname(), "evil") || u.Scheme != "https" {
					t.Errorf("return_to %q leads to %s", away, u)
					u.Scheme, u.Host = "https", appHost
				}
			}
			p := s.hosted.signIn(v, u, away)
			if !strings.HasPrefix(p.url, app+"/") || slices.ContainsFunc(v.set, func(c *http.Cookie) bool { return c.Name == "a" }) {
				t.Errorf("return_to %q ends at %v", away, p)
			}
			v.in(u)
		}
	})
}

// TestCSRF has another site's page send what changes something, with the cookie along.
func TestCSRF(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		v.open(http.MethodPost, "/todos", url.Values{"title": {"stays"}})
		var todo string
		s.query(&todo, `select id::text from public.todos where user_id = $1`, u.subject)
		none := []string(nil)
		for name, header := range map[string]http.Header{
			"another site":      {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			"a sister site":     {"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://blog.example.com"}},
			"an older browser":  {"Sec-Fetch-Site": none, "Origin": {"https://evil.example"}},
			"another port":      {"Sec-Fetch-Site": none, "Origin": {"https://app.example.com:8443"}},
			"a sandboxed frame": {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"null"}},
			"without a scheme":  {"Sec-Fetch-Site": none, "Origin": {"null"}},
			"says nothing":      {"Sec-Fetch-Site": none, "Origin": none},
		} {
			for _, request := range []string{
				"POST /todos", "POST /todos/" + todo, "POST /todos/" + todo + "/delete", "POST /account/delete",
				"POST /v1/todos", "PATCH /v1/todos/" + todo, "DELETE /v1/todos/" + todo, "DELETE /v1/me",
			} {
				method, path, _ := strings.Cut(request, " ")
				p := v.ask(method, path, url.Values{"title": {"planted"}, "done": {"true"}, "confirm": {"yes"}}, header)
				if p.status != http.StatusForbidden {
					t.Errorf("%s from %s: %v", request, name, p)
				}
			}
			if name != "says nothing" { // then no cookie comes along either: it is SameSite
				if p := v.ask(http.MethodPost, "/logout", nil, header); p.status != http.StatusForbidden {
					t.Errorf("signing out from %s: %v", name, p)
				}
			}
		}
		v.in(u)
		var left int
		s.query(&left, `select count(*) from public.todos where user_id = $1 and title = 'stays' and not done`, u.subject)
		if left != 1 {
			t.Error("something was changed")
		}
		if bearer := s.hosted.bearer(u); bearer != "" {
			p := v.ask(http.MethodDelete, "/v1/todos/"+todo, nil, http.Header{"Sec-Fetch-Site": none, "Origin": none, "Authorization": {"Bearer " + bearer}})
			if p.status != http.StatusNoContent {
				t.Errorf("a program with a token: %v", p)
			}
		}
	})
}

// TestTwoServers signs in at one server, goes on at the other, and signs out there.
func TestTwoServers(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 2)
		v, u := s.visitor(), s.hosted.newUser(true)
		if p := s.hosted.signIn(v, u, ""); p.status != http.StatusOK { // each request at the other server
			t.Fatalf("after signing in: %v", p)
		}
		one, two := v.clone(), v.clone()
		one.server, two.server = 1, 2
		one.in(u)
		two.in(u)
		if p := two.ask(http.MethodPost, "/logout", nil, nil); p.status >= 400 {
			t.Errorf("signing out: %v", p)
		}
		one.out()
		two.out()
	})
}
