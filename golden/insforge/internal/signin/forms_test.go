package signin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// submit sends a form.
func submit(s *Service, path, form string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	s.Routes(mux)
	r := httptest.NewRequest(http.MethodPost, "https://app.example.com"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, r)
	return rec
}

// open asks for a page.
func open(s *Service, path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	s.Routes(mux)
	r := httptest.NewRequest(http.MethodGet, "https://app.example.com"+path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, r)
	return rec
}

// signedIn wants an answer to have begun the session of user1, and to lead on.
func signedIn(t *testing.T, s *Service, rec *httptest.ResponseRecorder, to string) *http.Cookie {
	t.Helper()
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != to || rec.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, to %s: %s", rec.Code, rec.Header().Get("Location"), bodyOf(t, rec))
	}
	cookie := cookieOf(t, rec)
	if id, err := s.Verify(visit(http.MethodGet, cookie)); err != nil || id.Subject != user1 {
		t.Errorf("signed in as %v, %v, want %s", id, err, user1)
	}
	return cookie
}

func TestSignUp(t *testing.T) {
	p, s, db := newProject(t)
	const form = "name=Ada&email=ada%40example.com&password=secret-1&return_to=%2Ftodos%3Foffset%3D20"
	cookie := signedIn(t, s, submit(s, "/signup", form), "/todos?offset=20")
	for _, row := range db.sessions {
		if sealed := row["sealed"].(string); sealed == "" || p.refresh[sealed] != "" {
			t.Errorf("the refresh token is stored as %q", sealed)
		}
	}
	if rec := open(s, "/login?return_to=%2Ftodos", cookie); rec.Code != http.StatusSeeOther {
		t.Errorf("the form is shown to who is signed in: %d", rec.Code)
	}
	signedIn(t, s, submit(s, "/login", "email=ada%40example.com&password=secret-1&return_to=https%3A%2F%2Fevil.example"), home)
}

func TestSignUp_refused(t *testing.T) {
	p, s, _ := newProject(t)
	p.accounts["eve@example.com"] = &person{id: user2}
	for _, test := range []struct {
		form   string
		status int
		shown  string
		asked  int
	}{
		{"email=ada%40example.com&password=secret-1", http.StatusUnprocessableEntity, "Please enter your name.", 0},
		{"name=Ada&password=secret-1", http.StatusUnprocessableEntity, "does not look like an e-mail address", 0},
		{"name=Ada&email=ada%40example.com", http.StatusUnprocessableEntity, "Please enter a password.", 0},
		{"name=" + strings.Repeat("a", 101) + "&email=ada%40example.com&password=secret-1", http.StatusUnprocessableEntity, "This name is too long.", 0},
		{"name=Ada&email=ada%40example.com&password=12345", http.StatusUnprocessableEntity, "Password must be at least 6 characters long", 1},
		{"name=Ada&email=ada&password=secret-1", http.StatusUnprocessableEntity, "does not look like an e-mail address", 1},
		{"name=Ada&email=eve%40example.com&password=secret-1", http.StatusUnprocessableEntity, "There is an account", 1},
	} {
		p.asked = nil
		rec := submit(s, "/signup", test.form)
		body := bodyOf(t, rec)
		if rec.Code != test.status || !strings.Contains(body, test.shown) || len(p.asked) != test.asked || len(rec.Result().Cookies()) > 0 {
			t.Errorf("%s: status %d, asked %q: %s", test.form, rec.Code, p.asked, body)
		}
		if strings.Contains(body, "secret-1") || strings.Contains(body, "12345") {
			t.Errorf("%s: the page shows the password", test.form)
		}
	}
	p.closed = true
	if rec := submit(s, "/signup", "name=Ada&email=ada%40example.com&password=secret-1"); rec.Code != http.StatusForbidden {
		t.Errorf("where nobody may sign up: status %d", rec.Code)
	}
}

// TestLogin_refused: the page does not say whether there is an account.
func TestLogin_refused(t *testing.T) {
	p, s, _ := newProject(t)
	p.accounts["ada@example.com"] = &person{id: user1, password: "secret-1"}
	pages := map[string]bool{}
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		rec := submit(s, "/login", "password=wrong-one&email="+email)
		if rec.Code != http.StatusUnprocessableEntity || len(rec.Result().Cookies()) > 0 {
			t.Errorf("%s: status %d", email, rec.Code)
		}
		pages[strings.ReplaceAll(bodyOf(t, rec), email, "")] = true
	}
	if len(pages) != 1 {
		t.Errorf("the pages differ: %v", pages)
	}
	if rec := submit(s, "/login", "email=ada%40example.com&password="+strings.Repeat("x", maxForm)); rec.Code != http.StatusBadRequest {
		t.Errorf("a form that is too long: status %d", rec.Code)
	}
}

