package signin

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/shop/internal/account"
	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/page"
	"example.com/shop/internal/webhook"
)

const (
	api = "https://api.clerk.com"

	// sessionTime bounds a session, whatever Clerk is set to.
	sessionTime = 7 * 24 * time.Hour
	// renewTime is how long Clerk's word stands until it is asked again: as long as its own session tokens.
	// A session that is revoked at Clerk ends here that much later.
	renewTime = time.Minute
	maxAnswer = 1 << 20
)

// Config is what sign-in needs to know about the Clerk instance.
type Config struct {
	BaseURL        string // this server's origin
	PublishableKey string
	FrontendAPI    string // the origin of the instance's Frontend API
	SecretKey      env.Secret
	WebhookSecret  env.Secret // "" when Clerk sends no messages
}

// LoadConfig reads CLERK_SECRET_KEY and CLERK_WEBHOOK_SECRET.
func LoadConfig(r *env.Reader, baseURL string, instance auth.Config) Config {
	secret := r.Secret("CLERK_SECRET_KEY", "the instance's secret key, which starts with sk_test_ or sk_live_",
		env.Matches(`sk_(test|live)_[A-Za-z0-9]{20,}`))
	if secret != "" && strings.HasPrefix(string(secret), "sk_live_") != strings.HasPrefix(instance.PublishableKey, "pk_live_") {
		r.Problem("CLERK_SECRET_KEY", "belongs to another instance than CLERK_PUBLISHABLE_KEY: one is test, the other live")
	}
	return Config{
		BaseURL:        baseURL,
		PublishableKey: instance.PublishableKey,
		FrontendAPI:    instance.FrontendAPI,
		SecretKey:      secret,
		WebhookSecret:  webhook.LoadSecret(r),
	}
}

// provider signs users in with Clerk's script, which runs in the sign-in page and nowhere else.
type provider struct {
	cfg      Config
	verifier *auth.Verifier
	http     *http.Client
	login    *page.Page
}

var (
	//go:embed login.html
	loginHTML string
	//go:embed login.js
	loginJS string
)

func newProvider(cfg Config, verifier *auth.Verifier) *provider {
	return &provider{
		cfg:      cfg,
		verifier: verifier,
		http: &http.Client{
			Timeout: providerTimeout,
			// The secret key is for the address it was made for.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// What Clerk's script needs, by https://clerk.com/docs/guides/secure/best-practices/csp-headers.
		login: page.New(loginHTML,
			"script-src "+page.Hash(loginJS)+" "+cfg.FrontendAPI+" https://challenges.cloudflare.com",
			"connect-src "+cfg.FrontendAPI,
			"img-src https://img.clerk.com",
			"worker-src blob:",
			"style-src 'unsafe-inline'",
			"frame-src https://challenges.cloudflare.com",
		),
	}
}

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.handleLoginPage)
	mux.HandleFunc("POST /auth/session", s.handleSession)
	mux.HandleFunc("POST /logout", s.handleLogout)
	if secret := s.provider.cfg.WebhookSecret; secret != "" {
		mux.Handle("POST "+webhook.Path, webhook.Handler(secret, account.New(s.sessions.db, s.log).Delete, s.log))
	}
}

// handleLoginPage shows Clerk's sign-in. When the user has signed in, the page's script sends the session
// token to handleSession.
func (s *Service) handleLoginPage(w http.ResponseWriter, r *http.Request) {
	to := returnPath(r.URL.Query().Get("return_to"))
	s.provider.login.Write(w, http.StatusOK, map[string]any{
		"Script":         template.JS(loginJS), // this package's own
		"PublishableKey": s.provider.cfg.PublishableKey,
		"ClerkScript":    s.provider.cfg.FrontendAPI + "/npm/@clerk/clerk-js@5/dist/clerk.browser.js",
		"ReturnTo":       to,
		"Again":          LoginPath(to),
	})
}

