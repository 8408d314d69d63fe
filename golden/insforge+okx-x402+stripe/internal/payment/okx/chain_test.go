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
		answer, ok := answers[request.Method]
		if !ok && request.Method == "eth_chainId" {
			answer = `{"result":"0xc4"}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	s.t.Cleanup(server.Close)
	s.chain = newChain(server.URL)
	s.chain.pause = time.Millisecond
}

// transferred is the receipt of a transaction that moved amount between addresses.
func transferred(asset, from, to, amount, nonce string) string {
	word := func(address string) string { return common.BytesToHash(common.FromHex(address)).Hex() }
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"status":"0x1","logs":[{"address":%q,"topics":[%q,%q,%q],"data":"0x"},{"address":%q,"topics":[%q,%q,%q],"data":%q}]}}`,
		asset, usedEvent.Hex(), word(from), nonce, asset, transferEvent.Hex(), word(from), word(to), word(amount))
}

// transferredBy is the receipt of a transaction that carried out a payment.
func transferredBy(o offer, payment document) string {
	authorization := payment["payload"].(document)["authorization"].(document)
	return transferred(o.requirements.Asset, authorization["from"].(string), o.requirements.PayTo, "0x2710", authorization["nonce"].(string))
}

func TestSettlementIsProven(t *testing.T) {
	buyer, o := newPayer(t), testOffer(t)
	asset, from, to := o.requirements.Asset, buyer.address().Hex(), o.requirements.PayTo
	const other = "0x00000000000000000000000000000000000000aa"
	nonce, otherNonce := common.HexToHash("0x01"), common.HexToHash("0x02").Hex()
	right := transferred(asset, from, to, "0x2710", nonce.Hex())
	tests := []struct {
		name, receipt string
		proven        bool
	}{
		{"the transfer", right, true},
		{"another asset", transferred(other, from, to, "0x2710", nonce.Hex()), false},
		{"another payer", transferred(asset, other, to, "0x2710", nonce.Hex()), false},
		{"another recipient", transferred(asset, from, other, "0x2710", nonce.Hex()), false},
		{"less", transferred(asset, from, to, "0x270f", nonce.Hex()), false},
		{"another payment of the same payer", transferred(asset, from, to, "0x2710", otherNonce), false},
		{"no log: the nonce was spent before", `{"result":{"status":"0x1","logs":[]}}`, false},
		{"reverted", strings.Replace(right, "0x1", "0x0", 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.node(map[string]string{"eth_getTransactionReceipt": tt.receipt})
			s.facilitator.(*client).patience = 500 * time.Millisecond
			s.onSettle = answered(strings.NewReplacer())
			payment := buyer.payAs(s.report, func(t *transfer) { t.nonce = nonce })
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
	payment := client.pay(s.report)
	proof, err := parseProof(payment.json(), false)
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
			_, _ = io.WriteString(w, transferredBy(s.report, payment))
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
	s.facilitator.(*client).patience = 500 * time.Millisecond
	client := newPayer(t)
	s.onSettle = answered(strings.NewReplacer(`"success",`, `"pending",`))
	payment := client.pay(s.report)
	s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")
	s.node(map[string]string{
		"eth_getTransactionReceipt": transferredBy(s.report, payment),
	})
	s.reconcile(ledger.Settled) // though settle/status has not found it
	s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
}

// TestReconcileFindsTheTransaction: the authorization is spent, which is all the
// facilitator knows, and nobody said by which transaction.
func TestReconcileFindsTheTransaction(t *testing.T) {
	hash := "0x" + strings.Repeat("ab", 32)
	tests := []struct {
		name, logged string
		pays         bool
		late         time.Duration
		want         ledger.State
	}{
		{"it paid us", hash, true, 0, ledger.Settled},
		{"it paid us long ago", hash, true, time.Hour, ledger.Settled},
		{"it paid somebody else", hash, false, 0, ledger.Unknown},
		{"it paid somebody else long ago", hash, false, time.Hour, ledger.Failed},
		{"it has no name", "0x", true, time.Hour, ledger.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.onSettle = hangUp
			payment := newPayer(t).pay(s.report)
			s.expect(s.buy(payment), http.StatusServiceUnavailable, 1, 1, "unknown")
			s.onSettle = reply(200, `{"code":"0","data":{"success":false,"status":"failed","errorReason":"nonce_used"}}`)
			receipt := transferredBy(s.report, payment)
			if !tt.pays {
				receipt = strings.Replace(receipt, transferEvent.Hex(), canceledEvent.Hex(), 1)
			}
			s.node(map[string]string{
				"eth_call":                  `{"result":"0x` + strings.Repeat("0", 63) + `1"}`,
				"eth_blockNumber":           `{"result":"0x64"}`,
				"eth_getBlockByNumber":      fmt.Sprintf(`{"result":{"timestamp":"%#x"}}`, time.Now().Unix()),
				"eth_getLogs":               fmt.Sprintf(`{"result":[{"transactionHash":%q}]}`, tt.logged),
				"eth_getTransactionReceipt": receipt,
			})
			s.now = func() time.Time { return time.Now().Add(tt.late) }
			s.reconcile(tt.want)
			if tt.want != ledger.Settled {
				return
			}
			if row := s.db.Rows()[0]; row["transaction"] != hash {
				t.Errorf("transaction %v, want %s", row["transaction"], hash)
			}
			s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
		})
	}
}

// TestRefusalIsDoubted when the authorization is spent all the same: who had
// carried it out first has paid us.
func TestRefusalIsDoubted(t *testing.T) {
	for state, want := range map[string]int{"0": http.StatusPaymentRequired, "1": http.StatusServiceUnavailable} {
		s := newShop(t)
		s.node(map[string]string{"eth_call": `{"result":"0x` + strings.Repeat("0", 63) + state + `"}`})
		s.onSettle = reply(200, `{"code":"0","data":{"success":false,"status":"failed","errorReason":"reverted"}}`)
		if got := s.buy(newPayer(t).pay(s.report)); got.status != want {
			t.Errorf("authorizationState %s: status %d, want %d", state, got.status, want)
		}
	}
}

// TestFind searches a chain with a block each second, by a node that looks through
// a hundred of them at once.
func TestFind(t *testing.T) {
	const head, genesis = 5000, 1_700_000_000
	s := newShop(t)
	proof, err := parseProof(newPayer(t).pay(s.report).json(), false)
	if err != nil {
		t.Fatal(err)
	}
	request := newSettlement(s.report, proof)
	hash := "0x" + strings.Repeat("ab", 32)
	spent, windows := uint64(0), 0
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Method string
			Params []json.RawMessage
		}
		_ = json.NewDecoder(r.Body).Decode(&asked)
		switch asked.Method {
		case "eth_blockNumber":
			_, _ = fmt.Fprintf(w, `{"result":"%#x"}`, head)
		case "eth_getBlockByNumber":
			number, _ := parseQuantity(strings.Trim(string(asked.Params[0]), `"`))
			_, _ = fmt.Fprintf(w, `{"result":{"timestamp":"%#x"}}`, genesis+number)
		case "eth_getLogs":
			windows++
			var filter struct {
				Address, FromBlock, ToBlock string
				Topics                      json.RawMessage
			}
			_ = json.Unmarshal(asked.Params[0], &filter)
			from, _ := parseQuantity(filter.FromBlock)
			to, _ := parseQuantity(filter.ToBlock)
			topics := usedTopics(request.PaymentPayload.Payload.Authorization)
			wanted := fmt.Sprintf("[[%q,%q],%q,%q]", usedEvent, canceledEvent, topics[1], topics[2])
			if string(filter.Topics) != wanted || filter.Address != request.PaymentRequirements.Asset || to-from >= 100 || to > head {
				t.Errorf("asked for %s of %s in %d to %d, want %s", filter.Topics, filter.Address, from, to, wanted)
			}
			if from <= spent && spent <= to {
				_, _ = fmt.Fprintf(w, `{"result":[{"transactionHash":%q}]}`, hash)
				return
			}
			_, _ = io.WriteString(w, `{"result":[]}`)
		}
	}))
	defer node.Close()
	for _, tt := range []struct {
		spent, since uint64
		found        bool
		windows      int
	}{
		{3000, 3000, true, 1},
		{2941, 3000, true, 1}, // by a clock that is a minute behind
		{3210, 3000, true, 3},
		{5000, 3000, true, 21},
		{30, 0, true, 1},
		{100, 3000, false, 21},
		{100, 9000, false, 0}, // after the newest block
	} {
		spent, windows = tt.spent, 0
		got, err := newChain(node.URL).find(t.Context(), request, time.Unix(genesis+int64(tt.since), 0))
		if (got == hash) != tt.found || (err == nil) != tt.found || windows != tt.windows {
			t.Errorf("spent in %d, searched from %d: %q, %v after %d questions, want %d", tt.spent, tt.since, got, err, windows, tt.windows)
		}
	}
}

