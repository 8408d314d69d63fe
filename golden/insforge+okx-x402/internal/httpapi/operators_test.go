package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/shop/internal/payment"
)

func TestOperatorsOnly(t *testing.T) {
	d := Deps{Payments: payment.New(payment.Config{Operators: []string{"user_op"}}, nil, slog.New(slog.DiscardHandler))}
	for subject, status := range map[string]int{
		"user_op":    http.StatusNoContent,
		"user_other": http.StatusForbidden,
		"":           http.StatusForbidden,
	} {
		w := httptest.NewRecorder()
		operatorsOnly(d, func(context.Context) string { return subject }, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/payments", nil))
		if w.Code != status {
			t.Errorf("user %q: status = %d, want %d; body %s", subject, w.Code, status, w.Body)
		}
	}
}
