package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/shop/internal/insforge"
)

// Attempt is what the ledger knows about one use of an authorization.
type Attempt struct {
	Claim       string    `json:"claim"`
	State       State     `json:"state"`
	Fingerprint string    `json:"fingerprint"`
	Facilitator string    `json:"facilitator"`
	Transaction string    `json:"transaction"`
	Answer      string    `json:"answer"` // what it bought, as Settling was told; forgotten after a day
	UpdatedAt   time.Time `json:"updated_at"`
}

// Find returns the attempt that holds an authorization. Nobody holds it when
// the claim of what it returns is empty.
func (l *Ledger) Find(ctx context.Context, network, asset, payer, nonce string) (Attempt, error) {
	return l.attempt(ctx, "claim,state,fingerprint,facilitator,transaction,answer,updated_at",
		insforge.Eq("network", network), insforge.Eq("asset", strings.ToLower(asset)),
		insforge.Eq("payer", strings.ToLower(payer)), insforge.Eq("nonce", strings.ToLower(nonce)))
}

// Status returns how far the attempt of a claim has come: its state and
// transaction, and nothing about who paid for what.
func (l *Ledger) Status(ctx context.Context, claim string) (Attempt, error) {
	return l.attempt(ctx, "claim,state,transaction,updated_at", insforge.Eq("claim", claim))
}

func (l *Ledger) attempt(ctx context.Context, columns string, filters ...insforge.Filter) (Attempt, error) {
	var found []Attempt
	_, err := l.db.Select(ctx, l.db.ServerKey(), "payments", insforge.Query{Filters: filters, Select: columns, Limit: 1}, &found)
	if err != nil {
		return Attempt{}, fmt.Errorf("find payment: %w", err)
	}
	if len(found) == 0 {
		return Attempt{}, nil
	}
	return found[0], nil
}

// Open is a payment whose end nobody knows.
type Open struct {
	Claim       string    `json:"claim"`
	Network     string    `json:"network"`
	Asset       string    `json:"asset"`
	Payer       string    `json:"payer"`
	Nonce       string    `json:"nonce"`
	Recipient   string    `json:"recipient"`
	Amount      string    `json:"amount"`
	ValidBefore string    `json:"valid_before"`
	Resource    string    `json:"resource"`
	Transaction string    `json:"transaction"`
	Settlement  string    `json:"settlement"` // the request to the facilitator, as Settling was told
	CreatedAt   time.Time `json:"created_at"`
}

// Expired says whether the authorization has been dead for longer than grace.
func (o Open) Expired(now time.Time, grace time.Duration) bool {
	seconds, err := strconv.ParseInt(o.ValidBefore, 10, 64)
	return err == nil && now.Add(-grace).Unix() > seconds
}

// Lease takes open payments of a facilitator for looking how they ended. For a
// while nobody else gets them. At once asks for those, too, whose time to be
// looked at has not come.
func (l *Ledger) Lease(ctx context.Context, facilitator string, limit int, atOnce bool) ([]Open, error) {
	var open []Open
	err := l.call(ctx, "lease_payments", map[string]string{
		"p_facilitator": facilitator,
		"p_limit":       strconv.Itoa(limit),
		"p_now":         strconv.FormatBool(atOnce),
	}, &open)
	return open, err
}

// Note adds to an open payment what was learned about it; transaction may be
// empty.
func (l *Ledger) Note(ctx context.Context, claim, transaction, reason string) error {
	args := map[string]any{"p_claim": claim, "p_transaction": nil, "p_reason": reason}
	if transaction != "" {
		args["p_transaction"] = strings.ToLower(transaction)
	}
	return l.step(ctx, "note_payment", args)
}

// Forget drops the answers and authorizations of payments that ended a day ago.
func (l *Ledger) Forget(ctx context.Context) error {
	var forgotten int
	return l.call(ctx, "forget_payments", nil, &forgotten)
}

// Finding is what was learned about an open payment.
type Finding struct {
	Open
	State  State // Settled, Failed or still Unknown
	Reason string
}
