package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/insforge/forge/internal/x402test"
)

// TestBrowser_watches looks at the page of payments while one is made elsewhere.
func TestBrowser_watches(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := browse(t, nil)
	b.run(chromedp.Navigate(s.server.url + "/payments"))
	b.shows("main", "There are no payments yet.")
	b.shows("#live", "Live")
	s.expect("paid", s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusOK)
	b.shows("caption", "Totals")
	b.shows(".state.settled", "settled")
	b.shows("main", "Payments 1 to 1 of 1")
	b.picture("payments")

	b.checkPayment(s)
	// Without JavaScript it takes a reload.
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Reload())
	b.shows("main", "Payments 1 to 1 of 1")
	b.checkPayment(s)
}

// checkPayment wants the one payment to be on the page, with a link to its
// transaction, and who paid not to be.
func (b *browser) checkPayment(s *shop) {
	b.t.Helper()
	books := s.books(x402test.USDG)
	if len(books) != 1 {
		b.t.Fatalf("the ledger has %v, want one payment", books)
	}
	b.shows("td.number + td.number", "0.01 USDG")
	link, err := chromedp.Run(b.ctx, chromedp.AttributeValue(chromedp.CSS("td a"), "href"))
	if want := "https://www.oklink.com/xlayer/tx/" + strings.ToLower(books[0].Transaction.Hex()); err != nil || link.Value != want {
		b.t.Errorf("the payment links to %q (%v), want %q", link.Value, err, want)
	}
	page, err := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS("html")))
	if err != nil || strings.Contains(strings.ToLower(page), strings.ToLower(books[0].From.Hex())) {
		b.t.Errorf("everybody is shown who paid (%v):\n%s", err, page)
	}
}
