package ledger_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

func TestListIsPaged(t *testing.T) {
	l := ledger.New(ledgertest.New(t).Client)
	for i := range 5 {
		a := someone
		a.Nonce, a.Resource = "0x"+strconv.Itoa(i), strconv.Itoa(i)
		mustClaim(t, l, a)
	}
	for _, tt := range []struct {
		limit, offset int
		want          []string
	}{
		{2, 0, []string{"4", "3"}},
		{2, 4, []string{"0"}},
		{2, 5, nil},
	} {
		payments, total, err := l.List(t.Context(), tt.limit, tt.offset)
		var got []string
		for _, p := range payments {
			got = append(got, p.Resource)
		}
		if err != nil || total != 5 || !slices.Equal(got, tt.want) {
			t.Errorf("List(%d, %d) = %q of %d, %v; want %q of 5", tt.limit, tt.offset, got, total, err, tt.want)
		}
	}
	if _, _, err := l.List(t.Context(), 2, 6); !errors.Is(err, ledger.ErrPastEnd) {
		t.Errorf("List past the end: %v, want ErrPastEnd", err)
	}
}

func TestOverview(t *testing.T) {
	db := ledgertest.New(t)
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
	if version, err := l.Version(ctx); err != nil || version != got.Version || version == empty.Version {
		t.Errorf("Version = %q, %v; want %q, and not the one before, %q", version, err, got.Version, empty.Version)
	}
}
