package x402test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Operation is a route of the facilitator's API.
type Operation string

// The operations.
const (
	Supported Operation = "supported"
	Verify    Operation = "verify"
	Settle    Operation = "settle"
	Status    Operation = "settle/status"
)

// OKX's API has two generations on the wire.
const (
	currentBase = "/api/v6/pay/x402"
	olderBase   = "/api/v6/x402"
)

// Credentials are an API key of the Onchain OS developer portal.
type Credentials struct {
	Key, Secret, Passphrase string
}

// Facilitator verifies and settles payments on a chain with OKX's HTTP API. Its
// methods are safe for concurrent use, also while it serves.
type Facilitator struct {
	URL         string // origin
	Credentials Credentials

	chain  *Chain
	server *server

	mu       sync.Mutex
	skew     time.Duration
	queued   map[Operation][]Fault
	standing map[Operation]Fault
	calls    []*Call
	settled  map[common.Hash]*settlement
	busy     map[common.Hash]bool // digests of authorizations being settled
}

// Call is a request the facilitator received.
type Call struct {
	Operation Operation
	Older     bool   // by the older generation's path
	Method    string // and path with query
	Path      string
	Body      string
	At        time.Time
	Fault     string // its name; empty without

	// What was answered; Code is 0 while nothing is.
	Code   int
	Answer string
}

// StartFacilitator starts one that settles on the chain, whose relayer pays for gas.
func (c *Chain) StartFacilitator(ctx context.Context) (*Facilitator, error) {
	f := &Facilitator{
		Credentials: Credentials{Key: "test-key", Secret: "test-secret", Passphrase: "test-passphrase"},
		chain:       c,
		queued:      map[Operation][]Fault{},
		standing:    map[Operation]Fault{},
		settled:     map[common.Hash]*settlement{},
		busy:        map[common.Hash]bool{},
	}
	var err error
	if f.server, err = serve(ctx, f.serve); err != nil {
		return nil, err
	}
	f.URL = f.server.url
	return f, nil
}

// Close ends it, and calls that hang in it.
func (f *Facilitator) Close() error { return f.server.stop() }

// Base is the API's URL without a final slash.
func (f *Facilitator) Base() string { return f.URL + currentBase }

// OlderBase is the URL of its older generation.
func (f *Facilitator) OlderBase() string { return f.URL + olderBase }

// Skew sets its clock off ours: calls are then refused with code 50112 and its
// time in the header Date.
func (f *Facilitator) Skew(by time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skew = by
}

func (f *Facilitator) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Add(f.skew)
}

// Queue has the next calls of an operation take a fault each, in this order.
// Calls with wrong credentials take none.
func (f *Facilitator) Queue(on Operation, faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued[on] = append(f.queued[on], faults...)
}

// Always has every call of an operation take a fault when none is queued.
func (f *Facilitator) Always(on Operation, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.standing[on] = fault
}

// Heal takes back every fault and sets the clock right. Settlements that are held
// stay so; see Release.
func (f *Facilitator) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skew = 0
	clear(f.queued)
	clear(f.standing)
}

func (f *Facilitator) take(on Operation) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if queue := f.queued[on]; len(queue) > 0 {
		f.queued[on] = queue[1:]
		return queue[0]
	}
	return f.standing[on]
}

// Calls lists the calls of the operations in the order they came; without
// operations, all. Refused ones are among them.
func (f *Facilitator) Calls(of ...Operation) []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	var calls []Call
	for _, c := range f.calls {
		for i := range max(1, len(of)) {
			if len(of) == 0 || of[i] == c.Operation {
				calls = append(calls, *c)
				break
			}
		}
	}
	return calls
}

// exchange is a call being answered.
type exchange struct {
	f    *Facilitator
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	call *Call
}

var operations = map[string]Operation{
	"GET /supported":     Supported,
	"POST /verify":       Verify,
	"POST /settle":       Settle,
	"GET /settle/status": Status,
}

func (f *Facilitator) serve(w http.ResponseWriter, r *http.Request) {
	path, current := strings.CutPrefix(r.URL.Path, currentBase)
	if !current {
		path = strings.TrimPrefix(r.URL.Path, olderBase)
	}
	on, ok := operations[r.Method+" "+path]
	if !ok || !current && (on == Status || path == r.URL.Path) { // the older one has no status
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e := &exchange{f, w, r, body, &Call{
		Operation: on, Older: !current, Method: r.Method, Path: r.RequestURI, Body: string(body), At: time.Now(),
	}}
	f.mu.Lock()
	f.calls = append(f.calls, e.call)
	f.mu.Unlock()
	w.Header().Set("Date", f.now().UTC().Format(http.TimeFormat))
	if err := f.authenticate(r, body); err != nil {
		e.refuse(err)
		return
	}
	fault := f.take(on)
	f.mu.Lock()
	e.call.Fault = fault.name
	f.mu.Unlock()
	if fault.before != nil && fault.before(e) {
		return
	}
	data, err := f.carryOut(r.Context(), e.call, body, fault)
	if err != nil {
		e.refuse(err)
		return
	}
	if fault.edit != nil {
		fault.edit(data)
	}
	if fault.after != nil && fault.after(e) {
		return
	}
	e.answer(http.StatusOK, fault.envelope(data, e.call.Older))
}

func (f *Facilitator) carryOut(ctx context.Context, call *Call, body []byte, fault Fault) (result, error) {
	switch call.Operation {
	case Supported:
		return f.supported(call.Older), nil
	case Status:
		return f.status(ctx, call)
	case Verify:
		p, err := parseRequest(body, call)
		if err != nil {
			return nil, err
		}
		reason, err := f.refusal(ctx, p, false)
		if err != nil {
			return nil, err
		}
		return p.verdict(reason), nil
	default:
		p, err := parseRequest(body, call)
		if err != nil {
			return nil, err
		}
		return f.settle(ctx, p, fault)
	}
}

// refusal is an error of OKX's API (its page of error codes).
type refusal struct {
	status     int
	code, text string
}

func (r refusal) Error() string { return r.code + " " + r.text }

// refuse answers with an error. One that is no refusal is OKX's own fault.
func (e *exchange) refuse(err error) {
	r := refusal{http.StatusInternalServerError, "50026", "System error. Try again later"}
	if !errors.As(err, &r) {
		r.text += ": " + err.Error() // whoever debugs a test wants to know
	}
	e.answer(r.status, encode(result{"code": r.code, "msg": r.text, "data": nil}))
}

func (e *exchange) answer(status int, body json.RawMessage) {
	e.w.Header().Set("Content-Type", "application/json")
	e.write(status, string(body))
}

func (e *exchange) write(status int, body string) {
	e.f.mu.Lock()
	e.call.Code, e.call.Answer = status, body
	e.f.mu.Unlock()
	e.w.WriteHeader(status)
	_, _ = io.WriteString(e.w, body) // the caller has gone
}
