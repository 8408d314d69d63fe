package okx

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/shop/internal/payment/goods"
	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

// fakeOKX is OKX's facilitator with faults to choose from. It checks the HMAC of
// every request and counts them.
type fakeOKX struct {
	verifies, settles, statuses atomic.Int32

	// What to answer instead of success, unless nil.
	mu                                        sync.Mutex
	onVerify, onSettle, onStatus, onSupported func(w http.ResponseWriter, payment facilitatorRequest)
}

// reply answers with a fixed body.
func reply(status int, body string) func(http.ResponseWriter, facilitatorRequest) {
	return func(w http.ResponseWriter, _ facilitatorRequest) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// turn changes the faults. A request whose connection broke may still be read.
func (f *fakeOKX) turn(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// heal ends all faults.
func (f *fakeOKX) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onVerify, f.onSettle, f.onStatus, f.onSupported = nil, nil, nil, nil
}

// hangUp ends the connection without an answer.
func hangUp(http.ResponseWriter, facilitatorRequest) { panic(http.ErrAbortHandler) }

func (f *fakeOKX) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte("secret"))
	_, _ = fmt.Fprintf(mac, "%s%s%s%s", r.Header.Get("OK-ACCESS-TIMESTAMP"), r.Method, r.RequestURI, raw)
	_, badTime := time.Parse("2006-01-02T15:04:05.000Z", r.Header.Get("OK-ACCESS-TIMESTAMP"))
	if badTime != nil || r.Header.Get("OK-ACCESS-KEY") != "key" || r.Header.Get("OK-ACCESS-PASSPHRASE") != "phrase" ||
		r.Header.Get("OK-ACCESS-SIGN") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		reply(http.StatusUnauthorized, `{"code":"50113","msg":"Invalid Sign"}`)(w, facilitatorRequest{})
		return
	}
	var request facilitatorRequest
	_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&request)
	payer := request.PaymentPayload.Payload.Authorization.From

	f.mu.Lock()
	answer := map[string]struct {
		count  *atomic.Int32
		fault  func(http.ResponseWriter, facilitatorRequest)
		answer string
	}{
		"/api/supported":     {new(atomic.Int32), f.onSupported, `{"kinds":[{"x402Version":2,"scheme":"exact","network":"eip155:196"}]}`},
		"/api/verify":        {&f.verifies, f.onVerify, fmt.Sprintf(`{"isValid":true,"payer":%q}`, strings.ToLower(payer))},
		"/api/settle":        {&f.settles, f.onSettle, settlementOf(request)},
		"/api/settle/status": {&f.statuses, f.onStatus, `{"success":false,"errorReason":"not_found"}`},
	}[r.URL.Path]
	f.mu.Unlock()
	answer.count.Add(1)
	if answer.fault != nil {
		answer.fault(w, request)
		return
	}
	_, _ = fmt.Fprintf(w, `{"code":"0","msg":"","data":%s}`, answer.answer)
}

// transactionOf is the hash the fake settles a payment with.
func transactionOf(nonce string) string {
	return strings.Replace(strings.ToLower(nonce), "0x", "0xf", 1)[:66]
}

func settlementOf(request facilitatorRequest) string {
	authorization := request.PaymentPayload.Payload.Authorization
	if authorization.Nonce == "" {
		return "{}"
	}
	return fmt.Sprintf(`{"success":true,"status":"success","transaction":%q,"network":"eip155:196","payer":%q}`,
		transactionOf(authorization.Nonce), strings.ToLower(authorization.From))
}

// testReport is what the shop sells.
var testReport = goods.Product{
	Route:       "POST /v1/report",
	Price:       "0.01",
	Description: "A report <about> a text",
	Example:     `{"text": "</textarea>"}`,
}

