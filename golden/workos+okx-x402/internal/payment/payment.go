// Package payment sells parts of the API. This file lists the ways to pay; each
// lives in a package of its own.
package payment

import (
	"context"
	"log/slog"
	"net/http"

	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/payment/goods"
	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/okx"
)

// ReportPrice is what one report costs, in US dollars.
const ReportPrice = "0.01"

// Config is everything payments read from the environment.
type Config struct {
	Journal string // the folder for settlements that could not be recorded

	Operators Operators // who may read the ledger

	Okx okx.Config
}

// LoadConfig reads the configuration of every way to pay. Problems go to r.
func LoadConfig(r *env.Reader) Config {
	cfg := Config{Journal: r.Optional("PAYMENT_JOURNAL", "payments.journal", "the path of a folder", func(string) bool { return true })}
	cfg.Operators = loadOperators(r)
	cfg.Okx = okx.LoadConfig(r)
	return cfg
}

// Service is the server's side of every payment.
type Service struct {
	ledger  *ledger.Ledger
	feed    *ledger.Feed
	journal *ledger.Journal
	log     *slog.Logger

	operators Operators

	okx *okx.Paywall
}

// New prepares all ways to pay without doing any I/O.
func New(cfg Config, db *insforge.Client, log *slog.Logger) *Service {
	s := &Service{
		ledger:  ledger.New(db),
		journal: ledger.NewJournal(cfg.Journal),
		log:     log,
	}
	s.feed = ledger.NewFeed(s.ledger.Version, log)
	s.operators = cfg.Operators
	s.okx = okx.New(cfg.Okx, s.ledger, s.journal, log)
	return s
}

// Product is one route that is sold.
type Product = goods.Product

// Sell adds a route to mux that answers only requests that are paid for. Like
// mux.Handle, it panics when the route or the price is wrong.
func (s *Service) Sell(mux *http.ServeMux, p Product, handler http.Handler) {
	s.okx.Sell(mux, p, handler)
}

// Ready says whether payments can be taken now.
func (s *Service) Ready(ctx context.Context) error {
	if err := s.okx.Ready(ctx); err != nil {
		return err
	}
	return nil
}

// reconcilers look how open payments ended, one for each way to pay.
func (s *Service) reconcilers() []reconciler {
	return []reconciler{
		s.okx.Reconcile,
	}
}

// Ledger is where all payments are recorded.
func (s *Service) Ledger() *ledger.Ledger {
	return s.ledger
}

// Feed tells of changes of the ledger, from Start on.
func (s *Service) Feed() *ledger.Feed {
	return s.feed
}

// Asset says how people call an asset that was paid in, and how many decimal
// places its amounts have. It is not ok if no way to pay knows the asset.
func (s *Service) Asset(network, address string) (symbol string, decimals int, ok bool) {
	if symbol, decimals, ok = s.okx.Asset(network, address); ok {
		return symbol, decimals, true
	}
	return "", 0, false
}
