package payment

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/shop/internal/payment/ledger"
)

// reconcileEvery is how often open payments are looked at, on average.
const reconcileEvery = 30 * time.Second

// reconciler looks how open payments of one kind ended, and tells the ledger.
type reconciler func(ctx context.Context, atOnce bool) ([]ledger.Finding, error)

// Start begins to reconcile and to tell of changes, now and for as long as ctx
// lasts. Stop ends that earlier, and waits for it. An error means that the journal
// cannot be written.
func (s *Service) Start(ctx context.Context) (stop func(), err error) {
	if err := s.journal.Prepare(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { s.watch(ctx) })
	running.Go(func() { s.feed.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}, nil
}

// watch looks whether payments can be taken, and reconciles, again and again. Instances that started together drift apart.
func (s *Service) watch(ctx context.Context) {
	for {
		if err := s.Ready(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "payments are not ready, and none are taken", "error", err)
		}
		if _, err := s.Reconcile(ctx, false); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "reconcile payments", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(reconcileEvery/2 + rand.N(reconcileEvery)):
		}
	}
}

// Reconcile tells the ledger what is in the journal, looks how open payments
// ended, and forgets what is kept of payments that ended long ago. At once does
// not leave out those that were looked at a moment ago.
func (s *Service) Reconcile(ctx context.Context, atOnce bool) ([]ledger.Finding, error) {
	problems := []error{s.journal.Replay(func(e ledger.Entry) error { return s.replay(ctx, e) })}
	var findings []ledger.Finding
	for _, look := range s.reconcilers() {
		found, err := look(ctx, atOnce)
		findings = append(findings, found...)
		problems = append(problems, err)
	}
	problems = append(problems, s.ledger.Forget(ctx))
	return findings, errors.Join(problems...)
}

// replay records a settlement that only the journal knows of.
func (s *Service) replay(ctx context.Context, e ledger.Entry) error {
	err := s.ledger.Settled(ctx, e.Claim, e.Transaction)
	if errors.Is(err, ledger.ErrTransactionUsed) { // nothing is lost: the ledger has the transaction
		s.log.ErrorContext(ctx, "payment needs an operator", "problem", "journal: the transaction belongs to another payment",
			"claim", e.Claim, "transaction", e.Transaction)
		return nil
	}
	return err
}
