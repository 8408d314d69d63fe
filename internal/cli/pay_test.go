package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// sellerCommand starts a server that sells, and puts its URL into $SELLER. Each
// path sells in its own way; /signatures tells how many different payments were
// seen. Whether they are any good is tested in internal/pay.
func sellerCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: seller")
	}
	server := newSeller()
	ts.Defer(server.Close)
	ts.Setenv("SELLER", server.URL)
}

func newSeller() *httptest.Server {
	var mu sync.Mutex
	seen := map[string]int{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	// sells asks for what offer says, and gives paid requests to next.
	sells := func(path, resource string, offer map[string]any, next func(w http.ResponseWriter, r *http.Request, times int)) {
		challenge := encoded(map[string]any{
			"x402Version": 2, "error": "payment required", "accepts": []any{offer},
			"resource": map[string]any{"url": resource, "description": "A \x1b[31mreport"},
		})
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			signed := r.Header.Get("PAYMENT-SIGNATURE")
			if signed == "" {
				w.Header().Set("PAYMENT-REQUIRED", challenge)
				w.WriteHeader(http.StatusPaymentRequired)
				return
			}
			mu.Lock()
			seen[signed]++
			times := seen[signed]
			mu.Unlock()
			next(w, r, times)
		})
	}
	deliver := func(mock bool) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("PAYMENT-RESPONSE", encoded(map[string]any{
				"success": true, "transaction": "0x" + strings.Repeat("ab", 32), "network": "eip155:196", "mock": mock,
			}))
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s %s\x1b[0m\n", r.Method, body)
		}
	}
	sells("/report", server.URL+"/report", usdgOffer(), deliver(false))
	sells("/mock", server.URL+"/mock", usdgOffer(), deliver(true))
	sells("/elsewhere", "https://elsewhere.example/report", usdgOffer(), deliver(false))
	sells("/refuse", server.URL+"/refuse", usdgOffer(), func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("PAYMENT-RESPONSE", encoded(map[string]any{"success": false, "errorReason": "insufficient_funds"}))
		w.WriteHeader(http.StatusPaymentRequired)
	})
	sells("/down", server.URL+"/down", usdgOffer(), func(w http.ResponseWriter, r *http.Request, times int) {
		if times < 3 {
			http.Error(w, "try later", http.StatusServiceUnavailable)
			return
		}
		deliver(false)(w, r, times)
	})
	token := usdgOffer()
	token["asset"] = "0x00000000000000000000000000000000000000aa"
	sells("/token", server.URL+"/token", token, deliver(false))
	mux.Handle("/away", http.RedirectHandler("https://elsewhere.example/report", http.StatusTemporaryRedirect))
	mux.HandleFunc("/free", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "for free\n") })
	mux.HandleFunc("/signatures", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(w, "%d signatures\n", len(seen))
	})
	return server
}

func usdgOffer() map[string]any {
	return map[string]any{
		"scheme": "exact", "network": "eip155:196", "amount": "10000", "asset": "0x4ae46a509f6b1d9056937ba4500cb143933d2dc8",
		"payTo": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "maxTimeoutSeconds": 300,
		"extra": map[string]any{"name": "Global Dollar", "version": "1"},
	}
}

func encoded(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}
