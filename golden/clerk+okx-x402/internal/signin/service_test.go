package signin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/auth"
)

func TestSession(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", secret: "provider-token", expires: inAnHour()})

	if cookie.Name != "__Host-session" || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.Path != "/" || cookie.Domain != "" {
		t.Errorf("the cookie is %v, want __Host-session, HttpOnly, Secure, SameSite=Lax, Path=/ and no Domain", cookie)
	}
	id, err := s.Verify(visit(http.MethodGet, cookie))
	if err != nil || id.Subject != "user_1" || time.Until(id.ExpiresAt) > time.Hour {
		t.Errorf("Verify = %v, %v", id, err)
	}
	for id, row := range db.sessions {
		if id == cookie.Value || strings.Contains(row["sealed"].(string), "provider-token") {
			t.Errorf("the database can open the session: %s %v", id, row)
		}
		k, ok := parseKey(cookie.Value)
		if !ok || k.id() != id {
			t.Errorf("the row is called %s, want the hash of the cookie", id)
		}
	}
}

func TestVerify_refuses(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", expires: inAnHour()})
	expired := enter(t, s, grant{subject: "user_1", expires: time.Now().Add(-time.Second)})
	unknown := &http.Cookie{Name: cookie.Name, Value: newKey().String()}
	for _, test := range []struct {
		name    string
		request *http.Request
		want    error
	}{
		{"no cookie", httptest.NewRequest(http.MethodGet, "/", nil), auth.ErrNoCredential},
		{"the name of development", visit(http.MethodGet, &http.Cookie{Name: "session", Value: cookie.Value}), auth.ErrNoCredential},
		{"no key", visit(http.MethodGet, &http.Cookie{Name: cookie.Name, Value: "1"}), auth.ErrNoCredential},
		{"longer", visit(http.MethodGet, &http.Cookie{Name: cookie.Name, Value: cookie.Value + "A"}), auth.ErrNoCredential},
		{"unknown", visit(http.MethodGet, unknown), auth.ErrInvalid},
		{"expired", visit(http.MethodGet, expired), auth.ErrInvalid},
		{"a write from nowhere", visit(http.MethodPost, cookie), auth.ErrForbidden},
	} {
		if id, err := s.Verify(test.request); !errors.Is(err, test.want) {
			t.Errorf("%s: Verify = %v, %v, want %v", test.name, id, err, test.want)
		}
	}
	for _, line := range []string{"Sec-Fetch-Site: same-origin", "Origin: https://app.example.com"} {
		if _, err := s.Verify(visit(http.MethodPost, cookie, line)); err != nil {
			t.Errorf("a write with %s: %v", line, err)
		}
	}
	db.down = true
	if _, err := s.Verify(visit(http.MethodGet, cookie)); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("without a database: %v, want ErrUnavailable", err)
	}
}

func TestEnter_replacesTheSessionBefore(t *testing.T) {
	s, db := newTestService(t)
	old := enter(t, s, grant{subject: "user_1", expires: inAnHour()})
	rec := httptest.NewRecorder()
	if err := s.enter(rec, visit(http.MethodGet, old), grant{subject: "user_2", expires: inAnHour()}); err != nil {
		t.Fatal(err)
	}
	if cookieOf(t, rec).Value == old.Value {
		t.Error("the session kept its number")
	}
	if len(db.sessions) != 1 {
		t.Errorf("there are %d sessions, want the new one alone", len(db.sessions))
	}
	if _, err := s.Verify(visit(http.MethodGet, old)); !errors.Is(err, auth.ErrInvalid) {
		t.Errorf("the old session: %v, want ErrInvalid", err)
	}
}

