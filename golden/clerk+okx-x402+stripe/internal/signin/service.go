// Package signin signs users in with a browser. The provider says who they are; from then on a session of
// this server's own stands for it, which a random number in a cookie opens.
package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/page"
)

const (
	// renewWait is how long a request waits while another one asks the provider about the session.
	renewWait  = 5 * time.Second
	renewPause = 200 * time.Millisecond
	// providerTimeout bounds one conversation with the provider.
	providerTimeout = 10 * time.Second
	// storeTimeout bounds what is done with the answer. Together they last as long as a lease.
	storeTimeout = 5 * time.Second
)

// errEnded is what the provider says about a session that is over.
var errEnded = errors.New("the session has ended at the provider")

// grant is what the provider says about a user who has signed in.
type grant struct {
	subject     string
	actor       string    // who signed in as the user, such as somebody of support; "" is the user
	name, email string    // "" when it does not say; an email only when it has verified it
	secret      string    // what it takes to ask again, or to sign out there
	renewAt     time.Time // when to ask again; zero means never
	expires     time.Time // when the session ends in any case
}

func (g grant) renewTime() *time.Time {
	if g.renewAt.IsZero() {
		return nil
	}
	return &g.renewAt
}

// Service is sign-in with a browser.
type Service struct {
	provider *provider
	verifier *auth.Verifier
	sessions store
	cookies  cookies
	log      *slog.Logger
	now      func() time.Time
}

// New returns the Service for cfg. It does no I/O.
func New(cfg Config, verifier *auth.Verifier, db *insforge.Client, log *slog.Logger) *Service {
	return &Service{
		provider: newProvider(cfg, verifier),
		verifier: verifier,
		sessions: store{db},
		cookies:  cookies{secure: strings.HasPrefix(cfg.BaseURL, "https://")},
		log:      log,
		now:      time.Now,
	}
}

// Verify returns who sent r: whom its Authorization header names if it has one, and otherwise whose
// session its cookie opens. The error wraps one of package auth's.
func (s *Service) Verify(r *http.Request) (auth.Identity, error) {
	if len(r.Header.Values("Authorization")) > 0 {
		return s.verifier.Verify(r)
	}
	k, ok := s.cookies.session(r)
	if !ok {
		return auth.Identity{}, auth.ErrNoCredential
	}
	if !fromBrowser(r) {
		return auth.Identity{}, errNowhere
	}
	return s.resume(r.Context(), k)
}

// resume returns whose session k opens, after asking the provider when that is due.
func (s *Service) resume(ctx context.Context, k key) (auth.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, renewWait+providerTimeout)
	defer cancel()
	for giveUp := s.now().Add(renewWait); ; {
		found, ok, err := s.sessions.find(ctx, k)
		switch {
		case err != nil:
			return auth.Identity{}, fmt.Errorf("%w: %w", auth.ErrUnavailable, err)
		case !ok:
			return auth.Identity{}, fmt.Errorf("%w: there is no such session", auth.ErrInvalid)
		case !s.now().Before(found.ExpiresAt):
			return auth.Identity{}, fmt.Errorf("%w: the session has expired", auth.ErrInvalid)
		case found.RenewAt == nil, s.now().Before(*found.RenewAt):
			return auth.Identity{Subject: found.Subject, ExpiresAt: found.ExpiresAt}, nil
		}
		// A caller that hangs up must not leave a lease that nobody makes use of.
		mine, err := s.sessions.lease(context.WithoutCancel(ctx), k, *found.RenewAt)
		if err != nil {
			return auth.Identity{}, fmt.Errorf("%w: lease session: %w", auth.ErrUnavailable, err)
		}
		if mine {
			return s.renew(ctx, k, found)
		}
		// Another request is asking. What it learns holds for this one too.
		if !s.now().Before(giveUp) {
			return auth.Identity{}, fmt.Errorf("%w: another request is still asking the provider about the session", auth.ErrUnavailable)
		}
		select {
		case <-ctx.Done():
			return auth.Identity{}, fmt.Errorf("%w: %w", auth.ErrUnavailable, ctx.Err())
		case <-time.After(renewPause):
		}
	}
}

