package e2e_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/x402test"
)

func TestCase12_head(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment, err := s.buyer(2).Pay(s.getChallenge("/v1/rate"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/rate", report, hello} {
		for _, header := range []http.Header{nil, {"PAYMENT-SIGNATURE": {payment.Header()}}} {
			a := s.get(request{method: http.MethodHead, path: path, header: header})
			if a.status != http.StatusPaymentRequired && a.status != http.StatusMethodNotAllowed {
				t.Errorf("HEAD %s: %v, want 402 or 405", path, a)
			}
		}
	}
	if s.ran() != 0 || s.asked() != 0 {
		t.Errorf("%d runs, and the facilitator was asked %d times", s.ran(), s.asked())
	}
	a := s.get(request{method: http.MethodGet, path: "/v1/rate", header: http.Header{"PAYMENT-SIGNATURE": {payment.Header()}}})
	s.expect("GET", a, http.StatusOK)
	s.sold(1)
}

// getChallenge is challenge for a route that is read.
func (s *shop) getChallenge(path string) x402test.Challenge {
	s.t.Helper()
	c, err := x402test.ReadChallenge(s.get(request{method: http.MethodGet, path: path}).header)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestCase13_preflight(t *testing.T) {
	t.Parallel()
	const origin = "https://page.example.com"
	asks := http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {"POST"},
		"Access-Control-Request-Headers": {"access-control-expose-headers,content-type,payment-signature"},
	}
	s := open(t, "CORS_ORIGINS="+origin)
	a := s.get(request{method: http.MethodOptions, path: hello, header: asks})
	s.expect("preflight", a, http.StatusNoContent)
	allowed := strings.Split(strings.ToLower(strings.ReplaceAll(a.header.Get("Access-Control-Allow-Headers"), " ", "")), ",")
	for name := range strings.SplitSeq(asks.Get("Access-Control-Request-Headers"), ",") {
		if !slices.Contains(allowed, name) {
			t.Errorf("%s may not be sent: %v", name, a.header)
		}
	}
	if a.header.Get("Access-Control-Allow-Origin") != origin || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %v", a.header)
	}
	payment := s.signed(s.buyer(1), hello).Header()
	for step, r := range map[string]request{
		"402": {path: hello}, "400": {path: hello, header: http.Header{"PAYMENT-SIGNATURE": {"x"}}},
		"404": {path: "/nothing"}, "200": paid(hello, payment), "401": {method: http.MethodGet, path: "/v1/me"},
	} {
		header := http.Header{"Origin": {origin}}
		for name, values := range r.header {
			header[name] = values
		}
		r.header = header
		a := s.get(r)
		exposed := a.header.Get("Access-Control-Expose-Headers")
		if step != strconv.Itoa(a.status) || !strings.Contains(exposed, "PAYMENT-REQUIRED") || !strings.Contains(exposed, "PAYMENT-RESPONSE") {
			t.Errorf("%s: %v", step, a)
		}
		vary := strings.Join(a.header.Values("Vary"), ",")
		if !strings.Contains(vary, "Origin") || strings.Contains(vary, "Payment-Signature") != (step == "200") {
			t.Errorf("%s: it varies by %q", step, vary)
		}
	}
	stranger := s.get(request{method: http.MethodOptions, path: hello, header: http.Header{"Origin": {"https://evil.example.com"}, "Access-Control-Request-Method": {"POST"}}})
	if stranger.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a stranger is let in: %v", stranger)
	}
	s.sold(1)

	off := open(t)
	if a := off.get(request{method: http.MethodOptions, path: hello, header: asks}); a.status != http.StatusMethodNotAllowed || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight without CORS: %v", a)
	}
	if off.ran() != 0 {
		t.Error("a handler ran")
	}
	off.sold(0)
}

func TestCase14_paths(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{
		"//v1/hello", "/v1//hello", "/v1/hello/", "/v1/hello//", "/v1%2Fhello", "/v1\\hello", "/v1/%5Chello", "/v1/x/../hello",
		"/v1/./hello", "/V1/hello", "/v1/HELLO", "/v1/hello;x", "/v1/hello%00", "/v1/hello%20", "/v1/h%65llo", "/v1/hello?x", "/v1/hello#x",
		"/v1/items/a%2Fb", "/v1/items/..%2Fitems", "/%2e%2e/v1/hello",
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut, "post"} {
			a, err := s.send(request{method: method, path: path})
			if err == nil && a.status == http.StatusOK {
				t.Errorf("%s %s: %v", method, path, a)
			}
		}
	}
	if s.ran() != 0 {
		t.Errorf("handlers ran %d times without payment", s.ran())
	}
	// A parameter with an encoded slash is sold like any other.
	payment, err := s.buyer(1).Pay(s.getChallenge("/v1/items/a%2Fb"))
	if err != nil {
		t.Fatal(err)
	}
	a := s.get(request{method: http.MethodGet, path: "/v1/items/a%2Fb", header: http.Header{"PAYMENT-SIGNATURE": {payment.Header()}}})
	s.expect("encoded slash", a, http.StatusOK)
	s.sold(1)
}

func TestCase36_caches(t *testing.T) {
	t.Parallel()
	s := open(t)
	if a := s.get(request{path: hello}); a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("402: %v, want no-store", a.header)
	}
	page := s.get(request{method: http.MethodGet, path: report, header: http.Header{"Accept": {"text/html"}}})
	s.expect("page", page, http.StatusPaymentRequired)
	if page.header.Get("Cache-Control") != "no-store" || !strings.Contains(page.body, "<!DOCTYPE html>") {
		t.Errorf("page: %v", page)
	}
	payment := s.signed(s.buyer(1), hello).Header()
	for _, step := range []string{"paid", "once more"} {
		a := s.pay(hello, payment)
		s.expect(step, a, http.StatusOK)
		if !strings.Contains(a.header.Get("Cache-Control"), "private") || !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Payment-Signature") {
			t.Errorf("%s: %v, want private and Vary", step, a.header)
		}
	}
	s.sold(1)
}
