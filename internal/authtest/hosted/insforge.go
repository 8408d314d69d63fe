package hosted

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/authtest"
)

// InsForge is the accounts of an InsForge project, and where its keys are. All else that the project is asked for
// goes to another handler.
type InsForge struct {
	faults

	profile            authtest.Profile
	keys               *authtest.Issuer
	anonKey, jwtSecret string
	redirect           string
	handler            http.Handler

	mu        sync.Mutex
	users     map[string]*InsForgeUser // by e-mail
	handed    map[string]*InsForgeUser // by ID: whom answers name in a user's place
	refresh   map[string][]string      // refresh tokens by user ID
	codes     map[string]string        // by e-mail
	confirmed bool                     // addresses have to be
}

// InsForgeUser is a user of the project.
type InsForgeUser struct {
	ID, Email, Name, Password string
	Verified                  bool
}

// NewInsForge makes one whose mails may lead to redirect alone. Data is what serves the rest of the project.
func NewInsForge(p authtest.Profile, anonKey, jwtSecret, redirect string, data http.Handler) *InsForge {
	s := &InsForge{
		profile: p, keys: authtest.NewIssuer("insforge"), anonKey: anonKey, jwtSecret: jwtSecret, redirect: redirect,
		users: map[string]*InsForgeUser{}, handed: map[string]*InsForgeUser{}, refresh: map[string][]string{}, codes: map[string]string{},
	}
	mux := http.NewServeMux()
	mux.Handle("GET /.well-known/jwks.json", s.keys)
	mux.HandleFunc("GET /api/auth/sessions/current", s.current)
	mux.HandleFunc("POST /api/auth/users", s.signUp)
	mux.HandleFunc("POST /api/auth/sessions", s.signIn)
	mux.HandleFunc("POST /api/auth/refresh", s.renew)
	mux.HandleFunc("POST /api/auth/email/verify", s.verify)
	mux.HandleFunc("POST /api/auth/email/send-verification", s.send)
	mux.Handle("/", data)
	s.handler = s.wrap(mux)
	return s
}

// Host is the name it serves.
func (s *InsForge) Host() string { return s.profile.Host() }

// Origin is the project's URL.
func (s *InsForge) Origin() string { return "https://" + s.Host() }

func (s *InsForge) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Keys signs its access tokens.
func (s *InsForge) Keys() *authtest.Issuer { return s.keys }

// Add makes a user.
func (s *InsForge) Add(email, name, password string, verified bool) *InsForgeUser {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(email, name, password, verified)
}

func (s *InsForge) add(email, name, password string, verified bool) *InsForgeUser {
	s.users[email] = &InsForgeUser{ID: uuid(), Email: email, Name: name, Password: password, Verified: verified}
	return s.users[email]
}

// Delete removes the user with an address. InsForge keeps no sessions that could end otherwise.
func (s *InsForge) Delete(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.users, email)
}

// Hand answers a user's refresh tokens with another user's session.
func (s *InsForge) Hand(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handed[s.users[from].ID] = s.users[to]
}

// RefreshTokens are those that a user was given.
func (s *InsForge) RefreshTokens(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refresh[id])
}

// Confirm has addresses confirmed before anybody signs in, from now on.
func (s *InsForge) Confirm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.confirmed = true
}

// Code is the one in the last mail to an address.
func (s *InsForge) Code(email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.codes[email]
}

// read takes the body of a call by the server, with the anon key alone. A false result means that the answer has been
// written.
func (s *InsForge) read(w http.ResponseWriter, r *http.Request, body any) bool {
	if r.Header.Get("Authorization") != "Bearer "+s.anonKey || r.Header.Get("X-Api-Key") != "" {
		refuseInsForge(w, http.StatusUnauthorized, "AUTH_INVALID_CREDENTIALS", "Invalid token")
		return false
	}
	if err := json.NewDecoder(r.Body).Decode(body); err != nil {
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "body: Invalid JSON")
		return false
	}
	return true
}

func refuseInsForge(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, object{"error": code, "message": message, "statusCode": status, "nextActions": ""})
}

func (s *InsForge) signUp(w http.ResponseWriter, r *http.Request) {
	var body struct{ Email, Name, Password, RedirectTo string }
	if !s.read(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case body.RedirectTo != s.redirect:
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "redirectTo is not in the list of allowed URLs")
	case !strings.Contains(body.Email, "@"):
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "email: Invalid email format")
	case len(body.Password) < 6:
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "Password must be at least 6 characters long")
	case s.users[body.Email] != nil:
		refuseInsForge(w, http.StatusConflict, "AUTH_EMAIL_EXISTS", "User already exists")
	default:
		user := s.add(body.Email, body.Name, body.Password, false)
		if s.confirmed {
			s.mail(user.Email)
			writeJSON(w, http.StatusOK, object{"accessToken": nil, "requireEmailVerification": true})
			return
		}
		s.open(w, r, user)
	}
}

