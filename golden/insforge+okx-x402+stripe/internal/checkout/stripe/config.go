// Package stripe sells what has a price at Stripe, once or by subscription. Stripe takes the money on
// pages of its own; InsForge makes those pages and keeps what Stripe tells of them; and functions in the
// database turn that into purchases, which this package shows.
package stripe

import (
	"regexp"
	"slices"
	"strings"

	"example.com/shop/internal/env"
)

// Config is what selling with Stripe takes from the environment.
type Config struct {
	Environment string // test or live
	Products    []Product
	BaseURL     string // this server's origin, where buyers come back to
	Domain      string // of your own, on which Stripe serves its pages; "" for Stripe's
}

// Product is something that is sold.
type Product struct {
	Name   string   // what programs call it
	Prices []string // IDs: the one it is sold for, and then those it was sold for
}

const (
	modes      = "test, or live in production"
	prices     = "a name and a price ID for each product, such as pro=price_1AbC, separated by commas"
	maxPrices  = 100
	customHost = "the host name of your custom domain at Stripe, such as pay.example.com"
)

var (
	pricePattern = regexp.MustCompile(`^([a-z][a-z0-9-]{0,39})=(price_[A-Za-z0-9]{1,100})$`)
	hostPattern  = env.Matches(`([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}`)
)

// LoadConfig reads the STRIPE_ variables. Problems go to r.
func LoadConfig(r *env.Reader, baseURL string) Config {
	return Config{
		Environment: environment(r),
		Products:    products(r),
		BaseURL:     baseURL,
		Domain:      r.Optional("STRIPE_CUSTOM_DOMAIN", "", customHost, hostPattern),
	}
}

// environment has to agree with where the server runs: test purchases cost nothing, so in production
// anybody could have everything, and a laptop must not take money.
func environment(r *env.Reader) string {
	const name = "STRIPE_ENVIRONMENT"
	s := r.Required(name, modes, func(s string) bool { return s == "test" || s == "live" })
	switch {
	case s == "test" && r.Production():
		r.Problem(name, "must be live in production, where test purchases would be free of charge")
	case s == "live" && !r.Production():
		r.Problem(name, "must be test unless APP_ENV is production: live purchases cost money")
	}
	return s
}

func products(r *env.Reader) []Product {
	const name = "STRIPE_PRICES"
	if r.Required(name, prices, func(string) bool { return true }) == "" {
		return nil
	}
	items := r.List(name, prices, pricePattern.MatchString)
	if len(items) > maxPrices {
		r.Problem(name, "has more than 100 prices")
		return nil
	}
	var found []Product
	for i, item := range items {
		m := pricePattern.FindStringSubmatch(item)
		if slices.ContainsFunc(items[:i], func(s string) bool { return strings.HasSuffix(s, "="+m[2]) }) {
			r.Problem(name, "has a price twice")
			return nil
		}
		at := slices.IndexFunc(found, func(p Product) bool { return p.Name == m[1] })
		if at < 0 {
			at = len(found)
			found = append(found, Product{Name: m[1]})
		}
		found[at].Prices = append(found[at].Prices, m[2])
	}
	return found
}
