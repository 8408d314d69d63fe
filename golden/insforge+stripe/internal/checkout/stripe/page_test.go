package stripe

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	s := newShop(t)
	s.catalog.Products[0].Description = `<img src=x onerror="alert(1)">`
	w := s.ask("ada", "GET", "/billing", "")
	expect(t, "the page", w, http.StatusOK,
		"<b>Ten reports</b>, 12.00 USD", "<b>Pro</b>, 9.00 EUR every month", "You have not bought anything yet.",
		`name="product" value="pack"`, `aria-label="Subscribe to Pro"`, "&lt;img src=x")
	for _, absent := range []string{"<script", "<img", "Gone", "archived", "price_", "Invoices", "test"} {
		if strings.Contains(w.Body.String(), absent) {
			t.Errorf("%q is on the page:\n%s", absent, w.Body)
		}
	}

	s.bought("ada", "cs_1", "price_pack", "payment", "paid", map[string]any{"quantity": 2, "amount_refunded": 200})
	s.bought("ada", "sub_1", "price_proOld", "subscription", "active", map[string]any{"amount": 900, "currency": "eur", "period_end": "2026-02-02T03:04:05Z"})
	s.bought("ada", "cs_2", "price_other", "payment", "disputed", nil)
	s.bought("ada", "cs_3", "price_missing", "payment", "pending", nil)
	s.bought("ada", "cs_4", "price_pack", "payment", "new_state", nil)
	w = s.ask("ada", "GET", "/billing", "")
	expect(t, "the page of a customer", w, http.StatusOK,
		"<b>Ten reports</b> × 2, 12.00 USD", "2 January 2026, 2.00 USD refunded", `<span>paid</span>`, `<span class="soft">disputed</span>`,
		"<b>Pro</b>, 9.00 EUR<br>", "paid until 2 February 2026", `<span class="soft">yours</span>`,
		"<b>No longer for sale</b>", "<b>missing</b>", "waiting for your bank", "new_state",
		`action="/billing/portal"`, "Invoices and subscriptions")
	if strings.Contains(w.Body.String(), "Subscribe to Pro") {
		t.Error("the subscription is for sale to who has it")
	}
	expect(t, "the page of somebody else", s.ask("bob", "GET", "/billing", ""), http.StatusOK, "You have not bought anything yet.", "Subscribe to Pro")

	ending := newShop(t)
	ending.bought("ada", "sub_1", "price_pro", "subscription", "active", map[string]any{"ends_at": "2026-03-04T00:00:00Z", "period_end": "2026-03-04T00:00:00Z"})
	ending.bought("ada", "sub_0", "price_pro", "subscription", "canceled", map[string]any{"ends_at": "2025-03-04T00:00:00Z"})
	expect(t, "what ends", ending.ask("ada", "GET", "/billing", ""), http.StatusOK, "ends 4 March 2026", "ended 4 March 2025")
	expect(t, "coming back from Stripe", s.ask("ada", "GET", "/billing?checkout=done", ""), http.StatusOK, "Thank you.")

	test := newShopWith(t, Config{Environment: "test", BaseURL: origin})
	test.down = true
	expect(t, "without an InsForge", test.ask("ada", "GET", "/billing", ""), http.StatusBadGateway, "cannot be shown right now")
}

// TestPage_policy: a browser follows the answer to a form only where the policy says so, and runs nothing.
func TestPage_policy(t *testing.T) {
	own := newShopWith(t, Config{Environment: "live", BaseURL: origin, Domain: "pay.example.com"})
	for _, tt := range []struct {
		s    *shop
		want string
	}{
		{newShop(t), "form-action 'self' https://checkout.stripe.com https://billing.stripe.com"},
		{own, "form-action 'self' https://checkout.stripe.com https://billing.stripe.com https://pay.example.com"},
	} {
		policy := tt.s.ask("ada", "GET", "/billing", "").Header().Get("Content-Security-Policy")
		if first, rest, _ := strings.Cut(policy, "; "); first != tt.want || !strings.HasPrefix(rest, "default-src 'none'; ") || strings.Contains(rest, "form-action") {
			t.Errorf("the policy is %q, want %q first", policy, tt.want)
		}
	}
}

// key finds the key of an order on the page.
var key = regexp.MustCompile(`name="key" value="([^"]+)"`)

func TestPage_buy(t *testing.T) {
	s := newShop(t)
	page := s.ask("ada", "GET", "/billing", "").Body.String()
	form := url.Values{"product": {"pack"}, "quantity": {"2"}, "key": {key.FindStringSubmatch(page)[1]}}
	for range 2 { // a double click
		w := s.submit("/billing/checkout", form)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://checkout.stripe.com/c/pay/cs_live_1#fragment" ||
			w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("buying: %d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	if len(s.sessions) != 1 {
		t.Errorf("a double click made %d checkouts", len(s.sessions))
	}
	keys := map[string]bool{}
	for _, page := range []string{page, s.ask("ada", "GET", "/billing", "").Body.String()} {
		for _, found := range key.FindAllStringSubmatch(page, -1) {
			keys[found[1]] = true
		}
	}
	if len(keys) != 4 {
		t.Errorf("two pages with two products have %d keys, want 4", len(keys))
	}

	for what, tt := range map[string]struct {
		form   url.Values
		status int
		text   string
	}{
		"an unknown product": {url.Values{"product": {"x"}, "quantity": {"1"}}, http.StatusNotFound, "There is no such product."},
		"no quantity":        {url.Values{"product": {"pack"}}, http.StatusBadRequest, "1 to 999"},
		"words for numbers":  {url.Values{"product": {"pack"}, "quantity": {"two"}}, http.StatusBadRequest, "1 to 999"},
		"too many":           {url.Values{"product": {"pack"}, "quantity": {"1000"}}, http.StatusBadRequest, "1 to 999"},
	} {
		expect(t, what, s.submit("/billing/checkout", tt.form), tt.status, `<p class="problem" role="alert">`, tt.text, "<h1>Billing</h1>")
	}
	s.sessions[keyFor("ada", form.Get("key"))]["status"] = "completed"
	expect(t, "an old page", s.submit("/billing/checkout", form), http.StatusConflict, "This checkout is over.")
}

func TestPage_manage(t *testing.T) {
	s := newShop(t)
	expect(t, "before anything was bought", s.submit("/billing/portal", nil), http.StatusNotFound, "nothing to manage")
	s.customer["ada"] = true
	if w := s.submit("/billing/portal", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://billing.stripe.com/p/session/1" {
		t.Errorf("the portal: %d %s", w.Code, w.Header().Get("Location"))
	}
	s.status, s.code = 500, "INTERNAL_ERROR"
	expect(t, "a fault", s.submit("/billing/portal", nil), http.StatusBadGateway, "Nothing can be bought right now.", "<h1>Billing</h1>")
	// What was bought can be seen while nothing can be bought.
	s = newShop(t)
	s.bought("ada", "cs_1", "price_pack", "payment", "paid", nil)
	s.noPrices = true
	expect(t, "without a catalog", s.ask("ada", "GET", "/billing", ""), http.StatusBadGateway, "<b>pack</b>", "There is nothing for sale right now.", "Nothing can be bought right now.")
}
