package insforgetest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/insforgetest"
)

// own are policies under which users buy for themselves.
const own = `
	alter table payments.stripe_checkout_sessions enable row level security;
	alter table payments.stripe_customer_portal_sessions enable row level security;
	create policy own on payments.stripe_checkout_sessions to authenticated
		using (subject_id = (select auth.jwt() ->> 'sub')) with check (subject_id = (select auth.jwt() ->> 'sub'));
	create policy own on payments.stripe_customer_portal_sessions to authenticated
		using (subject_id = (select auth.jwt() ->> 'sub')) with check (subject_id = (select auth.jwt() ->> 'sub'))`

func shopAt(t *testing.T, migrations ...string) (p *insforgetest.Project, checkout, portal string) {
	t.Helper()
	p = project(t, migrations...)
	p.Stripe.Catalog = map[string]insforgetest.StripeCatalog{"test": {Prices: []insforgetest.StripePrice{
		{ID: "price_once", Active: true, Type: "one_time"}, {ID: "price_monthly", Active: true, Type: "recurring"}, {ID: "price_gone", Type: "one_time"},
	}}}
	return p, p.URL + "/api/payments/stripe/test/checkout-sessions", p.URL + "/api/payments/stripe/test/customer-portal-sessions"
}

// wish is the body of a checkout, with some keys set to other values, or left out.
func wish(changes map[string]any) string {
	all := map[string]any{
		"mode": "payment", "lineItems": []any{map[string]any{"priceId": "price_once", "quantity": 1}}, "successUrl": "https://a.example/y", "cancelUrl": "https://a.example/n",
		"subject": map[string]any{"type": "user", "id": "user_a"}, "idempotencyKey": "one",
	}
	for key, value := range changes {
		all[key] = value
		if value == nil {
			delete(all, key)
		}
	}
	body, _ := json.Marshal(all)
	return string(body)
}

func TestStripeCheckout(t *testing.T) {
	t.Parallel()
	p, checkout, _ := shopAt(t, own)
	a, b := p.Token("user_a"), p.Token("user_b")
	item := func(price string, quantity any) map[string]any {
		return map[string]any{"lineItems": []any{map[string]any{"priceId": price, "quantity": quantity}}}
	}
	for _, tt := range []struct {
		what, token string
		body        string
		status      int
		code        string
	}{
		{"the server's key", p.APIKey, wish(nil), 401, "AUTH_INVALID_CREDENTIALS"},
		{"nobody", "", wish(nil), 401, "AUTH_INVALID_CREDENTIALS"},
		{"a guest", p.AnonKey, wish(map[string]any{"subject": nil, "idempotencyKey": nil}), 403, "AUTH_UNAUTHORIZED"},
		{"for somebody else", b, wish(map[string]any{"idempotencyKey": nil}), 403, "AUTH_UNAUTHORIZED"},
		{"an unknown key", a, wish(map[string]any{"amount": 1}), 400, "INVALID_INPUT"},
		{"an unknown mode", a, wish(map[string]any{"mode": "setup"}), 400, "INVALID_INPUT"},
		{"no item", a, wish(map[string]any{"lineItems": []any{}}), 400, "INVALID_INPUT"},
		{"too many of it", a, wish(item("price_once", 1000)), 400, "INVALID_INPUT"},
		{"none of it", a, wish(item("price_once", 0)), 400, "INVALID_INPUT"},
		{"a path for an address", a, wish(map[string]any{"successUrl": "/y"}), 400, "INVALID_INPUT"},
		{"a subscription of nobody", a, wish(map[string]any{"mode": "subscription", "subject": nil}), 400, "INVALID_INPUT"},
		{"reserved metadata", a, wish(map[string]any{"metadata": map[string]any{"insforge_subject_id": "x"}}), 400, "INVALID_INPUT"},
		{"a key too long", a, wish(map[string]any{"idempotencyKey": strings.Repeat("k", 201)}), 400, "INVALID_INPUT"},
		{"a price that is not there", a, wish(with(item("price_x", 1), "idempotencyKey", nil)), 400, "UPSTREAM_FAILURE"},
		{"an archived price", a, wish(with(item("price_gone", 1), "idempotencyKey", nil)), 400, "UPSTREAM_FAILURE"},
		{"a recurring price, once", a, wish(with(item("price_monthly", 1), "idempotencyKey", nil)), 400, "UPSTREAM_FAILURE"},
	} {
		call(t, "POST", checkout, tt.token, tt.body).expect(t, tt.what, tt.status, tt.code)
	}
	call(t, "POST", p.URL+"/api/payments/stripe/sandbox/checkout-sessions", a, wish(nil)).expect(t, "no such environment", 400, "INVALID_INPUT")
	call(t, "POST", p.URL+"/api/payments/stripe/live/checkout-sessions", a, wish(nil)).expect(t, "no key for it", 400, "PAYMENT_CONFIG_INVALID")

	// Ten at once with one key are one.
	var all sync.Map
	var running sync.WaitGroup
	for range 10 {
		running.Go(func() { all.Store(call(t, "POST", checkout, a, wish(nil)).body, true) })
	}
	running.Wait()
	n := 0
	all.Range(func(body, _ any) bool {
		n++
		if !strings.Contains(fmt.Sprint(body), `"url":"https://checkout.stripe.com/c/pay/cs_test_`) {
			t.Errorf("made %s", body)
		}
		return true
	})
	if n != 1 {
		t.Errorf("one key made %d checkouts", n)
	}
	call(t, "POST", checkout, a, wish(map[string]any{"cancelUrl": "https://a.example/other"})).expect(t, "the key for something else", 409, "PAYMENT_CHECKOUT_ALREADY_EXISTS")
	call(t, "GET", p.URL+"/api/payments/stripe/test/catalog", a, "").expect(t, "a user reads the catalog", 403, "AUTH_UNAUTHORIZED")
	if r := call(t, "GET", p.URL+"/api/payments/stripe/test/catalog", p.APIKey, ""); r.status != 200 || !strings.Contains(r.body, `"priceId":"price_once"`) || !strings.Contains(r.body, `"products":[]`) {
		t.Errorf("the catalog is %d %s", r.status, r.body)
	}
}

