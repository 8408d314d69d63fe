package okx

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// opened decodes a header of the protocol.
func opened(t *testing.T, value string) map[string]any {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestUnpaid(t *testing.T) {
	s := newShop(t)
	got := s.send(http.MethodPost, "/v1/report", "text")
	s.expect(got, http.StatusPaymentRequired, 0, 0, "")
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("the challenge may be cached")
	}
	challenge := opened(t, got.header.Get("PAYMENT-REQUIRED"))
	accepts := challenge["accepts"].([]any)[0].(map[string]any)
	for name, want := range map[string]any{
		"scheme": "exact", "network": "eip155:196", "amount": "10000",
		"asset": "0x4ae46a509f6b1d9056937ba4500cb143933d2dc8", "payTo": s.report.recipient.Hex(), "maxTimeoutSeconds": 300.0,
	} {
		if accepts[name] != want {
			t.Errorf("accepts.%s = %v, want %v", name, accepts[name], want)
		}
	}
	if challenge["x402Version"] != 2.0 || challenge["resource"].(map[string]any)["url"] != "https://shop.example.com/v1/report" {
		t.Errorf("challenge = %v", challenge)
	}
}

func TestPaid(t *testing.T) {
	s := newShop(t)
	payment := newPayer(t).pay(s.report)
	got := s.buy(payment)
	s.expect(got, http.StatusOK, 1, 1, "settled")
	if got.body != "report on text" || got.header.Get("X-Handler") != "ran" {
		t.Errorf("answer = %q, %v", got.body, got.header)
	}
	if cc := got.header.Get("Cache-Control"); cc != "private" {
		t.Errorf("Cache-Control = %q, want private", cc)
	}
	receipt := opened(t, got.header.Get("PAYMENT-RESPONSE"))
	transaction := transactionOf(payment.get("payload", "authorization", "nonce"))
	if receipt["success"] != true || receipt["transaction"] != transaction || receipt["network"] != "eip155:196" || receipt["mock"] != nil {
		t.Errorf("receipt = %v", receipt)
	}
	if row := s.db.Rows()[0]; row["transaction"] != transaction || row["resource"] != "https://shop.example.com/v1/report" {
		t.Errorf("row = %v", row)
	}
}

func TestSamePaymentAgain(t *testing.T) {
	s := newShop(t)
	payment := newPayer(t).pay(s.report)
	s.buy(payment)

	again := s.buy(payment)
	s.expect(again, http.StatusOK, 1, 1, "settled")
	if again.body != "report on text" || again.header.Get("Cache-Control") != "private" {
		t.Errorf("answer = %q, %v; want the same one once more", again.body, again.header)
	}
	transaction := transactionOf(payment.get("payload", "authorization", "nonce"))
	if receipt := opened(t, again.header.Get("PAYMENT-RESPONSE")); receipt["success"] != true || receipt["transaction"] != transaction {
		t.Errorf("receipt = %v", receipt)
	}
	s.expect(s.send(http.MethodPost, "/v1/report", "another text", payment.header()), http.StatusPaymentRequired, 1, 1, "settled")
	s.expect(s.send(http.MethodPost, "/v1/report?x", "text", payment.header()), http.StatusPaymentRequired, 1, 1, "settled")

	// The nonce is the same in capitals.
	nonce := payment.get("payload", "authorization", "nonce")
	s.expect(s.buy(payment.set("0x"+strings.ToUpper(nonce[2:]), "payload", "authorization", "nonce")), http.StatusOK, 1, 1, "settled")
}

func TestConcurrentPayments(t *testing.T) {
	s := newShop(t)
	s.handler = func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		w.WriteHeader(http.StatusOK)
	}
	payment := newPayer(t).pay(s.report)
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := s.buy(payment)
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
		})
	}
	all.Wait()
	// Those that come late enough get the same answer once more.
	if statuses[http.StatusOK] < 1 || statuses[http.StatusOK]+statuses[http.StatusConflict] != 50 || s.runs.Load() != 1 || s.settles.Load() != 1 {
		t.Errorf("statuses %v, %d runs, %d settlements", statuses, s.runs.Load(), s.settles.Load())
	}
}

func TestMethodsAndPaths(t *testing.T) {
	s := newShop(t)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodHead, "/v1/report", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v1/report", http.StatusMethodNotAllowed},
		{http.MethodOptions, "/v1/report", http.StatusMethodNotAllowed},
		{http.MethodPut, "/v1/report", http.StatusMethodNotAllowed},
		{http.MethodPost, "/v1/report/", http.StatusNotFound},
		{http.MethodPost, "/V1/report", http.StatusNotFound},
		{http.MethodPost, "/v1%2Freport", http.StatusNotFound},
		{http.MethodPost, "/v1/%72eport", http.StatusPaymentRequired},
	} {
		s.expect(s.send(tt.method, tt.path, ""), tt.status, 0, 0, "")
	}
}

func TestHandlerFails(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		status  int
	}{
		{"refuses", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Refused", "yes")
			http.Error(w, "bad text", http.StatusUnprocessableEntity)
		}, http.StatusUnprocessableEntity},
		{"panics", func(http.ResponseWriter, *http.Request) { panic("oops") }, http.StatusInternalServerError},
		{"writes too much", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Handler", "ran")
			_, _ = w.Write(make([]byte, maxResponse))
			_, _ = w.Write([]byte("more"))
		}, http.StatusInternalServerError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			good := s.handler
			s.handler = tt.handler
			payment := newPayer(t).pay(s.report)
			s.expect(s.buy(payment), tt.status, 1, 0, "")
			s.handler = good
			s.expect(s.buy(payment), http.StatusOK, 2, 1, "settled")
		})
	}
}

func TestClientDisconnects(t *testing.T) {
	s := newShop(t)
	ctx, leave := context.WithCancel(t.Context())
	s.onSettle = func(w http.ResponseWriter, request facilitatorRequest) {
		leave()
		time.Sleep(50 * time.Millisecond)
		reply(http.StatusOK, settlementOf(request))(w, request)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/report", strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("PAYMENT-SIGNATURE", newPayer(t).pay(s.report).header())
	res, err := http.DefaultClient.Do(req)
	if !errors.Is(err, context.Canceled) {
		_ = res.Body.Close()
		t.Fatalf("request: %v, want context.Canceled", err)
	}
	for deadline := time.Now().Add(5 * time.Second); s.states() != "settled"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("ledger = %q, want settled", s.states())
		}
	}
}

func TestMockReceipts(t *testing.T) {
	s := newShop(t)
	s.facilitator = mock{}
	got := s.buy(newPayer(t).pay(s.report))
	s.expect(got, http.StatusOK, 1, 0, "settled")
	if receipt := opened(t, got.header.Get("PAYMENT-RESPONSE")); receipt["mock"] != true {
		t.Errorf("receipt = %v, want it marked as mock", receipt)
	}
	if !strings.Contains(s.logs.String(), "no money moved") || s.db.Rows()[0]["facilitator"] != "mock" {
		t.Error("the log and the ledger do not tell that the payment was mocked")
	}
	long := newPayer(t).pay(s.report)
	s.expect(s.buy(long.set(long.get("payload", "signature")+"00", "payload", "signature")), http.StatusPaymentRequired, 1, 0, "settled")
}
