package stripe

import (
	"context"
	"slices"
	"time"

	"example.com/shop/internal/insforge"
)

const (
	purchasesTable   = "purchases"
	purchasesColumns = "id,price_id,mode,quantity,status,active,amount,amount_refunded,currency,period_end,ends_at,bought_at"
	maxPurchases     = 100
)

// Purchase is something that a user has bought, as far as Stripe has told of it.
type Purchase struct {
	ID             string     `json:"id"`                // Stripe's checkout session or subscription
	Product        string     `json:"product,omitempty"` // empty for what is not sold here any more
	Mode           string     `json:"mode"`              // payment or subscription
	Quantity       int        `json:"quantity"`
	Status         string     `json:"status"` // pending, paid, failed, refunded or disputed; of a subscription what Stripe calls it
	Active         bool       `json:"active"` // whether the user may use it
	Amount         int64      `json:"amount"` // of the whole checkout, or of one period
	AmountRefunded int64      `json:"amount_refunded,omitempty"`
	Currency       string     `json:"currency"`
	PeriodEnd      *time.Time `json:"period_end,omitempty"` // until when a subscription is paid for
	EndsAt         *time.Time `json:"ends_at,omitempty"`    // when it ends, if that is decided
	BoughtAt       time.Time  `json:"bought_at"`
}

// purchases returns the user's latest purchases, newest first. The credential is the user's, so row level
// security leaves no others. Those of the other environment do not count: in Stripe's test environment
// everything is free of charge.
func (c *Checkout) purchases(ctx context.Context, as insforge.Credential, more ...insforge.Filter) ([]Purchase, error) {
	var rows []struct {
		Purchase
		Price string `json:"price_id"`
	}
	_, err := c.db.Select(ctx, as, purchasesTable, insforge.Query{
		Select:  purchasesColumns,
		Filters: append(more, insforge.Eq("environment", c.cfg.Environment)),
		Order:   "bought_at.desc,id.desc,price_id.asc",
		Limit:   maxPurchases,
	}, &rows)
	found := make([]Purchase, 0, len(rows))
	for _, row := range rows {
		row.Product = c.productOf(row.Price)
		found = append(found, row.Purchase)
	}
	return found, err
}

// productOf is the name of what is or was sold for a price, or "".
func (c *Checkout) productOf(price string) string {
	for _, p := range c.cfg.Products {
		if slices.Contains(p.Prices, price) {
			return p.Name
		}
	}
	return ""
}

// MayUse says whether the user whose credential as is has bought a product and may use it now.
func (c *Checkout) MayUse(ctx context.Context, as insforge.Credential, product string) (bool, error) {
	bought, err := c.purchases(ctx, as, insforge.Filter{Column: "active", Op: "is", Value: "true"})
	return slices.ContainsFunc(bought, func(p Purchase) bool { return p.Product == product }), err
}

// charged are the states in which a subscription goes on being charged for, paid or not.
var charged = map[string]bool{"active": true, "trialing": true, "past_due": true, "unpaid": true, "paused": true}

// running says whether the user has a subscription to the product that is still being charged for. A second
// one would be charged for beside it.
func (c *Checkout) running(ctx context.Context, as insforge.Credential, product string) (bool, error) {
	bought, err := c.purchases(ctx, as, insforge.Eq("mode", insforge.StripeRecurring))
	return slices.ContainsFunc(bought, func(p Purchase) bool { return p.Product == product && charged[p.Status] }), err
}
