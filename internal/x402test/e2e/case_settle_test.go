package e2e_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

func TestCase19_settlementRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.okx.Queue(x402test.Settle, x402test.Failed("insufficient_balance"))
	payment := s.signed(s.buyer(1), hello).Header()
	a := s.pay(hello, payment)
	s.expect("refused", a, http.StatusPaymentRequired)
	if r := a.receipt(t); r.Success || r.ErrorReason != "insufficient_balance" || r.Transaction != "" {
		t.Errorf("receipt %+v, want a refusal", r)
	}
	if strings.Contains(a.header.Get("Set-Cookie"), "secret") {
		t.Error("a header of the unpaid answer got out")
	}
	s.ledgerHas("failed")
	s.sold(0)
	// Money that certainly did not move may be paid by the same signature.
	s.expect("again", s.pay(hello, payment), http.StatusOK)
	s.sold(1)
}

// unknown holds that nobody is told to pay again while money may have moved.
func (s *shop) unknown(step string, a answer) {
	s.t.Helper()
	s.expect(step, a, http.StatusServiceUnavailable)
	if !strings.Contains(a.body, "payment_unknown") || a.header.Get("PAYMENT-REQUIRED") != "" {
		s.t.Errorf("%s: %v, want payment_unknown", step, a)
	}
	link, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	_, path, ok := strings.Cut(link, s.env["APP_BASE_URL"])
	if status := s.get(request{method: http.MethodGet, path: path}); !ok || status.status != http.StatusOK || !strings.Contains(status.body, `"state":"`) {
		s.t.Errorf("%s: the status at %q: %v", step, link, status)
	}
}

// delivered holds that the same payment gets what it bought in the end, once
// somebody has looked how it ended.
func (s *shop) delivered(step, path, payment string) {
	s.t.Helper()
	var a answer
	for range 20 {
		if a = s.pay(path, payment); a.status == http.StatusOK {
			break
		}
		s.reconcile()
	}
	s.expect(step, a, http.StatusOK)
	if !a.receipt(s.t).Success {
		s.t.Errorf("%s: receipt %+v", step, a.receipt(s.t))
	}
}

func TestCase20_noAnswerFromSettle(t *testing.T) {
	t.Parallel()
	s := openWithNode(t)
	for i, fault := range []x402test.Fault{
		x402test.Reset, x402test.ResetAfter, x402test.ErrorAfter, x402test.HTML, x402test.EmptyBody, x402test.Unavailable,
	} {
		payment := s.signed(s.buyer(2), hello).Header() // with money to be charged twice
		s.okx.Queue(x402test.Settle, fault)
		s.unknown(fault.String(), s.pay(hello, payment))
		s.unknown(fault.String()+", again", s.pay(hello, payment))
		s.delivered(fault.String(), hello, payment)
		s.sold(i + 1)
	}
	if s.ran() != 6 {
		t.Errorf("%d runs, want 6", s.ran())
	}
	s.logged("payment needs an operator")
}

func TestCase20_settleHangs(t *testing.T) {
	t.Parallel()
	s := openWithNode(t)
	payment := s.signed(s.buyer(2), hello).Header()
	s.okx.Queue(x402test.Settle, x402test.HangAfter)
	s.unknown("hangs", s.pay(hello, payment))
	s.delivered("afterwards", hello, payment)
	s.sold(1)
}

func TestCase21_pending(t *testing.T) {
	t.Parallel()
	s := open(t)
	sold := 0
	for _, fault := range []x402test.Fault{x402test.Pending(2), x402test.TimedOut(1)} {
		s.okx.Queue(x402test.Settle, fault)
		s.expect(fault.String(), s.pay(hello, s.signed(s.buyer(2), hello).Header()), http.StatusOK)
		sold++
		s.sold(sold)
	}
	// A hash that is not known yet is no failure.
	s.okx.Queue(x402test.Settle, x402test.Pending(1))
	s.okx.Queue(x402test.Status, x402test.NotFound)
	s.expect("not indexed yet", s.pay(hello, s.signed(s.buyer(2), hello).Header()), http.StatusOK)
	s.sold(sold + 1)
	if s.settles() != 3 {
		t.Errorf("%d settlements, want 3: an open one is asked about, not repeated", s.settles())
	}
}

