package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestPaymentsAreClosed: nobody sees payments who is not signed in. People are led
// to where they can.
func TestPaymentsAreClosed(t *testing.T) {
	url := start(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, tt := range []struct {
		path, accept string
		status       int
		location     string
	}{
		{"/payments", browser, http.StatusSeeOther, "/login?return_to=%2Fpayments"},
		{"/payments?offset=50", browser, http.StatusSeeOther, "/login?return_to=%2Fpayments%3Foffset%3D50"},
		{"/payments", "*/*", http.StatusUnauthorized, ""},
		{"/payments/events", browser, http.StatusUnauthorized, ""},
		{"/v1/payments", browser, http.StatusUnauthorized, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", tt.accept)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		if res.StatusCode != tt.status || res.Header.Get("Location") != tt.location {
			t.Errorf("%s for %s: status %d to %q", tt.path, tt.accept, res.StatusCode, res.Header.Get("Location"))
		}
		if tt.status == http.StatusUnauthorized && (!strings.Contains(string(body), `"code":"unauthorized"`) || res.Header.Get("WWW-Authenticate") == "") {
			t.Errorf("%s for %s: %s, header %v", tt.path, tt.accept, body, res.Header)
		}
	}
}