func TestBlockAt(t *testing.T) {
	var asked atomic.Int32
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var request struct {
			Method string
			Params []any
		}
		_ = json.NewDecoder(r.Body).Decode(&request)
		if request.Method == "eth_blockNumber" {
			_, _ = io.WriteString(w, `{"result":"0xf4240"}`)
			return
		}
		number, _ := parseQuantity(request.Params[0].(string))
		_, _ = fmt.Fprintf(w, `{"result":{"timestamp":"%#x"}}`, 1_000_000+2*number) // a block every two seconds
	}))
	defer node.Close()
	for when, want := range map[int64]uint64{0: 0, 1_000_000: 0, 1_000_001: 1, 1_500_000: 250_000, 3_000_000: 1_000_000, 3_000_001: 1_000_001} {
		asked.Store(0)
		got, newest, err := newChain(node.URL).blockAt(t.Context(), time.Unix(when, 0))
		if got != want || newest != 1_000_000 || err != nil {
			t.Errorf("blockAt(%d) = %d, %d, %v; want %d", when, got, newest, err, want)
		}
		if asked.Load() > 22 {
			t.Errorf("blockAt(%d) asked %d times", when, asked.Load())
		}
	}
}

// TestNodeOfAnotherNetwork: nothing is sold that could not be confirmed.
func TestNodeOfAnotherNetwork(t *testing.T) {
	for _, answer := range []string{`{"result":"0x1"}`, `{"result":"X Layer"}`, `{"error":{"message":"no"}}`, ``} {
		s := newShop(t)
		s.node(map[string]string{"eth_chainId": answer})
		payment := newPayer(t).pay(s.report)
		s.expect(s.buy(payment), http.StatusServiceUnavailable, 0, 0, "")
		s.chain = nil
		s.expect(s.buy(payment), http.StatusOK, 1, 1, "settled")
	}
}

func TestNodeURLStaysSecret(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/secret-key", "http://secret-key\x7f"} {
		if err := newChain(url).call(t.Context(), "eth_call", nil); err == nil || strings.Contains(err.Error(), "secret-key") {
			t.Errorf("call = %v", err)
		}
	}
}