// TestVerify_leaseFails: who cannot find out whether another request is asking does not wait for it.
func TestVerify_leaseFails(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", renewAt: time.Now().Add(-time.Second), expires: inAnHour()})
	db.broken = "POST rpc/lease_session"
	before := len(db.calls)
	if _, err := s.Verify(visit(http.MethodGet, cookie)); !errors.Is(err, auth.ErrUnavailable) || len(db.calls)-before != 2 {
		t.Errorf("Verify: %v after %q, want ErrUnavailable after two calls", err, db.calls[before:])
	}
}

// TestVerify_damaged: a session whose secret cannot be read can never be renewed.
func TestVerify_damaged(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", secret: "provider-token", renewAt: time.Now().Add(-time.Second), expires: inAnHour()})
	for _, row := range db.sessions {
		row["sealed"] = "damaged"
	}
	if _, err := s.Verify(visit(http.MethodGet, cookie)); !errors.Is(err, auth.ErrInvalid) || len(db.sessions) != 0 {
		t.Errorf("Verify: %v, and %d sessions; want ErrInvalid and none", err, len(db.sessions))
	}
}

func TestEnter_fails(t *testing.T) {
	s, db := newTestService(t)
	db.down = true
	rec := httptest.NewRecorder()
	if err := s.enter(rec, httptest.NewRequest(http.MethodGet, "/", nil), grant{subject: "user_1", expires: inAnHour()}); err == nil || len(rec.Result().Cookies()) > 0 {
		t.Errorf("enter: %v, and the cookies %v of a session that is not there", err, rec.Result().Cookies())
	}
}

// TestVerify_waitsForTheAnswerOfAnother: when another request asks the provider, this one takes its
// answer.
func TestVerify_waitsForTheAnswerOfAnother(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", renewAt: time.Now().Add(-time.Second), expires: inAnHour()})
	k, _ := parseKey(cookie.Value)
	db.leased[k.id()] = true
	go func() {
		time.Sleep(2 * renewPause)
		db.mu.Lock()
		defer db.mu.Unlock()
		db.sessions[k.id()]["renew_at"] = time.Now().Add(time.Minute)
	}()
	if id, err := s.Verify(visit(http.MethodGet, cookie)); err != nil || id.Subject != "user_1" {
		t.Errorf("Verify = %v, %v", id, err)
	}
}

func TestVerify_waitsOnlySoLong(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", renewAt: time.Now().Add(-time.Second), expires: inAnHour()})
	k, _ := parseKey(cookie.Value)
	db.leased[k.id()] = true
	s.now = func() time.Time { // each look at the clock takes long
		start := time.Now()
		db.mu.Lock()
		defer db.mu.Unlock()
		return start.Add(time.Duration(len(db.calls)) * time.Second)
	}
	if _, err := s.Verify(visit(http.MethodGet, cookie)); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Verify: %v, want ErrUnavailable", err)
	}
}

func TestLeave(t *testing.T) {
	s, db := newTestService(t)
	cookie := enter(t, s, grant{subject: "user_1", secret: "provider-token", expires: inAnHour()})

	db.down = true
	rec := httptest.NewRecorder()
	if _, ok := s.leave(rec, visit(http.MethodPost, cookie)); ok || rec.Code != http.StatusServiceUnavailable || len(rec.Result().Cookies()) != 0 {
		t.Errorf("without a database: %v, status %d, cookies %v; want a page that says so, and the cookie left", ok, rec.Code, rec.Result().Cookies())
	}
	if body := bodyOf(t, rec); !strings.Contains(body, "still signed in") {
		t.Errorf("the page does not say that the session goes on: %s", body)
	}

	db.down = false
	rec = httptest.NewRecorder()
	secret, ok := s.leave(rec, visit(http.MethodPost, cookie))
	if !ok || secret != "provider-token" {
		t.Errorf("leave = %q, %v", secret, ok)
	}
	if cleared := cookieOf(t, rec); cleared.Name != cookie.Name || cleared.MaxAge >= 0 {
		t.Errorf("the cookie is not cleared: %v", cleared)
	}
	if len(db.sessions) != 0 {
		t.Error("the session is still in the database")
	}
}
