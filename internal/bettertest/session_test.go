package bettertest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

const cookieName = "better-auth.session_token"

func TestSession(t *testing.T) {
	t.Parallel()
	s := open(t)

	t.Run("sign up, out and in", func(t *testing.T) {
		v := s.visit()
		v.signedIn(false)
		email := v.signUp()
		subject, expires := v.me()
		if subject == "" {
			t.Fatal("the Go server does not know who signed up")
		}
		if left := time.Until(expires); left < 7*24*time.Hour-time.Minute || left > 7*24*time.Hour {
			t.Errorf("the session ends in %s, want 7 days", left)
		}
		if n := change(t, `select from public.profiles where user_id = $1 and name = 'Ada Lovelace' and email is null`, subject); n != 1 {
			t.Error("the profile is not there, or has an address that nobody has verified")
		}

		stolen := v.cookie()
		v.want(v.send("/logout"), http.StatusSeeOther)
		v.signedIn(false)
		thief := s.visit()
		if r := thief.get("/v1/me", "Cookie", cookieName+"="+stolen); r.status != http.StatusUnauthorized {
			t.Errorf("the cookie of a session that was signed out: %d, want 401", r.status)
		}

		v.signIn(email)
		if again, _ := v.me(); again != subject {
			t.Errorf("signed in again as %q, want %q", again, subject)
		}
		if v.cookie() == stolen {
			t.Error("the new session has the old one's cookie")
		}
	})

	t.Run("wrong passwords and unknown addresses look the same", func(t *testing.T) {
		email := s.visit().signUp()
		v := s.visit()
		wrong := v.send("/login", "email", email, "password", "not it at all")
		unknown := v.send("/login", "email", "x"+email, "password", "not it at all")
		v.want(wrong, http.StatusUnprocessableEntity)
		v.want(unknown, http.StatusUnprocessableEntity)
		if !strings.Contains(wrong.body, "The e-mail address or the password is wrong.") {
			t.Errorf("the page says %s", wrong.body)
		}
		if strings.ReplaceAll(unknown.body, "x"+email, email) != wrong.body {
			t.Errorf("the pages tell whether there is an account:\n%s\n%s", wrong.body, unknown.body)
		}
		if strings.Contains(wrong.body, "not it at all") {
			t.Error("the page shows the password")
		}
		v.signedIn(false)
	})

	t.Run("the form says what is wrong", func(t *testing.T) {
		email := s.visit().signUp()
		for _, tt := range []struct{ name, email, password, want string }{
			{"Ada", email, password, "There is an account with this e-mail address already."},
			{"Ada", "new@example.com", "short", "This password is too short."},
			{"Ada", "new@example.com", strings.Repeat("long", 50), "This password is too long."},
			{"Ada", "no address", password, "This does not look like an e-mail address."},
			{" ", "new@example.com", password, "Please enter your name."},
			{"Ada", "new@example.com", "", "Please enter a password."},
		} {
			v := s.visit()
			r := v.send("/signup", "name", tt.name, "email", tt.email, "password", tt.password, "return_to", "/todos?offset=50")
			v.want(r, http.StatusUnprocessableEntity)
			for _, want := range []string{tt.want, `value="` + tt.email + `"`, `value="/todos?offset=50"`} {
				if !strings.Contains(r.body, want) {
					t.Errorf("%+v: the page has no %q: %s", tt, want, r.body)
				}
			}
			v.signedIn(false)
		}
	})

	t.Run("not kept signed in", func(t *testing.T) {
		v := s.visit()
		email := v.signUp()
		r := v.send("/login", "email", email, "password", password)
		v.want(r, http.StatusSeeOther)
		for _, cookie := range r.header.Values("Set-Cookie") {
			if strings.HasPrefix(cookie, cookieName+"=") && (strings.Contains(cookie, "Max-Age") || strings.Contains(cookie, "Expires")) {
				t.Errorf("the cookie outlives the browser: %s", cookie)
			}
		}
		if _, expires := v.me(); time.Until(expires) > 24*time.Hour {
			t.Errorf("the session ends at %s, want within a day", expires)
		}
	})

	t.Run("leads back, and nowhere else", func(t *testing.T) {
		email := s.visit().signUp()
		for to, want := range map[string]string{
			"/todos?offset=50": "/todos?offset=50", "//evil.example": "/todos", "https://evil.example/": "/todos", "/login": "/todos", "": "/todos",
		} {
			v := s.visit()
			r := v.send("/login", "email", email, "password", password, "return_to", to)
			v.want(r, http.StatusSeeOther)
			if got := r.header.Get("Location"); got != want {
				t.Errorf("return_to %q leads to %q, want %q", to, got, want)
			}
			// Those who are signed in already need no form.
			if got := v.get("/login?return_to=%2Ftodos%3Foffset%3D50").header.Get("Location"); got != "/todos?offset=50" {
				t.Errorf("the sign-in page leads to %q", got)
			}
		}
	})

	t.Run("a new password ends the other sessions", func(t *testing.T) {
		v, other := s.visit(), s.visit()
		other.signIn(v.signUp())
		other.signedIn(true)
		r := v.call("/api/auth/change-password", `{"currentPassword":"`+password+`","newPassword":"another `+password+`"}`)
		v.want(r, http.StatusOK)
		other.signedIn(false)
		v.signedIn(true)
	})

	t.Run("ends with its row", func(t *testing.T) {
		v := s.visit()
		v.signUp()
		if n := change(t, `delete from better_auth.session where token = $1`, token(v.cookie())); n != 1 {
			t.Fatalf("deleted %d rows, want 1", n)
		}
		v.signedIn(false)
		page := v.get("/todos", "Accept", "text/html")
		if to := page.header.Get("Location"); page.status != http.StatusSeeOther || to != "/login" {
			t.Errorf("the page of todos: %d, to %q; want the sign-in page", page.status, to)
		}
	})

	t.Run("deleted users", func(t *testing.T) {
		v := s.visit()
		v.signUp()
		subject, _ := v.me()
		v.want(v.call("/api/auth/delete-user", `{"password":"wrong password"}`), http.StatusBadRequest)
		v.signedIn(true)
		v.want(v.call("/api/auth/delete-user", `{"password":"`+password+`"}`), http.StatusOK)
		v.signedIn(false)
		for _, sql := range []string{
			`select from better_auth."user" where id = $1`, `select from better_auth.session where "userId" = $1`, `select from better_auth.account where "userId" = $1`,
		} {
			if n := change(t, sql, subject); n != 0 {
				t.Errorf("%s: %d rows are left", sql, n)
			}
		}
	})

	t.Run("deleting what is theirs signs users out", func(t *testing.T) {
		v := s.visit()
		v.signUp()
		value := v.cookie()
		v.want(v.do(http.MethodDelete, "/v1/me", "", "", "Origin", s.base), http.StatusNoContent)
		if v.cookie() != "" {
			t.Error("the browser keeps the cookie")
		}
		if n := change(t, `select from better_auth.session where token = $1`, token(value)); n != 0 {
			t.Error("the session is still there")
		}
	})
}

