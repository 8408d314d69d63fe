package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestPaymentsAreClosed: nobody sees payments who is not signed in, and people are
// told so on a page.
func TestPaymentsAreClosed(t *testing.T) {
	url := start(t)
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, tt := range []struct{ path, accept, media, want string }{
		{"/payments", browser, "text/html; charset=utf-8", "<p>This page is for the operators of this service.</p>"},
		{"/payments", "*/*", "application/json", `"code":"unauthorized"`},
		{"/payments/events", browser, "application/json", `"code":"unauthorized"`},
		{"/v1/payments", browser, "application/json", `"code":"unauthorized"`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", tt.accept)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("Content-Type") != tt.media || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s for %s: status %d, header %v", tt.path, tt.accept, res.StatusCode, res.Header)
		}
		for _, want := range []string{tt.want, "Sign in to use this."} {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s for %s lacks %q: %s", tt.path, tt.accept, want, body)
			}
		}
	}
}
