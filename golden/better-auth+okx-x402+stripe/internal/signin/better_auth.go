// Package signin signs users in with a browser. The sessions are those of the Better Auth server, which
// stands behind this one: /api/auth/ leads there, and so do the forms of the sign-in page.
package signin

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/shop/internal/account"
	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
)

// Config is what sign-in needs to know.
type Config struct {
	BaseURL        string // this server's origin, and the Better Auth server's for browsers
	Upstream       string // the origin at which this server reaches the Better Auth server
	ClientIPHeader string // in which the proxy in front says who calls; "" without such a proxy
}

// LoadConfig reads BETTER_AUTH_UPSTREAM and CLIENT_IP_HEADER.
func LoadConfig(r *env.Reader, baseURL string, verifier auth.Config) Config {
	if baseURL != "" && verifier.BaseURL != "" && baseURL != verifier.BaseURL {
		r.Problem("BETTER_AUTH_URL", "must be APP_BASE_URL: browsers reach the Better Auth server through this one")
	}
	return Config{
		BaseURL: baseURL,
		Upstream: r.Optional("BETTER_AUTH_UPSTREAM", "http://127.0.0.1:3000",
			"an origin such as http://127.0.0.1:3000, without a path or a final slash", isUpstream),
		ClientIPHeader: loadClientIPHeader(r),
	}
}

// isUpstream is env.Origin for a server that need not be public: one within the platform's own network
// commonly has no TLS.
func isUpstream(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.Scheme+"://"+u.Host == s
}

// Service is sign-in with a browser.
type Service struct {
	verifier *auth.Verifier
	upstream *upstream
	db       *insforge.Client
	log      *slog.Logger
}

// New returns the Service for cfg. It does no I/O. It panics when cfg.Upstream is no URL, which LoadConfig
// has ruled out.
func New(cfg Config, verifier *auth.Verifier, db *insforge.Client, log *slog.Logger) *Service {
	return &Service{verifier: verifier, upstream: newUpstream(cfg, log), db: db, log: log}
}

// Verify returns whose session the cookie of r opens. The error wraps one of package auth's. It does not
// need the Better Auth server.
func (s *Service) Verify(r *http.Request) (auth.Identity, error) {
	id, err := s.verifier.Verify(r)
	if err == nil && !fromBrowser(r) {
		return auth.Identity{}, errNowhere
	}
	return id, err
}

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.Handle("/api/auth/", s.upstream)
	mux.HandleFunc("GET /login", s.handleForm(signIn))
	mux.HandleFunc("POST /login", s.handleSubmit(signIn))
	mux.HandleFunc("GET /signup", s.handleForm(signUp))
	mux.HandleFunc("POST /signup", s.handleSubmit(signUp))
	mux.HandleFunc("POST /logout", s.handleLogout)
}

// Forget ends the session of a user who is no more, and makes the browser forget it. When the Better Auth
// server cannot be reached, the session is left to expire, with nobody who knows its cookie.
func (s *Service) Forget(w http.ResponseWriter, r *http.Request) {
	if answer, err := s.upstream.ask(r, "/api/auth/sign-out", struct{}{}); err == nil && answer.status == http.StatusOK {
		answer.passCookies(w)
		return
	} else if err != nil {
		s.log.WarnContext(r.Context(), "session left to expire", "error", err)
	} else {
		s.log.WarnContext(r.Context(), "session left to expire", "status", answer.status, "code", answer.code)
	}
	for _, cookie := range r.Cookies() {
		if name := strings.TrimPrefix(cookie.Name, "__Secure-"); strings.HasPrefix(name, "better-auth.") {
			http.SetCookie(w, &http.Cookie{
				Name: cookie.Name, Path: "/", MaxAge: -1,
				HttpOnly: true, Secure: name != cookie.Name, SameSite: http.SameSiteLaxMode,
			})
		}
	}
}

// greet writes what the Better Auth server says about a user into their profile. It is no condition for
// signing in: what cannot be written now is written the next time.
func (s *Service) greet(ctx context.Context, u user) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	name, email := account.Fit(u.Name, u.Email)
	args := map[string]any{"p_user_id": u.ID, "p_name": name, "p_email": nil}
	if u.EmailVerified {
		args["p_email"] = email
	}
	if err := s.db.Call(ctx, s.db.ServerKey(), "see_user", args, nil); err != nil {
		s.log.WarnContext(ctx, "profile not renewed", "error", err)
	}
}
