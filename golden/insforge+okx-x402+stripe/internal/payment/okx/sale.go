package okx

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"example.com/shop/internal/payment/ledger"
)

// needsOperator is what the log says when somebody has to look at a payment.
const needsOperator = "payment needs an operator"

// sale is one attempt to pay for one request.
type sale struct {
	*Paywall
	ctx     context.Context // outlives the client
	product *product
	offer   offer
	proof   proof
	claim   string

	transaction string // "" until it is known

	fingerprint string // of the request
}

// LogValue is what log lines say of the payment.
func (s *sale) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("payer", s.proof.authorization.From),
		slog.String("nonce", s.proof.authorization.Nonce),
		slog.String("amount", s.offer.requirements.Amount),
		slog.String("facilitator", s.facilitator.name()),
		slog.String("claim", s.claim),
		slog.String("transaction", s.transaction),
	)
}

// serve claims, verifies, runs the handler, settles, records and only then
// answers.
func (s *sale) serve(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler) {
	if !s.take(w) {
		return
	}
	settling := false
	defer func() {
		if !settling { // refused, failed or panicked: nothing was charged
			s.release()
		}
	}()

	if err := s.Ready(s.ctx); err != nil {
		s.log.ErrorContext(s.ctx, "payments are not ready", "payment", s, "error", err)
		unavailable(w, "payment_unavailable", "Payments cannot be taken now. Nothing was charged; send it again.")
		return
	}
	reason, err := s.facilitator.verify(s.ctx, s.offer, s.proof)
	if err != nil {
		s.log.ErrorContext(s.ctx, "verify payment", "payment", s, "error", err)
		unavailable(w, "payment_unavailable", "The payment could not be verified. Nothing was charged; send it again.")
		return
	}
	if reason != "" {
		s.log.InfoContext(s.ctx, "payment refused", "payment", s, "reason", reason)
		demand(w, s.product.challenge(reason), "The payment was refused: "+reason)
		return
	}
	if err := s.ledger.Verified(s.ctx, s.claim); err != nil {
		s.log.ErrorContext(s.ctx, "record verified payment", "payment", s, "error", err)
		unavailable(w, "ledger_unavailable", "Payments cannot be recorded now. Nothing was charged; send it again.")
		return
	}

	answer := newBuffer()
	request, cancel := replay(r, body)
	defer cancel()
	next.ServeHTTP(answer, request)
	if answer.overflow {
		s.log.ErrorContext(s.ctx, "paid answer is too long", "payment", s, "limit", maxResponse)
		writeError(w, http.StatusInternalServerError, "internal", "The answer is too long. Nothing was charged.")
		return
	}
	if answer.code() >= http.StatusBadRequest {
		answer.release(w)
		return
	}

	settlement := newSettlement(s.offer, s.proof)
	if err := s.ledger.Settling(s.ctx, s.claim, settlement.text(), answer.keep()); err != nil {
		s.log.ErrorContext(s.ctx, "record settling payment", "payment", s, "error", err)
		unavailable(w, "ledger_unavailable", "Payments cannot be recorded now. Nothing was charged; send it again.")
		return
	}
	settling = true
	s.settle(w, settlement, answer)
}

// refuse answers a payment that is no good any more, but that may have been once:
// when it came for the first time, before its authorization ran out or the price
// changed. A payment that may have moved money is not answered with 402.
func (s *sale) refuse(w http.ResponseWriter, reason string) {
	held, err := s.find()
	switch {
	case err != nil:
		s.log.ErrorContext(s.ctx, "find payment", "payment", s, "error", err)
		unavailable(w, "ledger_unavailable", "Payments cannot be looked up now. Nothing was charged by this request; send it again.")
	case held.Claim == "", held.State == ledger.Failed:
		demand(w, s.product.challenge(reason), "The payment was refused: "+reason)
	default:
		s.explain(w, held)
	}
}

// take claims the authorization. When it is not free, take answers why.
func (s *sale) take(w http.ResponseWriter) bool {
	a := s.proof.authorization
	claim, err := s.ledger.Claim(s.ctx, ledger.Authorization{
		Network:     s.offer.asset.network,
		Asset:       s.offer.requirements.Asset,
		Payer:       a.From,
		Nonce:       a.Nonce,
		Recipient:   s.offer.requirements.PayTo,
		Amount:      s.offer.requirements.Amount,
		ValidBefore: a.ValidBefore,
		Resource:    s.offer.resource.URL,
		Fingerprint: s.fingerprint,
		Facilitator: s.facilitator.name(),
	})
	s.claim = claim.ID
	switch {
	case err != nil:
		s.log.ErrorContext(s.ctx, "claim payment", "payment", s, "error", err)
		s.release() // the claim may have been written before its answer was lost
		unavailable(w, "ledger_unavailable", "Payments cannot be recorded now. Nothing was charged; send it again.")
	case claim.Won:
		return true
	default:
		held, err := s.find()
		if err != nil {
			s.log.ErrorContext(s.ctx, "find payment", "payment", s, "error", err)
			unavailable(w, "ledger_unavailable", "Payments cannot be looked up now. Nothing was charged by this request; send it again.")
			return false
		}
		s.explain(w, held)
	}
	return false
}

