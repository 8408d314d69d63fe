package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/shop/internal/auth"
)

func TestMe(t *testing.T) {
	id := auth.Identity{Subject: "user_1", ExpiresAt: time.Date(2030, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))}
	req := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
	req = req.WithContext(auth.ContextWith(req.Context(), id))

	rec := httptest.NewRecorder()
	handleMe().ServeHTTP(rec, req)

	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if got := rec.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	assertJSON(t, rec.Body.Bytes(), `{"subject": "user_1", "expires_at": "2030-01-02T02:04:05Z"}`)
}
