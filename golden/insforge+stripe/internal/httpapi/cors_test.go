package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAllowOrigins(t *testing.T) {
	const page = "https://page.example.com"
	var reached *http.Request
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = r
		w.WriteHeader(http.StatusTeapot)
	})
	handler := allowOrigins([]string{page})(sameOrigin("https://api.example.com", []string{page})(api))
	for _, tt := range []struct {
		name, method, origin, asks string
		status                     int
		allowed                    bool
	}{
		{"listed origin asks", http.MethodOptions, page, "POST", http.StatusNoContent, true},
		{"listed origin writes", http.MethodPost, page, "", http.StatusTeapot, true},
		{"other origin asks", http.MethodOptions, "https://evil.example.com", "POST", http.StatusNoContent, false},
		{"other origin writes", http.MethodPost, "https://evil.example.com", "", http.StatusForbidden, false},
		{"an origin that begins the same", http.MethodPost, page + ".evil.com", "", http.StatusForbidden, false},
		{"no origin", http.MethodPost, "", "", http.StatusTeapot, false},
		{"no question", http.MethodOptions, page, "", http.StatusTeapot, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reached = nil
			r := httptest.NewRequest(tt.method, "https://api.example.com/", http.NoBody)
			r.Header.Set("Cookie", "session=1")
			for name, value := range map[string]string{"Origin": tt.origin, "Access-Control-Request-Method": tt.asks} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			w := answer(handler, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get("Access-Control-Allow-Origin"); (got == page) != tt.allowed || !tt.allowed && got != "" {
				t.Errorf("Access-Control-Allow-Origin %q", got)
			}
			if !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "X-Request-Id") || w.Header().Get("Vary") != "Origin" {
				t.Errorf("headers %v", w.Header())
			}
			if w.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Error("cookies are asked for")
			}
			if reached != nil && (reached.Header.Get("Cookie") == "") != tt.allowed {
				t.Errorf("cookies reach the API: %q", reached.Header.Get("Cookie"))
			}
		})
	}
}

func TestAllowNoOrigins(t *testing.T) {
	handler := allowOrigins(nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("Origin", "https://page.example.com")
	if w := answer(handler, r); len(w.Header()) != 0 {
		t.Errorf("headers %v, want none", w.Header())
	}
}
