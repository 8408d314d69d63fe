package e2e_test

import (
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/insforge/forge/internal/x402test"
)

const (
	hello  = "/v1/hello"
	report = "/v1/report"
)

func TestCase01_samePaymentTwice(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(2), hello).Header()
	first := s.pay(hello, payment)
	s.expect("first", first, http.StatusOK)

	again := s.pay(hello, payment)
	s.expect("same request", again, http.StatusOK)
	if again.body != first.body || again.receipt(t) != first.receipt(t) {
		t.Errorf("the same request got %v, want what it bought: %v", again, first)
	}
	if again.header.Get("Set-Cookie") != "" {
		t.Error("a cookie of the first answer is handed out again")
	}
	other := paid(hello, payment)
	other.body = `{"text":"another"}`
	a := s.get(other)
	s.expect("other request", a, http.StatusPaymentRequired)
	if reason := a.reason(t); !strings.Contains(reason, "nonce_already_used") {
		t.Errorf("reason %q, want nonce_already_used", reason)
	}
	// The same after a restart, for what was paid is not in memory.
	s.server.Kill()
	s.server = s.start()
	s.expect("after a restart", s.pay(hello, payment), http.StatusOK)
	if s.ran() != 1 || s.settles() != 1 {
		t.Errorf("%d runs and %d settlements, want 1 of each", s.ran(), s.settles())
	}
	s.sold(1)
}

func TestCase02_samePaymentAtOnce(t *testing.T) {
	t.Parallel()
	const all = 50
	var lost sync.WaitGroup
	lost.Add(all - 1)
	s := openStaged(t, lost.Wait) // whoever wins waits until all others have lost
	payment := s.signed(s.buyer(all), staged).Header()
	var answers sync.WaitGroup
	for range all {
		answers.Go(func() {
			a, err := s.send(paid(staged, payment))
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusOK:
				return
			}
			s.expect("lost", a, http.StatusConflict)
			lost.Done()
		})
	}
	answers.Wait()
	if s.ran() != 1 || s.settles() != 1 {
		t.Errorf("%d runs and %d settlements, want 1 of each", s.ran(), s.settles())
	}
	s.expect("afterwards", s.pay(staged, payment), http.StatusOK)
	s.sold(1)
}

