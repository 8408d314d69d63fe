package okx

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// first answers the first n calls differently.
func first(n int32, fault, then func(http.ResponseWriter, facilitatorRequest)) func(http.ResponseWriter, facilitatorRequest) {
	var calls atomic.Int32
	return func(w http.ResponseWriter, request facilitatorRequest) {
		if calls.Add(1) <= n {
			fault(w, request)
			return
		}
		then(w, request)
	}
}

func TestBusyIsAskedAgain(t *testing.T) {
	settle := answered(strings.NewReplacer())
	tests := []struct {
		name    string
		busy    func(http.ResponseWriter, facilitatorRequest)
		times   int32
		status  int
		settles int32
		state   string
	}{
		{"status 429", reply(429, `slow down`), 2, http.StatusOK, 3, "settled"},
		{"code 50011", reply(200, `{"code":"50011","msg":"Too Many Requests"}`), 1, http.StatusOK, 2, "settled"},
		{"for too long", reply(429, `{"code":"50011"}`), 3, http.StatusServiceUnavailable, 3, "failed"},
		{"status 500", reply(500, `{"code":"50026"}`), 1, http.StatusServiceUnavailable, 1, "unknown"},
		{"hangs up", hangUp, 1, http.StatusServiceUnavailable, 1, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.onSettle = first(tt.times, tt.busy, settle)
			payment := newPayer(t).pay(s.report)
			s.expect(s.buy(payment), tt.status, 1, tt.settles, tt.state)
			if tt.state == "failed" { // nothing was carried out, so the payment is good for another attempt
				s.heal()
				s.expect(s.buy(payment), http.StatusOK, 2, tt.settles+1, "settled")
			}
		})
	}
}

func TestWrongClock(t *testing.T) {
	const offset = 3 * time.Minute
	// late turns away what was not signed with its own time.
	late := func(s *shop, correctable bool) func(http.ResponseWriter, facilitatorRequest) {
		return func(w http.ResponseWriter, request facilitatorRequest) {
			c := s.facilitator.(*client)
			theirs := c.now().Add(offset)
			w.Header().Set("Date", theirs.UTC().Format(http.TimeFormat))
			if off := offset - time.Duration(c.skew.Load()); !correctable || off.Abs() > 2*time.Second {
				reply(http.StatusUnauthorized, `{"code":"50112","msg":"Invalid OK-ACCESS-TIMESTAMP"}`)(w, request)
				return
			}
			reply(200, `{"code":"0","data":{"isValid":true}}`)(w, request)
		}
	}
	s := newShop(t)
	s.onVerify = late(s, true)
	s.expect(s.buy(newPayer(t).pay(s.report)), http.StatusOK, 1, 1, "settled")
	s.expect(s.buy(newPayer(t).pay(s.report)), http.StatusOK, 2, 2, "settled settled")
	if s.verifies.Load() != 3 {
		t.Errorf("verify was asked %d times, want 3: the clock is set once", s.verifies.Load())
	}

	s = newShop(t)
	s.onVerify = late(s, false)
	s.expect(s.buy(newPayer(t).pay(s.report)), http.StatusServiceUnavailable, 0, 0, "")
	if s.verifies.Load() != 2 || !strings.Contains(s.logs.String(), "set this machine's clock") {
		t.Errorf("verify was asked %d times, want 2 and a clear log:\n%s", s.verifies.Load(), s.logs)
	}
}

func TestFirstAPI(t *testing.T) {
	s := newShop(t)
	c := s.facilitator.(*client)
	c.cfg.API = apiFirst
	proof, err := parseProof(newPayer(t).pay(s.report).json(), false)
	if err != nil {
		t.Fatal(err)
	}
	request := newSettlement(s.report, proof)
	raw, err := json.Marshal(c.body(request))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"x402Version":1,"chainIndex":"196"`, `"maxAmountRequired":"10000"`, `"resource":"https://shop.example.com/v1/report"`,
		`"scheme":"exact","network":"eip155:196","payload":{"signature":"0x`, `"syncSettle":true`,
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("body %s has no %s", raw, want)
		}
	}
	for _, unknown := range []string{`"amount"`, `"accepted"`} {
		if strings.Contains(string(raw), unknown) {
			t.Errorf("body %s has %s, which is of version 2", raw, unknown)
		}
	}
	payer, transaction := strings.ToLower(request.payer()), "0x"+strings.Repeat("ab", 32)
	tests := []struct {
		name, answer string
		want         result
	}{
		{"settled", `{"chainIndex":"196","success":true,"payer":"` + payer + `","txHash":"` + transaction + `"}`, settled},
		{"on another chain", `{"chainIndex":"1","success":true,"payer":"` + payer + `","txHash":"` + transaction + `"}`, unknown},
		{"refused", `{"chainIndex":"196","success":false,"payer":"` + payer + `","txHash":"","errorMsg":"insufficient_funds"}`, refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.onSettle = reply(200, `{"code":"0","data":[`+tt.answer+`]}`)
			if out := c.settle(t.Context(), request); out.result != tt.want {
				t.Errorf("settle = %+v, want result %d", out, tt.want)
			}
		})
	}
	if out := c.follow(t.Context(), request, transaction); out.result != unknown || s.statuses.Load() != 0 {
		t.Errorf("follow = %+v after %d questions; this API has none to ask", out, s.statuses.Load())
	}
}
