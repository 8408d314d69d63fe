package main

import (
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/payment/ledger"
)

func TestPrintFindings(t *testing.T) {
	var out strings.Builder
	printFindings(&out, nil)
	if out.String() != "No payment was open.\n" {
		t.Errorf("printed %q", out.String())
	}
	out.Reset()
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	printFindings(&out, []ledger.Finding{
		{Open: ledger.Open{Payer: "0xaa", Amount: "10000", CreatedAt: since, Transaction: "0xbb"}, State: ledger.Settled},
		{Open: ledger.Open{Payer: "0xcc", Amount: "5", CreatedAt: since}, State: ledger.Unknown, Reason: "no answer"},
	})
	const want = `STATE    SINCE                AMOUNT  PAYER  TRANSACTION  REASON
settled  2026-01-02 03:04:05  10000   0xaa   0xbb         -
unknown  2026-01-02 03:04:05  5       0xcc   -            no answer
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
