package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/x402test"
)

// price is what everything costs, in a token's smallest unit.
const price = 10_000

// shop is a running server with everything around it.
type shop struct {
	t         *testing.T
	chain     *x402test.Chain
	okx       *x402test.Facilitator
	db        *pgxpool.Pool
	recipient common.Address
	env       map[string]string
	runs      string // the file that counts runs of handlers

	// cut says what becomes of a request to InsForge; nil lets all pass. Then is
	// called once, when the next one that is unheard was carried out.
	cut  atomic.Pointer[func(*http.Request) fate]
	then atomic.Pointer[func()]

	lines atomic.Int32 // connections to InsForge, those of dead servers among them

	server *server // the first
}

// fate is what becomes of a request to InsForge.
type fate int

const (
	passed  fate = iota
	lost         // it never arrives
	unheard      // it is carried out, and its answer is lost
)

// open starts a shop. The settings are NAME=value, on top of those of a server that
// takes real money.
func open(t *testing.T, settings ...string) *shop {
	t.Helper()
	s := prepare(t, settings...)
	s.server = s.start()
	return s
}

// openWithNode is open with a node to ask what happened on the chain: without one
// a transaction that nobody named is not found.
func openWithNode(t *testing.T, lines ...string) *shop {
	t.Helper()
	s := prepare(t, lines...)
	s.env["X_LAYER_RPC_URL"] = s.chain.URL
	s.server = s.start()
	return s
}

// prepare is open without a server.
func prepare(t *testing.T, lines ...string) *shop {
	t.Helper()
	if why := missing(); why != "" {
		t.Skip(why)
	}
	ctx := t.Context()
	s := &shop{t: t, runs: filepath.Join(t.TempDir(), "runs")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	closing := func(what func() error) {
		t.Cleanup(func() {
			if err := what(); err != nil {
				t.Error(err)
			}
		})
	}
	var err error
	s.chain, err = x402test.StartChain(ctx)
	must(err)
	closing(s.chain.Close)
	s.okx, err = s.chain.StartFacilitator(ctx)
	must(err)
	closing(s.okx.Close)

	database, err := insforge.NewDatabase(ctx)
	must(err)
	must(migrate(ctx, database))
	behind, err := database.Serve(ctx)
	must(err)
	closing(behind.Close)
	s.db, err = pgxpool.New(ctx, behind.DatabaseURL)
	must(err)
	t.Cleanup(s.db.Close)

	wallet, err := x402test.NewBuyer()
	must(err)
	s.recipient = wallet.Address()
	s.env = map[string]string{
		"ADDR":                "127.0.0.1:0",
		"INSFORGE_URL":        s.front(behind.URL),
		"INSFORGE_ANON_KEY":   behind.AnonKey,
		"INSFORGE_API_KEY":    behind.APIKey,
		"INSFORGE_JWT_SECRET": behind.JWTSecret,
		"PAYMENT_RECIPIENT":   s.recipient.Hex(),
		"PAYMENT_JOURNAL":     t.TempDir(),
		"OKX_BASE_URL":        s.okx.Base(),
		"OKX_API_KEY":         s.okx.Credentials.Key,
		"OKX_SECRET_KEY":      s.okx.Credentials.Secret,
		"OKX_PASSPHRASE":      s.okx.Credentials.Passphrase,
		"RUNS":                s.runs,
	}
	for name, value := range settings {
		if _, ok := s.env[name]; !ok {
			s.env[name] = value
		}
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		s.env[name] = value
	}
	return s
}

// migrating lets one migrate at a time: each that parses SQL beside another compiles
// a parser of its own first, which takes seconds.
var migrating sync.Mutex

func migrate(ctx context.Context, d *insforgetest.Database) error {
	migrating.Lock()
	defer migrating.Unlock()
	return d.MigrateAll(ctx, os.DirFS(filepath.Join(project, "migrations")))
}

// front is between the server and InsForge, where requests can get lost.
func (s *shop) front(behind string) string {
	s.t.Helper()
	target, err := url.Parse(behind)
	if err != nil {
		s.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What was sent is carried out, whoever dies meanwhile. Without anything that
		// could end the context, the proxy would watch the connection instead.
		ctx, done := context.WithCancel(context.WithoutCancel(r.Context()))
		defer done()
		r = r.WithContext(ctx)
		what := passed
		if cut := s.cut.Load(); cut != nil {
			what = (*cut)(r)
		}
		switch what {
		case lost:
			panic(http.ErrAbortHandler)
		case unheard:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			if then := s.then.Swap(nil); then != nil {
				(*then)()
			}
			panic(http.ErrAbortHandler)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		s.lines.Add(map[http.ConnState]int32{http.StateNew: 1, http.StateClosed: -1}[state])
	}
	server.Start()
	s.t.Cleanup(server.Close)
	return server.URL
}

// cutOff decides what becomes of calls of the database's functions.
func (s *shop) cutOff(decide func(function string) fate) {
	cut := func(r *http.Request) fate {
		_, function, ok := strings.Cut(r.URL.Path, "/rpc/")
		if !ok {
			return passed
		}
		return decide(function)
	}
	s.cut.Store(&cut)
}

func (s *shop) restore() { s.cut.Store(nil) }

// server is one process.
type server struct {
	url  string
	cmd  *exec.Cmd
	read chan struct{} // closed when its log has ended

	mu   sync.Mutex
	logs bytes.Buffer
}

// start starts another server of the shop. Unless it is killed, it must stop by
// itself when it is asked to.
func (s *shop) start() *server {
	s.t.Helper()
	server, err := s.launch()
	if err != nil {
		s.t.Fatal(err)
	}
	return server
}

func (s *shop) launch() (*server, error) {
	p := &server{cmd: exec.Command(binary), read: make(chan struct{})} //nolint:noctx // ended by a signal
	for name, value := range s.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	addr := make(chan string, 1)
	go func() {
		defer close(p.read)
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadBytes('\n')
			p.mu.Lock()
			p.logs.Write(line)
			p.mu.Unlock()
			var entry struct{ Msg, Addr string }
			if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
				addr <- entry.Addr
			}
			if err != nil {
				return
			}
		}
	}()
	s.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Signal(os.Interrupt)
			<-p.read
			if err := p.cmd.Wait(); err != nil {
				s.t.Errorf("the server stopped with %v", err)
			}
		}
		for _, name := range []string{"OKX_SECRET_KEY", "OKX_PASSPHRASE", "INSFORGE_API_KEY"} {
			if value := s.env[name]; value != "" && strings.Contains(p.log(), value) {
				s.t.Errorf("the log holds the value of %s", name)
			}
		}
		if s.t.Failed() {
			s.t.Logf("log of the server:\n%s", p.log())
		}
	})
	select {
	case a := <-addr:
		p.url = "http://" + a
		return p, nil
	case <-p.read:
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("the server did not start: %s", p.log())
	case <-time.After(20 * time.Second):
		return nil, fmt.Errorf("the server did not start within 20 s: %s", p.log())
	}
}

