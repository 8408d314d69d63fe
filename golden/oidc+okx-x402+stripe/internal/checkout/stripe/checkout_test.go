package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func buy(product string) string { return `{"product":"` + product + `"}` }

func TestCheckout(t *testing.T) {
	s := newShop(t)
	w := s.ask("ada", "POST", "/v1/billing/checkout", `{"product":"pack","quantity":3}`, "Idempotency-Key", "mine")
	expect(t, "buying", w, http.StatusCreated, `{"url":"https://checkout.stripe.com/c/pay/cs_live_1#fragment"}`)

	// All that InsForge was asked for. The price and the buyer are not from the request.
	made := s.sessions[keyFor("ada", "mine")]
	if made == nil {
		t.Fatalf("there is no checkout under this user's key: %v", s.sessions)
	}
	want := map[string]any{
		"mode": "payment", "lineItems": []any{map[string]any{"priceId": "price_pack", "quantity": 3.0}},
		"successUrl": origin + "/billing?checkout=done", "cancelUrl": origin + "/billing",
		"subject": map[string]any{"type": "user", "id": "ada"}, "idempotencyKey": keyFor("ada", "mine"),
	}
	if !reflect.DeepEqual(made["request"], want) {
		t.Errorf("asked for %v, want %v", made["request"], want)
	}

	expect(t, "subscribing", s.ask("ada", "POST", "/v1/billing/checkout", buy("pro"), "Idempotency-Key", "pro"), http.StatusCreated)
	delete(s.sessions, keyFor("ada", "mine"))
	var request map[string]any
	for _, made := range s.sessions {
		request, _ = made["request"].(map[string]any)
	}
	if items := fmt.Sprint(request["lineItems"]); request["mode"] != "subscription" || !strings.Contains(items, "price_pro ") {
		t.Errorf("subscribed with %v", request)
	}
}

// TestCheckout_once: the same key means the same checkout, however often and by however many servers it is
// asked for; and a key is its user's own.
func TestCheckout_once(t *testing.T) {
	s := newShop(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { s.ask("ada", "POST", "/v1/billing/checkout", buy("pack"), "Idempotency-Key", "click") })
	}
	all.Wait()
	if len(s.sessions) != 1 {
		t.Errorf("ten clicks made %d checkouts", len(s.sessions))
	}
	expect(t, "somebody else's click", s.ask("bob", "POST", "/v1/billing/checkout", buy("pack"), "Idempotency-Key", "click"), http.StatusCreated)
	if len(s.sessions) != 2 {
		t.Errorf("two users share %d checkouts", len(s.sessions))
	}
	expect(t, "the key for something else", s.ask("ada", "POST", "/v1/billing/checkout", `{"product":"pack","quantity":2}`, "Idempotency-Key", "click"),
		http.StatusConflict, "idempotency_key_used")
	for range 2 {
		expect(t, "without a key", s.ask("ada", "POST", "/v1/billing/checkout", buy("pack")), http.StatusCreated)
	}
	if len(s.sessions) != 4 {
		t.Errorf("two orders without a key made %d checkouts, want two", len(s.sessions)-2)
	}
	for _, status := range []string{"completed", "expired", "failed"} {
		s.sessions[keyFor("ada", "click")]["status"] = status
		expect(t, status, s.ask("ada", "POST", "/v1/billing/checkout", buy("pack"), "Idempotency-Key", "click"), http.StatusConflict, "checkout_over")
	}
}

