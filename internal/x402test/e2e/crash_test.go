package e2e_test

import (
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

// random is from the seed FORGE_SEED. Without one, long forms of tests choose
// another each time, and the short ones do not.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv("FORGE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	} else if soak() {
		seed = rand.Uint64() //nolint:gosec // no secret
	}
	t.Logf("FORGE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // no secret
}

// TestCrash kills the server at random moments, with buyers in all stages of
// paying and with the ledger out of reach in some of them. Afterwards every buyer
// who was charged has what he paid for, once, and the ledger has what the chain has.
func TestCrash(t *testing.T) {
	kills := 15
	if soak() {
		kills = 100
	}
	random := random(t)
	s := openWithNode(t)
	var current atomic.Pointer[server]
	current.Store(s.server)

	const buyers = 6
	stop := make(chan struct{})
	var payments atomic.Int64
	var all sync.WaitGroup
	for range buyers {
		b := s.buyer(10_000)
		challenge := s.challenge("/v1/slow?for=30ms")
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				p, err := b.Pay(challenge)
				if err != nil {
					t.Error(err)
					return
				}
				payments.Add(1)
				header := p.Header()
				// The payment is sent until it is answered; whoever is killed in between,
				// there is no second one for the same request.
				for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
					r := paid("/v1/slow?for=30ms", header)
					r.to = current.Load()
					a, err := s.send(r)
					if err == nil && a.status == http.StatusOK {
						break
					}
					if err == nil && a.status != http.StatusServiceUnavailable && a.status != http.StatusConflict {
						t.Errorf("a buyer was answered %v", a)
						return
					}
					if time.Now().After(deadline) {
						t.Errorf("a buyer waited for three minutes; the last answer was %v, %v", a, err)
						return
					}
				}
			}
		})
	}

	faults := []x402test.Fault{
		x402test.Slow(50 * time.Millisecond), x402test.Slow(200 * time.Millisecond), x402test.ResetAfter, x402test.Reset,
		x402test.ErrorAfter, x402test.Slow(3 * time.Second), x402test.Pending(1),
	}
	for range kills {
		s.okx.Queue(x402test.Settle, faults[random.IntN(len(faults))])
		s.okx.Queue(x402test.Verify, x402test.Slow(time.Duration(random.IntN(100))*time.Millisecond))
		if random.IntN(3) == 0 { // the ledger goes away, before or after what it is asked for
			how := []fate{lost, unheard}[random.IntN(2)]
			s.cutOff(func(string) fate { return how })
		}
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		current.Load().Kill()
		s.restore()
		current.Store(s.start())
		// Nobody knows that a holder is dead until its time is up, which is minutes.
		if _, err := s.db.Exec(t.Context(), "update public.payments set claimed_until = now() where state in ('claimed', 'verified', 'settling')"); err != nil {
			t.Fatal(err)
		}
		s.reconcile()
	}
	close(stop)
	// The buyers who are still waiting get their answers.
	done := make(chan struct{})
	go func() {
		defer close(done)
		all.Wait()
	}()
	for waiting := true; waiting; {
		select {
		case <-done:
			waiting = false
		case <-time.After(time.Second):
			if _, err := s.db.Exec(t.Context(), "update public.payments set claimed_until = now() where state in ('claimed', 'verified', 'settling') and updated_at < now() - interval '40 seconds'"); err != nil {
				t.Fatal(err)
			}
			// What is pending is mined some time, whether anybody asks about it or not.
			if err := s.okx.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.reconcile()
		}
	}
	s.server = current.Load()
	for _, state := range s.states() {
		if state != "settled" {
			t.Errorf("a payment is %s in the end", state)
		}
	}
	t.Logf("%d payments, %d kills", payments.Load(), kills)
	s.sold(int(payments.Load()))
}
