package ledger

import "context"

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

// Overview counts all payments. Mocks are never added to money.
func (l *Ledger) Overview(ctx context.Context) (Overview, error) {
	var all Overview
	err := l.call(ctx, "payment_totals", nil, &all)
	return all, err
}

// Version is another one after each change of the ledger, whoever made it.
func (l *Ledger) Version(ctx context.Context) (string, error) {
	var version string
	err := l.call(ctx, "payments_version", nil, &version)
	return version, err
}
