package checkouttest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// call makes a request, and returns the body of the answer it wants. The headers are
// name and value in turns.
func (s *shop) call(origin, credential, method, path, body string, status int, headers ...string) string {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, origin+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", credential)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Error(err)
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		s.Errorf("%s %s: %d %s %v, want %d", method, path, res.StatusCode, answer, err, status)
	}
	return string(answer)
}

// as calls the server as a user.
func (s *shop) as(user, method, path, body string, status int, headers ...string) string {
	s.Helper()
	return s.call(s.server.URL, s.credential(user), method, path, body, status, headers...)
}

// order starts a purchase, and returns Stripe's name for it.
func (s *shop) order(user, product, key string) string {
	s.Helper()
	var page struct{ URL string }
	answer := s.as(user, "POST", "/v1/billing/checkout", `{"product":"`+product+`"}`, http.StatusCreated, "Idempotency-Key", key)
	if err := json.Unmarshal([]byte(answer), &page); err != nil {
		s.Fatal(err)
	}
	session, ours := strings.CutPrefix(page.URL, "https://checkout.stripe.com/c/pay/")
	if !ours {
		s.Fatalf("the page to pay on is %s", page.URL)
	}
	return session
}

// tell has Stripe tell InsForge of something new.
func (s *shop) tell(kind string, object map[string]any) {
	s.Helper()
	s.events++
	s.again(kind, object)
}

// again tells the same event once more.
func (s *shop) again(kind string, object map[string]any) {
	s.Helper()
	at := time.Unix(1_700_000_000+int64(s.events), 0)
	if err := s.insforge.Stripe.Tell(s.Context(), "test", fmt.Sprintf("evt_%d", s.events), kind, at, object); err != nil {
		s.Fatal(err)
	}
}

// session is a checkout as Stripe tells of it.
func (s *shop) session(id, payment string) map[string]any {
	s.Helper()
	object, err := s.insforge.Stripe.Session(s.Context(), id, payment, 1200)
	if err != nil {
		s.Fatal(err)
	}
	return object
}

// has is what a user has bought, as the server tells them.
func (s *shop) has(user string, want ...string) {
	s.Helper()
	if got := s.purchases(user); !slices.Equal(got, want) {
		s.Errorf("%s has %q, want %q", user, got, want)
	}
}

func (s *shop) purchases(user string) []string {
	s.Helper()
	var list struct {
		Purchases []struct {
			Product, Status string
			Active          bool
		}
	}
	if err := json.Unmarshal([]byte(s.as(user, "GET", "/v1/billing/purchases", "", http.StatusOK)), &list); err != nil {
		s.Fatal(err)
	}
	var all []string
	for _, p := range list.Purchases {
		all = append(all, fmt.Sprint(p.Product, " ", p.Status, " ", p.Active))
	}
	return all
}

func (s *shop) count(what string) (n int) {
	s.Helper()
	if err := s.db.QueryRow(s.Context(), "select count(*) from "+what).Scan(&n); err != nil {
		s.Fatal(err)
	}
	return n
}

