package x402test_test

import (
	"cmp"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

func TestSupported(t *testing.T) {
	s := newShop(t)
	for base, want := range map[string]string{
		s.Base():      `"kinds":[{"extra":null,"network":"eip155:196","scheme":"exact","x402Version":2}]`,
		s.OlderBase(): `"data":[{"chainIndex":"196","chainName":"X Layer","scheme":"exact","x402Version":1}]`,
	} {
		if got := s.call("GET", base+"/supported", ""); got.code != "0" || !strings.Contains(got.body, want) {
			t.Errorf("%s: %s", base, got)
		}
	}
}

func TestVerifyAndSettle(t *testing.T) {
	for _, token := range []x402test.Token{x402test.USDG, x402test.USDC} {
		t.Run(token.Symbol, func(t *testing.T) {
			s := newShop(t)
			p := s.pay(newBuyer(t, s.chain, token, 100), token, 30)
			if got := s.verify(p); got.data["isValid"] != true || got.data["payer"] != strings.ToLower(p.Authorization.From.Hex()) {
				t.Fatal(got)
			}
			s.received(token, 0)
			got := s.settle(p)
			if got.code != "0" || got.data["success"] != true || got.data["status"] != "success" || got.data["network"] != x402test.Network {
				t.Fatal(got)
			}
			entries := s.received(token, 30)
			if entries[0].Transaction.Hex() != got.data["transaction"] {
				t.Errorf("settled by %v, money moved in %s", got.data["transaction"], entries[0].Transaction)
			}
			if got := s.status(got.data["transaction"]); got.data["success"] != true || got.data["status"] != "success" {
				t.Error(got)
			}
			if got := s.verify(p); got.data["isValid"] != false || got.data["invalidReason"] != "nonce_used" {
				t.Error(got)
			}
			if got := s.settle(p); got.data["success"] != false || got.data["errorReason"] != "nonce_used" || got.data["transaction"] != "" {
				t.Error(got)
			}
			s.received(token, 30)
		})
	}
}

func TestSettleAsynchronously(t *testing.T) {
	s := newShop(t)
	p := s.pay(newBuyer(t, s.chain, x402test.USDG, 100), x402test.USDG, 30)
	got := s.call("POST", s.Base()+"/settle", body(p, ""))
	if got.data["success"] != true || got.data["status"] != "pending" {
		t.Fatal(got)
	}
	if got := s.status(got.data["transaction"]); got.data["status"] != "success" {
		t.Error(got)
	}
}

// TestReuseSucceeds is the trap: success, a new hash, and no money.
func TestReuseSucceeds(t *testing.T) {
	for _, token := range []x402test.Token{x402test.USDG, x402test.USDC} {
		t.Run(token.Symbol, func(t *testing.T) {
			s := newShop(t)
			p := s.pay(newBuyer(t, s.chain, token, 100), token, 30)
			first := s.settle(p)
			s.Queue(x402test.Settle, x402test.ReuseSucceeds)
			second := s.settle(p)
			if second.data["success"] != !token.RevertsOnReuse || second.data["transaction"] == first.data["transaction"] {
				t.Errorf("%s, then %s", first, second)
			}
			s.received(token, 30)
		})
	}
}

func TestSettleOnceAmongMany(t *testing.T) {
	s := newShop(t)
	p := s.pay(newBuyer(t, s.chain, x402test.USDG, 100), x402test.USDG, 30)
	var mu sync.Mutex
	outcomes := map[any]int{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got := s.settle(p)
			mu.Lock()
			defer mu.Unlock()
			outcomes[got.data["errorReason"]]++
		})
	}
	wg.Wait()
	if outcomes[nil] != 1 || outcomes["payment processing"]+outcomes["nonce_used"] != 19 {
		t.Errorf("outcomes = %v", outcomes)
	}
	s.received(x402test.USDG, 30)
}

