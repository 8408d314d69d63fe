package okx

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"example.com/shop/internal/payment/ledger"
)

const (
	reconcileBatch = 50

	// expiryGrace is how long after its end an authorization may still be on its
	// way into the chain, for all the facilitator can see.
	expiryGrace = 10 * time.Minute
)

// Reconcile looks how payments ended that were left open, and tells the ledger.
// At once does so for those, too, that were looked at a moment ago.
func (p *Paywall) Reconcile(ctx context.Context, atOnce bool) ([]ledger.Finding, error) {
	open, err := p.ledger.Lease(ctx, p.facilitator.name(), reconcileBatch, atOnce)
	if err != nil {
		return nil, err
	}
	var findings []ledger.Finding
	var problems []error
	for _, o := range open {
		if ctx.Err() != nil {
			break // the rest is looked at when its time comes
		}
		out := p.ended(ctx, o)
		err := p.found(ctx, o.Claim, &out)
		problems = append(problems, err)
		finding := ledger.Finding{Open: o, State: ledger.Unknown, Reason: out.reason}
		if out.transaction != "" {
			finding.Transaction = out.transaction
		}
		switch {
		case err != nil: // the ledger still has it as unknown
		case out.result == settled:
			finding.State = ledger.Settled
		case out.result == refused:
			finding.State = ledger.Failed
		}
		findings = append(findings, finding)
		p.tell(ctx, finding)
	}
	return findings, errors.Join(problems...)
}

// ended finds out how a payment ended. Where there is a node to ask, the chain
// decides, and the facilitator is asked about what is not in the chain.
func (p *Paywall) ended(ctx context.Context, o ledger.Open) outcome {
	var request facilitatorRequest
	if o.Settlement == "" && o.Transaction == "" {
		return outcome{reason: "the ledger holds nothing to ask the facilitator about"}
	}
	if o.Settlement == "" { // kept by a version that could not repeat it
		request.PaymentPayload.Payload.Authorization = authorization{From: o.Payer, Nonce: o.Nonce}
		request.PaymentRequirements = requirements{Network: o.Network, Asset: o.Asset, PayTo: o.Recipient, Amount: o.Amount}
	} else if err := json.Unmarshal([]byte(o.Settlement), &request); err != nil {
		return outcome{transaction: o.Transaction, reason: "the ledger holds no readable settlement"}
	}
	if p.chain == nil {
		return p.look(ctx, o, request)
	}
	used, err := p.chain.used(ctx, request)
	if err == nil && used {
		if out := p.spent(ctx, o, request); out.result != unknown {
			return out
		}
	}
	out := p.look(ctx, o, request)
	if out.result == unknown && out.transaction != "" {
		out.result = settled
	}
	out = p.proven(ctx, request, out)
	if out.result == unknown && o.Expired(p.now(), expiryGrace) {
		switch {
		case err != nil:
			out.reason = err.Error()
		case used:
			out.reason = "the authorization was spent by a transaction that is not known to have paid"
		default:
			return outcome{result: refused, reason: "the authorization ran out unused"}
		}
	}
	return out
}

// spent finds out by which transaction an authorization was spent: the
// facilitator's, that of somebody else who saw it, or one of the payer's that keeps
// it from ever paying us. The last is believed only when it is long in the chain.
func (p *Paywall) spent(ctx context.Context, o ledger.Open, request facilitatorRequest) outcome {
	transaction, err := p.chain.find(ctx, request, o.CreatedAt)
	if err == nil {
		err = p.chain.prove(ctx, request, transaction)
	}
	switch {
	case err == nil:
		return outcome{result: settled, transaction: transaction}
	case errors.Is(err, errNoTransfer) && o.Expired(p.now(), expiryGrace):
		return outcome{result: refused, reason: "the payer canceled the authorization, or spent it on something else"}
	}
	return outcome{reason: err.Error()}
}

// look asks the facilitator how a payment ended. Where there is no transaction
// to ask about, the settlement is repeated word for word, which moves money only
// if it has not moved yet.
func (p *Paywall) look(ctx context.Context, o ledger.Open, request facilitatorRequest) outcome {
	if o.Transaction == "" {
		return p.again(ctx, request)
	}
	out := p.facilitator.follow(ctx, request, o.Transaction)
	if out.result == unknown && out.reason == reasonNotFound && o.Expired(p.now(), expiryGrace) {
		return outcome{result: refused, reason: "the authorization ran out, and its transaction was never seen"}
	}
	return out
}

// again repeats a settlement. A refusal proves nothing: what is refused now, for
// a spent nonce or a lack of funds, may be so because the first attempt went
// through.
func (p *Paywall) again(ctx context.Context, request facilitatorRequest) outcome {
	out := p.facilitator.settle(ctx, request)
	if out.result == refused || out.result == notAsked {
		return outcome{result: unknown, reason: out.reason}
	}
	return out
}

// found tells the ledger what was found.
func (p *Paywall) found(ctx context.Context, claim string, out *outcome) error {
	switch out.result {
	case settled:
		err := p.ledger.Settled(ctx, claim, out.transaction)
		if !errors.Is(err, ledger.ErrTransactionUsed) {
			return err
		}
		*out = outcome{reason: "transaction " + out.transaction + " belongs to another payment"}
	case refused:
		return p.ledger.Failed(ctx, claim, out.reason)
	}
	err := p.ledger.Note(ctx, claim, out.transaction, out.reason)
	if errors.Is(err, ledger.ErrNotHeld) { // another server found out meanwhile
		return nil
	}
	return err
}

// tell logs what was found. A payment that is still open after its authorization
// ran out does not end by itself.
func (p *Paywall) tell(ctx context.Context, f ledger.Finding) {
	log := p.log.With("claim", f.Claim, "payer", f.Payer, "nonce", f.Nonce, "amount", f.Amount,
		"transaction", f.Transaction, "reason", f.Reason)
	switch {
	case f.State != ledger.Unknown:
		log.InfoContext(ctx, "open payment ended", "state", f.State)
	case f.Expired(p.now(), expiryGrace):
		log.ErrorContext(ctx, needsOperator, "problem", "the authorization ran out, and nobody knows whether money moved")
	default:
		log.InfoContext(ctx, "payment still open")
	}
}
