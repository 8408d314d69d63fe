package stripe

import (
	"crypto/rand"
	_ "embed"
	"net/http"
	"slices"
	"strconv"

	"example.com/shop/internal/insforge"
	"example.com/shop/internal/page"
)

//go:embed billing.html
var billingHTML string

// newPage is the page /billing. Browsers hold its forms to the policy even when an answer sends them on, so
// the policy names the hosts of Stripe's pages.
func newPage(cfg Config) *page.Page {
	forms := "form-action 'self' https://" + checkoutHost + " https://" + portalHost
	if cfg.Domain != "" {
		forms += " https://" + cfg.Domain
	}
	return page.New(billingHTML, forms)
}

// handlePage shows what is for sale, and what the visitor has bought.
func (c *Checkout) handlePage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.showPage(w, r, http.StatusOK, "")
	})
}

// offered is an offer as the page shows it to somebody.
type offered struct {
	Offer
	Subscribed bool
}

// shown is a purchase as the page shows it.
type shown struct {
	Purchase
	Title, Price, State string
}

// states is how people call what Stripe says. Any other state is shown in Stripe's word.
var states = map[string]string{
	"pending":            "waiting for your bank",
	"paid":               "paid",
	"failed":             "payment failed",
	"refunded":           "refunded",
	"disputed":           "disputed",
	"active":             "active",
	"trialing":           "on trial",
	"past_due":           "payment overdue",
	"unpaid":             "unpaid",
	"paused":             "paused",
	"canceled":           "ended",
	"incomplete":         "waiting for your bank",
	"incomplete_expired": "payment failed",
}

func (c *Checkout) showPage(w http.ResponseWriter, r *http.Request, status int, trouble string) {
	_, as, ok := c.caller(w, r)
	if !ok {
		return
	}
	bought, err := c.purchases(r.Context(), as)
	if err != nil {
		c.pageProblem(w, r, err)
		return
	}
	offers, err := c.offers(r.Context())
	if err != nil { // what was bought can be seen all the same
		p := problemOf(err)
		c.noteProblem(r, p, err)
		if status, trouble = p.status, p.message; status == http.StatusForbidden {
			status = http.StatusBadGateway // it was the server's key that was refused
		}
	}
	view := struct {
		Problem   string
		Done      bool
		Test      bool
		Key       string
		Offers    []offered
		Purchases []shown
	}{
		Problem: trouble,
		Done:    r.Method == http.MethodGet && r.URL.Query().Get("checkout") == "done",
		Test:    c.cfg.Environment == "test",
		Key:     rand.Text(), // of the order that is made on this page
	}
	titles := map[string]string{"": "No longer for sale"}
	for _, o := range offers {
		titles[o.Name] = o.Title
		view.Offers = append(view.Offers, offered{o, slices.ContainsFunc(bought, func(p Purchase) bool {
			return p.Product == o.Name && p.Mode == insforge.StripeRecurring && slices.Contains(charged, p.Status)
		})})
	}
	for _, p := range bought {
		s := shown{Purchase: p, Title: titles[p.Product], Price: money(p.Amount, p.Currency), State: states[p.Status]}
		if s.Title == "" {
			s.Title = p.Product
		}
		if s.State == "" {
			s.State = p.Status
		}
		view.Purchases = append(view.Purchases, s)
	}
	c.page.Write(w, status, view)
}

// Refunded is what went back of the price, or "".
func (s shown) Refunded() string {
	if s.AmountRefunded == 0 || s.AmountRefunded >= s.Amount {
		return ""
	}
	return money(s.AmountRefunded, s.Currency)
}

// handleBuy sends the visitor to the page of Stripe's on which they pay.
func (c *Checkout) handleBuy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, as, ok := c.caller(w, r)
		if !ok {
			return
		}
		quantity, _ := strconv.Atoi(r.PostFormValue("quantity")) // what is no number is no quantity either
		to, err := c.checkOut(r.Context(), id, as, order{r.PostFormValue("product"), quantity, r.PostFormValue("key")})
		if err != nil {
			c.explain(w, r, err)
			return
		}
		leave(w, r, to)
	})
}

// handleManage sends the visitor to the page of Stripe's on which they manage what they have bought.
func (c *Checkout) handleManage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, as, ok := c.caller(w, r)
		if !ok {
			return
		}
		to, err := c.portal(r.Context(), id, as)
		if err != nil {
			c.explain(w, r, err)
			return
		}
		leave(w, r, to)
	})
}

// leave sends the visitor to a page whose address is theirs alone.
func leave(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// explain shows the page again, with what went wrong.
func (c *Checkout) explain(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	c.noteProblem(r, p, err)
	c.showPage(w, r, p.status, p.message)
}

func (c *Checkout) pageProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	c.noteProblem(r, p, err)
	page.WriteMessage(w, p.status, "This did not work", "What you have bought cannot be shown right now. Try again soon.",
		page.Link{Text: "Try again", To: "/billing"})
}
