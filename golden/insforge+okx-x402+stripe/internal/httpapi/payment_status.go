package httpapi

import (
	"net/http"

	"example.com/shop/internal/payment/ledger"
)

// handlePaymentStatus tells a payer how far a payment has come. Its claim is all
// it takes to ask, and only the payer was told it; the answer does not say who
// paid for what.
func handlePaymentStatus(d Deps) http.Handler {
	type response struct {
		State       string `json:"state"` // pending, settled, failed or unknown
		Transaction string `json:"transaction,omitempty"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claim := r.PathValue("claim")
		if !ledger.IsClaim(claim) {
			writeError(w, http.StatusNotFound, "not_found", "There is no such payment.")
			return
		}
		attempt, err := d.Payments.Ledger().Status(r.Context(), claim)
		if err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		out := response{State: string(attempt.State), Transaction: attempt.Transaction}
		switch attempt.State {
		case "":
			writeError(w, http.StatusNotFound, "not_found", "There is no such payment.")
			return
		case ledger.Claimed, ledger.Verified, ledger.Settling:
			out.State = "pending"
		}
		if attempt.State == ledger.Unknown {
			w.Header().Set("Retry-After", "10")
		}
		writeJSON(w, http.StatusOK, out)
	})
}
