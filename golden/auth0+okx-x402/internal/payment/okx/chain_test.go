package okx

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"example.com/shop/internal/payment/ledger"
)

// node gives the shop a node that answers each method with a fixed result.
func (s *shop) node(answers map[string]string) {
	s.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Method string }
		_ = json.NewDecoder(r.Body).Decode(&request)
		_, _ = io.WriteString(w, answers[request.Method])
	}))
	s.t.Cleanup(server.Close)
	s.chain = newChain(server.URL)
	s.chain.pause = time.Millisecond
}

// transferred is the receipt of a transaction that moved amount between addresses.
func transferred(asset, from, to, amount string) string {
	word := func(address string) string { return common.BytesToHash(common.FromHex(address)).Hex() }
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"status":"0x1","logs":[{"address":%q,"topics":[%q,%q],"data":"0x"},{"address":%q,"topics":[%q,%q,%q],"data":%q}]}}`,
		asset, word("0x01"), word(from), asset, transferEvent.Hex(), word(from), word(to), word(amount))
}

func TestSettlementIsProven(t *testing.T) {
	buyer, o := newPayer(t), testOffer(t)
	asset, from, to := o.requirements.Asset, buyer.address().Hex(), o.requirements.PayTo
	const other = "0x00000000000000000000000000000000000000aa"
	right := transferred(asset, from, to, "0x2710")
	tests := []struct {
		name, receipt string
		proven        bool
	}{
		{"the transfer", right, true},
		{"another asset", transferred(other, from, to, "0x2710"), false},
		{"another payer", transferred(asset, other, to, "0x2710"), false},
		{"another recipient", transferred(asset, from, other, "0x2710"), false},
		{"less", transferred(asset, from, to, "0x270f"), false},
		{"no log: the nonce was spent before", `{"result":{"status":"0x1","logs":[]}}`, false},
		{"reverted", strings.Replace(right, "0x1", "0x0", 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.node(map[string]string{"eth_getTransactionReceipt": tt.receipt})
			s.facilitator.(*client).patience = 100 * time.Millisecond
			s.onSettle = answered(strings.NewReplacer())
			payment := buyer.pay(s.report)
			if tt.proven {
				s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
				return
			}
			s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")
			s.reconcile(ledger.Unknown)
		})
	}
}

func TestProofWaitsForTheNode(t *testing.T) {
	s := newShop(t)
	client := newPayer(t)
	proof, err := parseProof(client.pay(s.report).json(), false)
	if err != nil {
		t.Fatal(err)
	}
	request := newSettlement(s.report, proof)
	for _, answer := range []string{`{"result":null}`, `{"error":{"code":-32000,"message":"busy"}}`, `<html>`, `{}`} {
		var asked atomic.Int32
		node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) < 3 {
				_, _ = io.WriteString(w, answer)
				return
			}
			_, _ = io.WriteString(w, transferred(s.report.requirements.Asset, client.address().Hex(), s.report.requirements.PayTo, "0x2710"))
		}))
		c := newChain(node.URL)
		c.pause = time.Millisecond
		if err := c.prove(t.Context(), request, "0x"+strings.Repeat("ab", 32)); err != nil || asked.Load() != 3 {
			t.Errorf("after %s: prove = %v, asked %d times", answer, err, asked.Load())
		}
		node.Close()
	}
}

// TestReconcileByTheChain: what the facilitator cannot tell, the chain can.
func TestReconcileByTheChain(t *testing.T) {
	word := func(last string) string { return `{"result":"0x` + strings.Repeat("0", 63) + last + `"}` }
	tests := []struct {
		name, state string // of the authorization
		late        time.Duration
		want        ledger.State
	}{
		{"not used yet", word("0"), 0, ledger.Unknown},
		{"never used", word("0"), time.Hour, ledger.Failed},
		{"used", word("1"), time.Hour, ledger.Unknown},
		{"node does not know", `{"error":{"message":"no"}}`, time.Hour, ledger.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.node(map[string]string{"eth_call": tt.state})
			s.onSettle = hangUp
			s.expect(s.buy(newPayer(t).pay(s.report)), http.StatusServiceUnavailable, 1, 1, "unknown")
			s.onSettle = reply(200, `{"code":"0","data":{"success":false,"status":"failed","errorReason":"expired"}}`)
			s.now = func() time.Time { return time.Now().Add(tt.late) }
			s.reconcile(tt.want)
		})
	}
}

func TestReconcileByTheReceipt(t *testing.T) {
	s := newShop(t)
	s.facilitator.(*client).patience = 20 * time.Millisecond
	client := newPayer(t)
	s.onSettle = answered(strings.NewReplacer(`"success",`, `"pending",`))
	payment := client.pay(s.report)
	s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")
	s.node(map[string]string{
		"eth_getTransactionReceipt": transferred(s.report.requirements.Asset, client.address().Hex(), s.report.requirements.PayTo, "0x2710"),
	})
	s.reconcile(ledger.Settled) // though settle/status has not found it
	s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
}

func TestNodeURLStaysSecret(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/secret-key", "http://secret-key\x7f"} {
		if err := newChain(url).call(t.Context(), "eth_call", nil); err == nil || strings.Contains(err.Error(), "secret-key") {
			t.Errorf("call = %v", err)
		}
	}
}
