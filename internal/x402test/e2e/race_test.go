package e2e_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

// soak says whether the long forms of tests are wanted. It is asked while tests
// run, or else go test would not notice that the answer is another one now, and
// hand out the results it has of the short forms.
func soak() bool { return os.Getenv("FORGE_SOAK") != "" }

// servers starts so many more, on the same ledger.
func (s *shop) servers(more int) []*server {
	all := []*server{s.server}
	for range more {
		all = append(all, s.start())
	}
	return all
}

func TestRace_onePayment(t *testing.T) {
	s := open(t)
	servers := s.servers(2)
	payment := s.signed(s.buyer(200), "/v1/slow?for=300ms").Header()
	statuses := s.atOnce(200, servers, func(int) request { return paid("/v1/slow?for=300ms", payment) })
	if statuses[http.StatusPaymentRequired] != 0 || statuses[http.StatusOK] < 1 {
		t.Errorf("statuses %v: want the answer at least once, and nobody told to pay again", statuses)
	}
	if s.settles() != 1 || s.ran() != 1 {
		t.Errorf("%d settlements and %d runs, want 1 of each", s.settles(), s.ran())
	}
	s.sold(1)
	for _, server := range servers {
		s.expect("afterwards", s.get(request{path: "/v1/slow?for=300ms", to: server, header: http.Header{"PAYMENT-SIGNATURE": {payment}}}), http.StatusOK)
	}
}

// persist sends a payment until it is answered, as an honest client does: again
// and again, and never another one.
func (s *shop) persist(r request, patience time.Duration) (answer, error) {
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Duration(100+rand.IntN(200)) * time.Millisecond) { //nolint:gosec // no secret
		a, err := s.send(r)
		switch {
		case err != nil:
			last = err
		case a.status == http.StatusServiceUnavailable, a.status == http.StatusConflict:
			last = errors.New(a.String())
		default:
			return a, nil
		}
	}
	return answer{}, last
}

func TestRace_manyPayments(t *testing.T) {
	n := 200
	if soak() {
		n = 1000
	}
	s := open(t)
	servers := s.servers(2)
	payments := make([]string, n)
	challenge := s.challenge(hello)
	buyers := []*x402test.Buyer{s.buyer(int64(n)), s.buyer(int64(n)), s.buyer(int64(n))}
	for i := range payments {
		p, err := buyers[i%len(buyers)].Pay(challenge)
		if err != nil {
			t.Fatal(err)
		}
		payments[i] = p.Header()
	}
	work := make(chan int)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			for i := range work {
				r := paid(hello, payments[i])
				r.to = servers[i%len(servers)]
				if a, err := s.persist(r, 2*time.Minute); err != nil || a.status != http.StatusOK {
					t.Errorf("payment %d: %v, %v", i, a, err)
				}
			}
		})
	}
	for i := range payments {
		work <- i
	}
	close(work)
	all.Wait()
	if s.ran() != n {
		t.Errorf("%d runs, want %d", s.ran(), n)
	}
	s.sold(n)
}