func TestConfirm_byCode(t *testing.T) {
	p, s, db := newProject(t)
	p.confirm = true
	rec := submit(s, "/signup", "name=Ada&email=ada%40example.com&password=secret-1&return_to=%2Ftodos%3Foffset%3D20")
	if body := bodyOf(t, rec); rec.Code != http.StatusOK || !strings.Contains(body, "Look into your mail") || len(db.sessions) > 0 || len(p.mails) != 1 {
		t.Fatalf("status %d, %d mails: %s", rec.Code, len(p.mails), body)
	}
	// Signing in leads to the same page, once the password is right.
	if rec := submit(s, "/login", "email=ada%40example.com&password=secret-1"); !strings.Contains(bodyOf(t, rec), "Look into your mail") {
		t.Errorf("signing in before: status %d", rec.Code)
	}
	if rec := submit(s, "/login", "email=ada%40example.com&password=wrong-one"); strings.Contains(bodyOf(t, rec), "Look into your mail") {
		t.Error("a wrong password tells that the address is to be confirmed")
	}
	if rec := submit(s, "/confirm", "email=ada%40example.com&again=yes"); !strings.Contains(bodyOf(t, rec), "another mail") || len(p.mails) != 2 {
		t.Errorf("another mail: status %d, %d mails", rec.Code, len(p.mails))
	}
	if rec := submit(s, "/confirm", "email=nobody%40example.com&again=yes"); !strings.Contains(bodyOf(t, rec), "another mail") || len(p.mails) != 2 {
		t.Errorf("a mail to nobody: status %d, %d mails", rec.Code, len(p.mails))
	}
	if rec := submit(s, "/confirm", "email=ada%40example.com&code=000000"); rec.Code != http.StatusUnprocessableEntity || len(rec.Result().Cookies()) > 0 {
		t.Errorf("a wrong code: status %d", rec.Code)
	}
	signedIn(t, s, submit(s, "/confirm", "email=ada%40example.com&code=123456&return_to=%2Ftodos%3Foffset%3D20"), "/todos?offset=20")
}

func TestConfirm_byLink(t *testing.T) {
	_, s, db := newProject(t)
	rec := open(s, "/confirmed?insforge_status=success&insforge_type=verify_email")
	if body := bodyOf(t, rec); rec.Code != http.StatusOK || !strings.Contains(body, "is confirmed") || len(db.sessions) > 0 || len(rec.Result().Cookies()) > 0 {
		t.Errorf("status %d: %s", rec.Code, body)
	}
	rec = open(s, "/confirmed?insforge_status=error&insforge_type=verify_email&insforge_error=%3Cscript%3E")
	if body := bodyOf(t, rec); rec.Code != http.StatusBadRequest || !strings.Contains(body, "does not work any more") || strings.Contains(body, "script") {
		t.Errorf("status %d: %s", rec.Code, body)
	}
}

// TestForms_insForgeIsDown: that is nobody's fault who signs in.
func TestForms_insForgeIsDown(t *testing.T) {
	for _, outage := range outages {
		if outage.body == `{"error":"invalid_client","error_type":"unauthorized_credentials"}` {
			continue // not one of InsForge's
		}
		_, s, _ := newProject(t)
		api := outage
		s.provider.http.Transport = &api
		for path, form := range map[string]string{
			"/login": "email=ada%40example.com&password=secret-1", "/signup": "name=Ada&email=ada%40example.com&password=secret-1",
			"/confirm": "email=ada%40example.com&code=123456",
		} {
			want := http.StatusServiceUnavailable
			if outage.status == http.StatusTooManyRequests {
				want = outage.status
			}
			if rec := submit(s, path, form); rec.Code != want || len(rec.Result().Cookies()) > 0 {
				t.Errorf("%d %s: %s answers %d", outage.status, outage.body, path, rec.Code)
			}
		}
	}
	p, s, _ := newProject(t)
	p.spoil = func(w http.ResponseWriter, _ string, _ map[string]any) bool {
		p.fail(w, http.StatusInternalServerError, mailFailed, "The user account was created, but the verification email could not be sent.")
		return false
	}
	if rec := submit(s, "/signup", "name=Ada&email=ada%40example.com&password=secret-1"); !strings.Contains(bodyOf(t, rec), "Send another mail") {
		t.Errorf("a mail that could not be sent: status %d", rec.Code)
	}
}

func TestLogout(t *testing.T) {
	p, s, db := newProject(t)
	p.accounts["ada@example.com"] = &person{id: user1, password: "secret-1"}
	cookie := signedIn(t, s, submit(s, "/login", "email=ada%40example.com&password=secret-1"), home)
	r := visit(http.MethodPost, cookie, "Origin: https://app.example.com")
	rec := httptest.NewRecorder()
	s.handleLogout(rec, r)
	if rec.Code != http.StatusSeeOther || len(db.sessions) > 0 || cookieOf(t, rec).MaxAge >= 0 {
		t.Errorf("status %d, %d sessions", rec.Code, len(db.sessions))
	}
}