func (s *InsForge) signIn(w http.ResponseWriter, r *http.Request) {
	var body struct{ Email, Password string }
	if !s.read(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.users[body.Email]
	switch {
	case user == nil || user.Password != body.Password:
		refuseInsForge(w, http.StatusUnauthorized, "AUTH_UNAUTHORIZED", "Invalid credentials")
	case s.confirmed && !user.Verified:
		refuseInsForge(w, http.StatusForbidden, "FORBIDDEN", "Email verification required")
	default:
		s.open(w, r, user)
	}
}

// renew takes a refresh token as often as it comes: each is good for a week.
func (s *InsForge) renew(w http.ResponseWriter, r *http.Request) {
	var body struct{ RefreshToken string }
	if !s.read(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(body.RefreshToken, claims, func(*jwt.Token) (any, error) { return []byte(s.jwtSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("insforge"))
	if err != nil || claims["type"] != "refresh" || claims["sessionType"] != "user" {
		refuseInsForge(w, http.StatusUnauthorized, "AUTH_UNAUTHORIZED", "Invalid refresh token")
		return
	}
	id, _ := claims.GetSubject()
	if other := s.handed[id]; other != nil {
		s.open(w, r, other)
		return
	}
	if user := s.byID(id); user != nil {
		s.open(w, r, user)
		return
	}
	refuseInsForge(w, http.StatusUnauthorized, "AUTH_UNAUTHORIZED", "User not found")
}

func (s *InsForge) byID(id string) *InsForgeUser {
	for _, user := range s.users {
		if user.ID == id {
			return user
		}
	}
	return nil
}

// open answers with a new session. Browsers would get the refresh token in a cookie.
func (s *InsForge) open(w http.ResponseWriter, r *http.Request, user *InsForgeUser) {
	if r.URL.RawQuery != "client_type=server" {
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "this stand-in has sessions for servers alone")
		return
	}
	now := time.Now()
	refresh, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": user.ID, "type": "refresh", "sessionType": "user", "csrfNonce": random(""), "iss": "insforge",
		"iat": now.Unix(), "exp": now.Add(7 * 24 * time.Hour).Unix(),
	}).SignedString([]byte(s.jwtSecret))
	if err != nil {
		panic(err) // HMAC takes every key
	}
	s.refresh[user.ID] = append(s.refresh[user.ID], refresh)
	writeJSON(w, http.StatusOK, object{
		"user": object{
			"id": user.ID, "email": user.Email, "emailVerified": user.Verified, "providers": []string{"email"},
			"profile": object{"name": user.Name}, "metadata": nil, "createdAt": now, "updatedAt": now,
		},
		"accessToken":  s.keys.Token(s.profile.Claims(now).With("sub", user.ID).With("email", user.Email)),
		"refreshToken": refresh,
	})
}

// mail sends a code, if there is such a user.
func (s *InsForge) mail(email string) {
	if s.users[email] != nil {
		s.codes[email] = digits()
	}
}

func (s *InsForge) send(w http.ResponseWriter, r *http.Request) {
	var body struct{ Email, RedirectTo string }
	if !s.read(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if body.RedirectTo != s.redirect {
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "redirectTo is not in the list of allowed URLs")
		return
	}
	s.mail(body.Email)
	writeJSON(w, http.StatusAccepted, object{"success": true, "message": "If your email is registered, we have sent you a verification code."})
}

func (s *InsForge) verify(w http.ResponseWriter, r *http.Request) {
	var body struct{ Email, OTP string }
	if !s.read(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.users[body.Email]
	if user == nil || body.OTP == "" || s.codes[body.Email] != body.OTP {
		refuseInsForge(w, http.StatusBadRequest, "INVALID_INPUT", "Invalid or expired verification code")
		return
	}
	delete(s.codes, body.Email)
	user.Verified = true
	s.open(w, r, user)
}

// current says whose an access token is.
func (s *InsForge) current(w http.ResponseWriter, r *http.Request) {
	raw, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	token, err := jwt.Parse(raw, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return s.keys.PublicKey(kid), nil
	}, jwt.WithValidMethods([]string{"RS256"}))
	if err != nil {
		refuseInsForge(w, http.StatusUnauthorized, "AUTH_INVALID_CREDENTIALS", "Invalid token")
		return
	}
	id, _ := token.Claims.GetSubject()
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.byID(id)
	if user == nil {
		refuseInsForge(w, http.StatusUnauthorized, "AUTH_INVALID_CREDENTIALS", "User not found")
		return
	}
	writeJSON(w, http.StatusOK, object{"user": object{"id": user.ID, "email": user.Email, "role": "authenticated"}})
}

// Confirmed is where the link in a mail leads once InsForge has confirmed the address.
func (s *InsForge) Confirmed() string {
	return s.redirect + "?" + url.Values{"insforge_status": {"success"}, "insforge_type": {"verify_email"}}.Encode()
}
