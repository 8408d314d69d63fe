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
			for _, shown := range []string{"", strings.Repeat("0", 40)} {
				req := asOperator(t, url+path, shown)
				req.Header.Set("Accept", accept)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || len(body) == 0 || res.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
					t.Errorf("%s for %s with %q: status %d, header %v, %s, %v", path, accept, shown, res.StatusCode, res.Header, body, err)
				}
			}
		}
	}
}

// TestPaymentEventsEndWithTheServer: that somebody watches does not keep the
// server from stopping, which start looks at when the test has ended.
func TestPaymentEventsEndWithTheServer(t *testing.T) {
	watched := func() {}
	// After the server has stopped: the last cleanup is the first to run.
	t.Cleanup(func() { watched() })
	res, err := http.DefaultClient.Do(asOperator(t, start(t)+"/payments/events", sampleEnv()["OPERATOR_TOKEN"])) //nolint:bodyclose // watched closes it
	if err != nil {
		t.Fatal(err)
	}
	watched = func() { _ = res.Body.Close() }
	begin := make([]byte, len("retry: "))
	if _, err := io.ReadFull(res.Body, begin); err != nil || string(begin) != "retry: " || res.StatusCode != http.StatusOK {
		t.Errorf("status %d, %q, %v; want a stream of events", res.StatusCode, begin, err)
	}
}

// asOperator asks for a page as a browser does in which somebody typed a password.
func asOperator(t *testing.T, url, password string) *http.Request {
	t.Helper()
	// Not t.Context: it ends before the server is stopped.
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth("operator", password)
	}
	return req
}
