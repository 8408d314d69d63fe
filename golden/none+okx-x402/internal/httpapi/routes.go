package httpapi

import (
	"net/http"

	"example.com/shop/internal/payment"
)

// routes is the whole API.
func routes(mux *http.ServeMux, d Deps) {
	mux.Handle("GET /healthz", handleHealth())
	mux.Handle("GET /readyz", handleReady(d.Log,
		Check{"insforge", d.InsForge.Health},
		Check{"payments", d.Payments.Ready},
	))

	// What is sold answers 402 until it is paid for.
	d.Payments.Sell(mux, payment.Product{
		Route:       "POST /v1/report",
		Price:       payment.ReportPrice,
		Description: "A report about a text: characters, words, sentences and reading time",
		Example:     `{"text": "Reading is to the mind what exercise is to the body."}`,
	}, handleReport())
	mux.Handle("GET /{$}", http.RedirectHandler("/v1/report", http.StatusSeeOther)) // the front page
	mux.Handle("GET /v1/payments/status/{claim}", handlePaymentStatus(d))

	// Nobody signs in here: operators show their token.
	mux.Handle("GET /payments", errorPages(operatorsOnly(d, handlePaymentsPage(d))))
	mux.Handle("GET /payments/events", operatorsOnly(d, handlePaymentEvents(d.Payments.Feed())))
	mux.Handle("GET /v1/payments", operatorsOnly(d, handlePayments(d)))
}
