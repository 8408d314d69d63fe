package signin

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAttempt(t *testing.T) {
	s, _ := newTestService(t)
	rec := httptest.NewRecorder()
	a := s.begin(rec, "/todos?offset=50")
	cookie := cookieOf(t, rec)
	if cookie.Name != "__Host-sign-in" || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", cookie)
	}
	if got, ok := s.attempt(visit(http.MethodGet, cookie)); !ok || got != a || got.returnTo != "/todos?offset=50" {
		t.Errorf("attempt = %v, %v, want %v", got, ok, a)
	}
	if again := s.begin(httptest.NewRecorder(), "/todos"); again.key == a.key {
		t.Error("two sign-ins have one key")
	}
	if got := s.begin(httptest.NewRecorder(), "https://evil.example"); got.returnTo != home {
		t.Errorf("a sign-in leads to %q", got.returnTo)
	}
}

func TestParseAttempt_refuses(t *testing.T) {
	k := newKey().String()
	for _, s := range []string{"", ".", k + ".!", "A." + "L3RvZG9z", "." + k} {
		if a, ok := parseAttempt(s); ok {
			t.Errorf("parseAttempt(%q) = %v", s, a)
		}
	}
	// What stands in the cookie is not believed either.
	if a, ok := parseAttempt(k + ".aHR0cHM6Ly9ldmlsLmV4YW1wbGU"); !ok || a.returnTo != home {
		t.Errorf("an attempt leads to %q", a.returnTo)
	}
}

// FuzzParseAttempt holds that whatever a cookie says, the sign-in leads to a page of this server, and that what
// is written is read again as it was.
func FuzzParseAttempt(f *testing.F) {
	k := newKey()
	for _, to := range []string{"", "/", home, "/todos?offset=50", "//evil.example", "https://evil.example", "/\\evil.example"} {
		f.Add(attempt{k, to}.String())
	}
	for _, seed := range []string{"", ".", k.String(), k.String() + "..", k.String() + ".!"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseAttempt(s)
		if !ok {
			return
		}
		if a.returnTo != returnPath(a.returnTo) {
			t.Errorf("parseAttempt(%q) leads to %q", s, a.returnTo)
		}
		if again, ok := parseAttempt(a.String()); !ok || again != a {
			t.Errorf("%v is read as %v, %v", a, again, ok)
		}
	})
}
