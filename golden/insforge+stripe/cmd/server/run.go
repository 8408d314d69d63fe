package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/shop/internal/account"
	"example.com/shop/internal/auth"
	"example.com/shop/internal/checkout"
	"example.com/shop/internal/config"
	"example.com/shop/internal/httpapi"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/signin"
)

// stopTimeout is how long requests under way may take once a stop was asked
// for. Platforms commonly kill a process 30 seconds after the first signal.
const stopTimeout = 20 * time.Second

// command does what the arguments ask for. Without any, that is to serve.
func command(ctx context.Context, args []string, getenv func(string) string, logs io.Writer) error {
	switch {
	case len(args) == 0:
		return run(ctx, getenv, logs)
	}
	return errors.New("usage: server")
}

// run is the program: it loads the configuration, builds what the handlers
// need, serves until ctx ends and then stops gracefully. It returns nil after
// a clean stop.
func run(ctx context.Context, getenv func(string) string, logs io.Writer) error {
	cfg, err := config.Load(getenv)
	if err != nil {
		return err
	}
	log := slog.New(httpapi.LogHandler(slog.NewJSONHandler(logs, nil)))

	deps := httpapi.Deps{
		Log:      log,
		BaseURL:  cfg.BaseURL,
		Origins:  cfg.Origins,
		InsForge: insforge.New(cfg.InsForge),
	}
	deps.Verifier, err = auth.NewVerifier(cfg.Auth)
	if err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	defer deps.Verifier.Close()
	deps.Minter = auth.NewMinter(cfg.Auth.Minter)
	deps.SignIn = signin.New(cfg.SignIn, deps.Verifier, deps.InsForge, log)
	deps.Accounts = account.New(deps.InsForge, log)
	deps.Checkout = checkout.New(cfg.Checkout, deps.InsForge, deps.Minter, log)

	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return err
	}
	defer deps.Checkout.Start(ctx)()
	log.Info("listening", "addr", listener.Addr().String(), "production", cfg.Production)

	return serve(ctx, listener, newServer(httpapi.New(deps), log))
}

// newServer sets the limits net/http leaves open: without them one slow client
// holds a connection for as long as it likes.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serve answers requests until ctx ends, then waits for those under way.
func serve(ctx context.Context, listener net.Listener, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	// ctx is over, so the requests under way get a deadline of their own.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		_ = server.Close()
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
