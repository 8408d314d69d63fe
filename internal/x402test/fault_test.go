package x402test_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

// TestFaults settles under each fault: what is answered, and whether money moved.
func TestFaults(t *testing.T) {
	status := func(want int, in string) func(answer) bool {
		return func(a answer) bool { return a.err == nil && a.status == want && strings.Contains(a.body, in) }
	}
	field := func(name string, want any) func(answer) bool {
		return func(a answer) bool { return a.err == nil && a.data["success"] == true && a.data[name] == want }
	}
	failed := func(as error) func(answer) bool { return func(a answer) bool { return errors.Is(a.err, as) } }
	for _, tt := range []struct {
		fault x402test.Fault
		want  func(answer) bool
		moves bool
	}{
		{x402test.Fault{}, field("status", "success"), true},
		{x402test.RateLimited, status(429, `"50011"`), false},
		{x402test.RateLimitedInOK, status(200, `"50011"`), false},
		{x402test.Unavailable, status(503, `"50001"`), false},
		{x402test.HTML, status(200, "<html>"), false},
		{x402test.EmptyBody, func(a answer) bool { return a.status == 200 && a.body == "" }, false},
		{x402test.NullData, status(200, `"data":null`), false},
		{x402test.Redirect("https://elsewhere.example.com/"), status(307, ""), false},
		{x402test.Failed("risk_address"), status(200, `"errorReason":"risk_address"`), false},
		{x402test.Reset, failed(syscall.ECONNRESET), false},
		{x402test.Hang, failed(context.DeadlineExceeded), false},
		{x402test.ResetAfter, failed(syscall.ECONNRESET), true},
		{x402test.HangAfter, failed(context.DeadlineExceeded), true},
		{x402test.ErrorAfter, status(500, `"50026"`), true},
		{x402test.NumberCode, func(a answer) bool { return a.code == float64(0) && a.data["success"] == true }, true},
		{x402test.ArrayData, status(200, `"data":[{`), true},
		{x402test.ErrorCode, status(200, `"error_code":"0"`), true},
		{x402test.Bare, func(a answer) bool { return strings.Contains(a.body, `"success":true`) && a.data == nil }, true},
		{x402test.WrongPayer, field("payer", "0x00000000000000000000000000000000000000aa"), true},
		{x402test.WrongNetwork, field("network", "eip155:1"), true},
		{x402test.EmptyTransaction, field("transaction", ""), true},
		{x402test.MalformedTransaction, field("transaction", "0x1234"), true},
		{x402test.Pending(-1), field("status", "pending"), false},
		{x402test.TimedOut(-1), field("status", "timeout"), false},
		{x402test.Slow(time.Millisecond), field("status", "success"), true},
	} {
		t.Run(tt.fault.String(), func(t *testing.T) {
			s := newShop(t)
			buyer := newBuyer(t, s.chain, x402test.USDG, 100)
			if tt.want(answer{err: context.DeadlineExceeded}) {
				s.client.Timeout = time.Second
			}
			s.Queue(x402test.Settle, tt.fault)
			if got := s.settle(s.pay(buyer, x402test.USDG, 30)); !tt.want(got) {
				t.Error(got)
			}
			if !tt.moves {
				s.received(x402test.USDG, 0)
			} else if tt.fault.String() == x402test.HangAfter.String() {
				s.eventually(30) // the caller may have given up before the block
			} else {
				s.received(x402test.USDG, 30)
			}
			// It was for one call.
			s.client.Timeout = 20 * time.Second
			if got := s.settle(s.pay(buyer, x402test.USDG, 1)); got.data["status"] != "success" {
				t.Error(got)
			}
			calls := s.Calls(x402test.Settle)
			if len(calls) != 2 || calls[0].Fault != tt.fault.String() || calls[1].Fault != "" || calls[1].Code != 200 ||
				!strings.Contains(calls[1].Body, `"syncSettle":true`) || !strings.Contains(calls[1].Answer, `"success":true`) {
				t.Errorf("calls = %+v", calls)
			}
		})
	}
}

