package httpapi

import (
	"net/http"

	"example.com/shop/internal/invoice"
)

// handleCreateInvoice hands out the next invoice number.
func handleCreateInvoice(prefix string) http.Handler {
	type response struct {
		Number string `json:"number"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeCreated(w, response{invoice.Number(prefix)})
	})
}