// atOnce sends so many requests to the servers in turn, and counts the statuses.
func (s *shop) atOnce(n int, servers []*server, make func(i int) request) map[int]int {
	s.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := map[int]int{}
	for i := range n {
		all.Go(func() {
			r := make(i)
			r.to = servers[i%len(servers)]
			a, err := s.send(r)
			if err != nil {
				s.t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	all.Wait()
	return statuses
}

func TestCase03_otherRoute(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(2)
	payment := s.signed(b, hello)
	s.expect("meant for another route", s.pay("/v1/other", payment.Header()), http.StatusPaymentRequired)
	if s.asked() != 0 {
		t.Error("the facilitator was asked")
	}
	// Without a resource nothing says which route it is for; then it is the nonce
	// that buys once.
	unnamed := tampered(payment, func(p map[string]any) { delete(p, "resource") })
	s.expect("meant for either", s.pay("/v1/other", unnamed), http.StatusOK)
	s.expect("spent", s.pay(hello, payment.Header()), http.StatusPaymentRequired)
	if s.ran() != 1 {
		t.Errorf("%d runs, want 1", s.ran())
	}
	s.sold(1)
}

// at goes down a path of keys to the object at its end.
func at(fields map[string]any, path ...string) map[string]any {
	for _, key := range path {
		fields = fields[key].(map[string]any)
	}
	return fields
}

func TestCase04_acceptedAltered(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(1), hello)
	for field, value := range map[string]any{
		"amount": "1", "payTo": "0x00000000000000000000000000000000000000aa", "asset": x402test.USDC.Address.Hex(),
		"network": "eip155:1", "scheme": "upto",
	} {
		header := tampered(payment, func(p map[string]any) { at(p, "accepted")[field] = value })
		a := s.pay(hello, header)
		s.expect(field, a, http.StatusPaymentRequired)
		if a.reason(t) == "payment required" {
			t.Errorf("%s: no reason is given", field)
		}
	}
	if s.asked() != 0 || s.ran() != 0 {
		t.Errorf("the facilitator was asked %d times, a handler ran %d times", s.asked(), s.ran())
	}
	s.sold(0)
}

func TestCase05_authorizationAltered(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(5)
	honest := s.signed(b, hello)
	altered := func(field string, value any) string {
		return tampered(honest, func(p map[string]any) { at(p, "payload", "authorization")[field] = value })
	}
	signed := func(change func(*x402test.Authorization)) string { return s.signed(b, hello, change).Header() }
	for name, header := range map[string]string{
		"altered value":       altered("value", "1"),
		"altered recipient":   altered("to", b.Address().Hex()),
		"altered nonce":       altered("nonce", common.HexToHash("0x01").Hex()),
		"somebody else":       altered("from", s.recipient.Hex()),
		"signed for less":     signed(func(a *x402test.Authorization) { a.Value = big.NewInt(price - 1) }),
		"signed for more":     signed(func(a *x402test.Authorization) { a.Value = big.NewInt(price + 1) }),
		"signed for himself":  signed(func(a *x402test.Authorization) { a.To = b.Address() }),
		"another's signature": tampered(honest, func(p map[string]any) { at(p, "payload")["signature"] = common.Bytes2Hex(nil) }),
	} {
		a := s.pay(hello, header)
		if name == "another's signature" {
			s.expect(name, a, http.StatusBadRequest)
			continue
		}
		s.expect(name, a, http.StatusPaymentRequired)
	}
	if s.asked() != 0 || s.ran() != 0 {
		t.Errorf("the facilitator was asked %d times, a handler ran %d times", s.asked(), s.ran())
	}
	s.sold(0)
}

func TestCase06_requirementsAreOurOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(1), hello)
	elsewhere := tampered(payment, func(p map[string]any) { at(p, "resource")["url"] = "https://shop.example.com/free" })
	s.expect("another resource", s.pay(hello, elsewhere), http.StatusPaymentRequired)
	altered := tampered(payment, func(p map[string]any) {
		accepted := at(p, "accepted")
		accepted["maxTimeoutSeconds"], accepted["extra"] = 9, map[string]any{"name": "USDG", "version": "2", "note": "theirs"}
		p["extensions"] = map[string]any{"theirs": true}
	})
	s.expect("another extra", s.pay(hello, altered), http.StatusOK)
	for _, call := range s.okx.Calls(x402test.Verify, x402test.Settle) {
		if strings.Contains(call.Body, "theirs") || strings.Contains(call.Body, `"maxTimeoutSeconds":9,`) || !strings.Contains(call.Body, "Global Dollar") {
			t.Errorf("the client's copy went on to the facilitator: %s", call.Body)
		}
		if sync := strings.Contains(call.Body, `"syncSettle":true`); sync != (call.Operation == x402test.Settle) {
			t.Errorf("%s is asked to wait for the chain: %t", call.Operation, sync)
		}
	}
	s.sold(1)
}

func TestCase07_letterCase(t *testing.T) {
	t.Parallel()
	s := open(t)
	upper := func(address any) string { return "0x" + strings.ToUpper(address.(string)[2:]) }
	payment := tampered(s.signed(s.buyer(1), hello), func(p map[string]any) {
		accepted, authorization := at(p, "accepted"), at(p, "payload", "authorization")
		accepted["payTo"], accepted["asset"] = upper(accepted["payTo"]), upper(accepted["asset"])
		authorization["to"], authorization["from"] = upper(authorization["to"]), strings.ToLower(authorization["from"].(string))
	})
	s.expect("capitals", s.pay(hello, payment), http.StatusOK)
	s.sold(1)
}

func TestCase08_timeWindow(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(2)
	window := func(after, before time.Duration) func(*x402test.Authorization) {
		return func(a *x402test.Authorization) {
			a.ValidAfter, a.ValidBefore = big.NewInt(time.Now().Add(after).Unix()), big.NewInt(time.Now().Add(before).Unix())
		}
	}
	for name, tt := range map[string]struct {
		change func(*x402test.Authorization)
		reason string
	}{
		"past":                       {window(-time.Hour, -time.Second), "valid_before"},
		"too short to settle":        {window(-time.Hour, 30*time.Second), "valid_before"},
		"future":                     {window(time.Minute, time.Hour), "valid_after"},
		"a window that never begins": {window(time.Hour, time.Minute), "valid_after"},
	} {
		a := s.pay(hello, s.signed(b, hello, tt.change).Header())
		s.expect(name, a, http.StatusPaymentRequired)
		if reason := a.reason(t); !strings.Contains(reason, tt.reason) {
			t.Errorf("%s: reason %q, want %s", name, reason, tt.reason)
		}
	}
	if s.asked() != 0 {
		t.Error("the facilitator was asked")
	}
	s.expect("window of the Go client", s.pay(hello, s.signed(b, hello, window(-10*time.Minute, time.Hour)).Header()), http.StatusOK)
	s.expect("window of the TypeScript client", s.pay(hello, s.signed(b, hello, func(a *x402test.Authorization) {
		a.ValidAfter, a.ValidBefore = new(big.Int), big.NewInt(time.Now().Add(300*time.Second).Unix())
	}).Header()), http.StatusOK)
	s.sold(2)
}

func TestCase09_numbers(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(1), hello)
	for _, value := range []any{
		"1e3", "-1", "+1", "0x10", "01000", "", " 10000", "10000.0", 10000, nil,
		"115792089237316195423570985008687907853269984665640564039457584007913129639936",
		strings.Repeat("9", 5000),
	} {
		for _, field := range []string{"value", "validAfter", "validBefore"} {
			a := s.pay(hello, tampered(payment, func(p map[string]any) { at(p, "payload", "authorization")[field] = value }))
			s.expect(field, a, http.StatusBadRequest)
		}
	}
	if s.asked() != 0 {
		t.Error("the facilitator was asked")
	}
	s.sold(0)
}