// eventually waits until the recipient has so much USDG.
func (s *shop) eventually(units int64) {
	s.t.Helper()
	for range 100 {
		balance, err := s.chain.Balance(s.t.Context(), x402test.USDG, s.recipient)
		if err == nil && balance.Int64() == units {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.received(x402test.USDG, units)
}

func TestPending(t *testing.T) {
	for _, fault := range []x402test.Fault{x402test.Pending(2), x402test.TimedOut(2)} {
		s := newShop(t)
		p := s.pay(newBuyer(t, s.chain, x402test.USDG, 100), x402test.USDG, 30)
		s.Queue(x402test.Settle, fault)
		hash := s.settle(p).data["transaction"]
		if got := s.settle(p); got.data["errorReason"] != "payment processing" {
			t.Error(got)
		}
		s.Queue(x402test.Status, x402test.NotFound)
		if got := s.status(hash); got.data["success"] != false || got.data["errorReason"] != "not_found" {
			t.Error(got)
		}
		if got := s.status(hash); got.data["success"] != true || got.data["status"] != "pending" {
			t.Error(got)
		}
		s.received(x402test.USDG, 0)
		if got := s.status(hash); got.data["success"] != true || got.data["status"] != "success" || got.data["transaction"] != hash {
			t.Error(got)
		}
		if entries := s.received(x402test.USDG, 30); entries[0].Transaction.Hex() != hash {
			t.Errorf("the money moved in %s, not in %v", entries[0].Transaction, hash)
		}
	}
}

func TestPendingForever(t *testing.T) {
	s := newShop(t)
	buyer := newBuyer(t, s.chain, x402test.USDG, 100)
	s.Always(x402test.Settle, x402test.Pending(-1))
	p := s.pay(buyer, x402test.USDG, 30)
	hash := s.settle(p).data["transaction"]
	for range 5 {
		if got := s.status(hash); got.data["status"] != "pending" {
			t.Error(got)
		}
	}
	s.Heal()
	if got := s.settle(s.pay(buyer, x402test.USDG, 1)); got.data["status"] != "success" {
		t.Error(got)
	}
	// Overtaken by somebody else, it "succeeds" in the end and moves nothing.
	if _, err := s.chain.Transfer(t.Context(), x402test.USDG, p.Authorization, p.Signature); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.status(hash); got.data["status"] != "success" {
		t.Error(got)
	}
	for _, e := range s.received(x402test.USDG, 31) {
		if e.Transaction.Hex() == hash {
			t.Error("the released transaction moved money")
		}
	}
	if got := s.status("0x" + strings.Repeat("0", 64)); got.data["success"] != false || got.data["errorReason"] != "not_found" {
		t.Error(got)
	}
	if got := s.status(""); got.code != "50014" {
		t.Error(got)
	}
}

func TestVerifyFaults(t *testing.T) {
	s := newShop(t)
	p := s.pay(newBuyer(t, s.chain, x402test.USDG, 100), x402test.USDG, 30)
	s.Queue(x402test.Verify, x402test.RateLimited, x402test.Invalid("payer_blocked"))
	// Who has the wrong key takes no fault.
	if got := s.call("POST", s.Base()+"/verify", body(p, ""), func(r *http.Request) { r.Header.Set("OK-ACCESS-KEY", "x") }); got.code != "50111" {
		t.Error(got)
	}
	if got := s.verify(p); got.status != 429 {
		t.Error(got)
	}
	if got := s.verify(p); got.data["isValid"] != false || got.data["invalidReason"] != "payer_blocked" {
		t.Error(got)
	}
	if got := s.verify(p); got.data["isValid"] != true {
		t.Error(got)
	}
	if calls := s.Calls(); len(calls) != 4 || len(s.Calls(x402test.Settle, x402test.Status)) != 0 || calls[0].Code != 401 {
		t.Errorf("calls = %+v", calls)
	}
}
