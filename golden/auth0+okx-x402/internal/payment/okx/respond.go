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
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	body, _ := json.Marshal(map[string]problem{"error": {code, message}})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone; there is nobody to tell
}
