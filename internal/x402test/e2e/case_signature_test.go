package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/x402test"
)

func TestCase30_contractWallets(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		s := open(t, "PAYMENT_CONTRACT_WALLETS="+map[bool]string{false: "false", true: "true"}[allowed])
		b := s.buyer(0)
		wallet, err := s.chain.DeployWallet(t.Context(), b.Owner())
		if err != nil {
			t.Fatal(err)
		}
		b.Wallet = wallet
		if err := s.chain.Mint(t.Context(), x402test.USDG, wallet, 3*price); err != nil {
			t.Fatal(err)
		}
		long := func(more int) string {
			p := s.signed(b, hello)
			p.Signature = append(p.Signature, make([]byte, more)...)
			return p.Header()
		}
		if !allowed {
			s.expect("not wanted", s.pay(hello, long(100)), http.StatusPaymentRequired)
			if s.asked() != 0 {
				t.Error("the facilitator was asked")
			}
			s.sold(0)
			continue
		}
		s.expect("wanted", s.pay(hello, long(100)), http.StatusOK)
		s.expect("over the bound", s.pay(hello, long(5000)), http.StatusBadRequest)
		forged := s.signed(b, hello)
		forged.Signature = make([]byte, 165)
		s.expect("forged", s.pay(hello, forged.Header()), http.StatusPaymentRequired)
		if s.ran() != 1 {
			t.Errorf("%d runs, want 1", s.ran())
		}
		s.sold(1)
	}
}

func TestCase31_signaturesTheTokenRefuses(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(1)
	for name, change := range map[string]func([]byte) []byte{
		"high s": x402test.HighS, "v 0 or 1": x402test.ZeroV,
		"zeroes": func(signature []byte) []byte { return make([]byte, len(signature)) },
	} {
		p := s.signed(b, hello)
		p.Signature = change(p.Signature)
		a := s.pay(hello, p.Header())
		s.expect(name, a, http.StatusPaymentRequired)
		if reason := a.reason(t); reason != "invalid_exact_evm_payload_signature" {
			t.Errorf("%s: reason %q", name, reason)
		}
	}
	if s.asked() != 0 {
		t.Error("the facilitator was asked")
	}
	s.sold(0)
}

func TestCase32_versions(t *testing.T) {
	t.Parallel()
	strict := open(t)
	payment := strict.signed(strict.buyer(1), hello)
	for name, version := range map[string]any{"1": 1, "3": 3, "none": nil, "text": "2"} {
		a := strict.pay(hello, tampered(payment, func(p map[string]any) { p["x402Version"] = version }))
		strict.expect(name, a, http.StatusBadRequest)
		if version != "2" && !strings.Contains(a.body, "x402Version must be 2") {
			t.Errorf("version %s: the error does not name version 2: %s", name, a.body)
		}
	}
	strict.expect("version 1", strict.get(request{path: hello, header: http.Header{"X-PAYMENT": {payment.HeaderV1()}}}), http.StatusBadRequest)
	strict.expect("hybrid", strict.pay(hello, payment.HeaderHybrid()), http.StatusBadRequest)
	strict.sold(0)

	compat := open(t, "PAYMENT_COMPAT=true")
	b := compat.buyer(4)
	challenge := compat.challenge(hello)
	var entry map[string]any
	if err := json.Unmarshal(challenge.Accepts[0], &entry); err != nil {
		t.Fatal(err)
	}
	if entry["maxAmountRequired"] != entry["amount"] || entry["resource"] == nil || challenge.Version != 2 {
		t.Errorf("challenge %+v lacks what older clients read", entry)
	}
	first := compat.get(request{path: hello, header: http.Header{"X-PAYMENT": {compat.signed(b, hello).HeaderV1()}}})
	compat.expect("version 1", first, http.StatusOK)
	if first.header.Get("X-PAYMENT-RESPONSE") == "" {
		t.Error("no receipt of version 1")
	}
	compat.expect("hybrid", compat.pay(hello, compat.signed(b, hello).HeaderHybrid()), http.StatusOK)
	compat.expect("version 2", compat.pay(hello, compat.signed(b, hello).Header()), http.StatusOK)
	compat.expect("version 3", compat.pay(hello, tampered(compat.signed(b, hello), func(p map[string]any) { p["x402Version"] = 3 })), http.StatusBadRequest)
	compat.sold(3)
}
