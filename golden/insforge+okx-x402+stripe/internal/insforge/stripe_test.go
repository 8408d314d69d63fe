package insforge_test

import (
	"errors"
	"net/http"
	"testing"

	"example.com/shop/internal/insforge"
)

func TestCheckOut(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusCreated, "", `{"checkoutSession":{"id":"1","status":"open","url":"https://checkout.stripe.com/c/pay/cs_1"}}`)
	made, err := c.CheckOut(t.Context(), user, "test", insforge.StripePurchase{
		Mode: insforge.StripeOnce, Price: "price_1", Quantity: 2, User: "ada", SuccessURL: "https://a.example/y", CancelURL: "https://a.example/n", Key: "k",
	})
	if want := (insforge.StripeCheckout{Status: "open", URL: "https://checkout.stripe.com/c/pay/cs_1"}); err != nil || made != want {
		t.Errorf("%+v, %v", made, err)
	}
	want := seen{
		request: "POST /api/payments/stripe/test/checkout-sessions", auth: "Bearer user-token", contentType: "application/json",
		body: `{"mode":"payment","lineItems":[{"priceId":"price_1","quantity":2}],"successUrl":"https://a.example/y","cancelUrl":"https://a.example/n",` +
			`"subject":{"type":"user","id":"ada"},"idempotencyKey":"k"}`,
	}
	if last != want {
		t.Errorf("sent %+v, want %+v", last, want)
	}
}

func TestBillingPortal(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusCreated, "", `{"customerPortalSession":{"url":"https://billing.stripe.com/p/session/1"}}`)
	to, err := c.BillingPortal(t.Context(), user, "live", "ada", "https://a.example/billing")
	if err != nil || to != "https://billing.stripe.com/p/session/1" {
		t.Errorf("%q, %v", to, err)
	}
	want := seen{
		request: "POST /api/payments/stripe/live/customer-portal-sessions", auth: "Bearer user-token", contentType: "application/json",
		body: `{"subject":{"type":"user","id":"ada"},"returnUrl":"https://a.example/billing"}`,
	}
	if last != want {
		t.Errorf("sent %+v, want %+v", last, want)
	}
	c = answering(t, &last, http.StatusNotFound, "", `{"error":"PAYMENT_NOT_FOUND","message":"no customer","statusCode":404}`)
	_, err = c.BillingPortal(t.Context(), user, "live", "ada", "https://a.example/billing")
	if answer, ok := errors.AsType[*insforge.Error](err); !ok || answer.Status != http.StatusNotFound || answer.Code != "PAYMENT_NOT_FOUND" {
		t.Errorf("before anything was bought: %v", err)
	}
}

func TestCatalog(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusOK, "", `{
		"products":[{"environment":"test","productId":"prod_1","name":"Pro","description":null,"active":true,"metadata":{}}],
		"prices":[{"environment":"test","priceId":"price_1","productId":"prod_1","active":true,"currency":"usd","unitAmount":900,"type":"recurring","recurringInterval":"month","recurringIntervalCount":1},
			{"environment":"test","priceId":"price_2","productId":null,"active":false,"currency":"usd","unitAmount":null,"type":"one_time","recurringInterval":null,"recurringIntervalCount":null}]}`)
	got, err := c.Catalog(t.Context(), "test")
	if err != nil || len(got.Products) != 1 || len(got.Prices) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if p := got.Products[0]; p.ID != "prod_1" || p.Name != "Pro" || p.Description != "" || !p.Active {
		t.Errorf("product %+v", p)
	}
	if p := got.Prices[0]; p.ID != "price_1" || p.Product != "prod_1" || *p.Amount != 900 || p.Interval != "month" || p.IntervalCount != 1 {
		t.Errorf("price %+v", p)
	}
	if p := got.Prices[1]; p.Amount != nil || p.Active || p.Interval != "" {
		t.Errorf("price %+v", p)
	}
	if last.request != "GET /api/payments/stripe/test/catalog" || last.auth != "Bearer ik_server" {
		t.Errorf("sent %+v", last)
	}
}
