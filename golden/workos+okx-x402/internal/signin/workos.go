package signin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/shop/internal/account"
	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/webhook"
)

const (
	api = "https://api.workos.com"

	// sessionTime bounds a session, whatever WorkOS is set to.
	sessionTime = 7 * 24 * time.Hour
	// renewEarly is how long before the access token ends the next one is fetched.
	renewEarly = 30 * time.Second
	maxAnswer  = 1 << 20
)

// Config is what sign-in needs to know about the WorkOS environment.
type Config struct {
	BaseURL       string // this server's origin
	ClientID      string
	APIKey        env.Secret
	WebhookSecret env.Secret // "" when WorkOS sends no messages
}

// LoadConfig reads WORKOS_API_KEY and WORKOS_WEBHOOK_SECRET.
func LoadConfig(r *env.Reader, baseURL string, environment auth.Config) Config {
	return Config{
		BaseURL:       baseURL,
		ClientID:      environment.ClientID,
		WebhookSecret: webhook.LoadSecret(r),
		APIKey:        r.Secret("WORKOS_API_KEY", "the environment's API key, which starts with sk_", env.Matches(`sk_[A-Za-z0-9_+/=-]{16,}`)),
	}
}

// provider signs users in with AuthKit, whose endpoints are WorkOS's own.
type provider struct {
	cfg      Config
	verifier *auth.Verifier
	http     *http.Client
}

func newProvider(cfg Config, verifier *auth.Verifier) *provider {
	return &provider{cfg: cfg, verifier: verifier, http: &http.Client{
		Timeout: providerTimeout,
		// The API key is for the address it was made for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.handleLogin)
	mux.HandleFunc("GET /auth/callback", s.handleCallback)
	mux.HandleFunc("POST /logout", s.handleLogout)
	if secret := s.provider.cfg.WebhookSecret; secret != "" {
		mux.Handle("POST "+webhook.Path, webhook.Handler(secret, account.New(s.sessions.db, s.log).Delete, s.log))
	}
}

// handleLogin sends the browser to AuthKit.
func (s *Service) handleLogin(w http.ResponseWriter, r *http.Request) {
	a := s.begin(w, r.URL.Query().Get("return_to"))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.provider.authorizeURL(a), http.StatusSeeOther)
}

// authorizeURL is the page of AuthKit on which a signs in.
func (p *provider) authorizeURL(a attempt) string {
	return api + "/user_management/authorize?" + url.Values{
		"client_id":             {p.cfg.ClientID},
		"redirect_uri":          {p.cfg.BaseURL + "/auth/callback"},
		"response_type":         {"code"},
		"provider":              {"authkit"},
		"state":                 {a.state()},
		"code_challenge":        {a.challenge()},
		"code_challenge_method": {"S256"},
	}.Encode()
}

// challenge is what AuthKit sees of the verifier until it gets the code (PKCE, S256).
func (a attempt) challenge() string {
	sum := sha256.Sum256([]byte(a.verifier()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// exchange trades the code in the answer of AuthKit for the user's session. The error wraps errRefused
// when WorkOS, or a check of what it sent, said no.
func (p *provider) exchange(ctx context.Context, a attempt, answer url.Values) (grant, error) {
	got, err := p.authenticate(ctx, map[string]string{
		"grant_type": "authorization_code", "code": answer.Get("code"), "code_verifier": a.verifier(),
	})
	if errors.Is(err, errEnded) {
		return grant{}, fmt.Errorf("%w the code: %w", errRefused, err)
	}
	if err != nil {
		return grant{}, err
	}
	g, err := p.grant(ctx, got)
	if err != nil && !errors.Is(err, auth.ErrUnavailable) {
		return grant{}, fmt.Errorf("%w: %w", errRefused, err)
	}
	return g, err
}

// renew trades the refresh token, which can be used once, for the session's next tokens. The next refresh
// token comes back even with an error.
func (p *provider) renew(ctx context.Context, _, secret string) (grant, error) {
	session, refreshToken, _ := strings.Cut(secret, " ")
	got, err := p.authenticate(ctx, map[string]string{"grant_type": "refresh_token", "refresh_token": refreshToken})
	if err != nil {
		return grant{}, err
	}
	g, err := p.grant(ctx, got)
	if err != nil && got.RefreshToken != "" {
		g.secret = session + " " + got.RefreshToken
	}
	return g, err
}

// authentication is WorkOS's answer to a code or a refresh token.
type authentication struct {
	User struct {
		ID        string `json:"id"`
		Email     string `json:"email"`
		Verified  bool   `json:"email_verified"`
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
	} `json:"user"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

// grant reads an answer of WorkOS. The access token is checked like any other: it binds the answer to our
// client ID, and says which session it is.
func (p *provider) grant(ctx context.Context, got authentication) (grant, error) {
	id, err := p.verifier.VerifyToken(ctx, got.AccessToken)
	if err != nil {
		return grant{}, fmt.Errorf("access token: %w", err)
	}
	switch {
	case id.Subject != got.User.ID:
		return grant{}, errors.New("the access token is another user's")
	case got.RefreshToken == "":
		return grant{}, errors.New("there is no refresh token")
	}
	g := grant{
		subject: id.Subject,
		actor:   id.Actor,
		name:    strings.TrimSpace(got.User.FirstName + " " + got.User.LastName),
		secret:  id.Session + " " + got.RefreshToken,
		renewAt: id.ExpiresAt.Add(-renewEarly),
		expires: time.Now().Add(sessionTime),
	}
	if got.User.Verified {
		g.email = got.User.Email
	}
	return g, nil
}

// over is how WorkOS says that the user has to sign in again: it does not know the code or the token any more,
// or the user has to prove more than before. Any other error is about this server, or about WorkOS itself.
var over = []string{"invalid_grant", "mfa_enrollment", "sso_required"}

// authenticate calls WorkOS's endpoint of that name. The error wraps errEnded when the user has to sign in
// again.
func (p *provider) authenticate(ctx context.Context, body map[string]string) (authentication, error) {
	body["client_id"], body["client_secret"] = p.cfg.ClientID, string(p.cfg.APIKey)
	data, err := json.Marshal(body)
	if err != nil {
		return authentication{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/user_management/authenticate", bytes.NewReader(data))
	if err != nil {
		return authentication{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.http.Do(req)
	if err != nil {
		return authentication{}, fmt.Errorf("call WorkOS: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		authentication
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer)
	switch {
	case err == nil && res.StatusCode == http.StatusOK:
		return answer.authentication, nil
	case err == nil && slices.Contains(over, answer.Error):
		return authentication{}, fmt.Errorf("%w: %s", errEnded, shorten(answer.Error+": "+answer.Description))
	}
	return authentication{}, fmt.Errorf("call WorkOS: status %d: %s", res.StatusCode, shorten(answer.Error+" "+answer.Description))
}

// logoutURL is the page that ends the session at WorkOS. It leads back to the sign-out redirect that is set
// in the dashboard. Without a session there is none.
func (p *provider) logoutURL(_ context.Context, secret string) string {
	session, _, _ := strings.Cut(secret, " ")
	if session == "" {
		return ""
	}
	return api + "/user_management/sessions/logout?" + url.Values{"session_id": {session}}.Encode()
}