// TestBuy buys something: a double click is one checkout, only money gives anything,
// to its buyer alone and once, and giving it back takes it away.
func TestBuy(t *testing.T) {
	t.Parallel()
	s := open(t)
	if got := s.as("ada", "GET", "/v1/billing/products", "", http.StatusOK); !strings.Contains(got, `"name":"pack","title":"Ten reports","mode":"payment","amount":1200`) {
		t.Errorf("for sale is %s", got)
	}
	s.as("ada", "POST", "/v1/billing/portal", "", http.StatusNotFound)

	var clicks sync.WaitGroup
	for range 5 {
		clicks.Go(func() { s.order("ada", "pack", "click") })
	}
	clicks.Wait()
	session := s.order("ada", "pack", "click")
	if n := s.count("payments.stripe_checkout_sessions"); n != 1 {
		t.Errorf("one purchase made %d checkouts", n)
	}
	s.has("ada") // nothing is given for ordering, nor for coming back
	s.as("ada", "GET", "/billing?checkout=done", "", http.StatusOK, "Accept", "text/html")
	s.has("ada")

	s.tell("checkout.session.completed", s.session(session, "unpaid"))
	s.has("ada", "pack pending false")
	s.tell("checkout.session.async_payment_succeeded", s.session(session, "paid"))
	s.again("checkout.session.async_payment_succeeded", s.session(session, "paid"))
	s.tell("checkout.session.completed", s.session(session, "paid"))
	s.has("ada", "pack paid true")
	s.has("bob")
	if n := s.count("public.purchases"); n != 1 {
		t.Errorf("one payment made %d purchases", n)
	}
	s.as("ada", "POST", "/v1/billing/checkout", `{"product":"pack"}`, http.StatusConflict, "Idempotency-Key", "click") // that one is done
	if got := s.as("ada", "POST", "/v1/billing/portal", "", http.StatusCreated); !strings.Contains(got, "https://billing.stripe.com/p/session/cus_ada") {
		t.Errorf("the portal is %s", got)
	}

	s.tell("refund.created", map[string]any{"id": "re_1", "object": "refund", "payment_intent": "pi_" + session, "amount": 1200, "status": "succeeded"})
	s.has("ada", "pack refunded false")
	s.as("ada", "DELETE", "/v1/me", "", http.StatusNoContent)
	if n := s.count("public.purchases"); n != 0 {
		t.Errorf("a user who is deleted leaves %d purchases", n)
	}
}

// TestSubscribe: a subscription lasts while it is paid for, and nobody pays for it twice.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := open(t)
	bought := s.session(s.order("ada", "pro", "one"), "paid")
	subscription := func(status string) map[string]any {
		return map[string]any{
			"id": "sub_1", "object": "subscription", "status": status, "customer": "cus_ada", "currency": "usd", "created": 1_700_000_000, "metadata": bought["metadata"],
			"items": map[string]any{"data": []any{map[string]any{
				"quantity": 1, "current_period_end": 1_800_000_000, "price": map[string]any{"id": prices["pro"], "unit_amount": 900},
			}}},
		}
	}
	s.tell("customer.subscription.created", subscription("incomplete"))
	s.has("ada", "pro incomplete false")
	s.tell("checkout.session.completed", bought)
	s.has("ada", "pro incomplete false") // the subscription itself says when it is paid for
	s.tell("customer.subscription.updated", subscription("active"))
	s.has("ada", "pro active true")
	s.as("ada", "POST", "/v1/billing/checkout", `{"product":"pro"}`, http.StatusConflict, "Idempotency-Key", "two")
	// Nobody is deleted who would go on being charged.
	s.as("ada", "DELETE", "/v1/me", "", http.StatusConflict)
	s.as("ada", "POST", "/account/delete", "confirm=yes", http.StatusConflict, "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	s.order("bob", "pro", "one")
	s.tell("customer.subscription.updated", subscription("past_due"))
	s.has("ada", "pro past_due false")
	s.tell("customer.subscription.updated", subscription("active"))
	s.has("ada", "pro active true")
	s.tell("customer.subscription.deleted", subscription("canceled"))
	s.has("ada", "pro canceled false")
	if third, fourth := s.order("ada", "pro", "three"), s.order("ada", "pro", "four"); third != fourth {
		t.Errorf("two windows have two checkouts of a subscription: %s and %s", third, fourth)
	}
	s.has("bob")
	s.as("ada", "DELETE", "/v1/me", "", http.StatusNoContent)
	s.has("ada")
}

