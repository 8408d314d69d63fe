package signin

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/page"
)

const (
	// sessionTime is how long a session lasts, here and at Stytch.
	sessionTime = 7 * 24 * time.Hour
	// renewTime is how long Stytch's word stands until it is asked again: as long as its own session JWTs.
	// A session that is revoked at Stytch ends here that much later.
	renewTime = 5 * time.Minute
	maxAnswer = 1 << 20
)

// errRefused is what Stytch says about a link that is used up, too old, or none of its own.
var errRefused = errors.New("refused by Stytch")

// Config is what sign-in needs to know about the Stytch project.
type Config struct {
	BaseURL   string // this server's origin
	ProjectID string
	APIURL    string
	Secret    env.Secret
	// ClientIPHeader is where the proxy in front says who calls; "" without such a proxy.
	ClientIPHeader string
}

// LoadConfig reads STYTCH_SECRET and CLIENT_IP_HEADER.
func LoadConfig(r *env.Reader, baseURL string, project auth.Config) Config {
	secret := r.Secret("STYTCH_SECRET", "the project's secret, which starts with secret-test- or secret-live-",
		env.Matches(`secret-(test|live)-[A-Za-z0-9_-]{16,}=?`))
	if secret != "" && strings.HasPrefix(string(secret), "secret-live-") != strings.HasPrefix(project.ProjectID, "project-live-") {
		r.Problem("STYTCH_SECRET", "belongs to another environment than STYTCH_PROJECT_ID: one is test, the other live")
	}
	return Config{
		BaseURL:        baseURL,
		ProjectID:      project.ProjectID,
		APIURL:         project.APIURL,
		Secret:         secret,
		ClientIPHeader: loadClientIPHeader(r),
	}
}

// provider signs users in by a link that Stytch mails to them.
type provider struct {
	cfg      Config
	verifier *auth.Verifier
	http     *http.Client
	tries    *tries
}

func newProvider(cfg Config, verifier *auth.Verifier) *provider {
	return &provider{cfg: cfg, verifier: verifier, tries: newTries(cfg.ClientIPHeader), http: &http.Client{
		Timeout: providerTimeout,
		// The secret is for the address it was made for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var (
	//go:embed login.html
	loginHTML string
	//go:embed authenticate.html
	authenticateHTML string

	loginPage        = page.New(loginHTML)
	authenticatePage = page.New(authenticateHTML)
)

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.handleLoginPage)
	mux.HandleFunc("POST /login", s.handleSendLink)
	mux.HandleFunc("GET /authenticate", s.handleLinkPage)
	mux.HandleFunc("POST /authenticate", s.handleLink)
	mux.HandleFunc("POST /logout", s.handleLogout)
}

type loginView struct{ ReturnTo, Email, Problem string }

func (s *Service) handleLoginPage(w http.ResponseWriter, r *http.Request) {
	loginPage.Write(w, http.StatusOK, loginView{ReturnTo: returnPath(r.URL.Query().Get("return_to"))})
}

// handleSendLink has Stytch mail the link. The answer is the same whether or not the address has an
// account.
func (s *Service) handleSendLink(w http.ResponseWriter, r *http.Request) {
	view := loginView{ReturnTo: returnPath(r.PostFormValue("return_to")), Email: strings.TrimSpace(r.PostFormValue("email"))}
	address, err := mail.ParseAddress(view.Email)
	if err != nil || address.Address != view.Email || len(view.Email) > 320 {
		view.Problem = "Please enter an e-mail address, such as ada@example.com."
		loginPage.Write(w, http.StatusUnprocessableEntity, view)
		return
	}
	// Nobody's mailbox is filled by way of this form.
	if !s.provider.tries.try(w, r, view.Email) {
		view.Problem = tooMany
		loginPage.Write(w, http.StatusTooManyRequests, view)
		return
	}
	back := s.provider.cfg.BaseURL + "/authenticate"
	err = s.provider.call(r.Context(), "/v1/magic_links/email/login_or_create", map[string]any{
		"email":                     view.Email,
		"login_magic_link_url":      back,
		"signup_magic_link_url":     back,
		"login_expiration_minutes":  int(attemptTime.Minutes()),
		"signup_expiration_minutes": int(attemptTime.Minutes()),
	}, nil)
	if refusal, ok := errors.AsType[*refusal](err); ok && refusal.kind == "invalid_email" {
		view.Problem = "This address cannot receive mail. Is it spelled right?"
		loginPage.Write(w, http.StatusUnprocessableEntity, view)
		return
	}
	if err != nil {
		s.provider.tries.forgive(r, view.Email)
		s.problem(w, r, http.StatusServiceUnavailable, "The mail could not be sent. Please try again in a moment.", err)
		return
	}
	s.begin(w, view.ReturnTo)
	page.WriteMessage(w, http.StatusOK, "Look into your mail",
		"We have sent a link to "+view.Email+". It works once, for "+fmt.Sprint(attemptTime.Minutes())+" minutes.")
}

// handleLinkPage is where the link in the mail leads. It only shows a button: programs that look through
// mail open links too, and would use up this one.
func (s *Service) handleLinkPage(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if token == "" || r.URL.Query().Get("stytch_token_type") != "magic_links" {
		s.problem(w, r, http.StatusBadRequest, "This is not a link to sign in with. Please ask for a new one.", errors.New("no magic link in the address"))
		return
	}
	_, here := s.attempt(r)
	authenticatePage.Write(w, http.StatusOK, struct {
		Token string
		Here  bool // the link was asked for in this browser
	}{token, here})
}

