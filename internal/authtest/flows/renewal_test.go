package flows_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/insforge/forge/internal/authtest"
)

// askedToRenew is how often the provider was asked whether a session still stands.
func (s *site) askedToRenew(u *user) int {
	if path := s.hosted.renewPath(); path != "" {
		return s.hosted.Asked(path)
	}
	asked := 0
	for _, session := range s.hosted.tokens(u) {
		asked += s.hosted.Asked("/v1/sessions/" + session)
	}
	return asked
}

// renewAnswers has the provider answer by the handler when it is asked about a session.
func (s *site) renewAnswers(u *user, answer http.HandlerFunc) {
	if path := s.hosted.renewPath(); path != "" {
		s.hosted.Answer(path, answer)
		return
	}
	for _, session := range s.hosted.tokens(u) {
		s.hosted.Answer("/v1/sessions/"+session, answer)
	}
}

// signedIn is a user in a browser.
func (s *site) signedIn() (*visitor, *user) {
	s.t.Helper()
	v, u := s.visitor(), s.hosted.newUser(true)
	if p := s.hosted.signIn(v, u, ""); p.status != http.StatusOK {
		s.t.Fatalf("after signing in: %v", p)
	}
	return v, u
}

// crowd is held by the provider that many come to at once. On a slow machine the
// crowds of all of them together would wait longer than a request may.
var crowd sync.Mutex

// TestRenewal_once: when many requests at two servers find that the provider has to be
// asked, one asks, and all get its answer. Most providers would take two questions with
// one refresh token for a theft.
func TestRenewal_once(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 2)
		v, u := s.signedIn()
		for range 2 {
			s.due(u)
			before := s.askedToRenew(u)
			crowd.Lock()
			var together sync.WaitGroup
			for i := range 20 {
				one := v.clone()
				one.server = i%2 + 1
				together.Go(func() { one.in(u) })
			}
			together.Wait()
			crowd.Unlock()
			if asked := s.askedToRenew(u) - before; asked != 1 {
				t.Errorf("the provider was asked %d times", asked)
			}
		}
		v.in(u)
	})
}

// TestRenewal_ended: who is out at the provider is out here, and the session is gone.
func TestRenewal_ended(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 2)
		v, u := s.signedIn()
		s.hosted.revoke(u)
		s.due(u)
		v.out()
		if count := s.sessions(u); count != 0 {
			t.Errorf("there are %d sessions", count)
		}
		if p := v.ask(http.MethodGet, "/todos", nil, nil); p.status != http.StatusSeeOther {
			t.Errorf("a page: %v", p)
		}
	})
}

// TestRenewal_blocked: so is a user whom the provider locks out.
func TestRenewal_blocked(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.signedIn()
		if err := s.hosted.(*oidcProvider).Block(t.Context(), u.subject); err != nil {
			t.Fatal(err)
		}
		s.due(u)
		v.out()
	}, openID...)
}

// TestRenewal_anotherUser: an answer about somebody else ends the session.
func TestRenewal_anotherUser(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.signedIn()
		stranger := s.hosted.newUser(true)
		s.hosted.hand(u, stranger)
		s.due(u)
		v.out()
		s.logged("somebody else's")
		if count := s.sessions(u) + s.sessions(stranger); count != 0 {
			t.Errorf("there are %d sessions", count)
		}
	})
}

// TestRenewal_providerFails: a provider that does not answer ends no session, and lets
// nobody in.
func TestRenewal_providerFails(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 2)
		v, u := s.signedIn()
		s.due(u)
		for name, answer := range answers {
			s.renewAnswers(u, answer)
			before := s.askedToRenew(u)
			p := v.me()
			if asked := s.askedToRenew(u) - before; asked != 1 {
				t.Errorf("%s: the provider was asked %d times", name, asked)
			}
			if p.status != http.StatusServiceUnavailable || p.header.Get("Retry-After") == "" || strings.Contains(p.body, "foreign") {
				t.Errorf("%s: %v", name, p)
			}
			if p := v.ask(http.MethodGet, "/todos", nil, nil); name != "silence" && (p.status != http.StatusServiceUnavailable || !strings.Contains(p.body, "<h1>")) {
				t.Errorf("%s: a page: %v", name, p)
			}
			if count := s.sessions(u); count != 1 {
				t.Fatalf("%s: there are %d sessions", name, count)
			}
		}
		s.renewAnswers(u, nil)
		for _, fault := range []authtest.Fault{authtest.Refuse, authtest.Slow} {
			if fault == authtest.Slow && id != "workos" { // ten seconds; the others have the same client
				continue
			}
			s.fail(fault)
			if p := v.me(); p.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %v", fault, p)
			}
			s.fail(authtest.None)
		}
		if id == "workos" {
			return // its refresh token was exchanged, and the answer came too slowly
		}
		v.in(u) // at once: nobody holds the lease
	})
}

// TestRenewal_keysAway: the provider has handed out the next refresh token, but what came
// with it cannot be checked now. The session must not be lost over that.
func TestRenewal_keysAway(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		first := open(t, id, 1)
		v, u := first.signedIn()
		// Another server, which has not read the keys yet.
		second := open(t, id, 1)
		second.hosted = first.hosted
		hand := map[string]http.Handler{first.hosted.host(): first.net.Handler(first.hosted.host()), first.hosted.keysHost(): first.net.Handler(first.hosted.keysHost())}
		for host, handler := range hand {
			second.net.Handle(host, handler)
		}
		keys := "/sso/jwks/" + servers[id].settings["WORKOS_CLIENT_ID"]
		if p, ok := first.hosted.(*oidcProvider); ok {
			keys = p.KeysPath()
		}
		moved := second.visitor()
		moved.cookies = v.cookies
		first.due(u)
		first.hosted.Answer(keys, answers["500"])
		if p := moved.me(); p.status != http.StatusServiceUnavailable {
			t.Errorf("without keys: %v", p)
		}
		first.hosted.Answer(keys, nil)
		// The next question is asked with the token that came along.
		v.in(u)
		if count := first.sessions(u); count != 1 {
			t.Errorf("there are %d sessions", count)
		}
	}, code...)
}

// TestRenewal_hungUp: a caller that hangs up does not lose what is handed out once.
func TestRenewal_hungUp(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.signedIn()
		s.due(u)
		asked, going := make(chan struct{}), make(chan struct{})
		path := s.hosted.renewPath()
		s.hosted.Answer(path, func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-going
			s.hosted.Answer(path, nil)
			s.net.Handler(s.hosted.host()).ServeHTTP(w, r)
		})
		hurried := v.clone()
		ended := make(chan struct{})
		hurried.http.Timeout = 0
		stop := hurried.stoppable()
		go func() {
			defer close(ended)
			_, _ = hurried.send(http.MethodGet, "/v1/me", nil, nil) // it is stopped
		}()
		<-asked
		stop()
		<-ended
		close(going)
		v.in(u)
		if count := s.sessions(u); count != 1 {
			t.Errorf("there are %d sessions", count)
		}
	}, code...)
}

// TestRenewal_rotatedKeys: a provider signs with another key from now on.
func TestRenewal_rotatedKeys(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.signedIn()
		if err := s.hosted.(*oidcProvider).Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := s.hosted.Asked("/.well-known/jwks")
		s.due(u)
		v.in(u)
		fresh, also := s.signedIn()
		fresh.in(also)
		if asked := s.hosted.Asked("/.well-known/jwks") - before; asked != 1 {
			t.Errorf("the keys were read %d times", asked)
		}
	}, "kinde")
}