// settle moves the money and answers for it. Once money may have moved it never
// answers 402: that would make the client sign, and pay, again.
func (s *sale) settle(w http.ResponseWriter, request facilitatorRequest, answer *buffer) {
	out := s.proven(s.ctx, request, s.facilitator.settle(s.ctx, request))
	s.transaction = out.transaction
	if out.result == settled {
		out = s.settled(out)
	}
	switch out.result {
	case settled:
		private(answer.header)
		s.respond(w, s.facilitator.name(), out)
		answer.release(w)
	case refused:
		s.log.InfoContext(s.ctx, "settlement refused", "payment", s, "reason", out.reason)
		s.mustRecord(func() error { return s.ledger.Failed(s.ctx, s.claim, out.reason) }, out)
		s.respond(w, s.facilitator.name(), out)
		demand(w, s.product.challenge(out.reason), "The payment was not settled: "+out.reason)
	case notAsked:
		s.log.ErrorContext(s.ctx, "settle payment", "payment", s, "error", out.reason)
		s.mustRecord(func() error { return s.ledger.Failed(s.ctx, s.claim, out.reason) }, out)
		unavailable(w, "payment_unavailable", "The payment could not be settled. Nothing was charged; send it again.")
	default:
		s.log.ErrorContext(s.ctx, needsOperator, "payment", s, "problem", "settlement outcome unknown", "reason", out.reason)
		s.mustRecord(func() error { return s.ledger.Unknown(s.ctx, s.claim, out.transaction, out.reason) }, out)
		s.pending(w, s.claim)
	}
}

// proven is the outcome that the chain has confirmed, where there is a node to ask.
func (p *Paywall) proven(ctx context.Context, request facilitatorRequest, out outcome) outcome {
	if p.chain == nil {
		return out
	}
	switch out.result {
	case settled:
		if err := p.chain.prove(ctx, request, out.transaction); err != nil {
			return outcome{transaction: out.transaction, reason: "not proven: " + err.Error()}
		}
	case refused: // perhaps because somebody else carried it out first
		if used, err := p.chain.used(ctx, request); err == nil && used {
			return outcome{reason: out.reason + ", and the authorization is spent"}
		}
	}
	return out
}

// settled records a settlement. The client has paid, so it is served even when
// that fails; except when the transaction already paid for something else, for
// then this payment moved nothing that we know of.
func (s *sale) settled(out outcome) outcome {
	if s.facilitator.name() == mocked {
		s.log.WarnContext(s.ctx, "payment settled by the mock: no money moved", "payment", s)
	} else {
		s.log.InfoContext(s.ctx, "payment settled", "payment", s)
	}
	if s.mustRecord(func() error { return s.ledger.Settled(s.ctx, s.claim, out.transaction) }, out) {
		return outcome{result: unknown, reason: "transaction " + out.transaction + " belongs to another payment"}
	}
	return out
}

// mustRecord moves the ledger row on after what cannot be undone: it tries three
// times. In the end it leaves everything an operator needs in the log, and a settlement in the
// journal. It reports whether the transaction is already the ledger's, for
// another payment.
func (s *sale) mustRecord(step func() error, out outcome) (transactionUsed bool) {
	var err error
	for attempt := range 3 {
		time.Sleep(time.Duration(attempt) * 200 * time.Millisecond)
		if err = step(); err == nil {
			return false
		}
		if errors.Is(err, ledger.ErrTransactionUsed) {
			return true
		}
	}
	a := s.proof.authorization
	if out.result == settled {
		err = errors.Join(err, s.journal.Add(ledger.Entry{
			Time: s.now().UTC(), Claim: s.claim, Transaction: out.transaction,
			Network: s.offer.asset.network, Asset: s.offer.requirements.Asset, Payer: a.From, Nonce: a.Nonce,
			Amount: s.offer.requirements.Amount, Resource: s.offer.resource.URL,
		}))
	}
	s.log.ErrorContext(s.ctx, needsOperator, "payment", s, "problem", "outcome not recorded", "error", err,
		"settled", out.result == settled, "reason", out.reason,
		"network", s.offer.asset.network, "asset", s.offer.requirements.Asset, "recipient", s.offer.requirements.PayTo,
		"valid_before", a.ValidBefore, "resource", s.offer.resource.URL)
	return false
}

// release frees the authorization of a sale that asked for no settlement. Should
// that fail, the claim runs out by itself.
func (s *sale) release() {
	err := s.ledger.Release(s.ctx, s.claim)
	if errors.Is(err, ledger.ErrNotHeld) { // it may be settling already, for all the ledger knows
		err = s.ledger.Failed(s.ctx, s.claim, "settlement was not started")
	}
	if err != nil && !errors.Is(err, ledger.ErrNotHeld) {
		s.log.WarnContext(s.ctx, "release payment", "payment", s, "error", err)
	}
}

// respond sets the PAYMENT-RESPONSE header for what a facilitator did.
func (s *sale) respond(w http.ResponseWriter, facilitator string, out outcome) {
	rec := receipt{
		Success: out.result == settled,
		Network: s.offer.asset.network,
		Payer:   s.proof.authorization.From,
		Mock:    facilitator == mocked,
	}
	if rec.Success {
		rec.Transaction = out.transaction
	} else {
		rec.ErrorReason = out.reason
	}
	encoded := []string{encodeHeader(rec)}
	w.Header()["Payment-Response"] = encoded
	if s.product.compat {
		w.Header()["X-Payment-Response"] = encoded
	}
}