func (p *server) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

// kill ends the process without a warning.
func (p *server) kill() {
	_ = p.cmd.Process.Kill()
	<-p.read
	_ = p.cmd.Wait()
}

// reconcile runs the server's command of that name and returns what it prints.
func (s *shop) reconcile() string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), binary, "reconcile")
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var logs bytes.Buffer
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		s.t.Errorf("reconcile: %v\n%s", err, logs.String())
	}
	return string(out)
}

// answer is one of the server.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %v %s", a.status, a.header, a.body) }

// reason is why a challenge comes.
func (a answer) reason(t *testing.T) string {
	t.Helper()
	c, err := x402test.ReadChallenge(a.header)
	if err != nil {
		t.Fatalf("%v: %v", err, a)
	}
	return c.Error
}

// receipt is the header PAYMENT-RESPONSE.
type receipt struct {
	Success     bool
	Transaction string
	ErrorReason string
	Network     string
	Payer       string
}

func (a answer) receipt(t *testing.T) receipt {
	t.Helper()
	var r receipt
	raw, err := base64.StdEncoding.DecodeString(a.header.Get("PAYMENT-RESPONSE"))
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatalf("receipt: %v: %v", err, a)
	}
	return r
}

// request is what a client sends.
type request struct {
	method, path, body string
	header             http.Header
	to                 *server
	ctx                context.Context // nil: the test's
}

var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send makes a request; what is left out is POST, the report's text and the first
// server.
func (s *shop) send(r request) (answer, error) {
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.body == "" && r.method == http.MethodPost {
		r.body = `{"text":"Ada wrote the first program."}`
	}
	if r.to == nil {
		r.to = s.server
	}
	if r.ctx == nil {
		r.ctx = s.t.Context()
	}
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.to.url, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	req.URL.Opaque = "//" + strings.TrimPrefix(r.to.url, "http://") + r.path // as it is spelled
	req.Header.Set("Content-Type", "application/json")
	for name, values := range r.header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(raw)}, err
}