func TestCheckout_refuses(t *testing.T) {
	s := newShop(t)
	for what, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"a product that is not sold":      {buy("other"), http.StatusNotFound, "no_such_product"},
		"a price ID":                      {buy("price_pack"), http.StatusNotFound, "no_such_product"},
		"a price that nobody configured":  {buy("price_secret"), http.StatusNotFound, "no_such_product"},
		"no product":                      {`{}`, http.StatusNotFound, "no_such_product"},
		"an archived price":               {buy("archived"), http.StatusNotFound, "no_such_product"},
		"an archived product":             {buy("gone"), http.StatusNotFound, "no_such_product"},
		"a price that InsForge lacks":     {buy("missing"), http.StatusNotFound, "no_such_product"},
		"none":                            {`{"product":"pack","quantity":0}`, http.StatusBadRequest, "invalid_quantity"},
		"fewer than none":                 {`{"product":"pack","quantity":-1}`, http.StatusBadRequest, "invalid_quantity"},
		"too many":                        {`{"product":"pack","quantity":1000}`, http.StatusBadRequest, "invalid_quantity"},
		"a half":                          {`{"product":"pack","quantity":0.5}`, http.StatusBadRequest, "invalid_json"},
		"an amount of one's own":          {`{"product":"pack","amount":1}`, http.StatusBadRequest, "invalid_json"},
		"a subject of one's own":          {`{"product":"pack","subject":{"type":"user","id":"bob"}}`, http.StatusBadRequest, "invalid_json"},
		"a way back of one's own":         {`{"product":"pack","successUrl":"https://evil.example"}`, http.StatusBadRequest, "invalid_json"},
		"metadata of one's own":           {`{"product":"pack","metadata":{"a":"b"}}`, http.StatusBadRequest, "invalid_json"},
		"two objects":                     {buy("pack") + buy("pack"), http.StatusBadRequest, "invalid_json"},
		"no JSON":                         {`product=pack`, http.StatusBadRequest, "invalid_json"},
		"something that is not an object": {`[]`, http.StatusBadRequest, "invalid_json"},
	} {
		expect(t, what, s.ask("ada", "POST", "/v1/billing/checkout", tt.body), tt.status, `"code":"`+tt.code+`"`)
	}
	expect(t, "a form", s.ask("ada", "POST", "/v1/billing/checkout", "product=pack", "Content-Type", "application/x-www-form-urlencoded"),
		http.StatusUnsupportedMediaType, "unsupported_media_type")
	expect(t, "a key too long", s.ask("ada", "POST", "/v1/billing/checkout", buy("pack"), "Idempotency-Key", strings.Repeat("k", 201)),
		http.StatusBadRequest, "invalid_idempotency_key")
	if len(s.sessions) != 0 {
		t.Errorf("what was refused made %v", s.sessions)
	}
	for _, route := range []string{"GET /v1/billing/products", "GET /v1/billing/purchases", "POST /v1/billing/checkout", "POST /v1/billing/portal", "GET /billing", "POST /billing/checkout", "POST /billing/portal"} {
		method, path, _ := strings.Cut(route, " ")
		if w := s.ask("", method, path, "{}"); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without a user: %d", route, w.Code)
		}
	}
}

// TestCheckout_subscribedAlready: nobody pays for one subscription twice, as long as it is charged for; it may
// be had again when it has ended, by others, and in the test environment.
func TestCheckout_subscribedAlready(t *testing.T) {
	for status, want := range map[string]int{
		"active": http.StatusConflict, "trialing": http.StatusConflict, "past_due": http.StatusConflict, "unpaid": http.StatusConflict, "paused": http.StatusConflict,
		"canceled": http.StatusCreated, "incomplete": http.StatusCreated, "incomplete_expired": http.StatusCreated,
	} {
		for _, price := range []string{"price_pro", "price_proOld"} {
			s := newShop(t)
			s.bought("ada", "sub_1", price, "subscription", status, nil)
			expect(t, status, s.ask("ada", "POST", "/v1/billing/checkout", buy("pro")), want)
			expect(t, "another product", s.ask("ada", "POST", "/v1/billing/checkout", buy("pack")), http.StatusCreated)
			expect(t, "another user", s.ask("bob", "POST", "/v1/billing/checkout", buy("pro")), http.StatusCreated)
		}
	}
	s := newShop(t)
	s.bought("ada", "sub_1", "price_pro", "subscription", "active", map[string]any{"environment": "test"})
	expect(t, "what was subscribed to in test", s.ask("ada", "POST", "/v1/billing/checkout", buy("pro")), http.StatusCreated)
}

