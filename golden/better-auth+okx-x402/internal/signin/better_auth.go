// Package signin signs users in with a browser. The sessions are those of the Better Auth server.
package signin

import (
	"log/slog"
	"net/http"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/page"
)

// Config is what sign-in needs to know.
type Config struct {
	BaseURL string // this server's origin
}

// LoadConfig returns the settings of sign-in.
func LoadConfig(_ *env.Reader, baseURL string, _ auth.Config) Config { return Config{BaseURL: baseURL} }

// Service is sign-in with a browser.
type Service struct{ verifier *auth.Verifier }

// New returns the Service for cfg.
func New(_ Config, verifier *auth.Verifier, _ *insforge.Client, _ *slog.Logger) *Service {
	return &Service{verifier}
}

// Verify returns whose session the cookie of r opens. The error wraps one of package auth's.
func (s *Service) Verify(r *http.Request) (auth.Identity, error) { return s.verifier.Verify(r) }

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		page.WriteMessage(w, http.StatusOK, "Sign in", "Sign in on the pages of the Better Auth server, then come back.",
			page.Link{Text: "Back", To: returnPath("")})
	})
}

// Forget does nothing: the cookie of a session that has ended opens nothing.
func (s *Service) Forget(http.ResponseWriter, *http.Request) {}
