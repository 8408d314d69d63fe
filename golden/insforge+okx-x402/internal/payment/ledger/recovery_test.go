package ledger_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

func TestFind(t *testing.T) {
	ctx := t.Context()
	l := ledger.New(ledgertest.New(t).Client)
	find := func() ledger.Attempt {
		t.Helper()
		found, err := l.Find(ctx, someone.Network, someone.Asset, someone.Payer, someone.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := find(); found.Claim != "" {
		t.Errorf("Find in an empty ledger = %+v", found)
	}
	claim := mustClaim(t, l, someone)
	if err := errors.Join(l.Verified(ctx, claim.ID), l.Settling(ctx, claim.ID, "request", "answer"), l.Settled(ctx, claim.ID, "0xAA")); err != nil {
		t.Fatal(err)
	}
	found := find()
	if found.Claim != claim.ID || found.State != ledger.Settled || found.Transaction != "0xaa" || found.Answer != "answer" || found.Fingerprint != "f1" {
		t.Errorf("Find = %+v", found)
	}
	status, err := l.Status(ctx, claim.ID)
	if err != nil || status.State != ledger.Settled {
		t.Errorf("Status = %+v, %v", status, err)
	}
}

func TestLease(t *testing.T) {
	ctx := t.Context()
	db := ledgertest.New(t)
	l := ledger.New(db.Client)
	claim := mustClaim(t, l, someone)
	if err := errors.Join(l.Verified(ctx, claim.ID), l.Settling(ctx, claim.ID, "request", "answer")); err != nil {
		t.Fatal(err)
	}
	lease := func(atOnce bool, want int) []ledger.Open {
		t.Helper()
		open, err := l.Lease(ctx, "okx", 10, atOnce)
		if err != nil || len(open) != want {
			t.Fatalf("Lease = %+v, %v; want %d", open, err, want)
		}
		return open
	}
	lease(true, 0) // somebody is at it
	db.Abandon()
	open := lease(false, 1)
	if open[0].Claim != claim.ID || open[0].Settlement != "request" || open[0].Amount != "10000" {
		t.Errorf("leased %+v", open[0])
	}
	lease(false, 0)
	lease(true, 1)
	if err := l.Note(ctx, claim.ID, "0xAA", "pending"); err != nil {
		t.Fatal(err)
	}
	if open := lease(true, 1); open[0].Transaction != "0xaa" {
		t.Errorf("leased %+v, want the noted transaction", open[0])
	}
	if err := l.Settled(ctx, claim.ID, "0xaa"); err != nil {
		t.Fatal(err)
	}
	lease(true, 0)
	if err := l.Note(ctx, claim.ID, "", "late"); !errors.Is(err, ledger.ErrNotHeld) {
		t.Errorf("note about a settled payment: %v, want ErrNotHeld", err)
	}
	if err := l.Forget(ctx); err != nil {
		t.Error(err)
	}
}

func TestExpired(t *testing.T) {
	now := time.Now()
	ended := ledger.Open{ValidBefore: strconv.FormatInt(now.Add(-time.Minute).Unix(), 10)}
	if !ended.Expired(now, 0) || ended.Expired(now, 2*time.Minute) || (ledger.Open{}).Expired(now, 0) {
		t.Error("Expired is wrong about an authorization that ended a minute ago")
	}
}
