package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/authtest"
)

// TestAccount: a profile comes with the first visit, and all that is a user's goes when
// they delete it, at all servers, and nothing else.
func TestAccount(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 2)
		profile := func(u *user) (name, email string) {
			err := database.QueryRow(t.Context(), `select coalesce(name, ''), coalesce(email, '') from public.profiles where user_id = $1`, u.subject).Scan(&name, &email)
			if err != nil {
				return err.Error(), ""
			}
			return name, email
		}
		enter := func(verified bool) (*visitor, *user) {
			v, u := s.visitor(), s.hosted.newUser(verified)
			if p := s.hosted.signIn(v, u, ""); p.status != http.StatusOK {
				t.Fatalf("after signing in: %v", p)
			}
			v.open(http.MethodPost, "/todos", url.Values{"title": {"mine"}})
			return v, u
		}
		stays, neighbour := enter(true)
		_, doubtful := enter(false)
		if name, email := profile(neighbour); name != "Ada Lovelace" || email != neighbour.email {
			t.Errorf("the profile has %q and %q", name, email)
		}
		if name, email := profile(doubtful); name != "Ada Lovelace" || email != "" {
			t.Errorf("the profile has %q and %q, which is not verified", name, email)
		}
		left := func(u *user) (count int) {
			s.query(&count, `select (select count(*) from public.todos where user_id = $1) + (select count(*) from public.profiles where user_id = $1)
				+ (select count(*) from public.sign_in_sessions where user_id = $1)`, u.subject)
			return count
		}
		for name, remove := range map[string]func(v *visitor) page{
			"by the API": func(v *visitor) page { return v.ask(http.MethodDelete, "/v1/me", nil, nil) },
			"by the form": func(v *visitor) page {
				return v.ask(http.MethodPost, "/account/delete", url.Values{"confirm": {"yes"}}, nil)
			},
		} {
			v, u := enter(true)
			phone := s.visitor()
			s.hosted.signIn(phone, u, "")
			phone.in(u)
			if p := v.ask(http.MethodPost, "/account/delete", nil, nil); p.status != http.StatusUnprocessableEntity || left(u) == 0 {
				t.Errorf("%s: without the tick: %v", name, p)
			}
			if p := remove(v); p.status >= 300 {
				t.Errorf("%s: %v", name, p)
			}
			if count := left(u); count != 0 {
				t.Errorf("%s: %d rows are left", name, count)
			}
			for _, other := range []*visitor{v, phone} {
				for server := range 2 {
					other.server = server + 1
					other.out()
				}
			}
		}
		stays.in(neighbour)
		if count := left(neighbour); count != 3 {
			t.Errorf("%d rows are left of somebody else's", count)
		}

		bearer := s.hosted.newUser(true)
		if signed := s.hosted.bearer(bearer); signed != "" {
			v := s.visitor()
			if p := v.ask(http.MethodGet, "/v1/me", nil, http.Header{"Authorization": {"Bearer " + signed}}); p.status != http.StatusOK {
				t.Errorf("with a token: %v", p)
			}
			if name, email := profile(bearer); name != "" || email != "" {
				t.Errorf("seen with a token, the profile has %q and %q", name, email)
			}
			if p := v.ask(http.MethodDelete, "/v1/me", nil, http.Header{"Authorization": {"Bearer " + signed}}); p.status != http.StatusNoContent || left(bearer) != 0 {
				t.Errorf("deleted with a token: %v", p)
			}
		}
	})
}

// TestLogout_providerDown: what is here ends all the same.
func TestLogout_providerDown(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		v.in(u)
		s.fail(authtest.Refuse)
		cookie := v.session()
		p := v.ask(http.MethodPost, "/logout", nil, nil)
		if p.status >= 400 {
			t.Errorf("signing out: %v", p)
		}
		if last := v.set[len(v.set)-1]; last.MaxAge >= 0 || last.Name != cookie.Name {
			t.Errorf("the cookie is kept: %s", last.Raw)
		}
		v.cookies[cookie.Name] = cookie
		v.out()
		if count := s.sessions(u); count != 0 {
			t.Errorf("%d sessions are left", count)
		}
	})
}

// TestLogout_databaseDown: who is still signed in is told so, and can try again.
func TestLogout_databaseDown(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		s.databaseDown.Store(true)
		if p := v.ask(http.MethodPost, "/logout", nil, nil); p.status != http.StatusServiceUnavailable || !strings.Contains(p.body, "still signed in") {
			t.Errorf("signing out: %v", p)
		}
		if p := v.me(); p.status != http.StatusServiceUnavailable {
			t.Errorf("who is signed in: %v", p)
		}
		if p := v.ask(http.MethodGet, "/todos", nil, nil); p.status != http.StatusServiceUnavailable || !strings.Contains(p.body, "<h1>") {
			t.Errorf("a page: %v", p)
		}
		s.databaseDown.Store(false)
		v.in(u)
		v.leave()
		v.out()
	})
}

// TestSignIn_databaseDown: nobody is signed in, and no cookie says so.
func TestSignIn_databaseDown(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.databaseDown.Store(true)
		if p := s.hosted.signIn(v, u, ""); p.status != http.StatusServiceUnavailable || !strings.Contains(p.body, "Signing in did not work") {
			t.Errorf("signing in: %v", p)
		}
		for _, c := range v.set {
			if strings.HasSuffix(c.Name, "session") && c.MaxAge >= 0 {
				t.Errorf("it sets %s", c.Raw)
			}
		}
		s.databaseDown.Store(false)
		if p := s.hosted.signIn(v, u, ""); p.status != http.StatusOK {
			t.Errorf("signing in afterwards: %v", p)
		}
		v.in(u)
	})
}

// TestSession_expired: a session ends at its time, whatever the cookie says.
func TestSession_expired(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		v, u := s.visitor(), s.hosted.newUser(true)
		s.hosted.signIn(v, u, "")
		s.exec(`update public.sign_in_sessions set expires_at = now() - interval '1 second' where user_id = $1`, u.subject)
		v.out()
		// Signing in again takes the row away, and others that have run out.
		s.hosted.signIn(v, u, "")
		v.in(u)
		if count := s.sessions(u); count != 1 {
			t.Errorf("there are %d sessions", count)
		}
	})
}
