package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

const (
	// sessionTime is how long a session lasts: as long as the refresh token of InsForge's that it begins with.
	sessionTime = 7 * 24 * time.Hour
	// renewTime is how long InsForge's word stands until it is asked again. A user who is deleted there is out
	// here that much later.
	renewTime = 5 * time.Minute
	maxAnswer = 1 << 20
)

// errRefused is what InsForge says with a session that is not to be believed.
var errRefused = errors.New("refused")

// Config is what sign-in needs to know about the InsForge project.
type Config struct {
	BaseURL string // this server's origin
	URL     string // the project's
	AnonKey env.Secret
	// ClientIPHeader is where the proxy in front says who calls; "" without such a proxy.
	ClientIPHeader string
}

// LoadConfig reads INSFORGE_ANON_KEY, with which users sign up, and CLIENT_IP_HEADER.
func LoadConfig(r *env.Reader, baseURL string, project auth.Config) Config {
	return Config{
		BaseURL: baseURL,
		URL:     project.URL,
		AnonKey: r.Secret("INSFORGE_ANON_KEY", "the project's anon key, which starts with anon_ (a JWT in old projects)",
			env.Matches(`anon_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)),
		ClientIPHeader: loadClientIPHeader(r),
	}
}

// provider signs users in by InsForge's own accounts.
type provider struct {
	cfg      Config
	verifier *auth.Verifier
	http     *http.Client
	tries    *tries
}

func newProvider(cfg Config, verifier *auth.Verifier) *provider {
	return &provider{cfg: cfg, verifier: verifier, tries: newTries(cfg.ClientIPHeader), http: &http.Client{
		Timeout: providerTimeout,
		// Passwords are for the address that was configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// opened is what InsForge answers when it opens a session. The token is "" when it wants the e-mail address
// confirmed first.
type opened struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	Unconfirmed  bool   `json:"requireEmailVerification"`
	User         struct {
		ID       string `json:"id"`
		Email    string `json:"email"`
		Verified bool   `json:"emailVerified"`
		Profile  struct {
			Name string `json:"name"`
		} `json:"profile"`
	} `json:"user"`
}

// confirmedPath is where the link in a mail leads once InsForge has confirmed the address.
const confirmedPath = "/confirmed"

func (p *provider) signIn(ctx context.Context, email, password string) (opened, error) {
	return p.open(ctx, "/api/auth/sessions", map[string]any{"email": email, "password": password})
}

func (p *provider) signUp(ctx context.Context, name, email, password string) (opened, error) {
	return p.open(ctx, "/api/auth/users", map[string]any{
		"name": name, "email": email, "password": password, "redirectTo": p.cfg.BaseURL + confirmedPath,
	})
}

// confirm uses the code of a mail.
func (p *provider) confirm(ctx context.Context, email, code string) (opened, error) {
	return p.open(ctx, "/api/auth/email/verify", map[string]any{"email": email, "otp": code})
}

// mailAgain has InsForge mail a code or a link. It does not say whether there is such an account.
func (p *provider) mailAgain(ctx context.Context, email string) error {
	return p.call(ctx, "/api/auth/email/send-verification", map[string]any{"email": email, "redirectTo": p.cfg.BaseURL + confirmedPath}, nil)
}

// renew asks InsForge whether the session still stands.
func (p *provider) renew(ctx context.Context, _, refreshToken string) (grant, error) {
	answer, err := p.open(ctx, "/api/auth/refresh", map[string]any{"refreshToken": refreshToken})
	if refusal, ok := errors.AsType[*refusal](err); ok && refusal.status == http.StatusUnauthorized && refusal.code == unauthorized {
		return grant{}, fmt.Errorf("%w: %w", errEnded, err)
	}
	if err != nil {
		return grant{}, err
	}
	return p.grant(ctx, answer)
}

// grant is what an answer says about a user. The access token in it is checked like any other. Its failing
// wraps errRefused.
func (p *provider) grant(ctx context.Context, answer opened) (grant, error) {
	id, err := p.verifier.VerifyToken(ctx, answer.AccessToken)
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return grant{}, err
	case err != nil:
		return grant{}, fmt.Errorf("%w: access token: %w", errRefused, err)
	case id.Subject != answer.User.ID:
		return grant{}, fmt.Errorf("%w: the access token is another user's", errRefused)
	case answer.RefreshToken == "":
		return grant{}, fmt.Errorf("%w: there is no refresh token", errRefused)
	}
	g := grant{
		subject: id.Subject,
		name:    answer.User.Profile.Name,
		secret:  answer.RefreshToken,
		renewAt: time.Now().Add(renewTime),
		expires: time.Now().Add(sessionTime),
	}
	if answer.User.Verified { // anybody can claim to have an address
		g.email = answer.User.Email
	}
	return g, nil
}

// unauthorized is InsForge's code for credentials and refresh tokens that are wrong.
const unauthorized = "AUTH_UNAUTHORIZED"

// refusal is an error that InsForge reports.
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string {
	return fmt.Sprintf("InsForge: status %d: %s", e.status, shorten(e.code+": "+e.message))
}

// open calls an endpoint that opens a session. As client_type, server has the refresh token come in the
// answer and not in a cookie.
func (p *provider) open(ctx context.Context, path string, body any) (opened, error) {
	var answer opened
	err := p.call(ctx, path+"?client_type=server", body, &answer)
	if err == nil && answer.AccessToken == "" && !answer.Unconfirmed {
		err = errors.New("InsForge: neither a session nor a step that is missing") // something else in its place
	}
	return answer, err
}

// call posts to an endpoint of InsForge's and reads the answer into result, unless that is nil. An error that
// InsForge reports is a *refusal, except that it is out of order.
func (p *provider) call(ctx context.Context, path string, body, result any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.cfg.URL+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+string(p.cfg.AnonKey))
	req.Header.Set("Content-Type", "application/json")
	res, err := p.http.Do(req)
	if err != nil {
		return fmt.Errorf("call InsForge: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("call InsForge: %w", err)
	}
	if res.StatusCode == http.StatusOK || res.StatusCode == http.StatusAccepted {
		if result == nil {
			result = &struct{}{}
		}
		if err := json.Unmarshal(answer, result); err != nil {
			return fmt.Errorf("call InsForge: %w", err)
		}
		return nil
	}
	var problem struct {
		Code    string `json:"error"`
		Message string `json:"message"`
	}
	err = json.Unmarshal(answer, &problem)
	said := &refusal{res.StatusCode, problem.Code, problem.Message}
	// A mail that could not be sent is reported with 500, too, and says what happened to the account.
	if err != nil || problem.Code == "" || said.status >= http.StatusInternalServerError && said.code != mailFailed {
		return errors.New(said.Error())
	}
	return said
}

// mailFailed is InsForge's code for an account that was made, and a mail that was not sent.
const mailFailed = "AUTH_VERIFICATION_EMAIL_DELIVERY_FAILED"