// handleLink trades the token of a link for a session.
func (s *Service) handleLink(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	g, err := s.provider.authenticate(ctx, "/v1/magic_links/authenticate", map[string]any{
		"token":                    r.PostFormValue("token"),
		"session_duration_minutes": int(sessionTime.Minutes()),
	})
	switch refusal, refused := errors.AsType[*refusal](err); {
	case refused && refusal.status < http.StatusInternalServerError || errors.Is(err, errRefused):
		// A second click comes when the first has signed the user in. That session stands.
		if _, err := s.Verify(r); err == nil {
			http.Redirect(w, r, home, http.StatusSeeOther)
			return
		}
		s.problem(w, r, http.StatusUnauthorized, "This link has been used, or is too old. Please ask for a new one.", err)
		return
	case err != nil:
		s.problem(w, r, http.StatusServiceUnavailable, "Stytch cannot be reached right now. Please open the link again in a moment.", err)
		return
	}
	s.provider.tries.forgive(r, g.email) // the mail was wanted
	to := home
	if a, ok := s.attempt(r); ok {
		to = a.returnTo
	}
	if err := s.enter(w, r, g); err != nil {
		s.problem(w, r, http.StatusServiceUnavailable, "Your sign-in could not be kept. Please ask for a new link.", err)
		return
	}
	s.cookies.clear(w, attemptCookie)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// renew asks Stytch whether the session still stands.
func (p *provider) renew(ctx context.Context, _, secret string) (grant, error) {
	g, err := p.authenticate(ctx, "/v1/sessions/authenticate", map[string]any{"session_token": secret})
	if refusal, ok := errors.AsType[*refusal](err); ok && refusal.kind == "session_not_found" {
		return grant{}, fmt.Errorf("%w: %w", errEnded, err)
	}
	return g, err
}

// handleLogout ends the session, here and at Stytch. That it did not end there is for the log: nobody else
// has what opens it.
func (s *Service) handleLogout(w http.ResponseWriter, r *http.Request) {
	secret, ok := s.leave(w, r)
	if !ok {
		return
	}
	if secret != "" {
		ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
		defer cancel()
		if err := s.provider.call(ctx, "/v1/sessions/revoke", map[string]any{"session_token": secret}, nil); err != nil {
			s.log.WarnContext(ctx, "sign out at the provider", "error", err)
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// authenticate calls one of Stytch's endpoints that answer with a session, and returns whose it is. The
// session JWT in the answer is checked like any other. Its failing wraps errRefused.
func (p *provider) authenticate(ctx context.Context, path string, body any) (grant, error) {
	var answer struct {
		SessionToken string `json:"session_token"`
		SessionJWT   string `json:"session_jwt"`
		User         struct {
			ID   string `json:"user_id"`
			Name struct {
				First string `json:"first_name"`
				Last  string `json:"last_name"`
			} `json:"name"`
			Emails []struct {
				Email    string `json:"email"`
				Verified bool   `json:"verified"`
			} `json:"emails"`
		} `json:"user"`
	}
	if err := p.call(ctx, path, body, &answer); err != nil {
		return grant{}, err
	}
	id, err := p.verifier.VerifyToken(ctx, answer.SessionJWT)
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return grant{}, err
	case err != nil:
		return grant{}, fmt.Errorf("%w: session JWT: %w", errRefused, err)
	case id.Subject != answer.User.ID:
		return grant{}, fmt.Errorf("%w: the session JWT is another user's", errRefused)
	}
	g := grant{
		subject: id.Subject,
		name:    strings.TrimSpace(answer.User.Name.First + " " + answer.User.Name.Last),
		secret:  answer.SessionToken,
		renewAt: time.Now().Add(renewTime),
		expires: time.Now().Add(sessionTime),
	}
	for _, e := range answer.User.Emails {
		if e.Verified {
			g.email = e.Email
			break
		}
	}
	return g, nil
}

// refusal is an error that Stytch reports.
type refusal struct {
	status        int
	kind, message string
}

func (e *refusal) Error() string {
	return fmt.Sprintf("Stytch: status %d: %s", e.status, shorten(e.kind+": "+e.message))
}

// call posts to an endpoint of Stytch's and reads the answer into result, unless that is nil. An error that
// Stytch reports is a *refusal, except that our own credentials are wrong or that it is busy.
func (p *provider) call(ctx context.Context, path string, body, result any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.cfg.APIURL+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.SetBasicAuth(p.cfg.ProjectID, string(p.cfg.Secret))
	req.Header.Set("Content-Type", "application/json")
	res, err := p.http.Do(req)
	if err != nil {
		return fmt.Errorf("call Stytch: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("call Stytch: %w", err)
	}
	if res.StatusCode == http.StatusOK {
		if result == nil {
			result = &struct{}{} // something else than Stytch may answer, with a page
		}
		if err := json.Unmarshal(answer, result); err != nil {
			return fmt.Errorf("call Stytch: %w", err)
		}
		return nil
	}
	var problem struct {
		Kind    string `json:"error_type"`
		Message string `json:"error_message"`
	}
	err = json.Unmarshal(answer, &problem)
	said := &refusal{res.StatusCode, problem.Kind, problem.Message}
	if err != nil || problem.Kind == "" || problem.Kind == "unauthorized_credentials" || res.StatusCode == http.StatusTooManyRequests {
		return errors.New(said.Error()) // it says nothing about the session
	}
	return said
}