// TestAround goes past the server, to InsForge, with what a user may hold: nobody buys
// for others or opens their portal, a price that is not sold here buys nothing here,
// and what was free of charge in another environment of Stripe's counts for nothing.
func TestAround(t *testing.T) {
	t.Parallel()
	s := open(t)
	hidden := s.insforge.Stripe.Catalog["test"]
	hidden.Prices = append(hidden.Prices, hidden.Prices[0])
	hidden.Prices[2].ID = "price_hidden"
	s.insforge.Stripe.Catalog["test"] = hidden
	s.tell("checkout.session.completed", s.session(s.order("ada", "pack", "one"), "paid"))
	ada, bob, guest := "Bearer "+s.insforge.Token("ada"), "Bearer "+s.insforge.Token("bob"), "Bearer "+s.insforge.AnonKey
	const routes = "/api/payments/stripe/"
	checkout := func(user, price string) string {
		return `{"mode":"payment","lineItems":[{"priceId":"` + price + `","quantity":1}],"successUrl":"https://a.example","cancelUrl":"https://a.example","subject":{"type":"user","id":"` + user + `"}}`
	}
	for _, who := range []string{bob, guest} {
		s.call(s.insforge.URL, who, "POST", routes+"test/checkout-sessions", checkout("ada", prices["pack"]), http.StatusForbidden)
	}
	s.call(s.insforge.URL, bob, "POST", routes+"test/customer-portal-sessions", `{"subject":{"type":"user","id":"ada"}}`, http.StatusForbidden)
	s.call(s.insforge.URL, "Bearer "+s.insforge.APIKey, "POST", routes+"test/checkout-sessions", checkout("ada", prices["pack"]), http.StatusUnauthorized)
	for _, table := range []string{"purchases", "stripe_states", "stripe_events"} {
		s.call(s.insforge.URL, bob, "POST", "/api/database/records/"+table, `[{"id":"cs_x"}]`, http.StatusForbidden)
	}
	if got := s.call(s.insforge.URL, bob, "GET", "/api/database/records/purchases", "", http.StatusOK); got != "[]" {
		t.Errorf("Bob sees %s", got)
	}
	s.call(s.insforge.URL, bob, "POST", "/api/database/rpc/stripe_catch_up", `{"p_environment":"test","p_limit":1}`, http.StatusForbidden)

	// In an environment that this server does not sell in, Ada pays with a test card, so to speak.
	for environment, price := range map[string]string{"live": prices["pro"], "test": "price_hidden"} {
		if environment == "live" {
			price = prices["pack"]
		}
		var made struct {
			CheckoutSession struct{ CheckoutSessionID string }
		}
		if err := json.Unmarshal([]byte(s.call(s.insforge.URL, ada, "POST", routes+environment+"/checkout-sessions", checkout("ada", price), http.StatusCreated)), &made); err != nil {
			t.Fatal(err)
		}
		object := s.session(made.CheckoutSession.CheckoutSessionID, "paid")
		if err := s.insforge.Stripe.Tell(t.Context(), environment, "evt_"+environment, "checkout.session.completed", time.Unix(1_800_000_000, 0), object); err != nil {
			t.Fatal(err)
		}
	}
	got := s.purchases("ada")
	slices.Sort(got)
	if want := []string{" paid true", "pack paid true"}; !slices.Equal(got, want) {
		t.Errorf("Ada has %q, want %q", got, want)
	}
}

// TestMissed: what Stripe told while nothing listened is not lost, and what nobody can
// make sense of is called out.
func TestMissed(t *testing.T) {
	t.Parallel()
	s := open(t)
	session := s.order("ada", "pack", "one")
	change := func(sql string) {
		t.Helper()
		if _, err := s.db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	lost := s.session(s.order("bob", "pack", "one"), "paid")
	change(`alter table payments.webhook_events disable trigger stripe_fulfil`)
	s.tell("checkout.session.completed", s.session(session, "paid"))
	s.tell("checkout.session.completed", lost)
	change(`alter table payments.webhook_events enable trigger stripe_fulfil`)
	change(`delete from payments.stripe_checkout_sessions where subject_id = 'bob'`)
	s.has("ada")
	s.start()
	for deadline := time.Now().Add(30 * time.Second); len(s.purchases("ada")) == 0 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	s.has("ada", "pack paid true")
	s.has("bob")
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(s.server.Log(), "purchase needs an operator"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nobody is told: %s", s.server.Log())
		}
	}
	if log := s.server.Log(); !strings.Contains(log, `"event":"evt_2","reason":"InsForge has no checkout of `) || strings.Contains(log, "evt_1") {
		t.Errorf("the log is %s", log)
	}
}
