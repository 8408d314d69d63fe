package httpapi

import (
	"net/http"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/payment"
)

// routes is the whole API.
func routes(mux *http.ServeMux, d Deps) {
	mux.Handle("GET /healthz", handleHealth())
	mux.Handle("GET /readyz", handleReady(d.Log,
		Check{"insforge", d.InsForge.Health},
		Check{"auth", d.Verifier.Ready},
		Check{"payments", d.Payments.Ready},
	))

	// Behind signedIn and visitor, handlers find the caller with auth.FromContext.
	// Programs that are not signed in get an error, people the sign-in page.
	signedIn := func(h http.Handler) http.Handler {
		return chain(h, auth.Require(d.SignIn.Verify, d.Log), d.Accounts.Greet)
	}
	visitor := func(h http.Handler) http.Handler { return chain(h, visitors(d), d.Accounts.Greet) }

	d.SignIn.Routes(mux)
	mux.Handle("GET /v1/me", signedIn(handleMe()))
	mux.Handle("DELETE /v1/me", signedIn(d.Checkout.Leaving(handleDeleteMe(d))))
	mux.Handle("GET /v1/insforge-token", signedIn(handleInsForgeToken(d.Minter, d.Log)))

	// What is sold answers 402 until it is paid for.
	d.Payments.Sell(mux, payment.Product{
		Route:       "POST /v1/report",
		Price:       payment.ReportPrice,
		Description: "A report about a text: characters, words, sentences and reading time",
		Example:     `{"text": "Reading is to the mind what exercise is to the body."}`,
	}, handleReport())
	mux.Handle("GET /v1/payments/status/{claim}", handlePaymentStatus(d))

	operators := func(h http.Handler) http.Handler { return signedIn(operatorsOnly(d, auth.Subject, h)) }
	mux.Handle("GET /payments", errorPages(visitor(operatorsOnly(d, auth.Subject, handlePaymentsPage(d)))))
	mux.Handle("GET /payments/events", operators(handlePaymentEvents(d.Payments.Feed())))
	mux.Handle("GET /v1/payments", operators(handlePayments(d)))

	mux.Handle("GET /v1/todos", signedIn(handleListTodos(d)))
	mux.Handle("POST /v1/todos", signedIn(handleCreateTodo(d)))
	mux.Handle("GET /v1/todos/{id}", signedIn(handleGetTodo(d)))
	mux.Handle("PATCH /v1/todos/{id}", signedIn(handleUpdateTodo(d)))
	mux.Handle("DELETE /v1/todos/{id}", signedIn(handleDeleteTodo(d)))

	// The same for people.
	mux.Handle("GET /{$}", handleHome())
	mux.Handle("GET /todos", visitor(handleTodosPage(d)))
	mux.Handle("POST /todos", visitor(handleAddTodo(d)))
	mux.Handle("POST /todos/{id}", visitor(handleCheckTodo(d)))
	mux.Handle("POST /todos/{id}/delete", visitor(handleRemoveTodo(d)))
	mux.Handle("POST /account/delete", visitor(d.Checkout.Leaving(handleDeleteAccount(d))))

	// What users buy on the provider's pages.
	d.Checkout.Routes(mux, signedIn, visitor)
}
