package stripe

import (
	"context"
	"slices"
	"strings"
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
	bought, err := c.purchases(ctx, as, c.of(product), insforge.Filter{Column: "active", Op: "is", Value: "true"})
	return len(bought) > 0, err
}

// of leaves the purchases of one product. Only the latest are read, so that those of others would take their
// place.
func (c *Checkout) of(product string) insforge.Filter {
	var prices []string
	for _, p := range c.cfg.Products {
		if p.Name == product {
			prices = p.Prices
		}
	}
	return oneOf("price_id", prices)
}

func oneOf(column string, values []string) insforge.Filter {
	return insforge.Filter{Column: column, Op: "in", Value: "(" + strings.Join(values, ",") + ")"}
}

// charged are the states in which a subscription goes on being charged for, paid or not. A second one would be charged
// for beside it.
var charged = []string{"active", "trialing", "past_due", "unpaid", "paused"}

// subscriptions returns the user's subscriptions that are still being charged for.
func (c *Checkout) subscriptions(ctx context.Context, as insforge.Credential) ([]Purchase, error) {
	return c.purchases(ctx, as, insforge.Eq("mode", insforge.StripeRecurring), oneOf("status", charged))
}
