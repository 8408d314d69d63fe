package e2e_test

import (
	"bytes"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/insforge/forge/internal/x402test"
)

// expect checks an answer's status, and what holds of every answer: a challenge
// comes with 402 and with nothing else, and nothing of an unpaid answer gets out.
func (s *shop) expect(step string, a answer, status int) {
	s.t.Helper()
	if a.status != status {
		s.t.Errorf("%s: %v, want status %d", step, a, status)
	}
	if (a.header.Get("PAYMENT-REQUIRED") != "") != (a.status == http.StatusPaymentRequired) {
		s.t.Errorf("%s: a challenge comes with 402 alone: %v", step, a)
	}
	if a.status != http.StatusOK && (a.header.Get("X-Private") != "" || strings.Contains(a.body, "hello")) {
		s.t.Errorf("%s: something of the answer got out: %v", step, a)
	}
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
		s.t.Errorf("%s: 503 without Retry-After", step)
	}
}

// ran counts the runs of the shop's own handlers.
func (s *shop) ran() int {
	raw, _ := os.ReadFile(s.runs)
	return bytes.Count(raw, []byte("\n"))
}

// settles counts the calls by which the facilitator was asked to move money.
func (s *shop) settles() int { return len(s.okx.Calls(x402test.Settle)) }

// asked counts the calls about payments.
func (s *shop) asked() int { return len(s.okx.Calls(x402test.Verify, x402test.Settle)) }

// states lists the ledger's rows by their states.
func (s *shop) states() []string {
	s.t.Helper()
	rows, err := s.db.Query(s.t.Context(), "select state from public.payments order by created_at")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	states := []string{}
	for rows.Next() {
		var state string
		if err := rows.Scan(&state); err != nil {
			s.t.Fatal(err)
		}
		states = append(states, state)
	}
	return states
}

// books is the ledger's settled payments in one asset.
func (s *shop) books(token x402test.Token) []x402test.Entry {
	s.t.Helper()
	rows, err := s.db.Query(s.t.Context(), `select payer, recipient, nonce, amount::text, transaction from public.payments
		where state = 'settled' and asset = lower($1)`, token.Address.Hex())
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var entries []x402test.Entry
	for rows.Next() {
		var from, to, nonce, amount, transaction string
		if err := rows.Scan(&from, &to, &nonce, &amount, &transaction); err != nil {
			s.t.Fatal(err)
		}
		value, _ := new(big.Int).SetString(amount, 10)
		entries = append(entries, x402test.Entry{
			From: common.HexToAddress(from), To: common.HexToAddress(to), Nonce: common.HexToHash(nonce),
			Value: value, Transaction: common.HexToHash(transaction),
		})
	}
	return entries
}

// sold holds that so many payments were made in USDG: by the balance, by the
// chain's logs, and by the ledger, which has the same ones.
func (s *shop) sold(payments int) {
	s.t.Helper()
	s.soldIn(x402test.USDG, payments)
}

func (s *shop) soldIn(token x402test.Token, payments int) {
	s.t.Helper()
	s.received(token, payments)
	onChain, err := s.chain.Received(s.t.Context(), token, s.recipient)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, difference := range x402test.Audit(s.books(token), onChain) {
		s.t.Errorf("ledger and chain: %s", difference)
	}
	for authorized, times := range x402test.Count(onChain) {
		if times != 1 {
			s.t.Errorf("%v was charged %d times", authorized, times)
		}
	}
}

// received holds what the balance is, whatever the ledger says.
func (s *shop) received(token x402test.Token, payments int) {
	s.t.Helper()
	balance, err := s.chain.Balance(s.t.Context(), token, s.recipient)
	if err != nil || balance.Cmp(big.NewInt(int64(payments)*price)) != 0 {
		s.t.Errorf("the balance is %v (%v), want that of %d payments", balance, err, payments)
	}
}

// eventually waits for something that happens in the background.
func (s *shop) eventually(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("it did not happen within a minute: %s; the ledger has %q", what, s.states())
		}
	}
}

// logged holds that a server's log has a text. The log may come later than the
// answer that it was written before.
func (s *shop) logged(text string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("the log has %q", text), func() bool { return strings.Contains(s.server.Log(), text) })
}

func (s *shop) ledgerHas(states ...string) {
	s.t.Helper()
	if got := s.states(); !slices.Equal(got, states) {
		s.t.Errorf("the ledger has %q, want %q", got, states)
	}
}
