package httpapi

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/shop/internal/payment"
)

func TestOperatorsOnly(t *testing.T) {
	const token = "operator:token-0123456789abcdef0123"
	d := Deps{Payments: payment.New(payment.Config{Operators: payment.Operators{Token: token}}, nil, slog.New(slog.DiscardHandler))}
	handler := errorPages(operatorsOnly(d, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})))
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for shown, status := range map[string]int{
		"":                                http.StatusUnauthorized,
		token:                             http.StatusUnauthorized,
		"Bearer":                          http.StatusUnauthorized,
		"Bearer ":                         http.StatusUnauthorized,
		"Bearer " + token:                 http.StatusNoContent,
		"bearer " + token:                 http.StatusNoContent,
		"Bearer " + token + "x":           http.StatusUnauthorized,
		"Bearer " + token[1:]:             http.StatusUnauthorized,
		"Token " + token:                  http.StatusUnauthorized,
		basic("me:" + token):              http.StatusNoContent,
		basic(":" + token):                http.StatusNoContent,
		basic(token + ":"):                http.StatusUnauthorized,
		basic("me:" + token[1:]):          http.StatusUnauthorized,
		basic(token):                      http.StatusUnauthorized,
		"Basic me:" + token:               http.StatusUnauthorized,
		"Bearer " + basic("me:"+token):    http.StatusUnauthorized,
		"Basic " + strings.Repeat("a", 9): http.StatusUnauthorized,
	} {
		for _, accept := range []string{"*/*", "text/html"} {
			r := httptest.NewRequest(http.MethodGet, "/payments", nil)
			r.Header.Set("Authorization", shown)
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != status {
				t.Errorf("%q: status = %d, want %d; body %s", shown, w.Code, status, w.Body)
			}
			asked := w.Header().Values("WWW-Authenticate")
			if refused := status == http.StatusUnauthorized; refused && !slices.Equal(asked, []string{`Basic realm="payments", charset="UTF-8"`, "Bearer"}) || !refused && asked != nil {
				t.Errorf("%q: WWW-Authenticate = %q", shown, asked)
			}
			if strings.Contains(w.Body.String(), token) {
				t.Errorf("%q: the answer has the token in it", shown)
			}
		}
	}
}
