package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/x402test"
)

// TestForms_answers sells through each form that OKX's answers may have.
func TestForms_answers(t *testing.T) {
	t.Parallel()
	s := open(t)
	sold := 0
	for _, form := range []x402test.Fault{x402test.NumberCode, x402test.ArrayData, x402test.ErrorCode, x402test.Bare} {
		for _, on := range []x402test.Operation{x402test.Supported, x402test.Verify, x402test.Settle} {
			s.okx.Always(on, form)
		}
		s.expect(form.String(), s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusOK)
		sold++
		s.sold(sold)
	}
}

// TestForms_olderAPI sells through the generation of OKX's API that knows nothing
// of version 2, nor of a settlement's status.
func TestForms_olderAPI(t *testing.T) {
	t.Parallel()
	s := prepare(t, "OKX_API=v6")
	s.env["OKX_BASE_URL"] = s.okx.OlderBase()
	s.env["X_LAYER_RPC_URL"] = s.chain.URL
	s.server = s.start()
	payment := s.signed(s.buyer(2), hello).Header()
	s.expect("paid", s.pay(hello, payment), http.StatusOK)
	s.expect("paid before", s.pay(hello, payment), http.StatusOK)
	s.expect("no money", s.pay(hello, s.signed(s.buyer(0), hello).Header()), http.StatusPaymentRequired)
	s.sold(1)

	const other = "/v1/other"
	lost := s.signed(s.buyer(2), other).Header()
	s.okx.Queue(x402test.Settle, x402test.ResetAfter)
	s.unknown("answer lost", s.pay(other, lost))
	s.delivered("answer lost", other, lost)
	s.sold(2)
	for _, call := range s.okx.Calls() {
		if !call.Older {
			t.Errorf("the current API was asked: %s %s", call.Method, call.Path)
		}
	}
	if s.ran() != 2 {
		t.Errorf("%d runs, want 2", s.ran())
	}
}

// TestForms_severalAssets sells in one asset or the other, as the buyer likes, and
// never for a signature over another one than he says.
func TestForms_severalAssets(t *testing.T) {
	t.Parallel()
	for _, compat := range []string{"false", "true"} {
		s := open(t, "PAYMENT_ASSETS=USDG,USDC", "PAYMENT_COMPAT="+compat)
		both := s.challenge(hello)
		if len(both.Accepts) != 2 {
			t.Fatalf("%d offers, want 2", len(both.Accepts))
		}
		b := s.buyer(3)
		if err := s.chain.Mint(t.Context(), x402test.USDC, b.Address(), 3*price); err != nil {
			t.Fatal(err)
		}
		payIn := func(offer int) x402test.Payment {
			chosen := both
			chosen.Accepts = []json.RawMessage{both.Accepts[offer]}
			p, err := b.Pay(chosen)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		s.expect("USDG", s.pay(hello, payIn(0).Header()), http.StatusOK)
		s.soldIn(x402test.USDG, 1)
		s.soldIn(x402test.USDC, 0)
		dollars := payIn(1)
		s.expect("USDC", s.pay(hello, dollars.Header()), http.StatusOK)
		s.expect("USDC before", s.pay(hello, dollars.Header()), http.StatusOK)
		s.soldIn(x402test.USDG, 1)
		s.soldIn(x402test.USDC, 1)

		mixed := payIn(1)
		mixed.Accepted = both.Accepts[0]
		s.expect("signed for the other one", s.pay(hello, mixed.Header()), http.StatusPaymentRequired)
		// Version 1 does not name the asset. The signature does.
		older := payIn(1).HeaderV1()
		want := map[string]int{"false": http.StatusBadRequest, "true": http.StatusOK}[compat]
		s.expect("version 1", s.get(request{path: hello, header: http.Header{"X-PAYMENT": {older}}}), want)
		sold := 1
		if want == http.StatusOK {
			sold = 2
		}
		s.soldIn(x402test.USDG, 1)
		s.soldIn(x402test.USDC, sold)
		if s.ran() != 1+sold || !strings.Contains(string(both.Accepts[1]), x402test.USDC.Name) {
			t.Errorf("%d runs of %s", s.ran(), both.Accepts)
		}
	}
}
