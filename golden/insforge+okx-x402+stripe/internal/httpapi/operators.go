package httpapi

import (
	"context"
	"net/http"
)

// operatorsOnly lets the operators of this service through. subject names the
// signed-in user.
func operatorsOnly(d Deps, subject func(context.Context) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.Payments.Operator(subject(r.Context())) {
			writeError(w, http.StatusForbidden, "forbidden", "Only operators of this service may read payments.")
			return
		}
		next.ServeHTTP(w, r)
	})
}
