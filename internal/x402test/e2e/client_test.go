package e2e_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

// answer is one of the server.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %v %s", a.status, a.header, a.body) }

// reason is why a challenge comes.
func (a answer) reason(t *testing.T) string {
	t.Helper()
	c, err := x402test.ReadChallenge(a.header)
	if err != nil {
		t.Fatalf("%v: %v", err, a)
	}
	return c.Error
}

// receipt is the header PAYMENT-RESPONSE.
type receipt struct {
	Success     bool
	Transaction string
	ErrorReason string
	Network     string
	Payer       string
}

func (a answer) receipt(t *testing.T) receipt {
	t.Helper()
	var r receipt
	raw, err := base64.StdEncoding.DecodeString(a.header.Get("PAYMENT-RESPONSE"))
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatalf("receipt: %v: %v", err, a)
	}
	return r
}

// request is what a client sends.
type request struct {
	method, path, body string
	header             http.Header
	to                 *server
	ctx                context.Context // nil: the test's
}

var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send makes a request; what is left out is POST, the report's text and the first
// server.
func (s *shop) send(r request) (answer, error) {
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.body == "" && r.method == http.MethodPost {
		r.body = `{"text":"Ada wrote the first program."}`
	}
	if r.to == nil {
		r.to = s.server
	}
	if r.ctx == nil {
		r.ctx = s.t.Context()
	}
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.to.URL, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	req.URL.Opaque = "//" + strings.TrimPrefix(r.to.URL, "http://") + r.path // as it is spelled
	req.Header.Set("Content-Type", "application/json")
	for name, values := range r.header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(raw)}, err
}

func (s *shop) get(r request) answer {
	s.t.Helper()
	a, err := s.send(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// pay sends a PAYMENT-SIGNATURE with the usual request to a path.
func (s *shop) pay(path, payment string) answer {
	s.t.Helper()
	return s.get(paid(path, payment))
}

func paid(path, payment string) request {
	return request{path: path, header: http.Header{"PAYMENT-SIGNATURE": {payment}}}
}

// challenge asks a route for its price.
func (s *shop) challenge(path string) x402test.Challenge {
	s.t.Helper()
	a := s.get(request{path: path})
	if a.status != http.StatusPaymentRequired {
		s.t.Fatalf("without a payment: %v", a)
	}
	c, err := x402test.ReadChallenge(a.header)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// buyer is one with money for so many requests, in USDG.
func (s *shop) buyer(requests int64) *x402test.Buyer {
	s.t.Helper()
	b, err := x402test.NewBuyer()
	if err != nil {
		s.t.Fatal(err)
	}
	if requests > 0 {
		if err := s.chain.Mint(s.t.Context(), x402test.USDG, b.Address(), requests*price); err != nil {
			s.t.Fatal(err)
		}
	}
	return b
}

// signed is a payment of the buyer's for a path.
func (s *shop) signed(b *x402test.Buyer, path string, changes ...func(*x402test.Authorization)) x402test.Payment {
	s.t.Helper()
	p, err := b.Pay(s.challenge(path), changes...)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// tampered is the payment's header with its JSON changed after it was signed.
func tampered(p x402test.Payment, change func(map[string]any)) string {
	var fields map[string]any
	if err := json.Unmarshal(p.JSON(), &fields); err != nil {
		panic(err)
	}
	change(fields)
	raw, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}
