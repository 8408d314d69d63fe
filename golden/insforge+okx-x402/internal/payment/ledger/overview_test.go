package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
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

// TestOverviewIsCountedOnce: all who watch ask after each change.
func TestOverviewIsCountedOnce(t *testing.T) {
	db := ledgertest.New(t)
	l, ctx := ledger.New(db.Client), t.Context()
	var counts atomic.Int64
	var failing atomic.Bool
	asked, goOn, counting := make(chan bool), make(chan bool), make(chan bool)
	db.Fail = func(function string, _ map[string]string) bool {
		switch function {
		case "payments_version":
			asked <- true
			<-goOn
		case "payment_totals":
			counts.Add(1)
			<-counting
			return failing.Load()
		}
		return false
	}
	// ask lets many ask before the first is answered, and counts errors.
	ask := func() (failed int64) {
		t.Helper()
		var errs atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := l.Overview(ctx); err != nil {
					errs.Add(1)
				}
			})
		}
		for range 20 {
			<-asked
		}
		for range 20 {
			goOn <- true
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			all.Wait()
		}()
		for {
			select {
			case counting <- true:
			case <-done:
				return errs.Load()
			}
		}
	}
	expect := func(what string, want, wantFailed int64) {
		t.Helper()
		before := counts.Load()
		if failed := ask(); failed != wantFailed {
			t.Errorf("%s: %d of 20 failed, want %d", what, failed, wantFailed)
		}
		if got := counts.Load() - before; got != want {
			t.Errorf("%s: counted %d times, want %d", what, got, want)
		}
	}

	expect("first", 1, 0)
	expect("nothing has changed", 0, 0)
	mustClaim(t, l, someone)
	failing.Store(true)
	expect("out of order", 1, 20)
	failing.Store(false)
	expect("in order again", 1, 0)
	expect("nothing has changed", 0, 0)
}

// TestOverviewOfWhoLeaves: nobody gets the error of another who did not wait.
func TestOverviewOfWhoLeaves(t *testing.T) {
	db := ledgertest.New(t)
	l := ledger.New(db.Client)
	came, goOn, counting, stay := make(chan bool), make(chan bool), make(chan bool), make(chan bool)
	var versions, counts atomic.Int64
	db.Fail = func(function string, _ map[string]string) bool {
		switch {
		case function == "payments_version" && versions.Add(1) == 1:
			close(came)
			<-goOn
		case function == "payment_totals" && counts.Add(1) == 1:
			close(counting)
			<-stay
		}
		return false
	}
	t.Cleanup(func() { close(stay) }) // the server waits for its last answer
	ask := func(ctx context.Context) <-chan error {
		answer := make(chan error, 1)
		go func() {
			_, err := l.Overview(ctx)
			answer <- err
		}()
		return answer
	}
	patient := ask(t.Context())
	<-came
	ctx, leave := context.WithCancel(t.Context())
	hasty := ask(ctx)
	<-counting
	leave()
	if err := <-hasty; !errors.Is(err, context.Canceled) {
		t.Errorf("Overview of who leaves: %v", err)
	}
	close(goOn)
	if err := <-patient; err != nil {
		t.Errorf("Overview of who came before: %v", err)
	}
}
