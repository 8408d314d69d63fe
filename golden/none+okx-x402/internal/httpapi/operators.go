package httpapi

import (
	"net/http"
	"strings"
)

// operatorsOnly lets the operators of this service through: whoever shows the
// token, as a program does (Bearer), or as the password beside any user name, for
// which a browser asks by itself (Basic).
func operatorsOnly(d Deps, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.Payments.Operator(operatorToken(r)) {
			w.Header().Add("WWW-Authenticate", `Basic realm="payments", charset="UTF-8"`)
			w.Header().Add("WWW-Authenticate", "Bearer")
			writeError(w, http.StatusUnauthorized, "unauthorized", "Only operators of this service may read payments: show the operator token.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// operatorToken is what the request shows as the token; "" if it shows nothing.
func operatorToken(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return token
	}
	return ""
}
