package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/shop/internal/insforge"
)

// ErrPastEnd says that there are not so many payments.
var ErrPastEnd = errors.New("past the last payment")

// Payment is one row of the ledger, as those may see it who may see the ledger.
type Payment struct {
	Network     string    `json:"network"`
	Asset       string    `json:"asset"`
	Recipient   string    `json:"recipient"`
	Amount      string    `json:"amount"` // in the asset's smallest unit
	Resource    string    `json:"resource"`
	Facilitator string    `json:"facilitator"`
	State       State     `json:"state"`
	Transaction string    `json:"transaction"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`

	Payer  string `json:"payer"`
	Nonce  string `json:"nonce"`
	Reason string `json:"reason"`
}

// columns are what is read of a payment. The amount is read as text: InsForge
// rounds numbers above 2^53.
const columns = "network,asset,recipient,amount::text,resource,facilitator,state,transaction,created_at,updated_at,payer,nonce,reason"

// List returns payments, newest first, and how many there are in all. An offset
// of more than that is ErrPastEnd.
func (l *Ledger) List(ctx context.Context, limit, offset int) ([]Payment, int, error) {
	payments := []Payment{}
	total, err := l.db.Select(ctx, l.db.ServerKey(), "payments", insforge.Query{
		Select: columns,
		Order:  "created_at.desc,id.desc",
		Limit:  limit,
		Offset: offset,
		Count:  true,
	}, &payments)
	if refused, ok := errors.AsType[*insforge.Error](err); ok && refused.Status == http.StatusRequestedRangeNotSatisfiable {
		err = ErrPastEnd
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list payments: %w", err)
	}
	return payments, total, nil
}
