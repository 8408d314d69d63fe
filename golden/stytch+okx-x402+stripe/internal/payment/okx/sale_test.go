package okx

import (
	"net/http"
	"strings"
	"testing"

	"example.com/shop/internal/payment/ledger"
)

func TestVerifyFails(t *testing.T) {
	tests := []struct {
		name     string
		onVerify func(http.ResponseWriter, facilitatorRequest)
		status   int
	}{
		{"invalid", reply(200, `{"code":"0","data":{"isValid":false,"invalidReason":"insufficient_balance"}}`), http.StatusPaymentRequired},
		{"invalid without reason", reply(200, `{"code":0,"data":[{"isValid":false}]}`), http.StatusPaymentRequired},
		{"status 500", reply(500, `{"code":"50026","msg":"System error"}`), http.StatusServiceUnavailable},
		{"HTML", reply(200, `<html>`), http.StatusServiceUnavailable},
		{"empty body", reply(200, ``), http.StatusServiceUnavailable},
		{"redirect", func(w http.ResponseWriter, _ facilitatorRequest) {
			w.Header().Set("Location", "/api/supported")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, http.StatusServiceUnavailable},
		{"null data", reply(200, `{"code":"0","data":null}`), http.StatusServiceUnavailable},
		{"no verdict", reply(200, `{"code":"0","data":{}}`), http.StatusServiceUnavailable},
		{"rate limit", reply(200, `{"code":"50011","msg":"Too Many Requests","data":{"isValid":true}}`), http.StatusServiceUnavailable},
		{"other payer", reply(200, `{"code":"0","data":{"isValid":true,"payer":"0x01"}}`), http.StatusServiceUnavailable},
		{"hangs up", hangUp, http.StatusServiceUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.onVerify = tt.onVerify
			payment := newPayer(t).pay(s.report)
			got := s.buy(payment)
			s.expect(got, tt.status, 0, 0, "")
			if got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			s.heal()
			s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
		})
	}
}

// answered makes an answer to settle from one that is right.
func answered(change *strings.Replacer) func(http.ResponseWriter, facilitatorRequest) {
	return func(w http.ResponseWriter, request facilitatorRequest) {
		reply(http.StatusOK, change.Replace(settlementOf(request)))(w, request)
	}
}

func TestSettlement(t *testing.T) {
	const open = http.StatusServiceUnavailable
	tests := []struct {
		name     string
		onSettle func(http.ResponseWriter, facilitatorRequest)
		onStatus string
		status   int
		state    string
	}{
		{"bare answer", answered(strings.NewReplacer()), "", 200, "settled"},
		{"txHash", answered(strings.NewReplacer("transaction", "txHash")), "", 200, "settled"},
		{"refused", reply(200, `{"code":"0","data":{"success":false,"errorReason":"insufficient_balance","transaction":""}}`), "", 402, "failed"},
		{"failed on chain", reply(200, `{"code":"0","data":{"success":false,"status":"failed","errorReason":"onchain_error"}}`), "", 402, "failed"},
		{"hangs up", hangUp, "", open, "unknown"},
		{"status 500", reply(500, `oops`), "", open, "unknown"},
		{"unclear code", reply(200, `{"code":"50026","data":null}`), "", open, "unknown"},
		{"no reason", reply(200, `{"code":"0","data":{"success":false}}`), "", open, "unknown"},
		{"spent nonce", reply(200, `{"code":"0","data":{"success":false,"status":"failed","errorReason":"nonce_used"}}`), "", open, "unknown"},
		{"no transaction", reply(200, `{"code":"0","data":{"success":true,"status":"success","transaction":""}}`), "", open, "unknown"},
		{"malformed transaction", answered(strings.NewReplacer("0x", "0y")), "", open, "unknown"},
		{
			"pending, then settled", answered(strings.NewReplacer(`"success",`, `"pending",`)),
			`{"code":0,"data":[{"success":true,"status":"success","payer":"PAYER","network":"eip155:196"}]}`, 200, "settled",
		},
		{
			"timeout, then failed", answered(strings.NewReplacer(`"success",`, `"timeout",`)),
			`{"code":"0","data":{"success":false,"status":"failed","errorReason":"reverted"}}`, 402, "failed",
		},
		{
			"pending, then another transaction", answered(strings.NewReplacer(`"success",`, `"pending",`)),
			`{"code":"0","data":{"success":true,"transaction":"0x` + strings.Repeat("ab", 32) + `"}}`, open, "unknown",
		},
		{
			"refused with a transaction, which went through", answered(strings.NewReplacer(`"success":true`, `"success":false,"errorReason":"late"`, `"success",`, `"",`)),
			`{"code":0,"data":[{"success":true,"status":"success","payer":"PAYER","network":"eip155:196"}]}`, 200, "settled",
		},
		{
			"refused with a transaction, which failed", answered(strings.NewReplacer(`"success":true`, `"success":false,"errorReason":"late"`, `"success",`, `"",`)),
			`{"code":"0","data":{"success":false,"status":"failed","errorReason":"reverted"}}`, 402, "failed",
		},
		{"another payer", answered(strings.NewReplacer(`"payer":"0x`, `"payer":"0xf`)), "", open, "unknown"},
		{"another network", answered(strings.NewReplacer("eip155:196", "eip155:1")), "", open, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			client := newPayer(t)
			s.onSettle = tt.onSettle
			if tt.onStatus != "" {
				s.onStatus = reply(200, strings.ReplaceAll(tt.onStatus, "PAYER", client.address().Hex()))
			}
			payment := client.pay(s.report)
			got := s.buy(payment)
			s.expect(got, tt.status, 1, 1, tt.state)
			if polled := s.statuses.Load() > 0; polled != (tt.onStatus != "") {
				t.Errorf("settle/status was asked: %t", polled)
			}
			switch {
			case got.status == http.StatusPaymentRequired:
				if receipt := opened(t, got.header.Get("PAYMENT-RESPONSE")); receipt["success"] != false || receipt["transaction"] != "" {
					t.Errorf("receipt = %v", receipt)
				}
			case tt.state == "unknown":
				if !strings.Contains(s.logs.String(), needsOperator) {
					t.Error("nobody is told")
				}
				s.heal()
				again := s.buy(payment)
				s.expect(again, open, 1, 1, "unknown")
				claim, _ := s.db.Rows()[0]["claim"].(string)
				link := "<https://shop.example.com/v1/payments/status/" + claim + `>; rel="status"`
				if got.header.Get("Link") != link || again.header.Get("Link") != link || again.header.Get("Retry-After") == "" {
					t.Errorf("Link = %q, then %q; want %q and Retry-After", got.header.Get("Link"), again.header.Get("Link"), link)
				}
			case tt.state == "failed":
				s.heal()
				s.expect(s.buy(payment), http.StatusOK, 2, 2, "settled")
			}
		})
	}
}

