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
