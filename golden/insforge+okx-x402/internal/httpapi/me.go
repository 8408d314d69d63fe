package httpapi

import (
	"net/http"
	"time"

	"example.com/shop/internal/auth"
)

// handleMe says who is signed in and until when the credential holds.
func handleMe() http.Handler {
	type response struct {
		Subject   string    `json:"subject"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := auth.FromContext(r.Context())
		writeJSON(w, http.StatusOK, response{id.Subject, id.ExpiresAt.UTC()})
	})
}

// handleDeleteMe removes all that is the caller's in the database. The account at the sign-in provider
// stays: whoever signs in again begins anew.
func handleDeleteMe(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.Accounts.Delete(r.Context(), auth.Subject(r.Context())); err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		d.SignIn.Forget(w, r)
		w.WriteHeader(http.StatusNoContent)
	})
}
