package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
)

// handleInsForgeToken gives a signed-in browser a short-lived token for its own calls to InsForge,
// such as realtime. It carries the caller's rights and no more.
func handleInsForgeToken(minter *auth.Minter, log *slog.Logger) http.Handler {
	type response struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := auth.FromContext(r.Context())
		token, expires, err := minter.Mint(id)
		if err != nil {
			auth.Refuse(w, r, log, err)
			return
		}
		writeJSON(w, http.StatusOK, response{token, expires.UTC()})
	})
}

// actAs returns the credential for InsForge calls on behalf of the caller. A false result means that
// the answer has been written: a credential can run out between its check and its use.
func actAs(d Deps, w http.ResponseWriter, r *http.Request) (insforge.Credential, bool) {
	id, _ := auth.FromContext(r.Context())
	token, _, err := d.Minter.Mint(id)
	if err != nil {
		auth.Refuse(w, r, d.Log, err)
		return "", false
	}
	return insforge.Credential(token), true
}