func TestRefusedPayments(t *testing.T) {
	s := newShop(t)
	buyer := newBuyer(t, s.chain, x402test.USDG, 100)
	pay := func(changes ...func(*x402test.Authorization)) x402test.Payment {
		return s.pay(buyer, x402test.USDG, 30, changes...)
	}
	good := pay()
	signed := func(change func([]byte) []byte) string {
		p := pay()
		p.Signature = change(p.Signature)
		return body(p, "")
	}
	replaced := func(old, by string) string { return strings.Replace(body(good, ""), old, by, 1) }
	for name, try := range map[string]struct{ body, reason string }{
		"good":             {body(good, ""), ""},
		"poor":             {body(s.pay(newBuyer(t, s.chain, x402test.USDG, 0), x402test.USDG, 30), ""), "insufficient_balance"},
		"signed less":      {body(pay(func(a *x402test.Authorization) { a.Value = big.NewInt(29) }), ""), "amount mismatch"},
		"signed more":      {body(pay(func(a *x402test.Authorization) { a.Value = big.NewInt(31) }), ""), "amount mismatch"},
		"other recipient":  {body(pay(func(a *x402test.Authorization) { a.To = buyer.Address() }), ""), "toAddr mismatch"},
		"not yet":          {body(pay(func(a *x402test.Authorization) { a.ValidAfter = big.NewInt(time.Now().Unix() + 60) }), ""), "not_yet_valid"},
		"expired":          {body(pay(func(a *x402test.Authorization) { a.ValidBefore = big.NewInt(time.Now().Unix() - 1) }), ""), "expired"},
		"other payer":      {replaced(buyer.Address().Hex(), newBuyer(t, s.chain, x402test.USDG, 0).Address().Hex()), "invalid_signature"},
		"high s":           {signed(x402test.HighS), "invalid_signature"},
		"v of 0 or 1":      {signed(x402test.ZeroV), "invalid_signature"},
		"short":            {signed(func(b []byte) []byte { return b[:64] }), "invalid_signature"},
		"accepted differs": {replaced(`"amount":"30"`, `"amount":"31"`), "param_mismatch"},
		"other network":    {strings.ReplaceAll(body(good, ""), "eip155:196", "eip155:1"), "unsupported_chain"},
		"other scheme":     {strings.ReplaceAll(body(good, ""), `"exact"`, `"upto"`), "no matching payment option"},
		"other asset":      {strings.ReplaceAll(body(good, ""), "0x4ae46a", "0x4ae46b"), "no matching payment option"},
		"other name":       {strings.ReplaceAll(body(good, ""), "Global Dollar", "USDG"), "param_mismatch"},
	} {
		got := s.call("POST", s.Base()+"/verify", try.body)
		if got.status != 200 || got.data["isValid"] != (try.reason == "") || fmt.Sprint(got.data["invalidReason"]) != cmp.Or(try.reason, "<nil>") {
			t.Errorf("%s: verify: %s", name, got)
		}
		if try.reason == "" {
			continue
		}
		got = s.call("POST", s.Base()+"/settle", try.body)
		if got.status != 200 || got.data["success"] != false || got.data["status"] != "failed" || got.data["errorReason"] != try.reason {
			t.Errorf("%s: settle: %s", name, got)
		}
	}
	s.received(x402test.USDG, 0)
}

func TestRefusedBodies(t *testing.T) {
	s := newShop(t)
	p := s.pay(newBuyer(t, s.chain, x402test.USDG, 100), x402test.USDG, 30)
	good := body(p, "")
	older := olderBody(p)
	replaced := func(in, old, by string) string { return strings.Replace(in, old, by, 1) }
	for name, try := range map[string]struct{ base, body, code string }{
		"nothing":             {s.Base(), "", "51000"},
		"no JSON":             {s.Base(), "x", "51000"},
		"no payload":          {s.Base(), `{"x402Version":2}`, "50014"},
		"no version":          {s.Base(), replaced(good, `"x402Version":2,`, ""), "50014"},
		"version 1":           {s.Base(), replaced(good, `"x402Version":2`, `"x402Version":1`), "51000"},
		"two bodies":          {s.Base(), good + good, "51000"},
		"unknown field":       {s.Base(), replaced(good, `{`, `{"extra":1,`), "51000"},
		"chainIndex":          {s.Base(), replaced(good, `{`, `{"chainIndex":"196",`), "51000"},
		"syncSettle":          {s.Base(), replaced(good, `{`, `{"syncSettle":true,`), "51000"},
		"number":              {s.Base(), replaced(good, `"value":"30"`, `"value":30`), "51000"},
		"leading zero":        {s.Base(), replaced(good, `"value":"30"`, `"value":"030"`), "51000"},
		"exponent":            {s.Base(), replaced(good, `"value":"30"`, `"value":"3e1"`), "51000"},
		"no signature":        {s.Base(), replaced(good, `"signature":"0x`, `"signature":"`), "51000"},
		"older, no chain":     {s.OlderBase(), replaced(older, `"chainIndex":"196",`, ""), "50014"},
		"older, other chain":  {s.OlderBase(), replaced(older, `"chainIndex":"196"`, `"chainIndex":"1"`), "50038"},
		"current at older":    {s.OlderBase(), good, "50014"},
		"older at current":    {s.Base(), older, "51000"},
		"older, with version": {s.OlderBase(), replaced(older, `"x402Version":1`, `"x402Version":2`), "51000"},
	} {
		if got := s.call("POST", try.base+"/verify", try.body); got.status != http.StatusBadRequest || got.code != try.code {
			t.Errorf("%s: %s; want code %s", name, got, try.code)
		}
	}
	for _, path := range []string{"/", "/api/v6/x402/settle/status?txHash=0x00", "/api/v6/pay/x402", "/verify", "/api/v6/pay/x402/verify/"} {
		for _, method := range []string{"GET", "POST"} {
			if got := s.call(method, s.URL+path, ""); got.status != http.StatusNotFound {
				t.Errorf("%s %s: %s", method, path, got)
			}
		}
	}
}

