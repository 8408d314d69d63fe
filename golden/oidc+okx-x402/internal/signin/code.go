package signin

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"net/http"

	"example.com/shop/internal/page"
)

// The state and the code verifier of an attempt follow from its key, and give nothing of it away.

func (a attempt) state() string    { return a.text("state") }
func (a attempt) verifier() string { return a.text("verifier") }

func (a attempt) text(purpose string) string {
	derived := a.key.derive(purpose)
	return base64.RawURLEncoding.EncodeToString(derived[:])
}

// errRefused is what the provider says about a code or a user it does not let in.
var errRefused = errors.New("the provider refused")

// handleCallback is where the browser comes back to, with a code or with an error.
func (s *Service) handleCallback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	a, ok := s.attempt(r)
	if !ok || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.state())) != 1 {
		// Began in another browser, too long ago, or not by the user at all. Or it is the way back from a
		// page that was left behind, and the user has long been signed in.
		if _, err := s.Verify(r); err == nil {
			http.Redirect(w, r, home, http.StatusSeeOther)
			return
		}
		s.problem(w, r, http.StatusBadRequest, "This sign-in was begun in another window, or too long ago. Please start again.",
			errors.New("state does not belong to this browser"))
		return
	}
	s.cookies.clear(w, attemptCookie) // it is good for one answer
	if code := query.Get("error"); code != "" {
		if code == "access_denied" {
			page.WriteMessage(w, http.StatusOK, "You did not sign in", "Nothing has changed.", page.Link{Text: "Sign in", To: LoginPath(a.returnTo)})
			return
		}
		s.problem(w, r, http.StatusBadGateway, "OpenID Connect reported a problem.", errors.New(shorten(code+": "+query.Get("error_description"))))
		return
	}
	if query.Get("code") == "" {
		s.problem(w, r, http.StatusBadRequest, "OpenID Connect did not confirm who you are. Please start again.", errors.New("neither a code nor an error came back"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	g, err := s.provider.exchange(ctx, a, query)
	switch {
	case errors.Is(err, errRefused):
		s.problem(w, r, http.StatusUnauthorized, "OpenID Connect did not confirm who you are. Please start again.", err)
		return
	case err != nil:
		s.problem(w, r, http.StatusServiceUnavailable, "OpenID Connect cannot be reached right now. Please start again in a moment.", err)
		return
	}
	if err := s.enter(w, r, g); err != nil {
		s.problem(w, r, http.StatusServiceUnavailable, "Your sign-in could not be kept. Please start again in a moment.", err)
		return
	}
	http.Redirect(w, r, a.returnTo, http.StatusSeeOther)
}

//go:embed signed_out.html
var signedOutHTML string

var signedOut = page.New(signedOutHTML)

// handleLogout ends the session here, and then leads the browser to where it ends at OpenID Connect: last,
// because nothing that goes wrong there may keep it alive here.
func (s *Service) handleLogout(w http.ResponseWriter, r *http.Request) {
	secret, ok := s.leave(w, r)
	if !ok {
		return
	}
	next := s.provider.logoutURL(r.Context(), secret)
	if next == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	// A redirect would count as a form that is sent to OpenID Connect, which the policy of pages forbids.
	w.Header().Set("Refresh", "0; url="+next)
	signedOut.Write(w, http.StatusOK, next)
}
