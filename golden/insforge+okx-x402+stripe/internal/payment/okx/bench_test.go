package okx

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"example.com/shop/internal/payment/ledger"
)

// The most allocations that a request may cost, besides those that recovering the
// signer of a payment does by itself. The middleware of published SDKs costs 52 to 54
// for an unpaid request, 187 to 189 for a paid one, and 9 on routes that are free
// (x402-foundation/x402/go and okx/payments/go, measured with stubs as here).
const (
	unpaidAllocations = 5
	paidAllocations   = 57
)

// discard is an answer nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// stubLedger lets every payment through.
type stubLedger struct{ accounts }

func (stubLedger) Claim(context.Context, ledger.Authorization) (ledger.Claim, error) {
	return ledger.Claim{ID: "claim", Won: true}, nil
}
func (stubLedger) Verified(context.Context, string) error                 { return nil }
func (stubLedger) Settling(context.Context, string, string, string) error { return nil }
func (stubLedger) Settled(context.Context, string, string) error          { return nil }

var (
	stubTransaction = "0x" + strings.Repeat("ab", 32)
	stubAnswer      = []byte("report")
)

// stubFacilitator finds every payment in order.
type stubFacilitator struct{ facilitator }

func (stubFacilitator) name() string                                         { return "stub" }
func (stubFacilitator) ready(context.Context, string) error                  { return nil }
func (stubFacilitator) verify(context.Context, offer, proof) (string, error) { return "", nil }
func (stubFacilitator) settle(context.Context, facilitatorRequest) outcome {
	return outcome{result: settled, transaction: stubTransaction}
}

// stubShop sells without a network.
func stubShop(tb testing.TB) (sold http.Handler, item *product) {
	tb.Helper()
	cfg := Config{PublicURL: "https://shop.example.com", Recipient: testRecipient, assets: xLayerAssets[:1]}
	p := New(cfg, stubLedger{}, nil, slog.New(slog.DiscardHandler))
	p.facilitator = stubFacilitator{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /free", free)
	p.Sell(mux, testReport, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(stubAnswer) }))
	item, err := newProduct(cfg, testReport)
	if err != nil {
		tb.Fatal(err)
	}
	return mux, item
}

func free(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(stubAnswer) }

// serving returns a function that serves one more of the same request.
func serving(handler http.Handler, method, path string, header http.Header) func() {
	r := httptest.NewRequest(method, path, http.NoBody)
	r.Header = header
	w := &discard{make(http.Header, 16)}
	return func() {
		clear(w.header)
		handler.ServeHTTP(w, r)
	}
}

func BenchmarkUnpaid(b *testing.B) {
	sold, _ := stubShop(b)
	limited(b, unpaidAllocations, serving(sold, http.MethodPost, "/v1/report", http.Header{}))
}

// BenchmarkFree: a route that is free costs what it costs without a paywall.
func BenchmarkFree(b *testing.B) {
	sold, _ := stubShop(b)
	bare := http.NewServeMux()
	bare.HandleFunc("GET /free", free)
	limit := testing.AllocsPerRun(100, serving(bare, http.MethodGet, "/free", http.Header{}))
	limited(b, limit, serving(sold, http.MethodGet, "/free", http.Header{}))
}

func BenchmarkPaid(b *testing.B) {
	sold, item := stubShop(b)
	payment := newPayer(b).pay(item.offers[0])
	signature, message := recoverable(payment)
	recovery := testing.AllocsPerRun(100, func() { _, _ = crypto.Ecrecover(crypto.Keccak256(message), signature) })
	header := http.Header{"Payment-Signature": {payment.header()}}
	limited(b, paidAllocations+recovery, serving(sold, http.MethodPost, "/v1/report", header))
}

// recoverable returns a payment's signature as go-ethereum takes it, and a message
// of the length that it signs.
func recoverable(payment document) (signature, message []byte) {
	signature = common.FromHex(payment.get("payload", "signature"))
	signature[crypto.RecoveryIDOffset] -= 27
	return signature, make([]byte, 66)
}

// BenchmarkVerify compares all local checks of a payment with the part of them that
// cannot be left out: the hash of a message, and the recovery of its signer.
func BenchmarkVerify(b *testing.B) {
	_, item := stubShop(b)
	document := newPayer(b).pay(item.offers[0])
	payment, err := parseProof(document.json(), false)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	b.Run("payment", func(b *testing.B) {
		for b.Loop() {
			if reason := item.offers[0].refusal(payment, now); reason != "" {
				b.Fatal(reason)
			}
		}
	})
	b.Run("recovery", func(b *testing.B) {
		signature, message := recoverable(document)
		for b.Loop() {
			if _, err := crypto.SigToPub(crypto.Keccak256(message), signature); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// limited measures, and fails above so many allocations.
func limited(b *testing.B, limit float64, once func()) {
	b.Helper()
	if got := testing.AllocsPerRun(100, once); got > limit {
		b.Errorf("%.0f allocations, want at most %.0f", got, limit)
	}
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
	b.ReportMetric(limit, "limit-allocs/op")
}
