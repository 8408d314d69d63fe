package okx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"example.com/shop/internal/payment/goods"
	"example.com/shop/internal/payment/ledger"
)

const (
	statusPath     = "/v1/payments/status/" // followed by a claim
	maxRequest     = 1 << 20
	handlerTimeout = 15 * time.Second
)

// accounts is the ledger, as far as a paywall works with it: *ledger.Ledger.
type accounts interface {
	Claim(ctx context.Context, a ledger.Authorization) (ledger.Claim, error)
	Find(ctx context.Context, network, asset, payer, nonce string) (ledger.Attempt, error)
	Verified(ctx context.Context, claim string) error
	Settling(ctx context.Context, claim, settlement, answer string) error
	Settled(ctx context.Context, claim, transaction string) error
	Failed(ctx context.Context, claim, reason string) error
	Unknown(ctx context.Context, claim, transaction, reason string) error
	Release(ctx context.Context, claim string) error
	Lease(ctx context.Context, facilitator string, limit int, atOnce bool) ([]ledger.Open, error)
	Note(ctx context.Context, claim, transaction, reason string) error
}

// Paywall answers 402 until a request is paid for.
type Paywall struct {
	cfg         Config
	ledger      accounts
	journal     *ledger.Journal
	facilitator facilitator
	chain       *chain // nil: the facilitator is believed
	log         *slog.Logger
	now         func() time.Time
	ready       atomic.Bool
}

// New prepares the paywall without doing any I/O.
func New(cfg Config, l accounts, journal *ledger.Journal, log *slog.Logger) *Paywall {
	p := &Paywall{cfg: cfg, ledger: l, journal: journal, log: log, now: time.Now}
	if cfg.Mock {
		p.facilitator = mock{}
		log.Warn("payments are mocked: signatures are checked, but no money moves")
		return p
	}
	p.facilitator = newClient(cfg)
	if cfg.Node != "" {
		p.chain = newChain(string(cfg.Node))
	}
	return p
}

// Sell adds a route to mux that answers 402 until it is paid for. The paywall is
// part of the pattern's own handler, so no spelling of a path reaches next without
// it. Like mux.Handle, Sell panics when the route, the price or an asset is wrong.
func (p *Paywall) Sell(mux *http.ServeMux, sold goods.Product, next http.Handler) {
	item, err := newProduct(p.cfg, sold)
	if err != nil {
		panic("okx: " + err.Error())
	}
	mux.Handle(sold.Route, p.require(item, next))
	if sold.Example != "" && item.method != http.MethodGet {
		_, path, _ := strings.Cut(sold.Route, " ")
		mux.Handle("GET "+path, item.open())
	}
}

// Ready reports whether OKX supports what is offered, and whether the node, where
// there is one, is of the same network. Good news is remembered.
func (p *Paywall) Ready(ctx context.Context) error {
	if p.ready.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if err := p.facilitator.ready(ctx, p.network()); err != nil {
		return err
	}
	if p.chain != nil {
		if err := p.chain.ready(ctx, p.cfg.assets[0].chainID); err != nil {
			return err
		}
	}
	p.ready.Store(true)
	return nil
}

// network is where payments are made.
func (p *Paywall) network() string { return p.cfg.assets[0].network }

// require sells what next answers.
//
// A payment is claimed in the ledger before anything else is done with it, the
// answer is held back until the payment is settled and recorded, and from the
// claim on the client's patience no longer matters: all of it runs detached from
// the request's context, under deadlines of its own.
func (p *Paywall) require(item *product, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payment, err := readProof(r.Header, item.compat)
		switch {
		case errors.Is(err, errNoPayment), r.Method == http.MethodHead: // which buys nothing
			item.demandUnpaid(w, r)
			return
		case errors.Is(err, errHeaderLarge):
			writeError(w, http.StatusRequestHeaderFieldsTooLarge, "payment_header_too_large", err.Error())
			return
		case err != nil:
			writeError(w, http.StatusBadRequest, "invalid_payment", err.Error())
			return
		}
		o := item.offerFor(payment)
		reason := o.refusal(payment, p.now())
		if reason != "" && !o.genuine(payment) {
			demand(w, item.challenge(reason), "The payment was refused: "+reason)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			writeError(w, http.StatusRequestEntityTooLarge, "body_too_large", "The body is too long or incomplete; nothing was charged.")
			return
		}
		s := &sale{
			Paywall:     p,
			ctx:         context.WithoutCancel(r.Context()),
			product:     item,
			offer:       o,
			proof:       payment,
			fingerprint: fingerprint(r, body, strings.ToLower(payment.signatureHex[2:])),
		}
		if reason != "" {
			s.refuse(w, reason)
			return
		}
		s.serve(w, r, body, next)
	})
}

// fingerprint tells requests apart: one payment is for one of them. The
// signature is part of it, because that of a contract wallet has not been checked
// when the ledger is asked for what it bought.
func fingerprint(r *http.Request, body []byte, signature string) string {
	line := r.Method + " " + r.URL.RequestURI()
	text := make([]byte, 0, len(line)+len(signature)+len(body)+2)
	text = append(append(text, line...), '\n')
	text = append(append(text, signature...), '\n')
	sum := sha256.Sum256(append(text, body...))
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

// replay returns r with its body to be read from the start, under a deadline.
func replay(r *http.Request, body []byte) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(r.Context(), handlerTimeout)
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r, cancel
}
