package hosted

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/insforge/forge/internal/authtest"
)

// Stytch is a test project of Stytch. It serves the host test.stytch.com.
type Stytch struct {
	faults

	profile           authtest.Profile
	keys              *authtest.Issuer
	projectID, secret string
	redirect          string
	handler           http.Handler

	mu       sync.Mutex
	users    map[string]*StytchUser
	mails    map[string][]string
	links    map[string]*StytchUser
	sessions map[string]*StytchUser
}

// StytchUser is a user of the project.
type StytchUser struct {
	ID, Email string
	Verified  bool
}

// NewStytch makes one whose links may lead to redirect alone.
func NewStytch(p authtest.Profile, projectID, secret, redirect string) *Stytch {
	s := &Stytch{
		profile: p, keys: authtest.NewIssuer("stytch"), projectID: projectID, secret: secret, redirect: redirect,
		users: map[string]*StytchUser{}, mails: map[string][]string{}, links: map[string]*StytchUser{}, sessions: map[string]*StytchUser{},
	}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/sessions/jwks/"+projectID, s.keys)
	mux.HandleFunc("POST /v1/magic_links/email/login_or_create", s.send)
	mux.HandleFunc("POST /v1/magic_links/authenticate", s.authenticateLink)
	mux.HandleFunc("POST /v1/sessions/authenticate", s.authenticateSession)
	mux.HandleFunc("POST /v1/sessions/revoke", s.revoke)
	s.handler = s.wrap(mux)
	return s
}

// Host is the name it serves.
func (s *Stytch) Host() string { return "test.stytch.com" }

func (s *Stytch) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Keys signs its session JWTs.
func (s *Stytch) Keys() *authtest.Issuer { return s.keys }

// User is the one with an address, made when it is not there.
func (s *Stytch) User(email string) *StytchUser {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user(email)
}

func (s *Stytch) user(email string) *StytchUser {
	if s.users[email] == nil {
		s.users[email] = &StytchUser{ID: "user-test-" + uuid(), Email: email, Verified: true}
	}
	return s.users[email]
}

// Mails are the links that were sent to an address.
func (s *Stytch) Mails(email string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails[email]...)
}

// Revoke ends all sessions of a user.
func (s *Stytch) Revoke(user *StytchUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, of := range s.sessions {
		if of == user {
			delete(s.sessions, token)
		}
	}
}

// Hand gives the sessions of a user to another.
func (s *Stytch) Hand(from, to *StytchUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, of := range s.sessions {
		if of == from {
			s.sessions[token] = to
		}
	}
}

// Tokens are the session tokens of a user that stand.
func (s *Stytch) Tokens(user *StytchUser) (standing []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, of := range s.sessions {
		if of == user {
			standing = append(standing, token)
		}
	}
	return standing
}

// call reads a request of the project's server into body. A false result means that the
// answer has been written.
func (s *Stytch) call(w http.ResponseWriter, r *http.Request, body any) bool {
	if id, secret, _ := r.BasicAuth(); id != s.projectID || secret != s.secret {
		refuse(w, http.StatusUnauthorized, "unauthorized_credentials", "Unauthorized credentials.")
		return false
	}
	if err := json.NewDecoder(r.Body).Decode(body); err != nil {
		refuse(w, http.StatusBadRequest, "bad_request_format", "Could not parse the request.")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, object{
		"status_code": status, "request_id": random("request-id-test-"), "error_type": kind, "error_message": message,
		"error_url": "https://stytch.com/docs/api/errors/" + kind,
	})
}

func (s *Stytch) send(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Email         string `json:"email"`
		Login         string `json:"login_magic_link_url"`
		Signup        string `json:"signup_magic_link_url"`
		LoginMinutes  int    `json:"login_expiration_minutes"`
		SignupMinutes int    `json:"signup_expiration_minutes"`
	}
	if !s.call(w, r, &body) {
		return
	}
	switch {
	case body.Login != s.redirect || body.Signup != s.redirect:
		refuse(w, http.StatusBadRequest, "no_match_for_provided_magic_link_url", "The redirect URL is not on the list.")
		return
	case strings.HasSuffix(body.Email, ".invalid"):
		refuse(w, http.StatusBadRequest, "invalid_email", "The email is not valid.")
		return
	case body.LoginMinutes < 5 || body.SignupMinutes < 5:
		refuse(w, http.StatusBadRequest, "invalid_expiration", "5 minutes at least.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.users[body.Email]
	user := s.user(body.Email)
	token := random("") + random("")
	s.links[token] = user
	s.mails[body.Email] = append(s.mails[body.Email], body.Login+"?"+url.Values{"stytch_token_type": {"magic_links"}, "token": {token}}.Encode())
	writeJSON(w, http.StatusOK, object{
		"status_code": 200, "request_id": random("request-id-test-"), "user_id": user.ID, "email_id": "email-test-" + uuid(), "user_created": !known,
	})
}

func (s *Stytch) authenticateLink(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token   string `json:"token"`
		Minutes int    `json:"session_duration_minutes"`
	}
	if !s.call(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.links[body.Token]
	delete(s.links, body.Token)
	if user == nil {
		refuse(w, http.StatusUnauthorized, "unable_to_auth_magic_link", "The magic link could not be authenticated because it was either already used or expired.")
		return
	}
	token := random("") + random("")
	if body.Minutes >= 5 {
		s.sessions[token] = user
	}
	s.answer(w, user, token)
}

func (s *Stytch) authenticateSession(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"session_token"`
	}
	if !s.call(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.sessions[body.Token]
	if user == nil {
		refuse(w, http.StatusNotFound, "session_not_found", "Session could not be found.")
		return
	}
	s.answer(w, user, body.Token)
}

func (s *Stytch) answer(w http.ResponseWriter, user *StytchUser, token string) {
	now := time.Now()
	writeJSON(w, http.StatusOK, object{
		"status_code": 200, "request_id": random("request-id-test-"), "user_id": user.ID,
		"session_token": token,
		"session_jwt":   s.keys.Token(s.profile.Claims(now).With("sub", user.ID)),
		"session":       object{"session_id": "session-test-" + uuid(), "user_id": user.ID, "started_at": now, "expires_at": now.Add(7 * 24 * time.Hour)},
		"user": object{
			"user_id": user.ID, "status": "active", "name": object{"first_name": "Ada", "middle_name": "", "last_name": "Lovelace"},
			"emails": []object{{"email_id": "email-test-" + uuid(), "email": user.Email, "verified": user.Verified}},
		},
	})
}

func (s *Stytch) revoke(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"session_token"`
	}
	if !s.call(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, body.Token)
	writeJSON(w, http.StatusOK, object{"status_code": 200, "request_id": random("request-id-test-")})
}
