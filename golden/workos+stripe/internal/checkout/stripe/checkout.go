package stripe

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/page"
)

const (
	maxQuantity = 999 // InsForge's limit
	maxKey      = 200

	checkoutHost = "checkout.stripe.com"
	portalHost   = "billing.stripe.com"
)

// The reasons why nothing can be bought, besides what InsForge says.
var (
	errNoProduct  = errors.New("no such product")
	errQuantity   = errors.New("no such quantity")
	errKey        = errors.New("no such key")
	errSubscribed = errors.New("subscribed already")
	errOver       = errors.New("the checkout is over")
	errPaid       = errors.New("the checkout is paid for")
	errNoCustomer = errors.New("nothing was bought yet")
	errCharged    = errors.New("a subscription is still being charged for")
)

// Checkout sells the products of its Config.
type Checkout struct {
	cfg     Config
	db      *insforge.Client
	minter  *auth.Minter
	log     *slog.Logger
	catalog chan catalog // the last one; who takes it asks
	page    *page.Page
	now     func() time.Time
}

// New returns the Checkout for cfg. It does no I/O.
func New(cfg Config, db *insforge.Client, minter *auth.Minter, log *slog.Logger) *Checkout {
	c := &Checkout{cfg: cfg, db: db, minter: minter, log: log, catalog: make(chan catalog, 1), page: newPage(cfg), now: time.Now}
	c.catalog <- catalog{}
	return c
}

// Routes adds what users buy with. Behind signedIn and visitor, handlers find the user with
// auth.FromContext.
func (c *Checkout) Routes(mux *http.ServeMux, signedIn, visitor func(http.Handler) http.Handler) {
	mux.Handle("GET /v1/billing/products", signedIn(c.handleProducts()))
	mux.Handle("GET /v1/billing/purchases", signedIn(c.handlePurchases()))
	mux.Handle("POST /v1/billing/checkout", signedIn(c.handleCheckout()))
	mux.Handle("POST /v1/billing/portal", signedIn(c.handlePortal()))

	// The same for people.
	mux.Handle("GET /billing", visitor(c.handlePage()))
	mux.Handle("POST /billing/checkout", visitor(c.handleBuy()))
	mux.Handle("POST /billing/portal", visitor(c.handleManage()))
}

// order is what somebody wants to buy. The key is theirs: the same key means the same checkout, so that a
// form which is sent twice does not sell twice. Without one, each order is one of its own.
type order struct {
	product  string
	quantity int
	key      string
}

// checkOut returns the address of the page of Stripe's on which the user buys. Who buys is in id, and what
// it costs is at Stripe: neither is ever taken from the request.
func (c *Checkout) checkOut(ctx context.Context, id auth.Identity, as insforge.Credential, o order) (string, error) {
	switch {
	case o.quantity < 1 || o.quantity > maxQuantity:
		return "", errQuantity
	case len(o.key) > maxKey:
		return "", errKey
	}
	offers, err := c.offers(ctx)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(offers, func(o2 Offer) bool { return o2.Name == o.product })
	if at < 0 {
		return "", errNoProduct
	}
	if o.key == "" {
		o.key = rand.Text()
	}
	wanted := insforge.StripePurchase{
		Mode:       offers[at].Mode,
		Price:      offers[at].price,
		Quantity:   o.quantity,
		User:       id.Subject,
		SuccessURL: c.cfg.BaseURL + "/billing?checkout=done",
		CancelURL:  c.cfg.BaseURL + "/billing",
		Key:        keyFor(id.Subject, o.key),
	}
	var made insforge.StripeCheckout
	if wanted.Mode == insforge.StripeRecurring {
		made, err = c.subscribe(ctx, as, o.product, wanted)
	} else {
		made, err = c.db.CheckOut(ctx, as, c.cfg.Environment, wanted)
	}
	switch {
	case err != nil:
		return "", err
	case made.Status != "open":
		return "", errOver
	}
	return made.URL, c.stripes(made.URL, checkoutHost)
}

// subscribe makes the checkout of a subscription. Whoever opens two of them, in two windows, and pays on both
// would be charged for both from then on. So there is one on each day, whatever keys it is asked for with, and
// another one once a subscription has ended. Stripe's checkouts are open for a day.
func (c *Checkout) subscribe(ctx context.Context, as insforge.Credential, product string, wanted insforge.StripePurchase) (insforge.StripeCheckout, error) {
	before, err := c.purchases(ctx, as, c.of(product), insforge.Eq("mode", insforge.StripeRecurring))
	if err != nil {
		return insforge.StripeCheckout{}, err
	}
	ended := 0
	for _, p := range before {
		if slices.Contains(charged, p.Status) {
			return insforge.StripeCheckout{}, errSubscribed
		}
		if p.Status != "incomplete" {
			ended++
		}
	}
	own := wanted.Key
	wanted.Key = keyFor(wanted.User, fmt.Sprintf("%s %d %s %d", wanted.Price, wanted.Quantity, c.now().UTC().Format(time.DateOnly), ended))
	made, err := c.db.CheckOut(ctx, as, c.cfg.Environment, wanted)
	switch {
	case err != nil || made.Status == "open":
		return made, err
	case made.Status == "completed":
		return made, errPaid
	}
	// Somebody ended it at Stripe before its time.
	wanted.Key = own
	return c.db.CheckOut(ctx, as, c.cfg.Environment, wanted)
}

// portal returns the address of the page of Stripe's on which the user manages what they have bought.
func (c *Checkout) portal(ctx context.Context, id auth.Identity, as insforge.Credential) (string, error) {
	to, err := c.db.BillingPortal(ctx, as, c.cfg.Environment, id.Subject, c.cfg.BaseURL+"/billing")
	if answer, ok := errors.AsType[*insforge.Error](err); ok && answer.Status == http.StatusNotFound {
		return "", fmt.Errorf("%w: %w", errNoCustomer, err)
	}
	if err != nil {
		return "", err
	}
	return to, c.stripes(to, portalHost)
}

// keyFor makes a key the user's own: nobody finds the checkout of somebody else by guessing a key.
func keyFor(subject, key string) string {
	sum := sha256.Sum256([]byte(subject + "\x00" + key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// stripes is nil for an address of Stripe's. Nobody is sent anywhere else to pay.
func (c *Checkout) stripes(address, host string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Host == "" || u.Host != host && u.Host != c.cfg.Domain {
		return errors.New("the page to pay on is not one of Stripe's; see STRIPE_CUSTOM_DOMAIN if you have a domain of your own there")
	}
	return nil
}
