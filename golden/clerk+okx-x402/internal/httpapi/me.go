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