func TestCase10_encodings(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(4)
	encode := base64.StdEncoding.EncodeToString
	raw := func() []byte {
		// Wherever they stand, three of each make a character that the alphabets differ in.
		raw, err := base64.StdEncoding.DecodeString(tampered(s.signed(b, hello), func(p map[string]any) { p["note"] = "???~~~" }))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, encoding := range map[string]*base64.Encoding{
		"standard": base64.StdEncoding, "unpadded": base64.RawStdEncoding, "URL-safe": base64.URLEncoding, "URL-safe, unpadded": base64.RawURLEncoding,
	} {
		header := encoding.EncodeToString(raw())
		if own := map[bool]string{false: "+/", true: "-_"}[strings.HasPrefix(name, "URL")]; !strings.ContainsAny(header, own[:1]) || !strings.ContainsAny(header, own[1:]) {
			t.Fatalf("%s: %s has nothing of the alphabet's own", name, header)
		}
		s.expect(name, s.pay(hello, header), http.StatusOK)
	}
	one, two := encode(raw()), encode(raw())
	for name, header := range map[string]http.Header{
		"garbage":              {"PAYMENT-SIGNATURE": {"%%%"}},
		"not JSON":             {"PAYMENT-SIGNATURE": {encode([]byte("hello"))}},
		"empty":                {"PAYMENT-SIGNATURE": {""}},
		"empty object":         {"PAYMENT-SIGNATURE": {encode([]byte("{}"))}},
		"list":                 {"PAYMENT-SIGNATURE": {encode([]byte("[]"))}},
		"data after it":        {"PAYMENT-SIGNATURE": {encode(append(raw(), "{}"...))}},
		"two payments":         {"PAYMENT-SIGNATURE": {one, two}},
		"one twice":            {"PAYMENT-SIGNATURE": {one, one}},
		"both versions":        {"PAYMENT-SIGNATURE": {one}, "X-PAYMENT": {two}},
		"version 1 not wanted": {"X-PAYMENT": {one}},
	} {
		s.expect(name, s.get(request{path: hello, header: header}), http.StatusBadRequest)
	}
	if s.ran() != 4 {
		t.Errorf("%d runs, want 4", s.ran())
	}
	s.sold(4)
}

func TestCase11_largeHeaders(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.expect("17 KiB", s.pay(hello, strings.Repeat("A", 17<<10)), http.StatusRequestHeaderFieldsTooLarge)
	for _, open := range []string{`{"a":`, "["} {
		nested := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(open, (11<<10)/len(open))))
		s.expect("nested "+open, s.pay(hello, nested), http.StatusBadRequest)
	}
	a, err := s.send(paid(hello, strings.Repeat("A", 900_000)))
	if err == nil { // or else the server hung up on somebody who sent on
		s.expect("900 KB", a, http.StatusRequestHeaderFieldsTooLarge)
	}
	s.expect("afterwards", s.get(request{path: hello}), http.StatusPaymentRequired)
	s.sold(0)
}

