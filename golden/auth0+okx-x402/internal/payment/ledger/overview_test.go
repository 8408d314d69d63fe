package ledger_test

import (
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

func TestOverview(t *testing.T) {
	db := ledgertest.New(t)
	var counts atomic.Int32
	db.Fail = func(function string, _ map[string]string) bool {
		if function == "payment_totals" {
			counts.Add(1)
		}
		return false
	}
	l, ctx := ledger.New(db.Client), t.Context()
	empty, err := l.Overview(ctx)
	if err != nil || len(empty.Totals) != 0 {
		t.Fatalf("Overview of nothing = %+v, %v", empty, err)
	}
	for i, p := range []struct {
		facilitator, amount string
		settled             bool
	}{
		{"okx", "9007199254740993", true}, // above 2^53
		{"okx", "1", true},
		{"okx", "5", false},
		{ledger.Mocked, "70", true},
	} {
		a := someone
		a.Nonce, a.Facilitator, a.Amount = "0x"+strconv.Itoa(i), p.facilitator, p.amount
		claim := mustClaim(t, l, a)
		err := errors.Join(l.Verified(ctx, claim.ID), l.Settling(ctx, claim.ID, "", ""))
		if p.settled {
			err = errors.Join(err, l.Settled(ctx, claim.ID, "0xa"+strconv.Itoa(i)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Overview(ctx)
	want := []ledger.Total{
		{Network: "eip155:196", Asset: "0xabcd", Settled: 2, SettledAmount: "9007199254740994", Open: 1, OpenAmount: "5"},
		{Network: "eip155:196", Asset: "0xabcd", Mock: true, Settled: 1, SettledAmount: "70", OpenAmount: "0"},
	}
	if err != nil || !slices.Equal(got.Totals, want) {
		t.Errorf("Overview = %+v, %v; want %+v", got.Totals, err, want)
	}
	if _, err := l.Overview(ctx); err != nil || counts.Load() != 2 {
		t.Errorf("counted %d times, want once for each of two versions (%v)", counts.Load(), err)
	}
	if version, err := l.Version(ctx); err != nil || version != got.Version || version == empty.Version {
		t.Errorf("Version = %q, %v; want %q, and not the one before, %q", version, err, got.Version, empty.Version)
	}
}
