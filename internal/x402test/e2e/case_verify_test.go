package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/x402test"
)

func TestCase15_invalidIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.okx.Queue(x402test.Verify, x402test.Invalid("risk_address"))
	payment := s.signed(s.buyer(1), hello).Header()
	a := s.pay(hello, payment)
	s.expect("invalid", a, http.StatusPaymentRequired)
	if reason := a.reason(t); reason != "risk_address" {
		t.Errorf("reason %q, want what the facilitator said", reason)
	}
	if s.ran() != 0 || s.settles() != 0 {
		t.Errorf("%d runs and %d settlements of a refused payment", s.ran(), s.settles())
	}
	// A buyer without money is refused by the real check.
	s.expect("no money", s.pay(hello, s.signed(s.buyer(0), hello).Header()), http.StatusPaymentRequired)
	s.ledgerHas()
	s.sold(0)
}

func TestCase16_verifyFails(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(1), hello).Header()
	elsewhere := open(t) // whoever follows a redirect shows another host a signed request
	for _, fault := range []x402test.Fault{
		x402test.Instead("status 500", 500, `{"code":"50026","msg":"System error. Try again later","data":null}`),
		x402test.HTML, x402test.EmptyBody, x402test.NullData, x402test.Reset, x402test.Unavailable, x402test.ResetAfter,
		x402test.Redirect(elsewhere.okx.Base() + "/verify"), x402test.WrongPayer, x402test.Hang,
	} {
		s.okx.Queue(x402test.Verify, fault)
		a := s.pay(hello, payment)
		s.expect(fault.String(), a, http.StatusServiceUnavailable)
		for _, internal := range []string{"50026", "System error", "127.0.0.1", "verify"} {
			if strings.Contains(a.body, internal) {
				t.Errorf("%s: the answer tells %q: %s", fault, internal, a.body)
			}
		}
		s.ledgerHas() // the claim is released
	}
	if elsewhere.asked() != 0 {
		t.Error("a signed request went to another host")
	}
	// OKX is busy, however often it is asked; then for a moment only.
	s.okx.Queue(x402test.Verify, x402test.RateLimited, x402test.RateLimitedInOK, x402test.RateLimited)
	s.expect("busy", s.pay(hello, payment), http.StatusServiceUnavailable)
	s.ledgerHas()
	s.okx.Queue(x402test.Verify, x402test.RateLimited, x402test.RateLimitedInOK)
	if s.ran() != 0 || s.settles() != 0 {
		t.Errorf("%d runs and %d settlements", s.ran(), s.settles())
	}
	s.expect("the same payment afterwards", s.pay(hello, payment), http.StatusOK)
	s.sold(1)
}

func TestCase17_handlerFails(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(1), "/v1/fail").Header()
	for _, status := range []string{"400", "404", "422", "500", "503"} {
		a := s.pay("/v1/fail?status="+status, payment)
		if !strings.HasPrefix(a.String(), status+" ") || a.body != "failed" || a.header.Get("PAYMENT-RESPONSE") != "" {
			t.Errorf("%v, want the handler's own %s", a, status)
		}
		s.ledgerHas()
	}
	// What is wrong with a request is its sender's fault, and not charged either.
	r := paid(report, s.signed(s.buyer(1), report).Header())
	r.body = `{"text":""}`
	if a := s.get(r); a.status != http.StatusUnprocessableEntity {
		t.Errorf("%v, want 422", a)
	}
	if s.settles() != 0 {
		t.Errorf("%d settlements", s.settles())
	}
	s.expect("a better request", s.pay("/v1/fail?status=200", payment), http.StatusOK)
	s.sold(1)
}

func TestCase18_handlerPanics(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(1), "/v1/panic").Header()
	for range 2 {
		a := s.pay("/v1/panic", payment)
		s.expect("panic", a, http.StatusInternalServerError)
		if strings.Contains(a.body, "boom") {
			t.Errorf("the answer tells why: %s", a.body)
		}
		s.ledgerHas()
	}
	if s.settles() != 0 || s.ran() != 2 {
		t.Errorf("%d settlements, %d runs; want 0 and 2", s.settles(), s.ran())
	}
	s.logged("boom")
	s.expect("another route", s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusOK)
	s.sold(1)
}

// TestCase28_slowHandler has a handler take all the time there is for it, and OKX
// some more.
func TestCase28_slowHandler(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.okx.Queue(x402test.Settle, x402test.Pending(2))
	s.expect("late", s.pay("/v1/late", s.signed(s.buyer(1), "/v1/late").Header()), http.StatusOK)
	s.sold(1)
}

func TestCase29_streaming(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(2)
	a := s.pay("/v1/stream?kilobytes=100", s.signed(b, "/v1/stream").Header())
	s.expect("flushed", a, http.StatusOK)
	if len(a.body) != len("first ")+100<<10 {
		t.Errorf("%d bytes arrived", len(a.body))
	}
	// Nothing is held back without a bound.
	a = s.pay("/v1/stream?kilobytes=10000", s.signed(b, "/v1/stream").Header())
	s.expect("too long", a, http.StatusInternalServerError)
	if strings.Contains(a.body, "first") {
		t.Error("part of an unpaid answer got out")
	}
	s.sold(1)
}
