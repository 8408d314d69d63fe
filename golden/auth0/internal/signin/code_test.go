package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestCallback_asksNothing: these end before the provider is asked.
func TestCallback_asksNothing(t *testing.T) {
	s, db := newTestService(t)
	rec := httptest.NewRecorder()
	a := s.begin(rec, "/todos?offset=50")
	cookie := cookieOf(t, rec)
	for _, test := range []struct {
		name    string
		query   url.Values
		status  int
		ends    bool // the sign-in under way
		contain string
	}{
		{"another browser's", url.Values{"state": {newKey().String()}, "code": {"1"}}, http.StatusBadRequest, false, "begun in another window"},
		{"no state", url.Values{"code": {"1"}}, http.StatusBadRequest, false, "begun in another window"},
		{"an error of another browser", url.Values{"state": {"x"}, "error": {"access_denied"}}, http.StatusBadRequest, false, "begun in another window"},
		{"no code", url.Values{"state": {a.state()}}, http.StatusBadRequest, true, "did not confirm who you are"},
		{"declined", url.Values{"state": {a.state()}, "error": {"access_denied"}}, http.StatusOK, true, "/login?return_to=%2Ftodos%3Foffset%3D50"},
		{"failed", url.Values{"state": {a.state()}, "error": {"<b>"}, "error_description": {"<i>"}}, http.StatusBadGateway, true, "reported a problem"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "https://app.example.com/auth/callback?"+test.query.Encode(), nil)
			r.AddCookie(cookie)
			rec := httptest.NewRecorder()
			s.handleCallback(rec, r)
			body := bodyOf(t, rec)
			if rec.Code != test.status || !strings.Contains(body, test.contain) {
				t.Errorf("status %d: %s", rec.Code, body)
			}
			if strings.Contains(body, "<b>") || strings.Contains(body, "<i>") {
				t.Errorf("the page shows what came from outside: %s", body)
			}
			if ended := strings.Contains(rec.Header().Get("Set-Cookie"), "Max-Age=0"); ended != test.ends {
				t.Errorf("the sign-in under way has ended: %v, want %v", ended, test.ends)
			}
		})
	}
	if len(db.calls) > 0 {
		t.Errorf("the database was asked: %q", db.calls)
	}
}

// TestCallback_withoutAttempt: where nothing is under way, there is no state that is right.
func TestCallback_withoutAttempt(t *testing.T) {
	s, _ := newTestService(t)
	r := httptest.NewRequest(http.MethodGet, "https://app.example.com/auth/callback?"+url.Values{"state": {attempt{}.state()}}.Encode(), nil)
	rec := httptest.NewRecorder()
	if s.handleCallback(rec, r); rec.Code != http.StatusBadRequest || !strings.Contains(bodyOf(t, rec), "begun in another window") {
		t.Errorf("status %d", rec.Code)
	}
}

func TestLogout_fails(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", expires: inAnHour()})
	db.down = true
	rec := httptest.NewRecorder()
	s.handleLogout(rec, visit(http.MethodPost, cookie))
	if body := bodyOf(t, rec); rec.Code != http.StatusServiceUnavailable || strings.Count(body, "<h1>") != 1 || rec.Header().Get("Refresh") != "" {
		t.Errorf("status %d, to %q: %s", rec.Code, rec.Header().Get("Refresh"), body)
	}
}
