package authtest

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Internet is an HTTP proxy behind which there are the hosts of a test, on port 443
// with certificates of the test's own authority, and no others. Its methods are safe
// for concurrent use, also while it serves.
type Internet struct {
	URL      string // of the proxy
	CertFile string // the authority's certificate, PEM

	dir    string
	proxy  *http.Server
	hosts  *http.Server
	conns  chan net.Conn
	closed chan struct{}

	mu       sync.Mutex
	handlers map[string]http.Handler
	faults   map[string]Fault
	open     map[*tunnel]bool
	requests []Request
	dialed   map[string]int
	refused  []string
}

// Request is one that reached a host.
type Request struct {
	Host, Method, Path string // the path with its query
	At                 time.Time
	Fault              Fault
}

// StartInternet starts one without any hosts.
func StartInternet(ctx context.Context) (*Internet, error) {
	authority, err := theAuthority()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "authtest-")
	if err != nil {
		return nil, err
	}
	n := &Internet{
		CertFile: filepath.Join(dir, "ca.pem"),
		dir:      dir,
		conns:    make(chan net.Conn),
		closed:   make(chan struct{}),
		handlers: map[string]http.Handler{},
		faults:   map[string]Fault{},
		open:     map[*tunnel]bool{},
		dialed:   map[string]int{},
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.certificate.Raw})
	if err := os.WriteFile(n.CertFile, data, 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	n.URL = fmt.Sprintf("http://%s", listener.Addr())
	silent := log.New(io.Discard, "", 0) // clients that hang up are what tests are about
	n.proxy = &http.Server{Handler: http.HandlerFunc(n.connect), ReadHeaderTimeout: 10 * time.Second, ErrorLog: silent}
	n.hosts = &http.Server{
		Handler:           http.HandlerFunc(n.answer),
		TLSConfig:         authority.config(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          silent,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
				c = wrapped.NetConn()
			}
			return context.WithValue(ctx, tunnelKey{}, c)
		},
	}
	go func() { _ = n.proxy.Serve(listener) }()              // Close ends it
	go func() { _ = n.hosts.ServeTLS(tunnels{n}, "", "") }() // likewise
	return n, nil
}

// Close ends all connections, and answers that hang.
func (n *Internet) Close() error {
	close(n.closed)
	err := errors.Join(n.proxy.Close(), n.hosts.Close())
	n.hangUp("")
	return errors.Join(err, os.RemoveAll(n.dir))
}

// Env is what makes a child process reach the hosts, and nothing else but this
// machine: NAME=value lines.
func (n *Internet) Env() []string {
	return []string{"HTTPS_PROXY=" + n.URL, "HTTP_PROXY=" + n.URL, "NO_PROXY=localhost,127.0.0.1", "SSL_CERT_FILE=" + n.CertFile}
}

// Fingerprint is the authority's for Chromium, which reads no SSL_CERT_FILE but takes
// this in --ignore-certificate-errors-spki-list.
func (n *Internet) Fingerprint() (string, error) {
	authority, err := theAuthority()
	if err != nil {
		return "", err
	}
	return authority.fingerprint(), nil
}

// Handle puts a handler behind a host's name, in the place of the former one.
func (n *Internet) Handle(host string, handler http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handlers[host] = handler
}

// Handler is what Handle put behind a host's name, nil without.
func (n *Internet) Handler(host string) http.Handler {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.handlers[host]
}

// Fail has a host, or one page of it (host/path), answer by a fault from now on, until
// Fail with None. Connections that are open stay so, except with Refuse. A page cannot
// refuse connections: it cuts those that ask for it.
func (n *Internet) Fail(where string, fault Fault) {
	n.mu.Lock()
	n.faults[where] = fault
	n.mu.Unlock()
	if fault == Refuse {
		n.hangUp(where)
	}
}

// Requests lists those that reached a host, oldest first.
func (n *Internet) Requests(host string) []Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []Request
	for _, r := range n.requests {
		if r.Host == host {
			found = append(found, r)
		}
	}
	return found
}

// Total is how often anybody asked for anything: connections to hosts, refused ones
// among them, and requests.
func (n *Internet) Total() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	total := len(n.requests) + len(n.refused)
	for _, dials := range n.dialed {
		total += dials
	}
	return total
}

// Dials is how many connections to a host were asked for, refused ones included.
func (n *Internet) Dials(host string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed[host]
}

// Refused lists, oldest first, what was asked for and is not there: host:port, or
// the URL of a request that asked for no tunnel.
func (n *Internet) Refused() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.refused)
}

// connect serves the proxy.
func (n *Internet) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		n.refuse(r.URL.String())
		http.Error(w, "only https", http.StatusMethodNotAllowed)
		return
	}
	host, port, err := net.SplitHostPort(r.Host)
	n.mu.Lock()
	_, known := n.handlers[host]
	fault := n.faults[host]
	if err == nil && known && port == "443" {
		n.dialed[host]++
	}
	n.mu.Unlock()
	switch {
	case err != nil || !known || port != "443":
		n.refuse(r.Host)
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	case fault == Refuse:
		http.Error(w, "connection refused", http.StatusBadGateway)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	t := &tunnel{Conn: conn, read: buffered.Reader, host: host, net: n}
	n.mu.Lock()
	n.open[t] = true
	n.mu.Unlock()
	select {
	case n.conns <- t:
	case <-n.closed:
		_ = t.Close()
	}
}

func (n *Internet) refuse(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused = append(n.refused, what)
}

// hangUp closes the connections to a host, or to all.
func (n *Internet) hangUp(host string) {
	n.mu.Lock()
	var cut []*tunnel
	for t := range n.open {
		if host == "" || t.host == host {
			cut = append(cut, t)
		}
	}
	n.mu.Unlock()
	for _, t := range cut {
		_ = t.Close()
	}
}

// answer serves the hosts.
func (n *Internet) answer(w http.ResponseWriter, r *http.Request) {
	t, ok := r.Context().Value(tunnelKey{}).(*tunnel)
	if !ok || r.Host != t.host {
		http.Error(w, "not the host of this connection", http.StatusMisdirectedRequest)
		return
	}
	n.mu.Lock()
	handler, fault := n.handlers[t.host], n.faults[t.host]
	if fault == None {
		fault = n.faults[t.host+r.URL.Path]
	}
	n.requests = append(n.requests, Request{t.host, r.Method, r.URL.RequestURI(), time.Now(), fault})
	n.mu.Unlock()
	if fault == None {
		handler.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	fault.spoil(w, r, answer, n.closed)
}

// tunnel is a connection to a host through the proxy.
type tunnel struct {
	net.Conn
	read io.Reader // what the proxy has read ahead comes first
	host string
	net  *Internet
}

type tunnelKey struct{}

func (t *tunnel) Read(p []byte) (int, error) { return t.read.Read(p) }

func (t *tunnel) Close() error {
	t.net.mu.Lock()
	delete(t.net.open, t)
	t.net.mu.Unlock()
	return t.Conn.Close()
}

// tunnels listens for them.
type tunnels struct{ *Internet }

func (l tunnels) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (tunnels) Close() error { return nil }

func (tunnels) Addr() net.Addr { return &net.TCPAddr{} }
