package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/shop/internal/payment/ledger"
)

// pipes is a network of its own, so that no time on it is real.
type pipes struct {
	server chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.server:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (*pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.server <- server
	return client, nil
}

// station serves events about a ledger.
type station struct {
	t       *testing.T
	version atomic.Int64 // the ledger's
	looks   atomic.Int64 // into the ledger
	client  *http.Client
	server  *http.Server
	stop    func() // ends the feed
}

// onAir runs a test while events are served, with all that requests pass through
// and the limits that the server has. It must stop in the end.
func onAir(t *testing.T, test func(t *testing.T, s *station)) {
	synctest.Test(t, func(t *testing.T) {
		s := &station{t: t}
		s.version.Store(1)
		log := slog.New(slog.DiscardHandler)
		feed := ledger.NewFeed(func(context.Context) (string, error) {
			s.looks.Add(1)
			return strconv.FormatInt(s.version.Load(), 10), nil
		}, log)
		ctx, stop := context.WithCancel(t.Context())
		s.stop = stop
		go feed.Run(ctx)
		s.server = &http.Server{
			Handler:      chain(handlePaymentEvents(feed), recoverPanics(log), assignRequestID, logRequests(log), limitBody(maxBody)),
			ReadTimeout:  15 * time.Second,
			WriteTimeout: 60 * time.Second,
		}
		network := &pipes{make(chan net.Conn), make(chan struct{})}
		transport := &http.Transport{DialContext: network.dial}
		s.client = &http.Client{Transport: transport}
		served := make(chan error)
		go func() { served <- s.server.Serve(network) }()

		t.Cleanup(func() {
			stop()
			if err := s.server.Shutdown(context.Background()); err != nil { // t.Context has ended by then
				t.Errorf("Shutdown = %v", err)
			}
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("Serve = %v", err)
			}
			transport.CloseIdleConnections()
		})
		test(t, s)
	})
}

// listen opens a stream of events.
func (s *station) listen() *listener {
	s.t.Helper()
	res, err := s.client.Get("http://shop.example.com/payments/events")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	l := &listener{s.t, res.Body, bufio.NewReader(res.Body)}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
		s.t.Errorf("status %d, header %v", res.StatusCode, res.Header)
	}
	return l
}

type listener struct {
	t    *testing.T
	body io.Closer
	text *bufio.Reader
}

// hears wants these to be the next events. Beats in between do not count, unless
// one is waited for.
func (l *listener) hears(want ...string) {
	l.t.Helper()
	for _, event := range want {
		got := l.next()
		for got == beat && event != beat {
			got = l.next()
		}
		if got != event {
			l.t.Fatalf("heard %q, want %q", got, event)
		}
	}
}

func (l *listener) next() string {
	var event []string
	for {
		line, err := l.text.ReadString('\n')
		if err != nil {
			return err.Error()
		}
		if line == "\n" {
			return strings.Join(event, "\n")
		}
		event = append(event, strings.TrimSuffix(line, "\n"))
	}
}

const (
	start = "retry: 5000"
	beat  = ": still here"
)

func changedTo(version string) string { return "id: " + version + "\ndata: " + version }

func TestPaymentEvents(t *testing.T) {
	onAir(t, func(_ *testing.T, s *station) {
		a := s.listen()
		a.hears(start, changedTo("1"))
		s.version.Store(2)
		a.hears(changedTo("2"))
		// Nothing happens for longer than an answer may take to write otherwise.
		for range 20 {
			a.hears(beat)
		}
		b := s.listen()
		b.hears(start, changedTo("2"))
		s.version.Store(3)
		a.hears(changedTo("3"))
		b.hears(changedTo("3"))
		s.stop()
		a.hears("EOF")
		b.hears("EOF")
	})
}

func TestPaymentEventsRest(t *testing.T) {
	onAir(t, func(t *testing.T, s *station) {
		l := s.listen()
		l.hears(start, changedTo("1"))
		if err := l.body.Close(); err != nil {
			t.Error(err)
		}
		res, err := s.client.Head("http://shop.example.com/payments/events")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		time.Sleep(time.Minute)
		looks := s.looks.Load()
		time.Sleep(time.Hour)
		if more := s.looks.Load() - looks; more != 0 {
			t.Errorf("looked %d times when nobody listened any more", more)
		}
	})
}

// TestPaymentEventsSlowReader: whoever does not read what it is sent is left
// alone, and nobody waits for it.
func TestPaymentEventsSlowReader(t *testing.T) {
	onAir(t, func(t *testing.T, s *station) {
		slow, quick := s.listen(), s.listen()
		quick.hears(start, changedTo("1"))
		for version := range 30 {
			text := strconv.Itoa(100 + version)
			s.version.Store(int64(100 + version))
			quick.hears(changedTo(text))
		}
		// What was on its way has come, and there it ends.
		slow.hears(start, "unexpected EOF")
	})
}

func TestPaymentEventsEndAfterAnHour(t *testing.T) {
	onAir(t, func(t *testing.T, s *station) {
		l := s.listen()
		l.hears(start, changedTo("1"))
		began := time.Now()
		if _, err := io.Copy(io.Discard, l.text); err != nil {
			t.Error(err)
		}
		if lasted := time.Since(began); lasted != time.Hour {
			t.Errorf("the stream lasted %s, want an hour", lasted)
		}
	})
}

func TestPaymentEventsHaveABound(t *testing.T) {
	feed := ledger.NewFeed(nil, nil) // it does not run
	for range 100 {
		if _, _, err := feed.Join(); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	handlePaymentEvents(feed).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/payments/events", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one reader too many: status %d, header %v", w.Code, w.Header())
	}
}
