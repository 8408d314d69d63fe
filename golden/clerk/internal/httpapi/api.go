// Package httpapi is the server's HTTP API: its routes, its handlers and what
// every request passes through on the way to them.
package httpapi

import (
	"log/slog"
	"net/http"
	"slices"

	"example.com/shop/internal/account"
	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/signin"
)

// maxBody is the longest request body read. Every request is a small piece of
// JSON.
const maxBody = 1 << 20

// What pages of other origins may send, and may read of every answer.
const (
	corsHeaders = "Authorization, Content-Type"
	corsExposed = "X-Request-Id, Retry-After"
)

// Deps is what the handlers work with. BaseURL and Origins may be left out.
type Deps struct {
	Log      *slog.Logger
	BaseURL  string   // the origin browsers use for this server
	Origins  []string // of other sites whose pages may call it
	InsForge *insforge.Client
	Verifier *auth.Verifier
	Minter   *auth.Minter
	SignIn   *signin.Service
	Accounts *account.Accounts
}

// New returns the whole API. It panics when BaseURL or one of Origins is
// no origin, which config.Load has ruled out, and when a route is wrong.
func New(d Deps) http.Handler {
	mux := http.NewServeMux()
	routes(mux, d)

	// Outermost first.
	return chain(jsonErrors(mux),
		recoverPanics(d.Log),             // a panic anywhere below still gets an answer
		assignRequestID,                  // log lines from here on carry it
		logRequests(d.Log),               // outside what refuses, so that refusals are logged
		stayOnHTTPS(d.BaseURL),           // all answers, for browsers remember it from any
		limitBody(maxBody),               // whoever reads a body has a limit, and cannot forget it
		allowOrigins(d.Origins),          // outside what answers, so that all answers can be read
		sameOrigin(d.BaseURL, d.Origins), // a page of another site must not act for its visitor
	)
}

// chain puts middleware around handler, the first outermost.
func chain(handler http.Handler, middleware ...func(http.Handler) http.Handler) http.Handler {
	for _, wrap := range slices.Backward(middleware) {
		handler = wrap(handler)
	}
	return handler
}
