package httpapi

import (
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
	d := Deps{Log: slog.New(slog.DiscardHandler), Payments: payment.New(payment.Config{}, db.Client, slog.New(slog.DiscardHandler))}
	tests := []struct {
		name, query string
		status      int
	}{
		{"all", "", http.StatusOK},
		{"window", "?limit=200&offset=0", http.StatusOK},
		{"no limit", "?limit=", http.StatusBadRequest},
		{"zero", "?limit=0", http.StatusBadRequest},
		{"too many", "?limit=201", http.StatusBadRequest},
		{"before the start", "?offset=-1", http.StatusBadRequest},
		{"past the end", "?offset=2", http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			handlePayments(d).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/payments"+tt.query, nil))
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
				Payments []map[string]any
				Total    int
			}
			if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
				t.Fatal(err)
			}
			if out.Total != 1 || len(out.Payments) != 1 || out.Payments[0]["state"] != "claimed" ||
				out.Payments[0]["amount"] != "340282366920938463463374607431768211456" {
				t.Fatalf("body = %s", w.Body)
			}
			if out.Payments[0]["payer"] != "0xaa" || out.Payments[0]["nonce"] != "0xbb" {
				t.Errorf("body = %s", w.Body)
			}
		})
	}
}
