package signin

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestClientIP(t *testing.T) {
	for _, tt := range []struct {
		header string // CLIENT_IP_HEADER
		values []string
		from   string
		want   string
	}{
		{"", nil, "192.0.2.7:4321", "192.0.2.7"},
		{"", []string{"198.51.100.1"}, "192.0.2.7:4321", "192.0.2.7"},
		{"", nil, "[2001:db8::7%eth0]:4321", "2001:db8::7"},
		{"X-Seen-From", []string{"198.51.100.1"}, "10.0.0.1:80", "198.51.100.1"},
		{"X-Seen-From", []string{"2001:db8::1"}, "10.0.0.1:80", "2001:db8::1"},
		{"X-Seen-From", []string{"198.51.100.1:5678"}, "10.0.0.1:80", "198.51.100.1"},
		{"X-Seen-From", []string{"203.0.113.9, 198.51.100.1"}, "10.0.0.1:80", "198.51.100.1"},
		{"X-Seen-From", []string{"203.0.113.9", "198.51.100.1"}, "10.0.0.1:80", "198.51.100.1"},
		{"X-Seen-From", []string{"unknown"}, "10.0.0.1:80", "10.0.0.1"},
		{"X-Seen-From", []string{""}, "10.0.0.1:80", "10.0.0.1"},
		{"X-Seen-From", nil, "10.0.0.1:80", "10.0.0.1"},
		{"X-Seen-From", nil, "@", "0.0.0.0"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.from
		r.Header["X-Seen-From"] = tt.values
		if got := clientIP(r, tt.header); got != tt.want {
			t.Errorf("clientIP of %q in %q from %s = %s, want %s", tt.values, tt.header, tt.from, got, tt.want)
		}
	}
}