func TestTransactionThatPaidBefore(t *testing.T) {
	s := newShop(t)
	s.onSettle = answered(strings.NewReplacer())
	first := newPayer(t).pay(s.report)
	s.expect(s.buy(first), http.StatusOK, 1, 1, "settled")

	// On USDG a reused nonce "succeeds" without moving money.
	second := newPayer(t)
	transaction := transactionOf(first.get("payload", "authorization", "nonce"))
	s.onSettle = reply(200, `{"code":"0","data":{"success":true,"status":"success","network":"eip155:196",
		"payer":"`+second.address().Hex()+`","transaction":"`+transaction+`"}}`)
	s.expect(s.buy(second.pay(s.report)), http.StatusServiceUnavailable, 2, 2, "settled unknown")
}

func TestLedgerFails(t *testing.T) {
	tests := []struct {
		name          string
		function      string
		state         string // asked for
		status        int
		runs, settles int32
		states        string
	}{
		{"claim", "claim_payment", "", http.StatusServiceUnavailable, 0, 0, ""},
		{"verified", "move_payment", "verified", http.StatusServiceUnavailable, 0, 0, ""},
		{"settling", "begin_settlement", "", http.StatusServiceUnavailable, 1, 0, ""},
		{"settled", "move_payment", "settled", http.StatusOK, 1, 1, "settling"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.db.Fail = func(function string, args map[string]string) bool {
				return function == tt.function && args["p_state"] == tt.state
			}
			payment := newPayer(t).pay(s.report)
			s.expect(s.buy(payment), tt.status, tt.runs, tt.settles, tt.states)
			if tt.status != http.StatusOK {
				return
			}
			for _, want := range []string{needsOperator, transactionOf(payment.get("payload", "authorization", "nonce")), `"claim":`} {
				if !strings.Contains(s.logs.String(), want) {
					t.Errorf("the log does not say %s:\n%s", want, s.logs)
				}
			}
			s.expect(s.buy(payment), http.StatusConflict, 1, 1, "settling")

			// The journal tells the ledger when it is back.
			s.db.Fail = nil
			err := s.journal.Replay(func(e ledger.Entry) error { return s.ledger.Settled(t.Context(), e.Claim, e.Transaction) })
			if err != nil {
				t.Fatal(err)
			}
			s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
		})
	}
}
