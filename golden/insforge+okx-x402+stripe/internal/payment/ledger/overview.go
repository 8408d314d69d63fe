package ledger

import (
	"context"
	"time"
)

// Mocked is the facilitator of payments that moved no money.
const Mocked = "mock"

// Overview is what all payments come to.
type Overview struct {
	Version string  `json:"version"` // of the ledger they were counted in
	Totals  []Total `json:"totals"`  // mocks last
}

// Total counts the payments in one asset. Amounts are in its smallest unit. Open
// is what was sent to be settled and has no end yet.
type Total struct {
	Network       string `json:"network"`
	Asset         string `json:"asset"`
	Mock          bool   `json:"mock"` // no money moved
	Settled       int    `json:"settled"`
	SettledAmount string `json:"settled_amount"`
	Open          int    `json:"open"`
	OpenAmount    string `json:"open_amount"`
}

// count is an overview, or why there is none, and when it was begun.
type count struct {
	Overview
	err   error
	began time.Time
}

// Overview says what all payments come to now. Mocks are never added to money.
// Counting takes the longer the more payments there are, and all who watch ask at
// once after each change. So it is done once for all of them, and not again before
// the next change. Callers must leave the totals as they are.
func (l *Ledger) Overview(ctx context.Context) (Overview, error) {
	came := time.Now()
	version, err := l.Version(ctx)
	if err != nil {
		return Overview{}, err
	}
	var last count
	select {
	case last = <-l.counted:
		defer func() { l.counted <- last }()
	case <-ctx.Done():
		return Overview{}, ctx.Err()
	}
	if last.Version == version || last.began.After(came) {
		return last.Overview, last.err
	}
	next := count{began: time.Now()}
	if err := l.call(ctx, "payment_totals", nil, &next.Overview); err != nil {
		next.Overview, next.err = Overview{}, err
	}
	if ctx.Err() == nil { // else the error is that of this caller, who has gone
		last = next
	}
	return next.Overview, next.err
}

// Version is another one after each change of the ledger, whoever made it.
func (l *Ledger) Version(ctx context.Context) (string, error) {
	var version string
	err := l.call(ctx, "payments_version", nil, &version)
	return version, err
}
