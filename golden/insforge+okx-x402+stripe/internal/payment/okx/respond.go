package okx

import (
	"encoding/json"
	"net/http"
)

// demand answers 402 with a challenge.
func demand(w http.ResponseWriter, challenge, message string) {
	w.Header().Set("PAYMENT-REQUIRED", challenge)
	writeError(w, http.StatusPaymentRequired, "payment_required", message)
}

// unavailable answers 503: the same payment may be sent again, a new one must not.
func unavailable(w http.ResponseWriter, code, message string) {
	w.Header().Set("Retry-After", "10")
	writeError(w, http.StatusServiceUnavailable, code, message)
}

// writeError answers in the form all errors of the API have.
func writeError(w http.ResponseWriter, status int, code, message string) {
	writeFixed(w, status, mediaJSON, errorBody(code, message))
}

func errorBody(code, message string) []byte {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	body, _ := json.Marshal(map[string]problem{"error": {code, message}}) // strings cannot fail
	return body
}

// Values of headers, ready to be set. Nobody appends to them: each is full.
var (
	mediaJSON = []string{"application/json"}
	mediaHTML = []string{"text/html; charset=utf-8"}
	noSniff   = []string{"nosniff"}
	noStore   = []string{"no-store"}

	onlyPrivate     = []string{"private"}
	variesByPayment = []string{"Payment-Signature"}
)

// writeFixed sets headers by their canonical names, which costs no allocation.
func writeFixed(w http.ResponseWriter, status int, media []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = media
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone; there is nobody to tell
}