// shop is a paywall over the fakes, selling what handler answers.
type shop struct {
	*fakeOKX
	*Paywall
	t       *testing.T
	report  offer
	db      *ledgertest.Database
	url     string
	runs    atomic.Int32
	handler http.HandlerFunc
	logs    *bytes.Buffer
}

func newShop(t *testing.T) *shop {
	t.Helper()
	return newShopWith(t, func(*Config) {})
}

// newShopWith is newShop with another configuration.
func newShopWith(t *testing.T, change func(*Config)) *shop {
	t.Helper()
	s := &shop{t: t, fakeOKX: &fakeOKX{}, db: ledgertest.New(t), logs: &bytes.Buffer{}}
	facilitator := httptest.NewServer(s.fakeOKX)
	t.Cleanup(facilitator.Close)

	cfg := Config{
		PublicURL:   "https://shop.example.com",
		Recipient:   testRecipient,
		Facilitator: facilitator.URL + "/api",
		Contracts:   true,
		APIKey:      "key", SecretKey: "secret", Passphrase: "phrase",
		assets: xLayerAssets[:1],
	}
	change(&cfg)
	s.Paywall = New(cfg, ledger.New(s.db.Client), ledger.NewJournal(t.TempDir()), slog.New(slog.NewJSONHandler(s.logs, nil)))
	item, err := newProduct(cfg, testReport)
	if err != nil {
		t.Fatal(err)
	}
	s.report = item.offers[0]
	if c, ok := s.facilitator.(*client); ok {
		c.pause = time.Millisecond
	}

	s.handler = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Handler", "ran")
		_, _ = fmt.Fprintf(w, "report on %s", body)
	}
	mux := http.NewServeMux()
	s.Sell(mux, testReport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.runs.Add(1)
		s.handler(w, r)
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// received is an answer of the shop.
type received struct {
	status int
	header http.Header
	body   string
}

// send makes a request with the given PAYMENT-SIGNATURE headers.
func (s *shop) send(method, path, body string, payments ...string) received {
	s.t.Helper()
	return s.sendHeader(method, path, body, http.Header{"PAYMENT-SIGNATURE": payments})
}

// sendHeader makes a request with the given headers.
func (s *shop) sendHeader(method, path, body string, header http.Header) received {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Error(err)
		return received{}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Error(err)
	}
	return received{res.StatusCode, res.Header, string(raw)}
}

// through serves a request by another mux than the shop's.
func (s *shop) through(mux *http.ServeMux, method, path string, header http.Header) received {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), method, path, nil)
	req.Header = header
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	return received{w.Code, w.Header(), w.Body.String()}
}

// buy sends the usual request.
func (s *shop) buy(payment document) received {
	s.t.Helper()
	return s.send(http.MethodPost, "/v1/report", "text", payment.header())
}

// states lists the ledger's rows by their states.
func (s *shop) states() string {
	var states []string
	for _, row := range s.db.Rows() {
		states = append(states, row["state"].(string))
	}
	return strings.Join(states, " ")
}

// expect checks an answer's status and what it left behind.
func (s *shop) expect(got received, status int, runs, settles int32, states string) {
	s.t.Helper()
	if got.status != status {
		s.t.Errorf("status = %d, want %d; body %s", got.status, status, got.body)
	}
	if s.runs.Load() != runs || s.settles.Load() != settles {
		s.t.Errorf("%d handler runs and %d settlements, want %d and %d", s.runs.Load(), s.settles.Load(), runs, settles)
	}
	if s.states() != states {
		s.t.Errorf("ledger = %q, want %q", s.states(), states)
	}
	if challenged := got.header.Get("PAYMENT-REQUIRED") != ""; challenged != (got.status == http.StatusPaymentRequired) {
		s.t.Errorf("status %d with PAYMENT-REQUIRED %t", got.status, challenged)
	}
	if got.status != http.StatusOK && got.header.Get("X-Handler") != "" && got.header.Get("X-Refused") == "" {
		s.t.Error("a header of the unpaid answer got out")
	}
}
