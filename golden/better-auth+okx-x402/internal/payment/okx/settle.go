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
}

// settlement is OKX's answer to settle and to settle/status.
type settlement struct {
	Success     *bool  `json:"success"`
	Status      string `json:"status"`
	ErrorReason string `json:"errorReason"`
	Transaction string `json:"transaction"`
	TxHash      string `json:"txHash"` // what older versions of the API call it
	Payer       string `json:"payer"`
	Network     string `json:"network"`
}

// openReasons come with success false, though the transfer may still go through.
var openReasons = map[string]bool{
	"":                        true,
	"not_found":               true, // by settle/status: not seen yet
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
// settle/status until the time is up. It never settles a second time.
func (c *client) settle(ctx context.Context, o offer, p proof) outcome {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()

	request := newFacilitatorRequest(o, p)
	request.SyncSettle = true
	var answer settlement
	err := c.call(ctx, http.MethodPost, "/settle", request, &answer)
	switch {
	case errors.Is(err, errNotDone):
		return outcome{result: notAsked, reason: err.Error()}
	case err != nil:
		return outcome{result: unknown, reason: err.Error()}
	}

	out := answer.judge(o, p)
	for wait := c.poll; out.result == unknown && out.transaction != ""; wait = min(2*wait, 4*c.poll) {
		select {
		case <-ctx.Done():
			return out
		case <-time.After(wait):
		}
		var next settlement
		if err := c.call(ctx, http.MethodGet, statusPath(out.transaction), nil, &next); err != nil {
			out.reason = err.Error()
			continue
		}
		if transaction := next.hash(); transaction != "" && !sameHex(transaction, out.transaction) {
			out.reason = "settle/status names another transaction"
			return out
		}
		next.Transaction = out.transaction
		out = next.judge(o, p)
	}
	return out
}

// judge decides what an answer proves. Success needs a transaction of the right
// payer on the right network; anything short of that proves nothing.
func (s settlement) judge(o offer, p proof) outcome {
	transaction := s.hash()
	open := func(reason string) outcome {
		return outcome{result: unknown, transaction: transaction, reason: reason}
	}
	reason := strings.ToLower(strings.TrimSpace(s.ErrorReason))
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
	case !sameHex(s.Payer, p.transfer.from.Hex()):
		return open("success for another payer")
	case s.Network != o.asset.network:
		return open("success on another network")
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
	if s.ErrorReason == "" {
		return "no reason given"
	}
	return shorten(s.ErrorReason)
}