// handleSession starts a session for the bearer of a Clerk session token.
func (s *Service) handleSession(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	id, err := s.provider.verifier.VerifyToken(ctx, r.PostFormValue("token"))
	var g grant
	if err == nil {
		g, err = s.provider.grant(ctx, id)
	}
	switch {
	case errors.Is(err, auth.ErrForbidden):
		s.problem(w, r, http.StatusForbidden, "Your account has a step left to do before it can be used.", err)
		return
	case errors.Is(err, auth.ErrInvalid), errors.Is(err, errEnded):
		s.problem(w, r, http.StatusUnauthorized, "Clerk did not confirm who you are. Please sign in again.", err)
		return
	case err != nil:
		s.problem(w, r, http.StatusServiceUnavailable, "Clerk cannot be reached right now. Please try again in a moment.", err)
		return
	}
	if err := s.enter(w, r, g); err != nil {
		s.problem(w, r, http.StatusServiceUnavailable, "Your sign-in could not be kept. Please try again in a moment.", err)
		return
	}
	http.Redirect(w, r, returnPath(r.PostFormValue("return_to")), http.StatusSeeOther)
}

// grant asks Clerk for the session that a token belongs to, and for the user.
func (p *provider) grant(ctx context.Context, id auth.Identity) (grant, error) {
	g, err := p.renew(ctx, id.Subject, id.Session)
	if err != nil {
		return grant{}, err
	}
	if g.subject != id.Subject {
		return grant{}, fmt.Errorf("%w: the session is another user's", auth.ErrInvalid)
	}
	var user struct {
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		Primary   string `json:"primary_email_address_id"`
		Emails    []struct {
			ID           string `json:"id"`
			Email        string `json:"email_address"`
			Verification struct {
				Status string `json:"status"`
			} `json:"verification"`
		} `json:"email_addresses"`
	}
	if err := p.call(ctx, http.MethodGet, "/v1/users/"+url.PathEscape(id.Subject), &user); err != nil {
		return grant{}, err
	}
	g.actor = id.Actor
	g.name = strings.TrimSpace(user.FirstName + " " + user.LastName)
	for _, e := range user.Emails {
		if e.ID == user.Primary && e.Verification.Status == "verified" {
			g.email = e.Email
		}
	}
	return g, nil
}

// renew asks Clerk whether the session still stands.
func (p *provider) renew(ctx context.Context, _, session string) (grant, error) {
	var found struct {
		User   string `json:"user_id"`
		Status string `json:"status"`
	}
	if session == "" {
		return grant{}, fmt.Errorf("%w: the token names no session", errEnded)
	}
	if err := p.call(ctx, http.MethodGet, "/v1/sessions/"+url.PathEscape(session), &found); err != nil {
		return grant{}, err
	}
	if found.User == "" || found.Status == "" {
		return grant{}, errors.New("call Clerk: the answer is no session")
	}
	if found.Status != "active" {
		return grant{}, fmt.Errorf("%w: its status is %.40q", errEnded, found.Status)
	}
	return grant{
		subject: found.User,
		secret:  session,
		renewAt: time.Now().Add(renewTime),
		expires: time.Now().Add(sessionTime),
	}, nil
}

// handleLogout ends the session, here and at Clerk. That it did not end there is for the log: Clerk's own
// pages may then still know the user.
func (s *Service) handleLogout(w http.ResponseWriter, r *http.Request) {
	session, ok := s.leave(w, r)
	if !ok {
		return
	}
	if session != "" {
		ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
		defer cancel()
		err := s.provider.call(ctx, http.MethodPost, "/v1/sessions/"+url.PathEscape(session)+"/revoke", nil)
		if err != nil && !errors.Is(err, errEnded) {
			s.log.WarnContext(ctx, "sign out at the provider", "error", err)
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// call asks Clerk's Backend API and reads the answer into result, unless that is nil. The error wraps
// errEnded when Clerk does not know what the path names.
func (p *provider) call(ctx context.Context, method, path string, result any) error {
	req, err := http.NewRequestWithContext(ctx, method, api+path, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+string(p.cfg.SecretKey))
	res, err := p.http.Do(req)
	if err != nil {
		return fmt.Errorf("call Clerk: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("call Clerk: %w", err)
	case res.StatusCode == http.StatusNotFound && json.Valid(answer):
		return fmt.Errorf("%w: Clerk does not know it", errEnded)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("call Clerk: status %d: %s", res.StatusCode, shorten(string(answer)))
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("call Clerk: %w", err)
	}
	return nil
}
