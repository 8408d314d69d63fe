package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shop/internal/payment"
	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

func TestPaymentStatus(t *testing.T) {
	db := ledgertest.New(t)
	payments := payment.New(payment.Config{}, db.Client, slog.New(slog.DiscardHandler))
	mux := http.NewServeMux()
	mux.Handle("GET /v1/payments/status/{claim}", handlePaymentStatus(Deps{Log: slog.New(slog.DiscardHandler), Payments: payments}))
	l, ctx := payments.Ledger(), t.Context()
	claim, err := l.Claim(ctx, ledger.Authorization{Payer: "0xaa", Nonce: "0xbb", Amount: "1"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(id string, status int, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/payments/status/"+id, nil))
		if w.Code != status || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "0xaa") {
			t.Errorf("status of %s = %d %s, want %d %s", id, w.Code, w.Body, status, want)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Error("the status may be cached")
		}
	}

	ask(claim.ID, http.StatusOK, `{"state":"pending"}`)
	if err := errors.Join(l.Verified(ctx, claim.ID), l.Settling(ctx, claim.ID, "secret", "secret")); err != nil {
		t.Fatal(err)
	}
	ask(claim.ID, http.StatusOK, `{"state":"pending"}`)
	if err := l.Unknown(ctx, claim.ID, "", "no answer"); err != nil {
		t.Fatal(err)
	}
	ask(claim.ID, http.StatusOK, `{"state":"unknown"}`)
	if err := l.Settled(ctx, claim.ID, "0xcc"); err != nil {
		t.Fatal(err)
	}
	ask(claim.ID, http.StatusOK, `{"state":"settled","transaction":"0xcc"}`)

	ask("00000000-0000-4000-8000-000000000000", http.StatusNotFound, "not_found")
	ask("select", http.StatusNotFound, "not_found")
	db.Fail = func(string, map[string]string) bool { return true }
	ask(claim.ID, http.StatusBadGateway, "upstream_error")
}
