package okx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"example.com/shop/internal/payment/ledger"
)

const (
	reportPath     = "/v1/report"
	statusPath     = "/v1/payments/status/" // followed by a claim
	maxRequest     = 1 << 20
	handlerTimeout = 15 * time.Second
	ledgerTimeout  = 5 * time.Second
)

// Paywall answers 402 until a request is paid for.
type Paywall struct {
	report      offer
	publicURL   string
	ledger      *ledger.Ledger
	journal     *ledger.Journal
	facilitator facilitator
	chain       *chain // nil: the facilitator is believed
	log         *slog.Logger
	now         func() time.Time
	ready       atomic.Bool
}

// New prepares the offers without doing any I/O. An error means that the price
// or the asset is wrong.
func New(cfg Config, l *ledger.Ledger, journal *ledger.Journal, log *slog.Logger) (*Paywall, error) {
	report, err := newOffer(usdg, price, cfg.Recipient, resource{
		URL:         cfg.PublicURL + reportPath,
		Description: "A report about a text: characters, words, sentences and reading time",
		MimeType:    "application/json",
	})
	if err != nil {
		return nil, fmt.Errorf("okx: %w", err)
	}
	report.contracts = cfg.Contracts
	p := &Paywall{report: report, publicURL: cfg.PublicURL, ledger: l, journal: journal, log: log, now: time.Now}
	if cfg.Mock {
		p.facilitator = mock{}
		log.Warn("payments are mocked: signatures are checked, but no money moves")
	} else {
		p.facilitator = newClient(cfg)
		if cfg.Node != "" {
			p.chain = newChain(string(cfg.Node))
		}
	}
	return p, nil
}

// Routes adds the paid routes to mux. The paywall is part of the pattern's own
// handler, so no spelling of a path reaches what is sold without it.
func (p *Paywall) Routes(mux *http.ServeMux, report http.Handler) {
	mux.Handle("POST "+reportPath, p.require(p.report, report))
}

// Ready reports whether OKX supports what is offered. Good news is remembered.
func (p *Paywall) Ready(ctx context.Context) error {
	if p.ready.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if err := p.facilitator.ready(ctx); err != nil {
		return err
	}
	p.ready.Store(true)
	return nil
}

// require sells what next answers for the price of o.
//
// A payment is claimed in the ledger before anything else is done with it, the
// answer is held back until the payment is settled and recorded, and from the
// claim on the client's patience no longer matters: all of it runs detached from
// the request's context, under deadlines of its own.
func (p *Paywall) require(o offer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payment, err := readProof(r.Header)
		switch {
		case errors.Is(err, errNoPayment):
			demand(w, o.unpaid, "This costs "+price+" USDG. See the PAYMENT-REQUIRED header.")
			return
		case errors.Is(err, errHeaderLarge):
			writeError(w, http.StatusRequestHeaderFieldsTooLarge, "payment_header_too_large", err.Error())
			return
		case err != nil:
			writeError(w, http.StatusBadRequest, "invalid_payment", err.Error())
			return
		}
		reason := o.refusal(payment, p.now())
		if reason != "" && !o.genuine(payment) {
			demand(w, o.challenge(reason), "The payment was refused: "+reason)
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
			offer:       o,
			proof:       payment,
			fingerprint: fingerprint(r, body, payment.signature),
			log: p.log.With("payer", payment.transfer.from.Hex(), "nonce", payment.transfer.nonce.Hex(),
				"amount", o.amount.String(), "facilitator", p.facilitator.name()),
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
func fingerprint(r *http.Request, body, signature []byte) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %s\n%x\n", r.Method, r.URL.RequestURI(), signature)
	_, _ = h.Write(body)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// replay returns r with its body to be read from the start, under a deadline.
func replay(r *http.Request, body []byte) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(r.Context(), handlerTimeout)
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r, cancel
}
