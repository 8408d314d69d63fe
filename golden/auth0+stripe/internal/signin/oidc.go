package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"example.com/shop/internal/auth"
)

const (
	// sessionTime is how long a session lasts: a working day.
	sessionTime = 12 * time.Hour
	// renewTime is how long the provider's word stands until it is asked again. Whom it locks out is out
	// here that much later.
	renewTime = 15 * time.Minute
	// maxProviderAnswer is far more than any answer of the provider.
	maxProviderAnswer = 1 << 20
	// maxProviderError is for an answer that is an error. The libraries put all of it into theirs, and so into the
	// log, whatever page a proxy answers with.
	maxProviderError = 4 << 10
)

// provider signs users in by OpenID Connect.
type provider struct {
	cfg  Config
	http *http.Client

	mu         sync.Mutex
	discovered *discovery
}

func newProvider(cfg Config, _ *auth.Verifier) *provider {
	return &provider{cfg: cfg, http: &http.Client{
		Transport: limited{},
		Timeout:   providerTimeout,
		// Secrets and codes are for the address that was configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.handleLogin)
	mux.HandleFunc("GET /auth/callback", s.handleCallback)
	mux.HandleFunc("POST /logout", s.handleLogout)
}

// handleLogin sends the browser to Auth0.
func (s *Service) handleLogin(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	a := s.begin(w, r.URL.Query().Get("return_to"))
	to, err := s.provider.authorizeURL(ctx, a)
	if err != nil {
		s.problem(w, r, http.StatusServiceUnavailable, "Auth0 cannot be reached right now. Please try again in a moment.", err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// nonce ties the ID token to the attempt.
func (a attempt) nonce() string { return a.text("nonce") }

// discover returns what the provider publishes about itself. It is read when it is first needed, so that
// the server starts while the provider is down.
func (p *provider) discover(ctx context.Context) (*discovery, error) {
	p.mu.Lock()
	found := p.discovered
	p.mu.Unlock()
	if found != nil {
		return found, nil
	}
	// What is returned here goes on to read the provider's keys, long after ctx has ended.
	found, err := p.read(oidc.ClientContext(context.WithoutCancel(ctx), p.http))
	if err != nil {
		return nil, fmt.Errorf("read the OpenID configuration: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.discovered = found
	return found, nil
}

func (p *provider) oauth2(found *discovery) *oauth2.Config {
	endpoint := found.Endpoint()
	// Left to find out by itself, the library would try the other style after each failure, with the same
	// code or token, which can be used once.
	endpoint.AuthStyle = found.authStyle
	return &oauth2.Config{
		ClientID:     p.cfg.ClientID,
		ClientSecret: string(p.cfg.ClientSecret),
		Endpoint:     endpoint,
		RedirectURL:  p.cfg.BaseURL + "/auth/callback",
		Scopes:       found.scopes,
	}
}

// authorizeURL is the page on which a signs in.
func (p *provider) authorizeURL(ctx context.Context, a attempt) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth2(found).AuthCodeURL(a.state(), oidc.Nonce(a.nonce()), oauth2.S256ChallengeOption(a.verifier())), nil
}

// exchange trades the code in the provider's answer for an ID token and returns whom it names. The error
// wraps errRefused when the provider, or a check of what it sent, said no.
func (p *provider) exchange(ctx context.Context, a attempt, answer url.Values) (grant, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return grant{}, err
	}
	// Another provider's answer must not be taken for this one's (RFC 9207).
	if iss := answer.Get("iss"); iss != p.cfg.issuer() && (found.namesIssuer || iss != "") {
		return grant{}, fmt.Errorf("%w: the answer comes from %.100q", errRefused, iss)
	}
	ctx = oidc.ClientContext(ctx, p.http)
	tokens, err := p.oauth2(found).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.verifier()))
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refusal.ErrorCode == invalidGrant {
		return grant{}, fmt.Errorf("%w the code: %s", errRefused, shorten(refusal.ErrorDescription))
	}
	if err != nil {
		return grant{}, fmt.Errorf("exchange the code: %w", err)
	}
	token, err := p.idToken(ctx, found, tokens)
	if err != nil {
		return grant{}, err
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.nonce())) != 1 {
		return grant{}, fmt.Errorf("%w: the ID token is another sign-in's", errRefused)
	}
	g := grant{subject: token.Subject, secret: keep(tokens.RefreshToken, rawIDToken(tokens)), expires: time.Now().Add(sessionTime)}
	if tokens.RefreshToken != "" {
		g.renewAt = time.Now().Add(renewTime)
	}
	var claims struct {
		Name     string `json:"name"`
		Email    string `json:"email"`
		Verified any    `json:"email_verified"` // some providers say it in a string
	}
	if err := token.Claims(&claims); err != nil {
		return grant{}, fmt.Errorf("%w: ID token: %w", errRefused, err)
	}
	g.name = claims.Name
	if claims.Verified == true || claims.Verified == "true" { // anybody can claim to have an address
		g.email = claims.Email
	}
	return g, nil
}

// rawIDToken is the ID token that came with others, "" without one.
func rawIDToken(tokens *oauth2.Token) string {
	raw, _ := tokens.Extra("id_token").(string)
	return raw
}

// idToken returns the ID token that came with others, checked. The error wraps errRefused, except where
// the provider's keys could not be read.
func (p *provider) idToken(ctx context.Context, found *discovery, tokens *oauth2.Token) (*oidc.IDToken, error) {
	raw := rawIDToken(tokens)
	if raw == "" {
		return nil, fmt.Errorf("%w: there is no ID token", errRefused)
	}
	keys := &watchedKeys{KeySet: found.keys}
	verifier := oidc.NewVerifier(p.cfg.issuer(), keys, &oidc.Config{ClientID: p.cfg.ClientID, SupportedSigningAlgs: found.algorithms})
	token, err := verifier.Verify(ctx, raw)
	switch {
	case keys.unread != nil:
		return nil, fmt.Errorf("ID token: %w", keys.unread)
	case err != nil:
		return nil, fmt.Errorf("%w: ID token: %w", errRefused, err)
	case !auth.IsUser(token.Subject):
		return nil, fmt.Errorf("%w: the ID token names no user", errRefused)
	}
	return token, nil
}

// watchedKeys notices when the keys cannot be read. The verifier's own error does not tell that from a
// signature that is wrong.
type watchedKeys struct {
	oidc.KeySet
	unread error
}

func (k *watchedKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if err != nil && strings.HasPrefix(err.Error(), "fetching keys") {
		k.unread = err
	}
	return payload, err
}

// invalidGrant is how a provider refuses a code or a refresh token. Any other error is about this server, or
// about the provider itself.
const invalidGrant = "invalid_grant"

// renew asks the provider whether the user's session still stands, with the refresh token. Some providers
// take each of them once: the next one comes back even with an error.
func (p *provider) renew(ctx context.Context, subject, secret string) (grant, error) {
	refreshToken, idToken := kept(secret)
	found, err := p.discover(ctx)
	if err != nil {
		return grant{}, err
	}
	ctx = oidc.ClientContext(ctx, p.http)
	tokens, err := p.oauth2(found).TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refusal.ErrorCode == invalidGrant {
		return grant{}, fmt.Errorf("%w: %s", errEnded, shorten(refusal.ErrorDescription))
	}
	if err != nil {
		return grant{}, fmt.Errorf("use the refresh token: %w", err)
	}
	g := grant{subject: subject, secret: keep(tokens.RefreshToken, idToken), renewAt: time.Now().Add(renewTime)}
	// A new ID token may come along. It must be the same user's.
	if raw := rawIDToken(tokens); raw != "" {
		token, err := p.idToken(ctx, found, tokens)
		if err != nil {
			return g, err
		}
		g.subject, g.secret = token.Subject, keep(tokens.RefreshToken, raw)
	}
	return g, nil
}

// limited cuts off what a provider would send beyond all measure.
type limited struct{}

func (limited) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	limit := int64(maxProviderAnswer)
	if answer.StatusCode >= http.StatusBadRequest {
		limit = maxProviderError
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, limit), answer.Body}
	return answer, nil
}
