package stripe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/shop/internal/insforge"
)

// catalogAge is how long what InsForge knows of prices is taken as it was.
const catalogAge = time.Minute

// Offer is a product as it is sold now.
type Offer struct {
	Name          string `json:"name"`
	Title         string `json:"title"`
	Description   string `json:"description,omitempty"`
	Mode          string `json:"mode"`             // payment or subscription
	Amount        *int64 `json:"amount,omitempty"` // in the currency's smallest unit; without one, Stripe shows it
	Currency      string `json:"currency"`
	Interval      string `json:"interval,omitempty"` // day, week, month or year
	IntervalCount int    `json:"interval_count,omitempty"`

	price string
}

// Price is what the offer costs, for people.
func (o Offer) Price() string {
	if o.Amount == nil {
		return ""
	}
	text := money(*o.Amount, o.Currency)
	switch {
	case o.Interval == "":
		return text
	case o.IntervalCount > 1:
		return text + " every " + strconv.Itoa(o.IntervalCount) + " " + o.Interval + "s"
	}
	return text + " every " + o.Interval
}

// catalog is what is for sale and until when that holds, or why nobody knows, and when InsForge was asked.
type catalog struct {
	offers []Offer
	until  time.Time
	err    error
	asked  time.Time
}

// offers returns what is for sale, in the order of the configuration. What has no price that can be paid is
// left out, and the log says so. One caller asks for all who wait, and nobody waits longer than they like: for an
// InsForge that does not answer, each would otherwise wait in turn.
func (c *Checkout) offers(ctx context.Context) ([]Offer, error) {
	came := time.Now()
	var last catalog
	select {
	case last = <-c.catalog:
		defer func() { c.catalog <- last }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.now().Before(last.until) || last.asked.After(came) {
		return last.offers, last.err
	}
	asked := time.Now()
	known, err := c.db.Catalog(ctx, c.cfg.Environment)
	if err != nil {
		if ctx.Err() == nil { // else the error is that of this caller, who has gone
			last = catalog{err: err, asked: asked}
		}
		return nil, err
	}
	var offers []Offer
	for _, p := range c.cfg.Products {
		offer, err := offerOf(p, known)
		if err != nil {
			c.log.ErrorContext(ctx, "a product cannot be sold", "product", p.Name, "error", err)
			continue
		}
		offers = append(offers, offer)
	}
	last = catalog{offers: offers, until: c.now().Add(catalogAge), asked: asked}
	return offers, nil
}

// offerOf finds the price of a product.
func offerOf(p Product, known insforge.StripeCatalog) (Offer, error) {
	at := slices.IndexFunc(known.Prices, func(price insforge.StripePrice) bool { return price.ID == p.Prices[0] })
	if at < 0 {
		return Offer{}, errors.New("InsForge does not know its price: is it of this environment, and was Stripe synced since it was made?")
	}
	price := known.Prices[at]
	at = slices.IndexFunc(known.Products, func(product insforge.StripeProduct) bool { return product.ID == price.Product })
	switch {
	case !price.Active:
		return Offer{}, errors.New("its price is archived at Stripe")
	case at < 0 || !known.Products[at].Active:
		return Offer{}, errors.New("the product of its price is archived at Stripe")
	}
	offer := Offer{
		Name:        p.Name,
		Title:       known.Products[at].Name,
		Description: known.Products[at].Description,
		Amount:      price.Amount,
		Currency:    price.Currency,
		price:       price.ID,
	}
	switch price.Type {
	case "one_time":
		offer.Mode = insforge.StripeOnce
	case "recurring":
		offer.Mode = insforge.StripeRecurring
		offer.Interval, offer.IntervalCount = price.Interval, max(price.IntervalCount, 1)
	default:
		return Offer{}, fmt.Errorf("its price is of a type that this server does not know: %q", price.Type)
	}
	return offer, nil
}

// Currencies whose smallest unit is not a hundredth, as Stripe counts them.
const (
	wholeCurrencies = " bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf "
	thousandths     = " bhd jod kwd omr tnd "
)

// money is an amount for people, such as 12.00 USD.
func money(amount int64, currency string) string {
	decimals := 2
	switch padded := " " + currency + " "; {
	case strings.Contains(wholeCurrencies, padded):
		decimals = 0
	case strings.Contains(thousandths, padded):
		decimals = 3
	}
	digits := strconv.FormatInt(amount, 10)
	sign := ""
	if amount < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - decimals
	text := sign + digits[:point]
	if decimals > 0 {
		text += "." + digits[point:]
	}
	return text + " " + strings.ToUpper(currency)
}