func TestCase33_requirementsChanged(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"PRICE=0.02", "PRICE=0.001", "PAYMENT_ASSETS=USDC"} {
		s := open(t)
		b := s.buyer(9)
		settled := s.signed(b, hello).Header()
		s.expect("before", s.pay(hello, settled), http.StatusOK)
		outdated := s.signed(b, hello)
		before := s.asked()

		s.server.Kill()
		name, value, _ := strings.Cut(change, "=")
		s.env[name] = value
		s.server = s.start()
		challenge := s.challenge(hello)
		if string(challenge.Accepts[0]) == string(outdated.Accepted) {
			t.Errorf("%s: the challenge still asks for %s", change, outdated.Accepted)
		}
		a := s.pay(hello, outdated.Header())
		s.expect(change, a, http.StatusPaymentRequired)
		if reason := a.reason(t); reason != "invalid_payment_requirements" {
			t.Errorf("%s: reason %q", change, reason)
		}
		// Saying that the new requirements are accepted does not sign them.
		outdated.Accepted = challenge.Accepts[0]
		s.expect(change+", feigned", s.pay(hello, outdated.Header()), http.StatusPaymentRequired)
		if s.asked() != before {
			t.Errorf("%s: the facilitator was asked about an outdated payment", change)
		}
		if name == "PRICE" { // what was bought stays bought
			s.expect("bought before", s.pay(hello, settled), http.StatusOK)
		}
		if s.ran() != 1 {
			t.Errorf("%s: %d runs, want 1", change, s.ran())
		}
		s.sold(1)
	}
}

// TestCase34_moneyForOne has both payments verified while the money is still
// there, and settled one after the other.
func TestCase34_moneyForOne(t *testing.T) {
	t.Parallel()
	var verified sync.WaitGroup
	verified.Add(2)
	turn := make(chan bool, 1)
	turn <- true
	s := openStaged(t, func() {
		verified.Done()
		verified.Wait()
		<-turn
	})
	b := s.buyer(1)
	answers := make(chan answer, 2)
	for range 2 {
		payment := s.signed(b, staged).Header()
		go func() {
			a, err := s.send(paid(staged, payment))
			if err != nil {
				t.Error(err)
			}
			answers <- a
			turn <- true
		}()
	}
	s.expect("first", <-answers, http.StatusOK)
	second := <-answers
	s.expect("second", second, http.StatusPaymentRequired)
	if reason := second.reason(t); reason != "insufficient_balance" {
		t.Errorf("reason %q", reason)
	}
	if s.ran() != 2 || s.settles() != 2 {
		t.Errorf("%d runs and %d settlements, want 2 of each", s.ran(), s.settles())
	}
	s.sold(1)
}