func with(m map[string]any, key string, value any) map[string]any {
	m[key] = value
	return m
}

// TestStripeTell: who has bought is a customer, each event is kept once, and
// migrations attach to what is kept.
func TestStripeTell(t *testing.T) {
	t.Parallel()
	p, checkout, portal := shopAt(t, own, `create table heard (id text, status text);
		create function hear() returns trigger language plpgsql security definer set search_path = '' as $$
		begin insert into public.heard values (new.provider_event_id, new.processing_status); return null; end $$;
		create or replace trigger hear after insert or update on payments.webhook_events for each row execute function hear()`)
	a := p.Token("user_a")
	const me = `{"subject":{"type":"user","id":"user_a"},"returnUrl":"https://a.example"}`
	call(t, "POST", portal, a, me).expect(t, "before anything was bought", 404, "PAYMENT_NOT_FOUND")
	call(t, "POST", portal, p.AnonKey, me).expect(t, "a guest", 401, "AUTH_INVALID_CREDENTIALS")
	call(t, "POST", portal, p.Token("user_b"), me).expect(t, "somebody else's portal", 403, "AUTH_UNAUTHORIZED")
	call(t, "POST", portal, a, `{"subject":{"type":"user","id":"user_a"},"customer":"cus_1"}`).expect(t, "an unknown key", 400, "INVALID_INPUT")

	var made struct {
		CheckoutSession struct{ CheckoutSessionID string }
	}
	if err := json.Unmarshal([]byte(call(t, "POST", checkout, a, wish(nil)).body), &made); err != nil {
		t.Fatal(err)
	}
	object, err := p.Stripe.Session(t.Context(), made.CheckoutSession.CheckoutSessionID, "paid", 100)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Stripe.Tell(t.Context(), "test", "evt_1", "checkout.session.completed", time.Now(), object); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := ask(t, p.Database, admin, "select string_agg(id || ' ' || status, ', ') from heard"); got != "evt_1 pending, evt_1 processed" {
		t.Errorf("heard %s, %v", got, err)
	}
	if r := call(t, "POST", portal, a, me); r.status != 201 || !strings.Contains(r.body, "https://billing.stripe.com/p/session/cus_user_a") {
		t.Errorf("the customer's portal: %d %s", r.status, r.body)
	}
	if r := call(t, "POST", checkout, a, wish(nil)); !strings.Contains(r.body, `"status":"completed"`) {
		t.Errorf("the checkout that is over: %d %s", r.status, r.body)
	}
}
