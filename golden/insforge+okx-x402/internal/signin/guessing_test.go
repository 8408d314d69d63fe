package signin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// submitFrom sends a form from an address.
func submitFrom(s *Service, address, path, form string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	s.Routes(mux)
	r := httptest.NewRequest(http.MethodPost, "https://app.example.com"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = address + ":1234"
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, r)
	return rec
}

// TestLogin_guessing: InsForge is not asked about more than some guesses, and whose account it is gets in from
// elsewhere.
func TestLogin_guessing(t *testing.T) {
	p, s, _ := newProject(t)
	p.accounts["ada@example.com"] = &person{id: user1, password: "secret-1"}
	guess := func(password string) *httptest.ResponseRecorder {
		return submitFrom(s, "192.0.2.66", "/login", "email=Ada%40example.com&password="+password)
	}
	// What InsForge does not know by the name in capitals counts for the same account.
	for i := range maxTriesHere {
		if rec := guess(fmt.Sprint("wrong-", i)); rec.Code != http.StatusUnprocessableEntity {
			t.Fatalf("guess %d: status %d", i, rec.Code)
		}
	}
	asked := len(p.asked)
	for _, path := range []string{"/login", "/confirm", "/signup"} {
		rec := submitFrom(s, "192.0.2.66", path, "name=Ada&email=ada%40example.com&password=secret-1&code=123456")
		if body := bodyOf(t, rec); rec.Code != http.StatusTooManyRequests || !strings.Contains(body, "too many attempts") || len(rec.Result().Cookies()) > 0 {
			t.Errorf("%s after all guesses: status %d: %s", path, rec.Code, body)
		}
		if wait := rec.Header().Get("Retry-After"); wait == "" || wait == "0" {
			t.Errorf("%s: wait for %q seconds", path, wait)
		}
	}
	if len(p.asked) != asked {
		t.Errorf("InsForge was asked all the same: %q", p.asked[asked:])
	}
	signedIn(t, s, submitFrom(s, "192.0.2.7", "/login", "email=ada%40example.com&password=secret-1"), home)

	now := time.Now().Add(triesTime)
	s.provider.tries.now = func() time.Time { return now }
	signedIn(t, s, submitFrom(s, "192.0.2.66", "/login", "email=ada%40example.com&password=secret-1"), home)
}

// TestLogin_isNoGuess: who knows the password may sign in as often as they like, and an outage counts for nobody.
func TestLogin_isNoGuess(t *testing.T) {
	p, s, _ := newProject(t)
	p.accounts["ada@example.com"] = &person{id: user1, password: "secret-1"}
	for range maxTriesHere + 1 {
		signedIn(t, s, submit(s, "/login", "email=ada%40example.com&password=secret-1"), home)
	}
	p.spoil = func(w http.ResponseWriter, _ string, _ map[string]any) bool {
		w.WriteHeader(http.StatusBadGateway)
		return false
	}
	for range maxTriesHere + 1 {
		if rec := submit(s, "/login", "email=ada%40example.com&password=secret-1"); rec.Code != http.StatusServiceUnavailable {
			t.Fatalf("without InsForge: status %d", rec.Code)
		}
	}
}

// TestConfirm_guessing: the codes of mails have six digits. Neither they nor mails can be asked for again and again.
func TestConfirm_guessing(t *testing.T) {
	for _, form := range []string{"code=000000", "again=yes"} {
		_, s, _ := newProject(t)
		refused := 0
		for range 2 * maxTriesHere {
			if rec := submit(s, "/confirm", "email=ada%40example.com&"+form); rec.Code == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused != maxTriesHere {
			t.Errorf("%s: %d refused, want %d", form, refused, maxTriesHere)
		}
	}
}
