package okx

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// result says what is known about the money after a settlement.
type result int

const (
	unknown  result = iota // it may or may not have moved
	settled                // it has moved, by outcome.transaction
	refused                // it has not moved and will not, through the payer's fault
	notAsked               // it has not moved, because the facilitator was never asked
)

// outcome is how a settlement ended.
type outcome struct {
	result      result
	transaction string // also set, if known, when unknown
	reason      string // unless settled
	alarming    bool   // the answer was about something else than was asked
}

// settlement is OKX's answer to settle and to settle/status.
type settlement struct {
	Success     *bool  `json:"success"`
	Status      string `json:"status"`
	ErrorReason string `json:"errorReason"`
	Transaction string `json:"transaction"`
	Payer       string `json:"payer"`
	Network     string `json:"network"`

	// What the API's first generation calls them.
	TxHash     string `json:"txHash"`
	ErrorMsg   string `json:"errorMsg"`
	ChainIndex string `json:"chainIndex"`
}

// reasonNotFound is what settle/status says of a transaction it has not seen yet.
const reasonNotFound = "not_found"

// openReasons come with success false, though the transfer may still go through.
var openReasons = map[string]bool{
	"":                        true,
	reasonNotFound:            true,
	"onchain_error":           true,
	"payment processing":      true,
	"payment_processing":      true,
	"settlement_pending":      true,
	"timeout":                 true,
	"unexpected_settle_error": true,
}

// spentReasons say that the authorization was used before. Whether by us, in an
// attempt whose end we missed, they do not say.
var spentReasons = map[string]bool{
	"nonce_used":                           true,
	"nonce_already_used":                   true,
	"invalid_exact_evm_nonce_already_used": true,
}

// settle moves the money. It asks OKX once; what that leaves open is asked of
// settle/status until the time is up.
func (c *client) settle(ctx context.Context, request facilitatorRequest) outcome {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()

	var answer settlement
	err := c.call(ctx, http.MethodPost, "/settle", c.body(request), &answer)
	switch {
	case errors.Is(err, errNotDone):
		return outcome{result: notAsked, reason: err.Error()}
	case err != nil:
		return outcome{result: unknown, reason: err.Error()}
	}
	out := answer.judge(request)
	if out.result == refused && answer.Status != "failed" {
		// A transaction may still go through, until it is said to have failed.
		if transaction := answer.hash(); transaction != "" {
			out = outcome{result: unknown, transaction: transaction, reason: out.reason}
		}
	}
	if out.result != unknown || out.transaction == "" || out.alarming {
		return out
	}
	return c.poll(ctx, request, out)
}

// follow asks settle/status once about a transaction. Whoever follows it asks again
// another time.
func (c *client) follow(ctx context.Context, request facilitatorRequest, transaction string) outcome {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if c.cfg.API == apiFirst {
		return outcome{result: unknown, transaction: transaction, reason: "this API cannot be asked about a transaction"}
	}
	out, _ := c.status(ctx, request, transaction)
	return out
}

// poll asks settle/status again and again about an open outcome.
func (c *client) poll(ctx context.Context, request facilitatorRequest, out outcome) outcome {
	done := c.cfg.API == apiFirst // which has no settle/status
	for wait := c.pause; !done; wait = min(2*wait, 4*c.pause) {
		select {
		case <-ctx.Done():
			return out
		case <-time.After(wait):
		}
		next, over := c.status(ctx, request, out.transaction)
		if !over && ctx.Err() != nil {
			return out // what was said last says more than that the time is up
		}
		out, done = next, over
	}
	return out
}

// status asks settle/status once. It is done when asking again is no use.
func (c *client) status(ctx context.Context, request facilitatorRequest, transaction string) (out outcome, done bool) {
	var answer settlement
	if err := c.call(ctx, http.MethodGet, settlementPath(transaction), nil, &answer); err != nil {
		return outcome{result: unknown, transaction: transaction, reason: err.Error()}, false
	}
	if named := answer.hash(); named != "" && !sameHex(named, transaction) {
		return outcome{result: unknown, transaction: transaction, reason: "settle/status names another transaction"}, true
	}
	answer.Transaction = transaction
	out = answer.judge(request)
	return out, out.result != unknown
}

// judge decides what an answer proves. Success needs a transaction of the right
// payer on the right network; anything short of that proves nothing.
func (s settlement) judge(request facilitatorRequest) outcome {
	transaction := s.hash()
	open := func(reason string) outcome {
		return outcome{result: unknown, transaction: transaction, reason: reason}
	}
	alarm := func(reason string) outcome {
		return outcome{result: unknown, transaction: transaction, reason: reason, alarming: true}
	}
	reason := strings.ToLower(strings.TrimSpace(s.reason()))
	switch {
	case s.Success == nil:
		return open("the answer does not say success")
	case spentReasons[reason]:
		return open(s.refusal())
	case s.Status == "pending", s.Status == "timeout":
		return open("status " + s.Status)
	case !*s.Success && s.Status != "failed" && openReasons[reason]:
		return open(s.refusal())
	case !*s.Success, s.Status == "failed":
		return outcome{result: refused, reason: s.refusal()}
	case transaction == "":
		return open("success without a transaction")
	case s.Status != "" && s.Status != "success":
		return open("unknown status " + shorten(s.Status))
	case !sameHex(s.Payer, request.payer()):
		return alarm("success for another payer")
	case s.Network != request.PaymentRequirements.Network && s.ChainIndex != chainIndex(request.PaymentRequirements.Network):
		return alarm("success on another network")
	}
	return outcome{result: settled, transaction: transaction}
}

// hash returns the transaction, or "" when it cannot be one.
func (s settlement) hash() string {
	for _, transaction := range []string{s.Transaction, s.TxHash} {
		if isHex(transaction, common.HashLength) && common.HexToHash(transaction) != (common.Hash{}) {
			return transaction
		}
	}
	return ""
}

func (s settlement) refusal() string {
	if s.reason() == "" {
		return "no reason given"
	}
	return shorten(s.reason())
}

func (s settlement) reason() string {
	if s.ErrorReason == "" {
		return s.ErrorMsg
	}
	return s.ErrorReason
}
