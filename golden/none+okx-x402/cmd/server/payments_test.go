package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestPaymentsAreClosed: nobody sees payments who does not show the operator token.
// A browser asks for it.
func TestPaymentsAreClosed(t *testing.T) {
	url := start(t)
	for _, path := range []string{"/payments", "/payments?offset=50", "/payments/events", "/v1/payments"} {
		for _, accept := range []string{"text/html,application/xhtml+xml,*/*;q=0.8", "*/*"} {
			res := get(t, url+path, accept, "")
			if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusUnauthorized ||
				!strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") || len(body) == 0 {
				t.Errorf("%s for %s: status %d, header %v, %s, %v", path, accept, res.StatusCode, res.Header, body, err)
			}
			if res := get(t, url+path, accept, strings.Repeat("0", 40)); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s for %s, with a wrong token: status %d", path, accept, res.StatusCode)
			}
		}
	}
}

// TestPaymentEventsEndWithTheServer: that somebody watches does not keep the
// server from stopping, which start looks at when the test has ended.
func TestPaymentEventsEndWithTheServer(t *testing.T) {
	res := get(t, start(t)+"/payments/events", "text/event-stream", sampleEnv()["OPERATOR_TOKEN"])
	begin := make([]byte, len("retry: "))
	if _, err := io.ReadFull(res.Body, begin); err != nil || string(begin) != "retry: " || res.StatusCode != http.StatusOK {
		t.Errorf("status %d, %q, %v; want a stream of events", res.StatusCode, begin, err)
	}
}

func get(t *testing.T, url, accept, password string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	if password != "" {
		req.SetBasicAuth("operator", password)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}
