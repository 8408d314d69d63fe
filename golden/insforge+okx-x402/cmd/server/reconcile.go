package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"example.com/shop/internal/config"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/payment"
	"example.com/shop/internal/payment/ledger"
)

// reconcile does once, and for all open payments, what a running server does
// from time to time, and prints what it found.
func reconcile(ctx context.Context, getenv func(string) string, out, logs io.Writer) error {
	cfg, err := config.Load(getenv)
	if err != nil {
		return err
	}
	payments := payment.New(cfg.Payment, insforge.New(cfg.InsForge), slog.New(slog.NewJSONHandler(logs, nil)))
	findings, err := payments.Reconcile(ctx, true)
	printFindings(out, findings)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	return nil
}

func printFindings(out io.Writer, findings []ledger.Finding) {
	if len(findings) == 0 {
		_, _ = fmt.Fprintln(out, "No payment was open.")
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "STATE\tSINCE\tAMOUNT\tPAYER\tTRANSACTION\tREASON")
	for _, f := range findings {
		transaction, reason := f.Transaction, f.Reason
		if transaction == "" {
			transaction = "-"
		}
		if reason == "" {
			reason = "-"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			f.State, f.CreatedAt.UTC().Format(time.DateTime), f.Amount, f.Payer, transaction, reason)
	}
	_ = table.Flush()
}