// olderBody is what clients of the older API send.
func olderBody(p x402test.Payment) string {
	return fmt.Sprintf(`{"x402Version":1,"chainIndex":"196","paymentPayload":{"x402Version":1,"scheme":"exact","network":"eip155:196",`+
		`"payload":{"signature":"%#x","authorization":{"from":"%s","to":"%s","value":"%s","validAfter":"%s","validBefore":"%s","nonce":"%s"}}},`+
		`"paymentRequirements":{"scheme":"exact","network":"eip155:196","maxAmountRequired":%q,"resource":"https://shop.example.com/v1/report",`+
		`"description":"","mimeType":"","payTo":%q,"maxTimeoutSeconds":300,"asset":%q,"extra":{"name":"Global Dollar","version":"1"}}}`,
		p.Signature, p.Authorization.From, p.Authorization.To, p.Authorization.Value, p.Authorization.ValidAfter,
		p.Authorization.ValidBefore, p.Authorization.Nonce, p.Requirements.Amount, p.Requirements.PayTo, p.Requirements.Asset)
}

func TestOlderGeneration(t *testing.T) {
	s := newShop(t)
	p := s.pay(newBuyer(t, s.chain, x402test.USDG, 100), x402test.USDG, 30)
	if got := s.call("POST", s.OlderBase()+"/verify", olderBody(p)); got.data["isValid"] != true || !strings.Contains(got.body, `"data":[{`) {
		t.Fatal(got)
	}
	got := s.call("POST", s.OlderBase()+"/settle", strings.Replace(olderBody(p), "{", `{"syncSettle":true,`, 1))
	if got.data["success"] != true || got.data["txHash"] == nil || got.data["transaction"] != nil || got.data["chainIndex"] != "196" {
		t.Fatal(got)
	}
	s.received(x402test.USDG, 30)
	if got := s.call("POST", s.OlderBase()+"/settle", olderBody(p)); got.data["success"] != false || got.data["errorMsg"] != "nonce_used" {
		t.Error(got)
	}
	least := strings.NewReplacer(`,"network":"eip155:196"`, "", `,"maxTimeoutSeconds":300`, "", `,"extra":{"name":"Global Dollar","version":"1"}`, "")
	if got := s.call("POST", s.OlderBase()+"/verify", least.Replace(olderBody(p))); got.data["invalidReason"] != "nonce_used" {
		t.Error(got)
	}
}

func TestAuthentication(t *testing.T) {
	s := newShop(t)
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("OK-ACCESS-"+name, value) }
	}
	at := func(offset time.Duration) func(*http.Request) {
		return func(r *http.Request) { s.sign(r, "", time.Now().Add(offset)) }
	}
	for name, try := range map[string]struct {
		tamper func(*http.Request)
		code   string
	}{
		"right":              {func(*http.Request) {}, "0"},
		"a bit off":          {at(20 * time.Second), "0"},
		"late":               {at(-40 * time.Second), "50112"},
		"early":              {at(40 * time.Second), "50112"},
		"no key":             {set("KEY", ""), "50103"},
		"no passphrase":      {set("PASSPHRASE", ""), "50104"},
		"no signature":       {set("SIGN", ""), "50106"},
		"no timestamp":       {set("TIMESTAMP", ""), "50107"},
		"wrong key":          {set("KEY", "other"), "50111"},
		"wrong passphrase":   {set("PASSPHRASE", "other"), "50105"},
		"wrong signature":    {set("SIGN", "b3RoZXI="), "50113"},
		"no milliseconds":    {set("TIMESTAMP", time.Now().UTC().Format(time.RFC3339)), "50112"},
		"seconds since 1970": {set("TIMESTAMP", fmt.Sprint(time.Now().Unix())), "50112"},
		"other body":         {func(r *http.Request) { s.sign(r, "{}", time.Now()) }, "50113"},
		"other query":        {func(r *http.Request) { r.URL.RawQuery = "a=b" }, "50113"},
		"other method":       {func(r *http.Request) { r.Method = "POST"; s.sign(r, "", time.Now()); r.Method = "GET" }, "50113"},
	} {
		got := s.call("GET", s.Base()+"/supported", "", try.tamper)
		if got.code != try.code || (got.status == http.StatusOK) != (try.code == "0") {
			t.Errorf("%s: %s; want code %s", name, got, try.code)
		}
	}
}

func TestSkew(t *testing.T) {
	s := newShop(t)
	s.Skew(time.Hour)
	got := s.call("GET", s.Base()+"/supported", "")
	date, err := http.ParseTime(got.header.Get("Date"))
	if got.code != "50112" || err != nil {
		t.Fatal(got, err)
	}
	if got := s.call("GET", s.Base()+"/supported", "", func(r *http.Request) { s.sign(r, "", date) }); got.code != "0" {
		t.Error(got)
	}
	s.Heal()
	if got := s.call("GET", s.Base()+"/supported", ""); got.code != "0" {
		t.Error(got)
	}
}
