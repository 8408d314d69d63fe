package pay

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestPay(t *testing.T) {
	s := newSeller(t, sold)
	// What cannot be paid comes first.
	s.challenge["accepts"] = []any{
		accepts("scheme", "upto"), accepts("network", "solana:5eykt"), accepts("extra", object{"name": "USDG", "version": "2"}), accepts(),
	}
	b := newBuyer(t)
	result, p := b.buy(t, s)
	if result.Outcome != Paid || result.Receipt.Transaction != settling || string(result.Answer.Body) != "the report" || !result.Settled() {
		t.Errorf("got %+v", result)
	}
	if p.Payer != b.key.Address().Hex() || p.Amount != "10000" || s.signatures() != 1 || result.Attempts != 1 {
		t.Errorf("got %+v after %d attempts", p, result.Attempts)
	}
}

// TestOutcomes has sellers fail in every way after they were handed a payment.
// Whatever happens, they see one signature.
func TestOutcomes(t *testing.T) {
	type answer = func(http.ResponseWriter, string)
	receipt := func(change ...any) string {
		r := object{"success": true, "transaction": settling, "network": "eip155:196"}
		for i := 0; i < len(change); i += 2 {
			r[change[i].(string)] = change[i+1]
		}
		return header(r)
	}
	refusal := answers(402, "PAYMENT-RESPONSE", header(object{"success": false, "errorReason": "insufficient_funds", "transaction": ""}))
	dearer := answers(402, "PAYMENT-REQUIRED", header(object{"x402Version": 2, "error": "the price has changed", "accepts": []any{accepts("amount", "20000")}}))
	for _, c := range []struct {
		name     string
		answers  []answer
		outcome  Outcome
		attempts int
		reason   string
		settled  bool
	}{
		{"503, then sold", []answer{answers(503), sold}, Paid, 2, "", true},
		{"the connection dies, then sold", []answer{dies, sold}, Paid, 2, "", true},
		{"in progress elsewhere, then sold", []answer{answers(409), answers(202), answers(429), sold}, Paid, 4, "", true},
		{"503 for ever", []answer{answers(503)}, Unknown, maxAttempts, "the seller answered 503 Service Unavailable", false},
		{"refused", []answer{refusal}, Refused, 1, "the seller answered 402 Payment Required: insufficient_funds", false},
		{"another price", []answer{dearer}, Refused, 1, "the seller answered 402 Payment Required: the price has changed", false},
		{"refused after an attempt that may have charged", []answer{answers(503), refusal}, Unknown, maxAttempts, "the seller answered 402 Payment Required: insufficient_funds", false},
		{"sold, and broken off", []answer{soldWithoutBody, sold}, Paid, 2, "", true},
		{"sold, and broken off for ever", []answer{soldWithoutBody}, Paid, maxAttempts, "", false},
		{"sold, then said to be sold before", []answer{soldWithoutBody, answers(409, "PAYMENT-RESPONSE", receipt())}, Paid, 2, "the seller answered 409 Conflict", true},
		{"settled, and failed", []answer{answers(500, "PAYMENT-RESPONSE", receipt())}, Paid, maxAttempts, "the seller answered 500 Internal Server Error", false},
		{"no receipt", []answer{answers(200)}, Delivered, 1, "the seller sent no receipt", true},
		{"a garbled receipt", []answer{answers(200, "PAYMENT-RESPONSE", "%%%")}, Delivered, 1, "the seller's receipt cannot be read", true},
		{"a receipt without a transaction", []answer{answers(200, "PAYMENT-RESPONSE", receipt("transaction", "0x12"))}, Delivered, 1, "the seller's receipt names no transaction", true},
		{"a receipt for another network", []answer{answers(200, "PAYMENT-RESPONSE", receipt("network", "eip155:1"))}, Delivered, 1, "the seller's receipt is for another network", true},
		{"a receipt for another payer", []answer{answers(200, "PAYMENT-RESPONSE", receipt("payer", wallet))}, Delivered, 1, "the seller's receipt is for another payer", true},
		{"a redirect", []answer{answers(307, "Location", "https://elsewhere.example/")}, Unknown, maxAttempts, "the seller answered 307 Temporary Redirect", false},
		{"bad request", []answer{answers(400)}, Refused, 1, "the seller answered 400 Bad Request", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSeller(t, c.answers...)
			result, _ := newBuyer(t).buy(t, s)
			if result.Outcome != c.outcome || result.Attempts != c.attempts || result.Settled() != c.settled ||
				c.reason != "" && result.Reason != c.reason {
				t.Errorf("got %s after %d attempts, settled %v: %q", result.Outcome, result.Attempts, result.Settled(), result.Reason)
			}
			if n := s.signatures(); n != 1 {
				t.Errorf("the seller saw %d signatures", n)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	s := newSeller(t, answers(503, "Retry-After", "7"), answers(503), sold)
	b := newBuyer(t)
	if result, _ := b.buy(t, s); result.Outcome != Paid || !slices.Equal(b.waited, []time.Duration{7 * time.Second, 14 * time.Second}) {
		t.Errorf("%s after waiting %v", result.Outcome, b.waited)
	}
	now := time.Now()
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-1": 0, "3": 3 * time.Second, now.Add(time.Hour).UTC().Format(http.TimeFormat): time.Hour,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got > want || got < want-time.Second {
			t.Errorf("Retry-After %q: %v", value, got)
		}
	}
}

// TestResume gives up on a payment and takes it up in what is another run.
func TestResume(t *testing.T) {
	s := newSeller(t, answers(503), answers(503), answers(503), answers(503), answers(503), answers(402), sold)
	b := newBuyer(t)
	result, _ := b.buy(t, s)
	if result.Outcome != Unknown {
		t.Fatalf("got %s", result.Outcome)
	}
	var open *PendingError
	if err := Vacant(b.path, time.Now().Add(24*time.Hour)); !errors.As(err, &open) || !open.Until.IsZero() {
		t.Errorf("another payment may be signed: %v", err)
	}
	p, err := LoadPayment(b.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Keep(b.path); !errors.As(err, &open) {
		t.Errorf("the payment was written over: %v", err)
	}
	if result = b.Send(t.Context(), p, http.Header{}); result.Outcome != Paid || result.Attempts != 2 {
		t.Errorf("got %s after %d attempts: %s", result.Outcome, result.Attempts, result.Reason)
	}
	if n := s.signatures(); n != 1 {
		t.Errorf("the seller saw %d signatures", n)
	}
}

// TestRefusedPaymentIsKeptWhileItIsGood: a seller that says no has it all the same.
func TestRefusedPaymentIsKeptWhileItIsGood(t *testing.T) {
	s := newSeller(t, answers(402))
	b := newBuyer(t)
	result, p := b.buy(t, s)
	if err := p.Mark(b.path, result.Outcome == Refused); err != nil {
		t.Fatal(err)
	}
	var open *PendingError
	if err := Vacant(b.path, time.Now()); !errors.As(err, &open) || open.Until != p.Expires() {
		t.Errorf("another payment may be signed: %v", err)
	}
	if err := Vacant(b.path, p.Expires().Add(time.Second)); err != nil {
		t.Error(err)
	}
	if err := Vacant(b.path, time.Now()); err != nil {
		t.Errorf("it was not cleared away: %v", err)
	}
}