// TestCheckout_subscribingTwice: who opens two pages to subscribe on, in two windows, finds one checkout.
func TestCheckout_subscribingTwice(t *testing.T) {
	s := newShop(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.checkout.now = func() time.Time { return now }
	subscribe := func(user, key string, status int, code string) {
		t.Helper()
		expect(t, user+" "+key, s.ask(user, "POST", "/v1/billing/checkout", buy("pro"), "Idempotency-Key", key), status, code)
	}
	want := func(what string, n int) {
		t.Helper()
		if len(s.sessions) != n {
			t.Errorf("%s: %d checkouts, want %d", what, len(s.sessions), n)
		}
	}
	for _, key := range []string{"first window", "second window", ""} {
		subscribe("ada", key, http.StatusCreated, "")
	}
	want("three windows", 1)
	subscribe("bob", "first window", http.StatusCreated, "")
	want("another user", 2)
	expect(t, "another quantity", s.ask("bob", "POST", "/v1/billing/checkout", `{"product":"pro","quantity":2}`), http.StatusCreated)
	want("another quantity", 3)

	// Paid for, and not told of yet.
	for _, made := range s.sessions {
		made["status"] = "completed"
	}
	subscribe("ada", "third window", http.StatusConflict, "checkout_paid")
	s.bought("ada", "sub_1", "price_pro", "subscription", "incomplete", nil)
	subscribe("ada", "third window", http.StatusConflict, "checkout_paid")
	want("one that is paid for", 3)

	s.rows[0]["status"] = "canceled"
	subscribe("ada", "after it has ended", http.StatusCreated, "")
	subscribe("ada", "again", http.StatusCreated, "")
	want("after it has ended", 4)

	for _, made := range s.sessions {
		made["status"] = "expired"
	}
	subscribe("ada", "ended by hand", http.StatusCreated, "")
	want("ended by hand", 5)
	now = now.Add(24 * time.Hour)
	subscribe("ada", "", http.StatusCreated, "")
	want("the day after", 6)
}

// TestOutages: whatever InsForge answers, the user learns what to do, the log has the rest, and nothing of
// Stripe's or the server's own gets out.
func TestOutages(t *testing.T) {
	for what, tt := range map[string]struct {
		breaks func(s *shop)
		status int
		code   string
	}{
		"the token is refused":        {func(s *shop) { s.status, s.code = 401, "AUTH_UNAUTHORIZED" }, http.StatusBadGateway, "upstream_error"},
		"a policy says no":            {func(s *shop) { s.status, s.code = 403, "AUTH_UNAUTHORIZED" }, http.StatusForbidden, "forbidden"},
		"InsForge has no key":         {func(s *shop) { s.status, s.code = 400, "PAYMENT_CONFIG_INVALID" }, http.StatusBadGateway, "upstream_error"},
		"Stripe knows no such price":  {func(s *shop) { s.status, s.code = 400, "UPSTREAM_FAILURE" }, http.StatusBadGateway, "upstream_error"},
		"the key was used":            {func(s *shop) { s.status, s.code = 409, "PAYMENT_CHECKOUT_ALREADY_EXISTS" }, http.StatusConflict, "idempotency_key_used"},
		"too many requests":           {func(s *shop) { s.status, s.code = 429, "RATE_LIMITED" }, http.StatusServiceUnavailable, "upstream_busy"},
		"a fault":                     {func(s *shop) { s.status, s.code = 500, "INTERNAL_ERROR" }, http.StatusBadGateway, "upstream_error"},
		"unavailable":                 {func(s *shop) { s.status, s.code = 503, "" }, http.StatusServiceUnavailable, "upstream_busy"},
		"a proxy's page":              {func(s *shop) { s.status, s.html = 502, true }, http.StatusBadGateway, "upstream_error"},
		"a connection that ends":      {func(s *shop) { s.down = true }, http.StatusBadGateway, "upstream_error"},
		"a page that is not Stripe's": {func(s *shop) { s.page, s.portal = "https://evil.example/pay", "https://evil.example/pay" }, http.StatusBadGateway, "upstream_error"},
		"no page":                     {func(s *shop) { s.page, s.portal = "", "" }, http.StatusBadGateway, "upstream_error"},
	} {
		for _, path := range []string{"checkout", "portal"} {
			s := newShop(t)
			s.customer["ada"] = true
			tt.breaks(s)
			w := s.ask("ada", "POST", "/v1/billing/"+path, buy("pack"), "Idempotency-Key", "k")
			expect(t, path+": "+what, w, tt.status, `"code":"`+tt.code+`"`)
			if (tt.status == http.StatusServiceUnavailable) != (w.Header().Get("Retry-After") != "") {
				t.Errorf("%s: %s: Retry-After %q", path, what, w.Header().Get("Retry-After"))
			}
			if !strings.Contains(s.logs.String(), "msg=billing") {
				t.Errorf("%s: %s is not in the log: %s", path, what, s.logs)
			}
			if strings.Contains(s.logs.String(), "eyJ") || strings.Contains(s.logs.String(), "evil.example") {
				t.Errorf("%s: %s: the log has too much: %s", path, what, s.logs)
			}
		}
	}
}

// TestOutages_slow: a caller who gives up is not logged as a fault, and the call ends with them.
func TestOutages_slow(t *testing.T) {
	s := newShop(t)
	s.slow = true
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/billing/purchases", nil)
	r.Header.Set("Test-User", "ada")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	expect(t, "a slow InsForge", w, http.StatusGatewayTimeout, "upstream_timeout")
	if strings.Contains(s.logs.String(), "level=ERROR") {
		t.Errorf("a caller who has gone is logged: %s", s.logs)
	}
	if p := problemOf(fmt.Errorf("insforge: %w", context.DeadlineExceeded)); p.status != http.StatusGatewayTimeout {
		t.Errorf("too late is %+v", p)
	}
}

func TestPortal(t *testing.T) {
	s := newShop(t)
	expect(t, "before anything was bought", s.ask("ada", "POST", "/v1/billing/portal", ""), http.StatusNotFound, "nothing_bought")
	s.customer["ada"] = true
	expect(t, "the portal", s.ask("ada", "POST", "/v1/billing/portal", ""), http.StatusCreated, `{"url":"https://billing.stripe.com/p/session/1"}`)
	expect(t, "somebody else's", s.ask("bob", "POST", "/v1/billing/portal", ""), http.StatusNotFound)
}

func TestStripes(t *testing.T) {
	own := newShopWith(t, Config{Environment: "live", BaseURL: origin, Domain: "pay.example.com"}).checkout
	none := newShop(t).checkout
	for address, want := range map[string][2]bool{
		"https://checkout.stripe.com/c/pay/cs_1#x":    {true, true},
		"https://pay.example.com/c/pay/cs_1":          {true, false},
		"http://checkout.stripe.com/c/pay/cs_1":       {false, false},
		"https://checkout.stripe.com.evil.example/":   {false, false},
		"https://checkout.stripe.com@evil.example/":   {false, false},
		"https://user@checkout.stripe.com/":           {false, false},
		"https://checkout.stripe.com:8443/":           {false, false},
		"https://evil.example/checkout.stripe.com":    {false, false},
		"https://billing.stripe.com/p/session":        {false, false},
		"//checkout.stripe.com/":                      {false, false},
		"javascript:alert(1)//https://a.stripe.com":   {false, false},
		"https://checkout.stripe.com\\@evil.example/": {false, false},
		"https:///path":                {false, false},
		"":                             {false, false},
		"https://CHECKOUT.stripe.com/": {false, false},
		"https://checkout.stripe.com\t.evil.example/a": {false, false},
	} {
		if got := [2]bool{own.stripes(address, checkoutHost) == nil, none.stripes(address, checkoutHost) == nil}; got != want {
			t.Errorf("%q is Stripe's with and without a domain of our own: %v, want %v", address, got, want)
		}
	}
}

func TestPurchases(t *testing.T) {
	s := newShop(t)
	s.bought("ada", "cs_1", "price_pack", "payment", "paid", map[string]any{"quantity": 2})
	s.bought("ada", "sub_1", "price_proOld", "subscription", "canceled", map[string]any{"ends_at": "2026-02-03T00:00:00Z", "amount": nil, "currency": nil})
	s.bought("ada", "cs_2", "price_other", "payment", "refunded", map[string]any{"amount_refunded": 1200})
	s.bought("ada", "cs_test", "price_pack", "payment", "paid", map[string]any{"environment": "test"})
	s.bought("bob", "cs_3", "price_pack", "payment", "paid", nil)
	var got struct{ Purchases []Purchase }
	if err := json.Unmarshal(s.ask("ada", "GET", "/v1/billing/purchases", "").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range got.Purchases {
		all = append(all, fmt.Sprint(p.ID, " ", p.Product, " ", p.Quantity, " ", p.Status, " ", p.Active, " ", p.Amount, " ", p.AmountRefunded))
	}
	want := []string{"cs_1 pack 2 paid true 1200 0", "sub_1 pro 1 canceled false 0 0", "cs_2  1 refunded false 1200 1200"}
	if !slices.Equal(all, want) {
		t.Errorf("Ada has %q, want %q", all, want)
	}
	expect(t, "nothing bought", s.ask("eve", "GET", "/v1/billing/purchases", ""), http.StatusOK, `{"purchases":[]}`)
}

func TestMayUse(t *testing.T) {
	s := newShop(t)
	s.bought("ada", "sub_1", "price_proOld", "subscription", "active", nil)
	s.bought("bob", "sub_2", "price_pro", "subscription", "past_due", nil)
	s.bought("eve", "sub_3", "price_pro", "subscription", "active", map[string]any{"environment": "test"})
	s.bought("ada", "cs_1", "price_pack", "payment", "refunded", nil)
	for _, tt := range []struct {
		user, product string
		want          bool
	}{
		{"ada", "pro", true}, // for the price that it was sold for before
		{"ada", "pack", false},
		{"ada", "", false},
		{"ada", "price_proOld", false},
		{"bob", "pro", false},
		{"eve", "pro", false}, // paid with a test card
	} {
		if got, err := s.checkout.MayUse(t.Context(), s.as(tt.user), tt.product); err != nil || got != tt.want {
			t.Errorf("%s may use %q: %v, %v", tt.user, tt.product, got, err)
		}
	}
	s.down = true
	if got, err := s.checkout.MayUse(t.Context(), s.as("ada"), "pro"); err == nil || got {
		t.Errorf("without an InsForge Ada may use pro: %v, %v", got, err)
	}
}

// TestMayUse_manyPurchases: what was bought long ago counts, however much was bought since.
func TestMayUse_manyPurchases(t *testing.T) {
	s := newShop(t)
	for i := range maxPurchases {
		s.bought("ada", fmt.Sprint("cs_", i), "price_pack", "payment", "paid", nil)
		s.bought("ada", fmt.Sprint("sub_", i), "price_other", "subscription", "active", nil)
	}
	s.bought("ada", "sub_pro", "price_pro", "subscription", "active", nil)
	if got, err := s.checkout.MayUse(t.Context(), s.as("ada"), "pro"); err != nil || !got {
		t.Errorf("Ada may use pro: %v, %v", got, err)
	}
	expect(t, "subscribing again", s.ask("ada", "POST", "/v1/billing/checkout", buy("pro")), http.StatusConflict, "already_subscribed")
}

func TestWatch(t *testing.T) {
	s := newShop(t)
	s.failing = append(s.failing, map[string]any{"id": "evt_1", "reason": "no such checkout", "attempts": 3, "since": "2026-01-02T03:04:05Z"})
	if err := s.checkout.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"level=ERROR", "purchase needs an operator", "event=evt_1", `reason="no such checkout"`, "attempts=3"} {
		if !strings.Contains(s.logs.String(), want) {
			t.Errorf("%q is not in the log: %s", want, s.logs)
		}
	}
	s.noRPC = true
	if err := s.checkout.catchUp(t.Context()); err == nil {
		t.Error("an InsForge without the migration is no error")
	}
}

// TestStart looks for what was missed at once, says what cannot be sold, and ends when it is told to.
func TestStart(t *testing.T) {
	s := newShop(t)
	stop := s.checkout.Start(t.Context())
	const looks = "POST /api/database/rpc/stripe_catch_up"
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		looked := slices.Contains(s.requests, looks)
		s.mu.Unlock()
		if looked {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is looked for")
		}
	}
	stop()
	for _, name := range []string{"archived", "gone", "missing"} {
		if !strings.Contains(s.logs.String(), `msg="a product cannot be sold" product=`+name) {
			t.Errorf("%s is not in the log: %s", name, s.logs)
		}
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the server stops"))
	s.checkout.Start(ended)()
}
