// Package checkout sells to signed-in users, on the checkout pages of payment
// providers. This file lists the providers; each lives in a package of its own.
package checkout

import (
	"context"
	"log/slog"
	"net/http"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/checkout/stripe"
	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
)

// Config is everything that checkout reads from the environment.
type Config struct {
	Stripe stripe.Config
}

// LoadConfig reads the configuration of every provider. Buyers come back from its
// pages to baseURL. Problems go to r.
func LoadConfig(r *env.Reader, baseURL string) Config {
	var cfg Config
	cfg.Stripe = stripe.LoadConfig(r, baseURL)
	return cfg
}

// Service is the server's side of every checkout.
type Service struct {
	stripe *stripe.Checkout
}

// New prepares every provider without doing any I/O. The minter's tokens are what
// InsForge knows a buyer by.
func New(cfg Config, db *insforge.Client, minter *auth.Minter, log *slog.Logger) *Service {
	return &Service{
		stripe: stripe.New(cfg.Stripe, db, minter, log),
	}
}

// Routes adds what signed-in users buy with: behind signedIn for programs, behind
// visitor for people.
func (s *Service) Routes(mux *http.ServeMux, signedIn, visitor func(http.Handler) http.Handler) {
	s.stripe.Routes(mux, signedIn, visitor)
}

// Leaving stands before what deletes a user, behind who they are, and keeps those from it who would go on being
// charged.
func (s *Service) Leaving(next http.Handler) http.Handler {
	next = s.stripe.Leaving(next)
	return next
}

// Start begins what the providers do by themselves, now and for as long as ctx
// lasts: to look for purchases that were missed. Stop ends that earlier, and waits
// for it.
func (s *Service) Start(ctx context.Context) (stop func()) {
	stops := []func(){
		s.stripe.Start(ctx),
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// MayUse says whether a user has bought a product, by its name in the
// configuration, and may use it now. The credential is the user's.
func (s *Service) MayUse(ctx context.Context, as insforge.Credential, product string) (bool, error) {
	for _, mayUse := range []func(context.Context, insforge.Credential, string) (bool, error){
		s.stripe.MayUse,
	} {
		if ok, err := mayUse(ctx, as, product); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