func TestCase21_pendingForLong(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(2), hello).Header()
	s.okx.Queue(x402test.Settle, x402test.TimedOut(-1))
	s.unknown("still pending", s.pay(hello, payment))
	s.received(x402test.USDG, 0)
	if out := s.reconcile(); !strings.Contains(out, "unknown") {
		t.Errorf("reconcile printed %q of a payment that is pending", out)
	}
	if err := s.okx.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.delivered("mined after all", hello, payment)
	if s.ran() != 1 || s.settles() != 1 {
		t.Errorf("%d runs and %d settlements, want 1 of each", s.ran(), s.settles())
	}
	s.sold(1)
}

func TestCase22_successWithoutTransaction(t *testing.T) {
	t.Parallel()
	s := openWithNode(t)
	for i, fault := range []x402test.Fault{x402test.EmptyTransaction, x402test.MalformedTransaction} {
		payment := s.signed(s.buyer(2), hello).Header()
		s.okx.Queue(x402test.Settle, fault)
		s.unknown(fault.String(), s.pay(hello, payment))
		s.received(x402test.USDG, i+1) // it did move
		s.delivered(fault.String(), hello, payment)
		s.sold(i + 1)
	}
}

// TestCase23_reusedNonce has the nonce spent before the server comes to it, which
// on USDG looks like success and moves nothing.
func TestCase23_reusedNonce(t *testing.T) {
	t.Parallel()
	s := openWithNode(t)
	payment := s.signed(s.buyer(3), hello)
	s.expect("first", s.pay(hello, payment.Header()), http.StatusOK)
	s.okx.Always(x402test.Settle, x402test.ReuseSucceeds)
	s.okx.Always(x402test.Verify, x402test.Edit("valid", "isValid", true))
	s.expect("settled by us", s.pay("/v1/hello?other", payment.Header()), http.StatusPaymentRequired)
	if s.settles() != 1 {
		t.Errorf("%d settlements of one nonce", s.settles())
	}
	s.sold(1)

	// Spent on somebody else: two authorizations of one nonce, and the other one
	// comes first.
	b := s.buyer(3)
	ours := s.signed(b, hello)
	theirs := s.signed(b, hello, func(a *x402test.Authorization) { a.To, a.Nonce = b.Address(), ours.Authorization.Nonce })
	s.transfer(theirs)
	s.unknown("spent on another", s.pay(hello, ours.Header()))
	s.reconcile()
	s.unknown("spent on another, looked at", s.pay(hello, ours.Header()))
	s.logged("did not make the payment's transfer")
	s.sold(1)

	// Carried out by somebody else: it paid us all the same, by a transaction that
	// the facilitator does not name.
	overtaken := s.signed(s.buyer(3), hello)
	s.transfer(overtaken)
	s.unknown("carried out by another", s.pay(hello, overtaken.Header()))
	s.delivered("carried out by another, looked at", hello, overtaken.Header())
	s.sold(2)
}

// TestCase23_overtaken has somebody else carry a payment out first, on a token that
// reverts the second time: the facilitator truly says that it failed, and yet it
// was paid.
func TestCase23_overtaken(t *testing.T) {
	t.Parallel()
	const other = "/v1/other"
	s := openWithNode(t, "PAYMENT_ASSETS=USDC")
	b := s.buyer(0)
	if err := s.chain.Mint(t.Context(), x402test.USDC, b.Address(), 2*price); err != nil {
		t.Fatal(err)
	}
	payment := s.signed(b, other)
	if _, err := s.chain.Transfer(t.Context(), x402test.USDC, payment.Authorization, payment.Signature); err != nil {
		t.Fatal(err)
	}
	s.okx.Queue(x402test.Verify, x402test.Edit("valid", "isValid", true))
	s.okx.Queue(x402test.Settle, x402test.ReuseSucceeds)
	s.unknown("overtaken", s.pay(other, payment.Header()))
	s.delivered("looked at", other, payment.Header())
	s.soldIn(x402test.USDC, 1)
}

