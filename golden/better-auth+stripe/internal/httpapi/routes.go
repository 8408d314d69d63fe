package httpapi

import (
	"net/http"

	"example.com/shop/internal/auth"
)

// routes is the whole API.
func routes(mux *http.ServeMux, d Deps) {
	mux.Handle("GET /healthz", handleHealth())
	mux.Handle("GET /readyz", handleReady(d.Log,
		Check{"insforge", d.InsForge.Health},
		Check{"auth", d.Verifier.Ready},
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
