package okx

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/payment/ledger"
)

// reconcile looks at all open payments, of which there must be one, and checks
// what was found about it.
func (s *shop) reconcile(want ledger.State) {
	s.t.Helper()
	findings, err := s.Reconcile(s.t.Context(), true)
	if err != nil || len(findings) != 1 || findings[0].State != want {
		s.t.Fatalf("Reconcile = %+v, %v; want one payment to be %s", findings, err, want)
	}
}

func TestReconcileWithoutTransaction(t *testing.T) {
	s := newShop(t)
	var first string
	s.onSettle = func(w http.ResponseWriter, request facilitatorRequest) {
		if first == "" {
			first = request.text()
		}
		hangUp(w, request)
	}
	payment := newPayer(t).pay(s.report)
	s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")
	s.reconcile(ledger.Unknown)

	// A refusal of the second attempt does not tell how the first one ended.
	s.turn(func() {
		s.onSettle = reply(200, `{"code":"0","data":{"success":false,"status":"failed","errorReason":"insufficient_balance"}}`)
	})
	s.reconcile(ledger.Unknown)
	s.turn(func() { s.onSettle = reply(429, `{"code":"50011"}`) })
	s.reconcile(ledger.Unknown)

	s.onSettle = func(w http.ResponseWriter, request facilitatorRequest) {
		if request.text() != first {
			t.Errorf("settled %s, want exactly what was settled first: %s", request.text(), first)
		}
		reply(200, settlementOf(request))(w, request)
	}
	s.reconcile(ledger.Settled)
	settles := s.settles.Load()
	got := s.buy(payment)
	s.expect(got, http.StatusOK, 1, settles, "settled")
	if got.body != "report on text" || opened(t, got.header.Get("PAYMENT-RESPONSE"))["success"] != true {
		t.Errorf("answer = %q, %v", got.body, got.header)
	}
}

func TestReconcileWithTransaction(t *testing.T) {
	tests := []struct {
		name, status string
		late         time.Duration // after the authorization was signed
		state        ledger.State
	}{
		{"settled", `{"success":true,"status":"success","payer":"PAYER","network":"eip155:196"}`, 0, ledger.Settled},
		{"reverted", `{"success":false,"status":"failed","errorReason":"reverted"}`, 0, ledger.Failed},
		{"not seen yet", `{"success":false,"errorReason":"not_found"}`, 0, ledger.Unknown},
		{"not seen at its end", `{"success":false,"errorReason":"not_found"}`, 6 * time.Minute, ledger.Unknown},
		{"never seen", `{"success":false,"errorReason":"not_found"}`, time.Hour, ledger.Failed},
		{"pending for long", `{"success":true,"status":"pending"}`, time.Hour, ledger.Unknown},
		{"another payer", `{"success":true,"status":"success","payer":"0x01","network":"eip155:196"}`, time.Hour, ledger.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.facilitator.(*client).patience = 500 * time.Millisecond
			client := newPayer(t)
			s.turn(func() { s.onSettle = answered(strings.NewReplacer(`"success",`, `"pending",`)) })
			s.turn(func() { s.onStatus = hangUp })
			payment := client.pay(s.report)
			s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")

			s.turn(func() {
				s.onStatus = reply(200, `{"code":"0","data":`+strings.ReplaceAll(tt.status, "PAYER", client.address().Hex())+`}`)
			})
			s.now = func() time.Time { return time.Now().Add(tt.late) }
			s.reconcile(tt.state)
			if tt.state == ledger.Settled {
				s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
			}
			if told := strings.Contains(s.logs.String(), "nobody knows whether money moved"); told != (tt.state == ledger.Unknown && tt.late == time.Hour) {
				t.Errorf("an operator is told: %t", told)
			}
		})
	}
}

func TestReconcileAfterACrash(t *testing.T) {
	s := newShop(t)
	s.db.Fail = func(function string, args map[string]string) bool {
		return args["p_state"] == "settled"
	}
	payment := newPayer(t).pay(s.report)
	s.expect(s.buy(payment), http.StatusOK, 1, 1, "settling")
	s.db.Fail = nil

	if findings, err := s.Reconcile(t.Context(), true); err != nil || len(findings) != 0 {
		t.Errorf("Reconcile = %v, %v; want the payment left to whoever holds it", findings, err)
	}
	s.db.Abandon()
	s.reconcile(ledger.Settled)
	s.expect(s.buy(payment), http.StatusOK, 1, 2, "settled")
}

func TestReconcileFindsANewTransaction(t *testing.T) {
	s := newShop(t)
	s.facilitator.(*client).patience = 500 * time.Millisecond
	s.turn(func() { s.onSettle = hangUp })
	payment := newPayer(t).pay(s.report)
	s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")
	s.turn(func() { s.onSettle = answered(strings.NewReplacer(`"success",`, `"pending",`)) })
	s.reconcile(ledger.Unknown)
	if got := s.db.Rows()[0]["transaction"]; got != transactionOf(payment.get("payload", "authorization", "nonce")) {
		t.Errorf("the ledger has transaction %v", got)
	}
}

// TestPaymentOutlivesItsOffer sends payments again that this server would not
// take any more, but has taken.
func TestPaymentOutlivesItsOffer(t *testing.T) {
	s := newShop(t)
	paid, open, fresh := newPayer(t).pay(s.report), newPayer(t).pay(s.report), newPayer(t).pay(s.report)
	s.expect(s.buy(paid), http.StatusOK, 1, 1, "settled")
	s.turn(func() { s.onSettle = hangUp })
	s.expect(s.buy(open), http.StatusServiceUnavailable, 2, 2, "settled unknown")

	s.now = func() time.Time { return time.Now().Add(time.Hour) }
	s.expect(s.buy(paid), http.StatusOK, 2, 2, "settled unknown")
	s.expect(s.buy(open), http.StatusServiceUnavailable, 2, 2, "settled unknown")
	s.expect(s.buy(fresh), http.StatusPaymentRequired, 2, 2, "settled unknown")

	s.db.Fail = func(string, map[string]string) bool { return true }
	s.expect(s.buy(paid), http.StatusServiceUnavailable, 2, 2, "settled unknown")
}
