package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

// moment is one at which a server dies.
type moment struct {
	name string
	path string // what is bought meanwhile
	// lay has kill called when the moment comes. It returns at once, or when the
	// moment has come.
	lay func(c *crash, kill func())
}

// crash is a shop whose server is killed again and again.
type crash struct {
	*shop
	random *rand.Rand
}

const (
	together = 3 // payments at the same time
	slow     = "/v1/slow?for=80ms"
)

// moments are all through a sale. Where several payments are under way, it is the
// first, the second or the third that gets there.
var moments = []moment{
	{"before the claim", hello, calling("claim_payment", 1, lost)},
	{"after the claim", hello, calling("claim_payment", 1, unheard)},
	{"while verifying", hello, asking(x402test.Verify, x402test.Slow(50*time.Millisecond), 60)},
	{"before verified or settled is recorded", hello, calling("move_payment", 2, lost)},
	{"after verified or settled is recorded", hello, calling("move_payment", 2, unheard)},
	{"in the handler", slow, inHandler},
	{"before the settlement is recorded to begin", hello, calling("begin_settlement", 1, lost)},
	{"after the settlement is recorded to begin", hello, calling("begin_settlement", 1, unheard)},
	{"before the money moves", hello, asking(x402test.Settle, x402test.Hang, 10)},
	{"while the money moves", hello, asking(x402test.Settle, x402test.Slow(50*time.Millisecond), 60)},
	{"after the money has moved", hello, asking(x402test.Settle, x402test.HangAfter, 100)},
	{"while the money waits", hello, asking(x402test.Settle, x402test.Pending(-1), 100)},
	{"after the answer to settle was lost", hello, asking(x402test.Settle, x402test.ResetAfter, 100)},
	{"at any time", hello, waiting},
	{"at any time of a slow sale", slow, waiting},
}

// calling is when a function of the database is called, times so many calls of it
// in each sale.
func calling(function string, times int, becomes fate) func(*crash, func()) {
	return func(c *crash, kill func()) {
		var left atomic.Int32
		left.Store(1 + c.random.Int32N(int32(together*times)))
		c.cutOff(func(called string) fate {
			if called != function || left.Add(-1) != 0 {
				return passed
			}
			if becomes == unheard {
				c.then.Store(&kill)
			} else {
				kill()
			}
			return becomes
		})
	}
}

// asking is up to so many milliseconds after the facilitator, which has a fault,
// was asked something.
func asking(on x402test.Operation, fault x402test.Fault, milliseconds int) func(*crash, func()) {
	return func(c *crash, kill func()) {
		c.okx.Always(on, fault)
		c.reaches(1+c.random.IntN(together), func() int { return len(c.okx.Calls(on)) })
		c.pass(milliseconds)
		kill()
	}
}

// inHandler is when handlers run, or ran just now.
func inHandler(c *crash, kill func()) {
	c.reaches(1+c.random.IntN(together), c.ran)
	c.pass(100)
	kill()
}

func waiting(c *crash, kill func()) {
	c.pass(200)
	kill()
}

