package insforge

import (
	"context"
	"net/http"
)

// The ways of Stripe's to pay.
const (
	StripeOnce      = "payment"
	StripeRecurring = "subscription"
)

// StripePurchase asks for a checkout: one price, for one user. Amounts are Stripe's.
type StripePurchase struct {
	Mode       string // StripeOnce or StripeRecurring, as the price has it
	Price      string // price_…
	Quantity   int    // 1 to 999
	User       string // the ID of the user that the call is made as
	SuccessURL string // where Stripe sends the buyer back to, each way
	CancelURL  string
	Key        string // asked for again with the same key, it is the same checkout; at most 200 characters
}

// StripeCheckout is a checkout page of Stripe's. One whose Status is not open is over.
type StripeCheckout struct {
	Status string `json:"status"`
	URL    string `json:"url"`
}

// subject is who a checkout or a portal is for, as InsForge calls it.
type subject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// CheckOut has Stripe make a checkout, in its test or its live environment. The credential is the buyer's:
// InsForge asks policies whether they may, and refuses the server's key.
func (c *Client) CheckOut(ctx context.Context, as Credential, environment string, p StripePurchase) (StripeCheckout, error) {
	type item struct {
		PriceID  string `json:"priceId"`
		Quantity int    `json:"quantity"`
	}
	type request struct {
		Mode           string  `json:"mode"`
		LineItems      []item  `json:"lineItems"`
		SuccessURL     string  `json:"successUrl"`
		CancelURL      string  `json:"cancelUrl"`
		Subject        subject `json:"subject"`
		IdempotencyKey string  `json:"idempotencyKey"`
	}
	sold := item{p.Price, p.Quantity}
	var made struct {
		CheckoutSession StripeCheckout `json:"checkoutSession"`
	}
	_, err := c.do(ctx, as, call{
		method: http.MethodPost,
		path:   stripePath(environment, "checkout-sessions"),
		body: request{
			Mode:           p.Mode,
			LineItems:      []item{sold},
			SuccessURL:     p.SuccessURL,
			CancelURL:      p.CancelURL,
			Subject:        subject{"user", p.User},
			IdempotencyKey: p.Key,
		},
		result: &made,
	})
	return made.CheckoutSession, err
}

// BillingPortal returns the address of a page of Stripe's where the user, whose credential it takes, sees
// invoices and ends subscriptions. An *Error with the status 404 means that the user is no customer yet.
func (c *Client) BillingPortal(ctx context.Context, as Credential, environment, user, returnURL string) (string, error) {
	type request struct {
		Subject   subject `json:"subject"`
		ReturnURL string  `json:"returnUrl"`
	}
	var made struct {
		CustomerPortalSession struct {
			URL string `json:"url"`
		} `json:"customerPortalSession"`
	}
	_, err := c.do(ctx, as, call{
		method: http.MethodPost,
		path:   stripePath(environment, "customer-portal-sessions"),
		body:   request{subject{"user", user}, returnURL},
		result: &made,
	})
	return made.CustomerPortalSession.URL, err
}

// StripeCatalog is what InsForge knows of Stripe's products and prices.
type StripeCatalog struct {
	Products []StripeProduct `json:"products"`
	Prices   []StripePrice   `json:"prices"`
}

// StripeProduct is what a price is for.
type StripeProduct struct {
	ID          string `json:"productId"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Active      bool   `json:"active"`
}

// StripePrice is a price of a product.
type StripePrice struct {
	ID            string `json:"priceId"`
	Product       string `json:"productId"`
	Active        bool   `json:"active"`
	Currency      string `json:"currency"`   // such as usd
	Amount        *int64 `json:"unitAmount"` // in the smallest unit; nil where it is no single amount
	Type          string `json:"type"`       // one_time or recurring
	Interval      string `json:"recurringInterval"`
	IntervalCount int    `json:"recurringIntervalCount"`
}

// Catalog returns the products and prices of an environment, archived ones included, as of when InsForge
// last looked. It takes the server's key.
func (c *Client) Catalog(ctx context.Context, environment string) (StripeCatalog, error) {
	var catalog StripeCatalog
	_, err := c.do(ctx, c.ServerKey(), call{method: http.MethodGet, path: stripePath(environment, "catalog"), result: &catalog})
	return catalog, err
}

func stripePath(environment, route string) string {
	return "/api/payments/stripe/" + environment + "/" + route
}
