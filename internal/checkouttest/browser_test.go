package checkouttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/insforge/forge/internal/browsertest"
)

// browser is a tab of Chromium in which a user is signed in, and for which Stripe's
// hosts are a server of the test's.
type browser struct {
	*shop
	*browsertest.Tab

	mu   sync.Mutex
	went []string // to which of Stripe's pages
}

func browse(s *shop, user string) *browser {
	s.Helper()
	b := &browser{shop: s}
	stripe := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/favicon.ico" {
			b.mu.Lock()
			b.went = append(b.went, r.Host+r.URL.Path+" "+r.Referer())
			b.mu.Unlock()
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<title>Stripe</title><h1>Stripe</h1>")
	}))
	s.Cleanup(stripe.Close)
	b.Tab = browsertest.Open(s.T, browsertest.Options{Flags: map[string]any{
		"host-resolver-rules": "MAP *.stripe.com " + strings.TrimPrefix(stripe.URL, "https://"), "ignore-certificate-errors": true,
	}})
	if _, err := chromedp.Call(b.Context(), network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Authorization": s.credential(user)},
	}); err != nil {
		s.Fatal(err)
	}
	return b
}

func (b *browser) billing() {
	b.Helper()
	b.Visit(b.server.URL + "/billing")
}

// TestBrowser buys on the page, without scripts of ours: its forms lead to Stripe's
// pages, past the page's own policy, and what was bought is on the page.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := browse(open(t), "ada")
	b.billing()
	b.Shows("h1", "Billing")
	b.Shows("main", "You have not bought anything yet.")
	b.Picture("billing-empty")
	b.Click(`button[aria-label="Buy Ten reports"]`)
	b.Shows("h1", "Stripe")
	var session string
	if err := b.db.QueryRow(t.Context(), "select checkout_session_id from payments.stripe_checkout_sessions").Scan(&session); err != nil {
		t.Fatal(err)
	}
	b.tell("checkout.session.completed", b.session(session, "paid"))
	paid := b.session(b.order("ada", "pro", "one"), "paid")
	b.tell("customer.subscription.created", map[string]any{
		"id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_ada", "currency": "usd", "created": 1_700_000_000, "metadata": paid["metadata"],
		"items": map[string]any{"data": []any{map[string]any{
			"quantity": 1, "current_period_end": 1_800_000_000, "price": map[string]any{"id": prices["pro"], "unit_amount": 900},
		}}},
	})
	b.billing()
	b.Shows("main", "paid until 15 January 2027")
	b.Picture("billing")
	b.Click(`form[action="/billing/portal"] button`)
	b.Shows("h1", "Stripe")
	b.mu.Lock()
	defer b.mu.Unlock()
	want := "checkout.stripe.com/c/pay/" + session + " \nbilling.stripe.com/p/session/cus_ada "
	if got := strings.Join(b.went, "\n"); got != want {
		t.Errorf("went to\n%s\nwant, with no word of where from,\n%s", got, want)
	}
}