// transfer carries out an authorization past the facilitator.
func (s *shop) transfer(p x402test.Payment) {
	s.t.Helper()
	if _, err := s.chain.Transfer(s.t.Context(), x402test.USDG, p.Authorization, p.Signature); err != nil {
		s.t.Fatal(err)
	}
}

func TestCase24_answersForOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i, fault := range []x402test.Fault{x402test.WrongPayer, x402test.WrongNetwork} {
		payment := s.signed(s.buyer(2), hello).Header()
		s.okx.Queue(x402test.Settle, fault)
		s.unknown(fault.String(), s.pay(hello, payment))
		s.logged("payment needs an operator")
		s.delivered(fault.String(), hello, payment)
		s.sold(i + 1)
	}
}

func TestCase25_settledAndNotRecorded(t *testing.T) {
	t.Parallel()
	s := open(t)
	payment := s.signed(s.buyer(2), hello).Header()
	s.cutOff(func(function string) fate {
		if function == "move_payment" && s.settles() > 0 {
			return lost
		}
		return passed
	})
	s.expect("delivered all the same", s.pay(hello, payment), http.StatusOK)
	s.received(x402test.USDG, 1)
	entries, err := os.ReadDir(s.env["PAYMENT_JOURNAL"])
	if err != nil || len(entries) == 0 {
		t.Errorf("the journal has %d entries (%v), want the settlement", len(entries), err)
	}
	s.logged("outcome not recorded")
	s.restore()
	s.reconcile()
	s.sold(1)
	s.expect("again", s.pay(hello, payment), http.StatusOK)
	if left, _ := filepath.Glob(filepath.Join(s.env["PAYMENT_JOURNAL"], "*.json")); len(left) != 0 {
		t.Errorf("the journal still has %q", left)
	}
	if s.ran() != 1 || s.settles() != 1 {
		t.Errorf("%d runs and %d settlements, want 1 of each", s.ran(), s.settles())
	}
}

func TestCase26_killedWhileSettling(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]x402test.Fault{"before the money moves": x402test.Hang, "after the money moved": x402test.HangAfter} {
		s := openWithNode(t)
		payment := s.signed(s.buyer(2), hello).Header()
		s.okx.Queue(x402test.Settle, fault)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = s.send(paid(hello, payment))
		}()
		s.eventually("the settlement begins", func() bool { return s.settles() == 1 })
		s.server.Kill()
		<-gone
		s.ledgerHas("settling")
		s.server = s.start()
		// Who asks too early is not told to pay again.
		if a := s.pay(hello, payment); a.status != http.StatusConflict && a.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %v right after the restart", name, a)
		}
		// Nobody knows that its holder is dead until its time is up.
		if _, err := s.db.Exec(t.Context(), "update public.payments set claimed_until = now() where state = 'settling'"); err != nil {
			t.Fatal(err)
		}
		s.delivered(name, hello, payment)
		if s.ran() != 1 {
			t.Errorf("%s: %d runs, want 1", name, s.ran())
		}
		s.sold(1)
	}
}

func TestCase27_clientLeaves(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i, on := range []x402test.Operation{x402test.Verify, x402test.Settle} {
		payment := s.signed(s.buyer(2), hello).Header()
		s.okx.Queue(on, x402test.Slow(2*time.Second))
		ctx, leave := context.WithCancel(t.Context())
		r := paid(hello, payment)
		r.ctx = ctx
		left := make(chan error, 1)
		go func() {
			_, err := s.send(r)
			left <- err
		}()
		s.eventually("the facilitator is asked", func() bool { return len(s.okx.Calls(on)) == i+1 })
		leave()
		if err := <-left; err == nil {
			t.Fatal("the client was answered before it left")
		}
		s.eventually("the payment is settled", func() bool {
			states := s.states()
			return len(states) == i+1 && states[i] == "settled"
		})
		s.expect("the client comes back", s.pay(hello, payment), http.StatusOK)
		s.sold(i + 1)
	}
	if s.ran() != 2 || s.settles() != 2 {
		t.Errorf("%d runs and %d settlements, want 2 of each", s.ran(), s.settles())
	}
}
