package signin

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// attemptTime is how long a user may take to sign in.
const attemptTime = 30 * time.Minute

// attempt is one sign-in under way. It is kept in a cookie, so that the browser it began in is known when
// it comes back.
type attempt struct {
	key      key
	returnTo string
}

// String is the attempt as the cookie holds it: the key, a dot, and the return path in base64.
func (a attempt) String() string {
	return a.key.String() + "." + base64.RawURLEncoding.EncodeToString([]byte(a.returnTo))
}

func parseAttempt(s string) (attempt, bool) {
	first, second, _ := strings.Cut(s, ".")
	k, ok := parseKey(first)
	to, err := base64.RawURLEncoding.DecodeString(second)
	if !ok || err != nil {
		return attempt{}, false
	}
	return attempt{k, returnPath(string(to))}, true
}

const attemptCookie = "sign-in"

// begin starts a sign-in that will lead to returnTo.
func (s *Service) begin(w http.ResponseWriter, returnTo string) attempt {
	a := attempt{newKey(), returnPath(returnTo)}
	s.cookies.set(w, attemptCookie, a.String(), s.now().Add(attemptTime))
	return a
}

// attempt returns the sign-in that this browser began.
func (s *Service) attempt(r *http.Request) (attempt, bool) {
	cookie, err := r.Cookie(s.cookies.name(attemptCookie))
	if err != nil {
		return attempt{}, false
	}
	return parseAttempt(cookie.Value)
}
