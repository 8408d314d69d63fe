package stripe

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// watchEvery is how often events that were not applied are looked for, on average.
	watchEvery = time.Minute
	watchBatch = 100
)

// Start begins to look after purchases, now and for as long as ctx lasts. Stop ends that earlier, and waits
// for it.
func (c *Checkout) Start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { c.watch(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// watch catches up again and again. Instances that started together drift apart.
func (c *Checkout) watch(ctx context.Context) {
	if _, err := c.offers(ctx); err != nil && ctx.Err() == nil { // tells of products that cannot be sold
		c.log.ErrorContext(ctx, "nothing can be sold", "error", err)
	}
	for {
		if err := c.catchUp(ctx); err != nil && ctx.Err() == nil {
			c.log.ErrorContext(ctx, "purchases that were missed cannot be looked for", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchEvery/2 + rand.N(watchEvery)):
		}
	}
}

// catchUp has the database apply what Stripe has told and nothing came of yet, and says in the log what it
// cannot make sense of. Somebody has paid there, and got nothing.
func (c *Checkout) catchUp(ctx context.Context) error {
	var failing []struct {
		ID       string    `json:"id"`
		Reason   string    `json:"reason"`
		Attempts int       `json:"attempts"`
		Since    time.Time `json:"since"`
	}
	args := map[string]any{"p_environment": c.cfg.Environment, "p_limit": watchBatch}
	if err := c.db.Call(ctx, c.db.ServerKey(), "stripe_catch_up", args, &failing); err != nil {
		return err
	}
	for _, e := range failing {
		c.log.ErrorContext(ctx, "purchase needs an operator", "event", e.ID, "reason", e.Reason, "attempts", e.Attempts, "since", e.Since)
	}
	return nil
}
