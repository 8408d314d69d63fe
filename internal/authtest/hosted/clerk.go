package hosted

import (
	_ "embed"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/insforge/forge/internal/authtest"
)

// Clerk is a development instance of Clerk: its Frontend API and its Backend API.
type Clerk struct {
	faults

	profile   authtest.Profile
	keys      *authtest.Issuer
	secretKey string
	page      string
	frontend  http.Handler
	backend   http.Handler

	mu       sync.Mutex
	users    map[string]*ClerkUser
	sessions map[string]*clerkSession
}

// ClerkUser is a user of the instance.
type ClerkUser struct {
	ID, Email string
	Verified  bool
}

type clerkSession struct {
	user   *ClerkUser
	client string
	status string
}

//go:embed clerk.browser.js
var clerkScript []byte

// NewClerk makes one whose sign-in is mounted in pages of one origin.
func NewClerk(p authtest.Profile, secretKey, page string) *Clerk {
	s := &Clerk{
		profile: p, keys: authtest.NewIssuer("clerk"), secretKey: secretKey, page: page,
		users: map[string]*ClerkUser{}, sessions: map[string]*clerkSession{},
	}
	front := http.NewServeMux()
	front.Handle("GET /.well-known/jwks.json", s.keys)
	front.HandleFunc("GET /npm/@clerk/clerk-js@5/dist/clerk.browser.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(clerkScript)
	})
	front.HandleFunc("GET /v1/client", s.client)
	front.HandleFunc("POST /v1/client/sign_ins", s.signIn)
	front.HandleFunc("POST /v1/client/sessions/{id}/tokens", s.token)
	s.frontend = s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		front.ServeHTTP(w, r)
	}))
	back := http.NewServeMux()
	back.HandleFunc("GET /v1/sessions/{id}", s.session)
	back.HandleFunc("POST /v1/sessions/{id}/revoke", s.session)
	back.HandleFunc("GET /v1/users/{id}", s.showUser)
	s.backend = s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secretKey {
			refuseClerk(w, http.StatusUnauthorized, "clerk_key_invalid", "The provided Clerk Secret Key is invalid.")
			return
		}
		back.ServeHTTP(w, r)
	}))
	return s
}

// FrontendHost and Host are the names of its APIs.
func (s *Clerk) FrontendHost() string { return s.profile.Host() }

// Host is the name of the Backend API.
func (s *Clerk) Host() string { return "api.clerk.com" }

// Frontend serves FrontendHost.
func (s *Clerk) Frontend() http.Handler { return s.frontend }

// ServeHTTP serves Host.
func (s *Clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.backend.ServeHTTP(w, r) }

// Keys signs its session tokens.
func (s *Clerk) Keys() *authtest.Issuer { return s.keys }

// User is the one with an address, made when it is not there.
func (s *Clerk) User(email string) *ClerkUser {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[email] == nil {
		s.users[email] = &ClerkUser{ID: "user_2" + random(""), Email: email, Verified: true}
	}
	return s.users[email]
}

// SignIn starts a session of a user, as the browser's client does, and returns a token
// of it.
func (s *Clerk) SignIn(user *ClerkUser) (token string) {
	id := s.begin(user, "client_2"+random(""))
	return s.sign(id)
}

// SetStatus makes all sessions of a user something else than active.
func (s *Clerk) SetStatus(user *ClerkUser, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == user {
			session.status = status
		}
	}
}

// Hand gives the sessions of a user to another.
func (s *Clerk) Hand(from, to *ClerkUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == from {
			session.user = to
		}
	}
}

// Active is how many sessions of a user stand.
func (s *Clerk) Active(user *ClerkUser) (standing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.user == user && session.status == "active" {
			standing++
		}
	}
	return standing
}

func (s *Clerk) begin(user *ClerkUser, client string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id = "sess_2" + random("")
	s.sessions[id] = &clerkSession{user, client, "active"}
	return id
}

func (s *Clerk) sign(id string) string {
	s.mu.Lock()
	user := s.sessions[id].user.ID
	s.mu.Unlock()
	return s.keys.Token(s.profile.Claims(time.Now()).With("sub", user).With("sid", id).With("azp", s.page))
}

// client says which session the browser's client has.
func (s *Clerk) client(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, session := range s.sessions {
		if session.client == r.URL.Query().Get("client") && session.status == "active" {
			writeJSON(w, http.StatusOK, object{"session": object{"id": id, "status": session.status}})
			return
		}
	}
	writeJSON(w, http.StatusOK, object{"session": nil})
}

func (s *Clerk) signIn(w http.ResponseWriter, r *http.Request) {
	id := s.begin(s.User(r.PostFormValue("identifier")), r.PostFormValue("client"))
	writeJSON(w, http.StatusOK, object{"session": object{"id": id, "status": "active"}})
}

func (s *Clerk) token(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	session := s.sessions[id]
	ok := session != nil && session.status == "active" && session.client == r.PostFormValue("client")
	s.mu.Unlock()
	if !ok {
		refuseClerk(w, http.StatusNotFound, "resource_not_found", "Session not found")
		return
	}
	writeJSON(w, http.StatusOK, object{"object": "token", "jwt": s.sign(id)})
}

func refuseClerk(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, object{"errors": []object{{"message": message, "long_message": message, "code": code}}, "clerk_trace_id": random("")})
}

func (s *Clerk) session(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	session := s.sessions[id]
	if session == nil {
		refuseClerk(w, http.StatusNotFound, "resource_not_found", "Session not found")
		return
	}
	if strings.HasSuffix(r.URL.Path, "/revoke") {
		session.status = "revoked"
	}
	now := time.Now().UnixMilli()
	writeJSON(w, http.StatusOK, object{
		"object": "session", "id": id, "user_id": session.user.ID, "client_id": session.client, "actor": nil, "status": session.status,
		"last_active_at": now, "expire_at": now + 7*24*3600_000, "abandon_at": now + 30*24*3600_000, "created_at": now, "updated_at": now,
	})
}

func (s *Clerk) showUser(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, user := range s.users {
		if user.ID != r.PathValue("id") {
			continue
		}
		verification := object{"status": "verified", "strategy": "email_code"}
		if !user.Verified {
			verification = object{"status": "unverified", "strategy": "email_code"}
		}
		writeJSON(w, http.StatusOK, object{
			"object": "user", "id": user.ID, "first_name": "Ada", "last_name": "Lovelace", "primary_email_address_id": "idn_1", "banned": false,
			"email_addresses": []object{
				{"object": "email_address", "id": "idn_0", "email_address": "other@example.com", "verification": object{"status": "verified"}},
				{"object": "email_address", "id": "idn_1", "email_address": user.Email, "verification": verification},
			},
		})
		return
	}
	refuseClerk(w, http.StatusNotFound, "resource_not_found", "not found")
}

// SessionIDs are those of a user's sessions.
func (s *Clerk) SessionIDs(user *ClerkUser) (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, session := range s.sessions {
		if session.user == user {
			all = append(all, id)
		}
	}
	return all
}
