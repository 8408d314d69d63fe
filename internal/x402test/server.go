package x402test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// server listens on a free port of the loopback interface.
type server struct {
	url  string
	http *http.Server
	done chan struct{} // closed when it stops
}

func serve(ctx context.Context, handler http.HandlerFunc) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{
		url:  "http://" + listener.Addr().String(),
		http: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		done: make(chan struct{}),
	}
	go func() { _ = s.http.Serve(listener) }() // it ends by stop alone
	return s, nil
}

// stop ends the server and waits for the requests in it.
func (s *server) stop() error {
	close(s.done)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(s.http.Shutdown(ctx), s.http.Close())
}