// reaches waits for something to be counted so often from now on, but not for long:
// not every sale gets there.
func (c *crash) reaches(more int, count func() int) {
	from := count()
	for end := time.Now().Add(2 * time.Second); count() < from+more && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// pass lets up to so many milliseconds pass.
func (c *crash) pass(milliseconds int) {
	time.Sleep(time.Duration(c.random.IntN(1+milliseconds*1000)) * time.Microsecond)
}

// TestCrash_eachMoment kills a server at each step of a sale, and in one of three
// crashes has the database gone before. After each, when the server is back and has
// reconciled, the ledger says what the chain says, and the buyers get what they
// paid for by sending the same payment again, and have paid once.
func TestCrash_eachMoment(t *testing.T) {
	s := openWithNode(t)
	c := &crash{s, random(t)}
	crashes := len(moments) + 3
	if soak() {
		crashes = 100
	}
	buyer := s.buyer(int64(crashes * together))
	var order []int
	for i := range crashes {
		if len(order) == 0 {
			order = c.random.Perm(len(moments))
		}
		m, outage := moments[order[0]], c.random.IntN(3) == 0
		order = order[1:]
		name := fmt.Sprintf("crash %d, %s, database gone: %t", i+1, m.name, outage)
		t.Log(name)
		c.crash(name, m, outage, buyer)
		s.sold((i + 1) * together)
		if t.Failed() {
			t.Fatalf("after %s", name)
		}
	}
}

// crash sells to the buyer while the server is killed, and again afterwards.
func (c *crash) crash(name string, m moment, outage bool, buyer *x402test.Buyer) {
	c.t.Helper()
	challenge := c.challenge(m.path)
	payments := make([]string, together)
	for i := range payments {
		p, err := buyer.Pay(challenge)
		if err != nil {
			c.t.Fatal(err)
		}
		payments[i] = p.Header()
	}

	var once sync.Once
	kill := func() {
		once.Do(func() {
			if outage {
				c.stopDatabase()
				c.pass(900) // long enough to give up recording, and to write to the journal
			}
			c.server.Kill()
		})
	}
	first := make([]answer, together)
	var sales sync.WaitGroup
	for i, payment := range payments {
		sales.Go(func() { first[i], _ = c.send(paid(m.path, payment)) }) // most get no answer
	}
	m.lay(c, kill)
	sales.Wait()
	kill() // at the latest
	for _, a := range first {
		if a.status != 0 && a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
			c.t.Errorf("%s: %v", name, a)
		}
	}

	c.drain()
	c.okx.Heal()
	c.server = c.start()
	if outage {
		c.pass(300)
	}
	c.restore()
	c.then.Store(nil)
	c.reconciled(name)
	moved, runs := c.transfers(), c.ran()
	for i, payment := range payments {
		a, err := c.persist(paid(m.path, payment), 30*time.Second)
		if err != nil {
			c.t.Errorf("%s, the same payment again: %v; the ledger has %q", name, err, c.states())
			continue
		}
		c.expect(name+", the same payment again", a, http.StatusOK)
		if a.body != "hello" || first[i].status == http.StatusOK && a.receipt(c.t) != first[i].receipt(c.t) {
			c.t.Errorf("%s: got %v, after %v", name, a, first[i])
		}
	}
	if more, want := c.ran()-runs, c.transfers()-moved; more != want {
		c.t.Errorf("%s: %d runs for %d payments that had not moved money", name, more, want)
	}
}

// drain waits until all that a dead server sent to InsForge was carried out.
func (c *crash) drain() {
	c.t.Helper()
	// Whoever connects now is let in after the connections that the server had made.
	last := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.env["INSFORGE_URL"]+"/api/health", http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	if res, err := last.Do(req); err == nil { // else the database is gone
		_ = res.Body.Close()
	}
	c.eventually("what the dead server asked for is done", func() bool { return c.lines.Load() == 0 })
}

// stopDatabase makes everything that is asked of it get lost.
func (c *crash) stopDatabase() {
	all := func(*http.Request) fate { return lost }
	c.cut.Store(&all)
}

// reconciled has the ledger find out how all payments ended, as long after the
// crash as it takes for claims to run out, and holds that it did.
func (c *crash) reconciled(name string) {
	c.t.Helper()
	const later = `update public.payments set claimed_until = claimed_until - interval '10 minutes', next_check = next_check - interval '1 day'`
	if _, err := c.db.Exec(c.t.Context(), later); err != nil {
		c.t.Fatal(err)
	}
	open := func() bool {
		states := c.states()
		return slices.Contains(states, "settling") || slices.Contains(states, "unknown")
	}
	printed := ""
	for range 50 {
		if err := c.okx.Release(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		printed = c.reconcile()
		if !open() {
			break
		}
		time.Sleep(100 * time.Millisecond) // the facilitator is at it
	}
	if open() {
		c.t.Errorf("%s: payments stay open:\n%s", name, printed)
	}
	if left, _ := filepath.Glob(filepath.Join(c.env["PAYMENT_JOURNAL"], "*.json")); len(left) > 0 {
		c.t.Errorf("%s: the journal still has %q", name, left)
	}
	onChain, err := c.chain.Received(c.t.Context(), x402test.USDG, c.recipient)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, difference := range x402test.Audit(c.books(x402test.USDG), onChain) {
		c.t.Errorf("%s: ledger and chain: %s", name, difference)
	}
}

// transfers counts what the recipient got.
func (c *crash) transfers() int {
	c.t.Helper()
	onChain, err := c.chain.Received(c.t.Context(), x402test.USDG, c.recipient)
	if err != nil {
		c.t.Fatal(err)
	}
	return len(onChain)
}
