package okx

import (
	"encoding/hex"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

func TestRefusedLocally(t *testing.T) {
	s := newShop(t)
	client, o := newPayer(t), s.report
	stranger := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	tests := []struct {
		name    string
		payment document
		reason  string
	}{
		{"scheme", client.pay(o).set("upto", "accepted", "scheme"), reasonRequirements},
		{"network", client.pay(o).set("eip155:1", "accepted", "network"), reasonRequirements},
		{"accepted amount", client.pay(o).set("1", "accepted", "amount"), reasonRequirements},
		{"asset", client.pay(o).set(stranger.Hex(), "accepted", "asset"), reasonRequirements},
		{"accepted recipient", client.pay(o).set(stranger.Hex(), "accepted", "payTo"), reasonRequirements},
		{"another resource", client.pay(o).set("https://shop.example.com/v1/other", "resource", "url"), reasonResource},
		{"signed recipient", client.payAs(o, func(t *transfer) { t.to = stranger }), reasonRecipient},
		{"altered recipient", client.pay(o).set(stranger.Hex(), "payload", "authorization", "to"), reasonRecipient},
		{"signed less", client.payAs(o, func(t *transfer) { t.value = number(9999) }), reasonValue},
		{"signed more", client.payAs(o, func(t *transfer) { t.value = number(10001) }), reasonValue},
		{"altered value", client.pay(o).set("1", "payload", "authorization", "value"), reasonValue},
		{"expired", client.payAs(o, func(t *transfer) { t.validBefore = unix(-time.Minute) }), reasonValidBefore},
		{"expires too soon", client.payAs(o, func(t *transfer) { t.validBefore = unix(settleBudget - 5*time.Second) }), reasonValidBefore},
		{"not yet valid", client.payAs(o, func(t *transfer) { t.validAfter = unix(time.Minute) }), reasonValidAfter},
		{"altered nonce", client.pay(o).set("0x"+strings.Repeat("01", 32), "payload", "authorization", "nonce"), reasonSignature},
		{"somebody else's money", client.pay(o).set(newPayer(t).address().Hex(), "payload", "authorization", "from"), reasonSignature},
		{"high s", resigned(client.pay(o), func(sig []byte) {
			s := new(big.Int).SetBytes(sig[32:64])
			s.Sub(crypto.S256().Params().N, s).FillBytes(sig[32:64])
			sig[64] = 55 - sig[64]
		}), reasonSignature},
		{"v of 0 or 1", resigned(client.pay(o), func(sig []byte) { sig[64] -= 27 }), reasonSignature},
		{"zero signature", resigned(client.pay(o), func(sig []byte) { clear(sig) }), reasonSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			got := s.buy(tt.payment)
			s.expect(got, http.StatusPaymentRequired, 0, 0, "")
			if reason := opened(t, got.header.Get("PAYMENT-REQUIRED"))["error"]; reason != tt.reason {
				t.Errorf("reason = %v, want %s", reason, tt.reason)
			}
		})
	}
	if s.verifies.Load() != 0 {
		t.Errorf("the facilitator was asked %d times", s.verifies.Load())
	}
}

func TestContractWallets(t *testing.T) {
	o := testOffer(t)
	payment := newPayer(t).pay(o)
	payment.set(payment.get("payload", "signature")+"00", "payload", "signature")
	proof, err := parseProof(payment.json(), false)
	if err != nil {
		t.Fatal(err)
	}
	if reason := o.refusal(proof, time.Now()); reason != reasonSignature {
		t.Errorf("refusal = %q; want contract wallets refused unless they are asked for", reason)
	}
	o.contracts = true
	if reason := o.refusal(proof, time.Now()); reason != "" {
		t.Errorf("refusal = %q; want it left to the facilitator", reason)
	}
}

// resigned changes the bytes of a signature.
func resigned(payment document, change func([]byte)) document {
	signature := common.FromHex(payment.get("payload", "signature"))
	change(signature)
	return payment.set("0x"+hex.EncodeToString(signature), "payload", "signature")
}

func TestAccepted(t *testing.T) {
	s := newShop(t)
	client, o := newPayer(t), s.report
	upper := func(s string) string { return "0x" + strings.ToUpper(s[2:]) }
	wide := client.payAs(o, func(t *transfer) { t.validAfter, t.validBefore = unix(-600*time.Second), unix(time.Hour) })
	contract := client.pay(o)
	tests := []struct {
		name    string
		payment document
	}{
		{"addresses in capitals", client.pay(o).set(upper(o.requirements.PayTo), "accepted", "payTo").
			set(upper(o.requirements.Asset), "accepted", "asset").
			set(upper(o.requirements.PayTo), "payload", "authorization", "to")},
		{"window of the Go client", wide},
		{"no resource", client.pay(o).set(nil, "resource")},
		{"other extra and timeout", client.pay(o).set(document{"name": "USDG"}, "accepted", "extra").
			set(9, "accepted", "maxTimeoutSeconds")},
		{"contract wallet", contract.set(contract.get("payload", "signature")+strings.Repeat("00", 200), "payload", "signature")},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			s.onVerify = func(w http.ResponseWriter, request facilitatorRequest) {
				if request.PaymentRequirements != o.requirements || request.PaymentPayload.Accepted != o.requirements ||
					request.PaymentPayload.Resource != o.resource {
					t.Errorf("the facilitator was told %+v", request)
				}
				reply(200, `{"code":"0","data":{"isValid":true}}`)(w, request)
			}
			got := s.buy(tt.payment)
			if got.status != http.StatusOK || s.settles.Load() != int32(i+1) {
				t.Errorf("status = %d; body %s", got.status, got.body)
			}
		})
	}
}