// renew asks the provider about a session that this request has leased.
func (s *Service) renew(ctx context.Context, k key, found session) (auth.Identity, error) {
	// Nor must it lose what the provider hands out only once.
	ctx = context.WithoutCancel(ctx)
	secret, err := k.unseal(found.Sealed)
	if err != nil {
		return auth.Identity{}, errors.Join(fmt.Errorf("%w: %w", auth.ErrInvalid, err), s.sessions.end(ctx, k))
	}
	asking, cancel := context.WithTimeout(ctx, providerTimeout)
	g, err := s.provider.renew(asking, found.Subject, secret)
	cancel()
	// A provider that let the time run out leaves some for this.
	ctx, cancel = context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	switch {
	case errors.Is(err, errEnded):
		return auth.Identity{}, errors.Join(fmt.Errorf("%w: %w", auth.ErrInvalid, err), s.sessions.end(ctx, k))
	case err != nil:
		return auth.Identity{}, errors.Join(fmt.Errorf("%w: ask the provider about the session: %w", auth.ErrUnavailable, err), s.sessions.release(ctx, k, g.secret))
	case g.subject != found.Subject:
		err := fmt.Errorf("%w: the provider says that the session is somebody else's", auth.ErrInvalid)
		return auth.Identity{}, errors.Join(err, s.sessions.end(ctx, k))
	}
	if err := s.sessions.renew(ctx, k, g); err != nil {
		return auth.Identity{}, fmt.Errorf("%w: renew session: %w", auth.ErrUnavailable, err)
	}
	return auth.Identity{Subject: found.Subject, ExpiresAt: found.ExpiresAt}, nil
}

// enter starts the session of a user whom the provider has let in, with a number of its own: one that
// somebody planted in the browser before opens nothing. The session the browser had ends.
func (s *Service) enter(w http.ResponseWriter, r *http.Request, g grant) error {
	replaces := ""
	if old, ok := s.cookies.session(r); ok {
		replaces = old.id()
	}
	k := newKey()
	if err := s.sessions.begin(r.Context(), k, replaces, g); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	s.cookies.setSession(w, k, g.expires)
	if g.actor != "" {
		s.log.WarnContext(r.Context(), "somebody signed in as a user", "subject", g.subject, "actor", g.actor)
		return nil
	}
	s.log.InfoContext(r.Context(), "signed in", "subject", g.subject)
	return nil
}

// Forget makes a browser forget a session that has ended.
func (s *Service) Forget(w http.ResponseWriter, _ *http.Request) { s.cookies.clearSession(w) }

// leave ends the session of the browser here, and returns what it takes to end it at the provider too. A
// false result means that the answer has been written.
func (s *Service) leave(w http.ResponseWriter, r *http.Request) (secret string, ok bool) {
	k, ok := s.cookies.session(r)
	if !ok {
		return "", true
	}
	found, _, err := s.sessions.find(r.Context(), k)
	if err == nil {
		err = s.sessions.end(r.Context(), k)
	}
	if err != nil {
		// The cookie stays: without it nobody could end the session any more.
		s.log.ErrorContext(r.Context(), "sign out", "error", err)
		page.WriteMessage(w, http.StatusServiceUnavailable, "You are still signed in",
			"Signing out did not work just now. Please try again in a moment.", page.Link{Text: "Back", To: home})
		return "", false
	}
	s.cookies.clearSession(w)
	if secret, err = k.unseal(found.Sealed); err != nil {
		s.log.WarnContext(r.Context(), "sign out", "error", err)
	}
	return secret, true
}

// problem answers for a sign-in that failed, with words for people. The reason goes to the log.
func (s *Service) problem(w http.ResponseWriter, r *http.Request, status int, text string, reason error) {
	s.log.WarnContext(r.Context(), "sign-in failed", "status", status, "error", reason)
	page.WriteMessage(w, status, "Signing in did not work", text, page.Link{Text: "Try again", To: "/login"})
}

// shorten makes what came from outside fit for the log.
func shorten(s string) string {
	const longest = 300
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