// TestProxy is about what comes through to Better Auth, and what does not.
func TestProxy(t *testing.T) {
	t.Parallel()
	s := open(t)

	t.Run("scripts sign in too", func(t *testing.T) {
		email := s.visit().signUp()
		v := s.visit()
		v.want(v.call("/api/auth/sign-in/email", `{"email":"`+email+`","password":"`+password+`"}`), http.StatusOK)
		v.signedIn(true)
		r := v.get("/api/auth/get-session")
		var found struct{ User struct{ Email string } }
		if err := json.Unmarshal([]byte(r.body), &found); err != nil || found.User.Email != email {
			t.Errorf("get-session says %s", r.body)
		}
		v.want(v.call("/api/auth/sign-out", `{}`), http.StatusOK)
		v.signedIn(false)
	})

	t.Run("not from other origins", func(t *testing.T) {
		v := s.visit()
		v.signUp()
		for name, headers := range map[string][]string{
			"another site":              {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
			"another site, old browser": {"Origin", "https://evil.example", "Sec-Fetch-Site", ""},
			"says nothing":              {"Origin", "", "Sec-Fetch-Site", ""},
			"null":                      {"Origin", "null", "Sec-Fetch-Site", ""},
		} {
			for path, body := range map[string]string{"/api/auth/sign-out": `{}`, "/v1/todos": `{"title":"x"}`} {
				if r := v.call(path, body, headers...); r.status != http.StatusForbidden {
					t.Errorf("%s to %s: %d, want 403: %s", name, path, r.status, r.body)
				}
			}
		}
		v.signedIn(true)
		v.want(v.call("/v1/todos", `{"title":"x"}`), http.StatusCreated)
	})

	t.Run("bodies have an end", func(t *testing.T) {
		v := s.visit()
		r := v.call("/api/auth/sign-in/email", `{"email":"`+strings.Repeat("x", 65<<10)+`"}`)
		if r.status != http.StatusRequestEntityTooLarge || !strings.Contains(r.body, `"code":"body_too_large"`) {
			t.Errorf("65 KiB: %d %s, want 413", r.status, r.body)
		}
	})

	t.Run("attempts are counted by address", func(t *testing.T) {
		email := s.visit().signUp()
		v := s.visit()
		var r reply
		for i := range 4 {
			// Nobody gets another address by saying so.
			spoofed := "203.0.113." + string(rune('1'+i))
			r = v.do(http.MethodPost, "/login", "application/x-www-form-urlencoded", "email="+email+"&password=guess",
				"X-Forwarded-For", spoofed, "X-Client-IP", spoofed, "Forwarded", "for="+spoofed)
		}
		if r.status != http.StatusTooManyRequests || !strings.Contains(r.body, "These were too many attempts. Please wait ") || r.header.Get("Retry-After") == "" {
			t.Errorf("the fourth attempt: %d, Retry-After %q, %s; want 429", r.status, r.header.Get("Retry-After"), r.body)
		}
		s.visit().signIn(email)
	})
}

// TestOutage: without the Better Auth server nobody gets in or out, and those who
// are in go on. Then it comes back, and signing out counts on every Go server.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.env["ADDR"] = "127.0.0.1:0"
	second := s.startFront()
	v := s.visit()
	email := v.signUp()
	elsewhere := *v
	elsewhere.base = second.URL
	cookie := []string{"Cookie", cookieName + "=" + v.cookie()}
	atSecond := func() int { return elsewhere.get("/v1/me", cookie...).status }
	if got := atSecond(); got != http.StatusOK {
		t.Errorf("a session that began at one server: %d at the other, want 200", got)
	}

	if err := s.auth.Stop(); err != nil {
		t.Error(err)
	}
	v.signedIn(true)
	if got := atSecond(); got != http.StatusOK {
		t.Errorf("without the Better Auth server: %d, want 200", got)
	}
	v.want(v.get("/readyz"), http.StatusOK)
	stranger := s.visit()
	stranger.want(stranger.get("/login"), http.StatusOK)
	r := stranger.send("/login", "email", email, "password", password)
	if r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "Signing in is not possible right now.") || !strings.Contains(r.body, email) {
		t.Errorf("signing in: %d %s", r.status, r.body)
	}
	r = v.send("/logout")
	if r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "You are still signed in") {
		t.Errorf("signing out: %d %s", r.status, r.body)
	}
	v.signedIn(true)
	r = stranger.get("/api/auth/get-session")
	if r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, `"code":"unavailable"`) || r.header.Get("Retry-After") == "" {
		t.Errorf("the proxy: %d %s", r.status, r.body)
	}

	s.auth = s.startAuth()
	v.want(v.send("/logout"), http.StatusSeeOther)
	v.signedIn(false)
	if got := atSecond(); got != http.StatusUnauthorized {
		t.Errorf("after signing out: %d at the other server, want 401", got)
	}
}
