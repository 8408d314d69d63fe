package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/shop/internal/payment"
	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

func TestPayments(t *testing.T) {
	db := ledgertest.New(t)
	_, err := ledger.New(db.Client).Claim(t.Context(), ledger.Authorization{Payer: "0xaa", Nonce: "0xbb", Amount: "340282366920938463463374607431768211456"})
	if err != nil {
		t.Fatal(err)
	}
	payments := payment.New(payment.Config{Operators: []string{"user_op"}}, db.Client, slog.New(slog.DiscardHandler))
	tests := []struct {
		name, subject, query string
		status               int
	}{
		{"operator", "user_op", "", http.StatusOK},
		{"window", "user_op", "?limit=200&offset=0", http.StatusOK},
		{"somebody else", "user_other", "", http.StatusForbidden},
		{"nobody", "", "", http.StatusForbidden},
		{"no limit", "user_op", "?limit=", http.StatusBadRequest},
		{"zero", "user_op", "?limit=0", http.StatusBadRequest},
		{"too many", "user_op", "?limit=201", http.StatusBadRequest},
		{"before the start", "user_op", "?offset=-1", http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := handlePayments(Deps{Log: slog.New(slog.DiscardHandler), Payments: payments},
				func(context.Context) string { return tt.subject })
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/payments"+tt.query, nil))
			if w.Code != tt.status {
				t.Fatalf("status = %d, want %d; body %s", w.Code, tt.status, w.Body)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q, want no-store", got)
			}
			if w.Code != http.StatusOK {
				return
			}
			var out struct {
				Payments []struct{ Payer, Amount, State string }
				Total    int
			}
			if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
				t.Fatal(err)
			}
			if out.Total != 1 || len(out.Payments) != 1 || out.Payments[0].Payer != "0xaa" ||
				out.Payments[0].Amount != "340282366920938463463374607431768211456" || out.Payments[0].State != "claimed" {
				t.Errorf("body = %s", w.Body)
			}
		})
	}
}
