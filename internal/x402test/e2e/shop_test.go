package e2e_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/servertest"
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
	servertest.Need(t)
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
