// Command server runs the HTTP API. It takes its whole configuration from the
// environment and writes JSON log lines to standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once the first signal has started the stop, a second one ends the process.
	context.AfterFunc(ctx, stop)

	var err error
	switch args := os.Args[1:]; {
	case len(args) == 0:
		err = run(ctx, os.Getenv, os.Stderr)
	case len(args) == 1 && args[0] == "reconcile":
		err = reconcile(ctx, os.Getenv, os.Stdout, os.Stderr)
	default:
		err = errors.New("usage: server [reconcile]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}