func (s *shop) get(r request) answer {
	s.t.Helper()
	a, err := s.send(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// pay sends a PAYMENT-SIGNATURE with the usual request to a path.
func (s *shop) pay(path, payment string) answer {
	s.t.Helper()
	return s.get(paid(path, payment))
}

func paid(path, payment string) request {
	return request{path: path, header: http.Header{"PAYMENT-SIGNATURE": {payment}}}
}

// challenge asks a route for its price.
func (s *shop) challenge(path string) x402test.Challenge {
	s.t.Helper()
	a := s.get(request{path: path})
	if a.status != http.StatusPaymentRequired {
		s.t.Fatalf("without a payment: %v", a)
	}
	c, err := x402test.ReadChallenge(a.header)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// buyer is one with money for so many requests, in USDG.
func (s *shop) buyer(requests int64) *x402test.Buyer {
	s.t.Helper()
	b, err := x402test.NewBuyer()
	if err != nil {
		s.t.Fatal(err)
	}
	if requests > 0 {
		if err := s.chain.Mint(s.t.Context(), x402test.USDG, b.Address(), requests*price); err != nil {
			s.t.Fatal(err)
		}
	}
	return b
}

// signed is a payment of the buyer's for a path.
func (s *shop) signed(b *x402test.Buyer, path string, changes ...func(*x402test.Authorization)) x402test.Payment {
	s.t.Helper()
	p, err := b.Pay(s.challenge(path), changes...)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// tampered is the payment's header with its JSON changed after it was signed.
func tampered(p x402test.Payment, change func(map[string]any)) string {
	var fields map[string]any
	if err := json.Unmarshal(p.JSON(), &fields); err != nil {
		panic(err)
	}
	change(fields)
	raw, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// expect checks an answer's status, and what holds of every answer: a challenge
// comes with 402 and with nothing else, and nothing of an unpaid answer gets out.
func (s *shop) expect(step string, a answer, status int) {
	s.t.Helper()
	if a.status != status {
		s.t.Errorf("%s: %v, want status %d", step, a, status)
	}
	if (a.header.Get("PAYMENT-REQUIRED") != "") != (a.status == http.StatusPaymentRequired) {
		s.t.Errorf("%s: a challenge comes with 402 alone: %v", step, a)
	}
	if a.status != http.StatusOK && (a.header.Get("X-Private") != "" || strings.Contains(a.body, "hello")) {
		s.t.Errorf("%s: something of the answer got out: %v", step, a)
	}
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
		s.t.Errorf("%s: 503 without Retry-After", step)
	}
}

// ran counts the runs of the shop's own handlers.
func (s *shop) ran() int {
	raw, _ := os.ReadFile(s.runs)
	return bytes.Count(raw, []byte("\n"))
}

// settles counts the calls by which the facilitator was asked to move money.
func (s *shop) settles() int { return len(s.okx.Calls(x402test.Settle)) }

// asked counts the calls about payments.
func (s *shop) asked() int { return len(s.okx.Calls(x402test.Verify, x402test.Settle)) }

// states lists the ledger's rows by their states.
func (s *shop) states() []string {
	s.t.Helper()
	rows, err := s.db.Query(s.t.Context(), "select state from public.payments order by created_at")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	states := []string{}
	for rows.Next() {
		var state string
		if err := rows.Scan(&state); err != nil {
			s.t.Fatal(err)
		}
		states = append(states, state)
	}
	return states
}

// books is the ledger's settled payments in one asset.
func (s *shop) books(token x402test.Token) []x402test.Entry {
	s.t.Helper()
	rows, err := s.db.Query(s.t.Context(), `select payer, recipient, nonce, amount::text, transaction from public.payments
		where state = 'settled' and asset = lower($1)`, token.Address.Hex())
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var entries []x402test.Entry
	for rows.Next() {
		var from, to, nonce, amount, transaction string
		if err := rows.Scan(&from, &to, &nonce, &amount, &transaction); err != nil {
			s.t.Fatal(err)
		}
		value, _ := new(big.Int).SetString(amount, 10)
		entries = append(entries, x402test.Entry{
			From: common.HexToAddress(from), To: common.HexToAddress(to), Nonce: common.HexToHash(nonce),
			Value: value, Transaction: common.HexToHash(transaction),
		})
	}
	return entries
}

// sold holds that so many payments were made in USDG: by the balance, by the
// chain's logs, and by the ledger, which has the same ones.
func (s *shop) sold(payments int) {
	s.t.Helper()
	s.soldIn(x402test.USDG, payments)
}

func (s *shop) soldIn(token x402test.Token, payments int) {
	s.t.Helper()
	s.received(token, payments)
	onChain, err := s.chain.Received(s.t.Context(), token, s.recipient)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, difference := range x402test.Audit(s.books(token), onChain) {
		s.t.Errorf("ledger and chain: %s", difference)
	}
	for authorized, times := range x402test.Count(onChain) {
		if times != 1 {
			s.t.Errorf("%v was charged %d times", authorized, times)
		}
	}
}

// received holds what the balance is, whatever the ledger says.
func (s *shop) received(token x402test.Token, payments int) {
	s.t.Helper()
	balance, err := s.chain.Balance(s.t.Context(), token, s.recipient)
	if err != nil || balance.Cmp(big.NewInt(int64(payments)*price)) != 0 {
		s.t.Errorf("the balance is %v (%v), want that of %d payments", balance, err, payments)
	}
}

// eventually waits for something that happens in the background.
func (s *shop) eventually(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("it did not happen within a minute: %s; the ledger has %q", what, s.states())
		}
	}
}

// logged holds that a server's log has a text. The log may come later than the
// answer that it was written before.
func (s *shop) logged(text string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("the log has %q", text), func() bool { return strings.Contains(s.server.log(), text) })
}

func (s *shop) ledgerHas(states ...string) {
	s.t.Helper()
	if got := s.states(); !slices.Equal(got, states) {
		s.t.Errorf("the ledger has %q, want %q", got, states)
	}
}
