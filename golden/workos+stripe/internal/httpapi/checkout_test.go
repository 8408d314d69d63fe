package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAllowOrigins_idempotencyKey: pages of other origins can say that an order is the same as one before.
func TestAllowOrigins_idempotencyKey(t *testing.T) {
	const page = "https://page.example.com"
	handler := allowOrigins([]string{page})(http.NotFoundHandler())
	r := httptest.NewRequest(http.MethodOptions, "/v1/billing/checkout", http.NoBody)
	r.Header.Set("Origin", page)
	r.Header.Set("Access-Control-Request-Method", http.MethodPost)
	if got := answer(handler, r).Header().Get("Access-Control-Allow-Headers"); !strings.Contains(got, "Idempotency-Key") {
		t.Errorf("pages may send %q", got)
	}
}
