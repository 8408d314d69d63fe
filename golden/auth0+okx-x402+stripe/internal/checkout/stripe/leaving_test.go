package stripe

import (
	"net/http"
	"testing"
)

// TestLeaving: nobody is deleted who would go on being charged for a subscription.
func TestLeaving(t *testing.T) {
	ends := map[string]any{"ends_at": "2026-02-03T00:00:00Z"}
	for what, tt := range map[string]struct {
		mode, status string
		more         map[string]any
		want         int
	}{
		"active":                    {"subscription", "active", nil, http.StatusConflict},
		"on trial":                  {"subscription", "trialing", nil, http.StatusConflict},
		"not paid in time":          {"subscription", "past_due", nil, http.StatusConflict},
		"given up on":               {"subscription", "unpaid", nil, http.StatusConflict},
		"paused":                    {"subscription", "paused", nil, http.StatusConflict},
		"ends by itself":            {"subscription", "active", ends, http.StatusNoContent},
		"ended":                     {"subscription", "canceled", nil, http.StatusNoContent},
		"never began":               {"subscription", "incomplete_expired", nil, http.StatusNoContent},
		"bought once":               {"payment", "paid", nil, http.StatusNoContent},
		"of the other environment":  {"subscription", "active", map[string]any{"environment": "test"}, http.StatusNoContent},
		"of a price not sold (any)": {"subscription", "active", map[string]any{"price_id": "price_else"}, http.StatusConflict},
	} {
		s := newShop(t)
		deleted := 0
		s.mux.Handle("DELETE /me", s.signedIn(s.checkout.Leaving(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			deleted++
			w.WriteHeader(http.StatusNoContent)
		}))))
		s.bought("ada", "1", "price_pro", tt.mode, tt.status, tt.more)
		w := s.ask("ada", http.MethodDelete, "/me", "")
		if w.Code != tt.want || (deleted == 1) != (tt.want == http.StatusNoContent) {
			t.Errorf("%s: status %d, deleted %d times", what, w.Code, deleted)
		}
		if tt.want == http.StatusConflict {
			expect(t, what, w, tt.want, `"code":"still_subscribed"`)
			expect(t, what+", on a page", s.ask("ada", http.MethodDelete, "/me", "", "Accept", "text/html"), tt.want, "Nothing was deleted", `href="/billing"`)
		}
		before := deleted
		if w := s.ask("bob", http.MethodDelete, "/me", ""); w.Code != http.StatusNoContent || deleted != before+1 {
			t.Errorf("%s: another user: status %d", what, w.Code)
		}
		s.down = true
		if w := s.ask("bob", http.MethodDelete, "/me", ""); w.Code != http.StatusBadGateway || deleted != before+1 {
			t.Errorf("without an InsForge: status %d", w.Code)
		}
	}
}
