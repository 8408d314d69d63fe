package ledger_test

import (
	"errors"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

var someone = ledger.Authorization{
	Network:     "eip155:196",
	Asset:       "0xABCD",
	Payer:       "0xEF01",
	Nonce:       "0x2345",
	Recipient:   "0x6789",
	Amount:      "10000",
	ValidBefore: "1800000000",
	Resource:    "https://shop.example.com/v1/report",
	Fingerprint: "f1",
	Facilitator: "okx",
}

func mustClaim(t *testing.T, l *ledger.Ledger, a ledger.Authorization) ledger.Claim {
	t.Helper()
	claim, err := l.Claim(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return claim
}

func TestClaimIsWonOnce(t *testing.T) {
	l := ledger.New(ledgertest.New(t).Client)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if claim, err := l.Claim(t.Context(), someone); err == nil && claim.Won {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d claims won, want 1", won.Load())
	}
}

func TestClaimIgnoresCase(t *testing.T) {
	db := ledgertest.New(t)
	l := ledger.New(db.Client)
	claim := mustClaim(t, l, someone)
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(claim.ID) {
		t.Errorf("claim ID %q is not a random UUID", claim.ID)
	}
	lower := someone
	lower.Payer, lower.Nonce = "0xef01", "0x2345"
	if again := mustClaim(t, l, lower); again.Won || again.State != ledger.Claimed || again.Fingerprint != "f1" {
		t.Errorf("second claim = %+v, want lost to the first", again)
	}
}

func TestReleasedAndFailedCanBeClaimedAgain(t *testing.T) {
	l := ledger.New(ledgertest.New(t).Client)
	ctx := t.Context()

	claim := mustClaim(t, l, someone)
	if err := l.Release(ctx, claim.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(ctx, claim.ID); !errors.Is(err, ledger.ErrNotHeld) {
		t.Errorf("second release: %v, want ErrNotHeld", err)
	}

	claim = mustClaim(t, l, someone)
	err := errors.Join(l.Verified(ctx, claim.ID), l.Settling(ctx, claim.ID, "", ""), l.Failed(ctx, claim.ID, "insufficient_funds"))
	if err != nil {
		t.Fatal(err)
	}
	if again := mustClaim(t, l, someone); !again.Won {
		t.Errorf("claim after failure = %+v, want won", again)
	}
}

func TestSettledAndUnknownStayLocked(t *testing.T) {
	ctx := t.Context()
	l := ledger.New(ledgertest.New(t).Client)

	paid := mustClaim(t, l, someone)
	if err := l.Settled(ctx, paid.ID, "0xAA"); !errors.Is(err, ledger.ErrNotHeld) {
		t.Errorf("settled before settling: %v, want ErrNotHeld", err)
	}
	err := errors.Join(l.Verified(ctx, paid.ID), l.Settling(ctx, paid.ID, "", ""), l.Settled(ctx, paid.ID, "0xAA"), l.Settled(ctx, paid.ID, "0xAA"))
	if err != nil {
		t.Fatal(err)
	}
	if again := mustClaim(t, l, someone); again.Won || again.State != ledger.Settled || again.Transaction != "0xaa" {
		t.Errorf("claim after settlement = %+v", again)
	}

	other := someone
	other.Nonce = "0x9999"
	open := mustClaim(t, l, other)
	if err := errors.Join(l.Verified(ctx, open.ID), l.Settling(ctx, open.ID, "", "")); err != nil {
		t.Fatal(err)
	}
	if err := l.Settled(ctx, open.ID, "0xaa"); !errors.Is(err, ledger.ErrTransactionUsed) {
		t.Errorf("same transaction twice: %v, want ErrTransactionUsed", err)
	}
	if err := l.Unknown(ctx, open.ID, "", "no answer"); err != nil {
		t.Fatal(err)
	}
	if again := mustClaim(t, l, other); again.Won || again.State != ledger.Unknown {
		t.Errorf("claim of an unknown payment = %+v", again)
	}
	if err := l.Release(ctx, open.ID); !errors.Is(err, ledger.ErrNotHeld) {
		t.Errorf("release of an unknown payment: %v, want ErrNotHeld", err)
	}

	payments, total, err := l.List(ctx, 10, 0)
	if err != nil || total != 2 || len(payments) != 2 {
		t.Fatalf("List = %v, %d, %v", payments, total, err)
	}
	if got := payments[1]; got.Amount != "10000" || got.State != ledger.Settled || got.Recipient != "0x6789" {
		t.Errorf("payment = %+v", got)
	}
}

func TestClaimWithoutDatabase(t *testing.T) {
	db := ledgertest.New(t)
	db.Fail = func(string, map[string]string) bool { return true }
	claim, err := ledger.New(db.Client).Claim(t.Context(), someone)
	if err == nil || claim.ID == "" || claim.Won {
		t.Errorf("Claim = %+v, %v; want an ID and an error", claim, err)
	}
}
