package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

// TestOutage_ledger loses each call to the ledger that a sale makes, one or all
// from there on, before the ledger has heard it or after. Whoever sends the same
// payment again gets the goods for it, once the ledger is back.
func TestOutage_ledger(t *testing.T) {
	t.Parallel()
	const calls = 4 // the claim, verified, settling, settled
	s := open(t)
	sold := 0
	for _, becomes := range []fate{lost, unheard} {
		for _, on := range []bool{false, true} {
			for call := 1; call <= calls+1; call++ {
				step := fmt.Sprintf("call %d, heard: %t, those after it too: %t", call, becomes == unheard, on)
				payment := s.signed(s.buyer(2), hello).Header()
				var mu sync.Mutex
				seen := 0
				s.cutOff(func(function string) fate {
					mu.Lock()
					defer mu.Unlock()
					switch function {
					case "claim_payment", "move_payment", "begin_settlement", "release_payment": // what sales call
						seen++
					}
					if seen == call || seen > call && on {
						return becomes
					}
					return passed
				})
				a := s.pay(hello, payment)
				s.restore()
				if call > calls {
					if seen != calls {
						t.Errorf("a sale makes %d calls, want %d", seen, calls)
					}
					s.expect("nothing lost", a, http.StatusOK)
				}
				if a.status != http.StatusOK {
					s.expect(step, a, http.StatusServiceUnavailable)
				}
				for range 3 {
					if a.status == http.StatusOK {
						break
					}
					// Nobody knows that a holder lost its row until its time is up.
					if _, err := s.db.Exec(t.Context(), "update public.payments set claimed_until = now() where state in ('claimed', 'verified', 'settling')"); err != nil {
						t.Fatal(err)
					}
					s.reconcile()
					if a = s.pay(hello, payment); a.status != http.StatusOK {
						s.expect(step+", again", a, http.StatusServiceUnavailable)
					}
				}
				s.expect(step+", in the end", a, http.StatusOK)
				s.reconcile() // what is in the journal
				sold++
				s.sold(sold)
			}
		}
	}
	left, err := os.ReadDir(s.env["PAYMENT_JOURNAL"])
	if err != nil || len(left) != 0 {
		t.Errorf("the journal has %d entries in the end (%v)", len(left), err)
	}
	if s.settles() != sold {
		t.Errorf("%d settlements, want %d", s.settles(), sold)
	}
}

// TestOutage_node believes no settlement while there is nobody to prove it.
func TestOutage_node(t *testing.T) {
	t.Parallel()
	s := prepare(t, "X_LAYER_RPC_URL=http://127.0.0.1:1")
	s.server = s.start()
	// Nothing is sold before the node has been there.
	s.expect("never there", s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusServiceUnavailable)
	if s.asked() != 0 {
		t.Error("the facilitator was asked")
	}
	s.server.Kill()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":"0xc4"}`) // and nothing else
	}))
	t.Cleanup(node.Close)
	s.env["X_LAYER_RPC_URL"] = node.URL
	s.server = s.start()
	payment := s.signed(s.buyer(2), hello).Header()
	s.unknown("nobody to ask", s.pay(hello, payment))
	s.received(x402test.USDG, 1)
	s.reconcile()
	s.unknown("still nobody to ask", s.pay(hello, payment))
	s.env["X_LAYER_RPC_URL"] = s.chain.URL
	s.delivered("somebody to ask", hello, payment)
	if s.ran() != 1 || s.settles() != 1 {
		t.Errorf("%d runs and %d settlements, want 1 of each", s.ran(), s.settles())
	}
	s.sold(1)
}

// TestOutage_stop asks a server to stop in the middle of a sale, as platforms do at
// each release. It finishes the sale first.
func TestOutage_stop(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(2), hello).Header()
	s.okx.Queue(x402test.Settle, x402test.Slow(time.Second))
	answers := make(chan answer, 1)
	go func() {
		a, err := s.send(paid(hello, payment))
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	s.eventually("the settlement begins", func() bool { return s.settles() == 1 })
	if err := s.server.Interrupt(); err != nil {
		t.Fatal(err)
	}
	s.expect("while stopping", <-answers, http.StatusOK)
	if err := s.server.Wait(); err != nil {
		t.Errorf("the server stopped with %v", err)
	}
	s.sold(1)
}

// TestOutage_forgotten sends a payment again days later, when its goods are kept no
// more. It is not charged again, and the receipt is still there.
func TestOutage_forgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(2), hello).Header()
	first := s.pay(hello, payment)
	s.expect("bought", first, http.StatusOK)
	if _, err := s.db.Exec(t.Context(), "update public.payments set updated_at = now() - interval '25 hours'"); err != nil {
		t.Fatal(err)
	}
	s.reconcile()
	a := s.pay(hello, payment)
	s.expect("a day later", a, http.StatusConflict)
	if a.receipt(t) != first.receipt(t) {
		t.Errorf("receipt %+v, want %+v", a.receipt(t), first.receipt(t))
	}
	if s.ran() != 1 || s.settles() != 1 {
		t.Errorf("%d runs and %d settlements, want 1 of each", s.ran(), s.settles())
	}
	s.sold(1)
}

// TestOutage_overtaken has somebody else carry the payment out after it was
// verified. That its nonce is used is all the facilitator says, and no reason to
// have it paid again.
func TestOutage_overtaken(t *testing.T) {
	t.Parallel()
	var s *shop
	var payment x402test.Payment
	s = openStaged(t, func() {
		if _, err := s.chain.Transfer(t.Context(), x402test.USDG, payment.Authorization, payment.Signature); err != nil {
			t.Error(err)
		}
	})
	payment = s.signed(s.buyer(2), staged)
	s.unknown("overtaken", s.pay(staged, payment.Header()))
	s.received(x402test.USDG, 1)
	s.env["X_LAYER_RPC_URL"] = s.chain.URL
	s.delivered("looked at", staged, payment.Header())
	if s.ran() != 1 {
		t.Errorf("%d runs, want 1", s.ran())
	}
	s.sold(1)
}
