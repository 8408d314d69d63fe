package hosted

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/insforge/forge/internal/authtest"
)

// WorkOS is an environment of WorkOS with AuthKit. It serves the host api.workos.com.
type WorkOS struct {
	faults

	profile  authtest.Profile
	keys     *authtest.Issuer
	clientID string
	apiKey   string
	origin   string
	handler  http.Handler

	mu       sync.Mutex
	users    map[string]*WorkOSUser
	codes    map[string]workosCode
	sessions map[string]*workosSession
}

// WorkOSUser is a user of the environment.
type WorkOSUser struct {
	ID, Email, FirstName, LastName string
	Verified                       bool
}

type workosCode struct {
	user      *WorkOSUser
	challenge string
	expires   time.Time
}

type workosSession struct {
	user    *WorkOSUser
	refresh string // the one that has not been used
	ended   bool
}

// NewWorkOS makes one whose application is at an origin.
func NewWorkOS(p authtest.Profile, clientID, apiKey, origin string) *WorkOS {
	s := &WorkOS{
		profile: p, keys: authtest.NewIssuer("workos"), clientID: clientID, apiKey: apiKey, origin: origin,
		users: map[string]*WorkOSUser{}, codes: map[string]workosCode{}, sessions: map[string]*workosSession{},
	}
	mux := http.NewServeMux()
	mux.Handle("GET /sso/jwks/"+clientID, s.keys)
	mux.HandleFunc("/user_management/authorize", s.authorize)
	mux.HandleFunc("POST /user_management/authenticate", s.authenticate)
	mux.HandleFunc("GET /user_management/sessions/logout", s.logout)
	s.handler = s.wrap(mux)
	return s
}

// Host is the name it serves.
func (s *WorkOS) Host() string { return "api.workos.com" }

func (s *WorkOS) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Keys signs its access tokens.
func (s *WorkOS) Keys() *authtest.Issuer { return s.keys }

// User is the one with an address, made when it is not there.
func (s *WorkOS) User(email string) *WorkOSUser {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[email] == nil {
		s.users[email] = &WorkOSUser{ID: "user_01" + random("")[:24], Email: email, FirstName: "Ada", LastName: "Lovelace", Verified: true}
	}
	return s.users[email]
}

// Revoke ends all sessions of a user.
func (s *WorkOS) Revoke(user *WorkOSUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == user {
			session.ended = true
		}
	}
}

// Hand gives the sessions of a user to another.
func (s *WorkOS) Hand(from, to *WorkOSUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == from {
			session.user = to
		}
	}
}

// Sessions is how many sessions of a user stand.
func (s *WorkOS) Sessions(user *WorkOSUser) (standing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == user && !session.ended {
			standing++
		}
	}
	return standing
}

// RefreshTokens are the unused ones of a user.
func (s *WorkOS) RefreshTokens(user *WorkOSUser) (unused []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == user {
			unused = append(unused, session.refresh)
		}
	}
	return unused
}

func (s *WorkOS) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name, want := range map[string]string{
		"client_id": s.clientID, "redirect_uri": s.origin + "/auth/callback", "response_type": "code",
		"provider": "authkit", "code_challenge_method": "S256",
	} {
		if q.Get(name) != want {
			writeJSON(w, http.StatusBadRequest, object{"message": "invalid " + name, "error": "invalid_request"})
			return
		}
	}
	if q.Get("state") == "" || len(q.Get("code_challenge")) != 43 {
		writeJSON(w, http.StatusBadRequest, object{"message": "state or code_challenge", "error": "invalid_request"})
		return
	}
	if r.Method != http.MethodPost {
		showSignIn(w, "AuthKit")
		return
	}
	user := s.User(r.PostFormValue("email"))
	code := random("01")
	s.mu.Lock()
	s.codes[code] = workosCode{user, q.Get("code_challenge"), time.Now().Add(10 * time.Minute)}
	s.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (s *WorkOS) authenticate(w http.ResponseWriter, r *http.Request) {
	var body struct {
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Code         string `json:"code"`
		Verifier     string `json:"code_verifier"`
		RefreshToken string `json:"refresh_token"`
	}
	refuse := func(code, text string) {
		writeJSON(w, http.StatusBadRequest, object{"error": code, "error_description": text})
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		refuse("invalid_request", "The body is not JSON.")
		return
	}
	if body.ClientID != s.clientID || body.ClientSecret != s.apiKey {
		refuse("invalid_client", "Invalid client ID or secret.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch body.GrantType {
	case "authorization_code":
		code, ok := s.codes[body.Code]
		delete(s.codes, body.Code)
		sum := sha256.Sum256([]byte(body.Verifier))
		if !ok || time.Now().After(code.expires) || base64.RawURLEncoding.EncodeToString(sum[:]) != code.challenge {
			refuse("invalid_grant", "The code has expired or is invalid.")
			return
		}
		id := random("session_01")
		s.sessions[id] = &workosSession{user: code.user, refresh: random("")}
		s.answer(w, id)
	case "refresh_token":
		for id, session := range s.sessions {
			switch {
			case session.refresh != body.RefreshToken:
			case session.ended:
				refuse("invalid_grant", "Session has already ended.")
				return
			default:
				session.refresh = random("")
				s.answer(w, id)
				return
			}
		}
		refuse("invalid_grant", "Refresh token already exchanged.")
	default:
		refuse("unsupported_grant_type", "The grant type is not supported.")
	}
}

func (s *WorkOS) answer(w http.ResponseWriter, session string) {
	user := s.sessions[session].user
	now := time.Now()
	claims := s.profile.Claims(now).With("sub", user.ID).With("sid", session)
	writeJSON(w, http.StatusOK, object{
		"user": object{
			"object": "user", "id": user.ID, "email": user.Email, "first_name": user.FirstName, "last_name": user.LastName,
			"email_verified": user.Verified, "profile_picture_url": nil, "last_sign_in_at": now, "external_id": nil, "metadata": object{},
			"created_at": now, "updated_at": now,
		},
		"organization_id":       nil,
		"access_token":          s.keys.Token(claims),
		"refresh_token":         s.sessions[session].refresh,
		"authentication_method": "Password",
	})
}

func (s *WorkOS) logout(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.sessions[r.URL.Query().Get("session_id")]
	if session == nil {
		writeJSON(w, http.StatusBadRequest, object{"message": "no such session"})
		return
	}
	session.ended = true
	http.Redirect(w, r, s.origin, http.StatusFound)
}
