// Package ledger remembers payments, so that one authorization buys one answer.
//
// The rows live in InsForge and are moved only by the functions of the payments
// migration, called with the server's key. What holds for one server therefore
// holds for many, and survives a restart.
package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"example.com/shop/internal/insforge"
)

// State is how far a payment has come.
type State string

// The states, in the order a payment goes through them. Unknown means that
// money may have moved: such a payment stays locked until somebody finds out.
const (
	Claimed  State = "claimed"
	Verified State = "verified"
	Settling State = "settling"
	Settled  State = "settled"
	Failed   State = "failed"
	Unknown  State = "unknown"
)

var (
	// ErrNotHeld says that the payment is not where the caller left it.
	ErrNotHeld = errors.New("payment is not held by this claim")
	// ErrTransactionUsed says that another payment was settled by the same transaction.
	ErrTransactionUsed = errors.New("transaction belongs to another payment")
)

// uniqueViolation is Postgres' code for a value that is already taken.
const uniqueViolation = "23505"

// Ledger is the payments table.
type Ledger struct {
	db      *insforge.Client
	counted chan count // the last one; who takes it counts
}

// New returns the ledger kept in db.
func New(db *insforge.Client) *Ledger {
	l := &Ledger{db: db, counted: make(chan count, 1)}
	l.counted <- count{}
	return l
}

// Authorization is what is claimed: one payer's permission to move an amount.
// Addresses and the nonce are hex and compared without regard to case; numbers
// are decimal.
type Authorization struct {
	Network, Asset, Payer, Nonce string
	Recipient, Amount            string
	ValidBefore                  string // Unix seconds
	Resource                     string // what it pays for
	Fingerprint                  string // the request it came with
	Facilitator                  string // who settles it
}

// Claim is the answer to an attempt to use an authorization. When it is not
// Won, the other fields tell about the attempt that holds it, and Find tells more.
type Claim struct {
	ID          string `json:"-"`
	Won         bool   `json:"won"`
	State       State  `json:"state"`
	Fingerprint string `json:"fingerprint"`
	Transaction string `json:"transaction"`
}

// Claim takes an authorization for one attempt. After an error the returned
// claim still has an ID: the row may have been written, so release it.
func (l *Ledger) Claim(ctx context.Context, a Authorization) (Claim, error) {
	claim := Claim{ID: newID()}
	err := l.call(ctx, "claim_payment", map[string]string{
		"p_claim":        claim.ID,
		"p_network":      a.Network,
		"p_asset":        strings.ToLower(a.Asset),
		"p_payer":        strings.ToLower(a.Payer),
		"p_nonce":        strings.ToLower(a.Nonce),
		"p_recipient":    strings.ToLower(a.Recipient),
		"p_amount":       a.Amount,
		"p_valid_before": a.ValidBefore,
		"p_resource":     a.Resource,
		"p_fingerprint":  a.Fingerprint,
		"p_facilitator":  a.Facilitator,
	}, &claim)
	return claim, err
}

// Release forgets a claim that never came to settlement, so that its payer can
// send the same authorization again. ErrNotHeld: there was nothing to release.
func (l *Ledger) Release(ctx context.Context, id string) error {
	return l.step(ctx, "release_payment", map[string]string{"p_claim": id})
}

// Verified notes that the facilitator found the authorization good.
func (l *Ledger) Verified(ctx context.Context, id string) error {
	return l.move(ctx, id, Verified, "", "")
}

// Settling must have succeeded before the facilitator is asked to settle. It
// keeps what it takes to finish the payment should this attempt break off: the
// request to the facilitator, and the answer that was bought.
func (l *Ledger) Settling(ctx context.Context, id, settlement, answer string) error {
	return l.step(ctx, "begin_settlement", map[string]string{"p_claim": id, "p_settlement": settlement, "p_answer": answer})
}

// Settled notes the transaction that moved the money. ErrTransactionUsed: that
// transaction already paid for something else.
func (l *Ledger) Settled(ctx context.Context, id, transaction string) error {
	return l.move(ctx, id, Settled, transaction, "")
}

// Failed notes that the money did not and will not move in this attempt, which
// frees the authorization for another one.
func (l *Ledger) Failed(ctx context.Context, id, reason string) error {
	return l.move(ctx, id, Failed, "", reason)
}

// Unknown notes that nobody knows whether the money moved; transaction may be empty.
func (l *Ledger) Unknown(ctx context.Context, id, transaction, reason string) error {
	return l.move(ctx, id, Unknown, transaction, reason)
}

func (l *Ledger) move(ctx context.Context, id string, to State, transaction, reason string) error {
	args := map[string]string{"p_claim": id, "p_state": string(to)}
	if transaction != "" {
		args["p_transaction"] = strings.ToLower(transaction)
	}
	if reason != "" {
		args["p_reason"] = reason
	}
	return l.step(ctx, "move_payment", args)
}

// step calls a function that answers whether it did anything.
func (l *Ledger) step(ctx context.Context, function string, args any) error {
	var done bool
	if err := l.call(ctx, function, args, &done); err != nil {
		return err
	}
	if !done {
		return fmt.Errorf("%s: %w", function, ErrNotHeld)
	}
	return nil
}

func (l *Ledger) call(ctx context.Context, function string, args, result any) error {
	err := l.db.Call(ctx, l.db.ServerKey(), function, args, result)
	var refused *insforge.Error
	if errors.As(err, &refused) && refused.Code == uniqueViolation {
		return fmt.Errorf("%s: %w", function, ErrTransactionUsed)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	return nil
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
