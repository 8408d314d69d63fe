package okx

import (
	"net/http"
	"strings"
	"testing"

	"example.com/shop/internal/payment/goods"
)

func TestSellRefusesNonsense(t *testing.T) {
	cfg := newShop(t).cfg
	none := cfg
	none.assets = nil
	forged := cfg
	forged.assets = []asset{xLayerAssets[0]}
	forged.assets[0].version = "2"
	for name, tt := range map[string]struct {
		cfg         Config
		route, cost string
	}{
		"no method":        {cfg, "/v1/report", "0.01"},
		"no path":          {cfg, "POST", "0.01"},
		"host":             {cfg, "POST shop.example.com/v1/report", "0.01"},
		"no price":         {cfg, "POST /v1/report", ""},
		"free":             {cfg, "POST /v1/report", "0"},
		"too fine a price": {cfg, "POST /v1/report", "0.0000001"},
		"no asset":         {none, "POST /v1/report", "0.01"},
		"wrong domain":     {forged, "POST /v1/report", "0.01"},
	} {
		if _, err := newProduct(tt.cfg, goods.Product{Route: tt.route, Price: tt.cost}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSeveralAssets(t *testing.T) {
	s := newShopWith(t, func(cfg *Config) { cfg.assets = xLayerAssets })
	got := s.send(http.MethodPost, "/v1/report", "text")
	accepts := opened(t, got.header.Get("PAYMENT-REQUIRED"))["accepts"].([]any)
	if len(accepts) != len(xLayerAssets) || !strings.Contains(got.body, "0.01 USDG or USD₮0 or USDC") {
		t.Errorf("%d assets are offered, and the body is %s", len(accepts), got.body)
	}
	item, err := newProduct(s.cfg, testReport)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range item.offers {
		s.expect(s.buy(newPayer(t).pay(o)), http.StatusOK, int32(i+1), int32(i+1), strings.TrimSpace(strings.Repeat("settled ", i+1)))
		if row := s.db.Rows()[i]; row["asset"] != o.requirements.Asset {
			t.Errorf("asset %v in the ledger, want %s", row["asset"], o.requirements.Asset)
		}
	}
	// A signature for one asset does not pay in another.
	crossed := newPayer(t).pay(item.offers[0]).set(item.offers[2].requirements.Asset, "accepted", "asset")
	got = s.buy(crossed)
	if reason := opened(t, got.header.Get("PAYMENT-REQUIRED"))["error"]; got.status != http.StatusPaymentRequired || reason != reasonSignature {
		t.Errorf("status %d, reason %v; want 402 and %s", got.status, reason, reasonSignature)
	}
	if symbol, decimals, ok := s.Asset("eip155:196", strings.ToUpper(xLayerAssets[2].address.Hex()[2:])); ok {
		t.Errorf("an address without 0x is %s with %d places", symbol, decimals)
	}
	if symbol, decimals, ok := s.Asset("eip155:196", strings.ToLower(xLayerAssets[2].address.Hex())); symbol != "USDC" || decimals != 6 || !ok {
		t.Errorf("USDC is %q with %d places", symbol, decimals)
	}
}

// version1 is a payment in version 1's form.
func version1(payment document, o offer, version any) document {
	return document{
		"x402Version": version, "scheme": o.requirements.Scheme, "network": o.requirements.Network,
		"payload": payment["payload"],
	}
}

func TestCompat(t *testing.T) {
	s := newShopWith(t, func(cfg *Config) { cfg.Compat, cfg.assets = true, xLayerAssets })
	item, err := newProduct(s.cfg, testReport)
	if err != nil {
		t.Fatal(err)
	}
	usdc := item.offers[2]
	accepts := opened(t, s.send(http.MethodPost, "/v1/report", "").header.Get("PAYMENT-REQUIRED"))["accepts"].([]any)[2].(map[string]any)
	for name, want := range map[string]any{
		"amount": "10000", "maxAmountRequired": "10000", "asset": usdc.requirements.Asset,
		"resource": "https://shop.example.com/v1/report", "description": testReport.Description, "mimeType": "application/json",
	} {
		if accepts[name] != want {
			t.Errorf("accepts.%s = %v, want %v", name, accepts[name], want)
		}
	}
	sold := 0
	for name, tt := range map[string]struct {
		header  string
		payment document
		status  int
	}{
		"version 2":                       {"PAYMENT-SIGNATURE", newPayer(t).pay(usdc), http.StatusOK},
		"version 1":                       {"X-PAYMENT", version1(newPayer(t).pay(usdc), usdc, 1), http.StatusOK},
		"version 1 in version 2's header": {"PAYMENT-SIGNATURE", version1(newPayer(t).pay(usdc), usdc, 2), http.StatusOK},
		"another network":                 {"X-PAYMENT", version1(newPayer(t).pay(usdc), usdc, 1).set("base", "network"), http.StatusPaymentRequired},
		"another scheme":                  {"X-PAYMENT", version1(newPayer(t).pay(usdc), usdc, 1).set("upto", "scheme"), http.StatusPaymentRequired},
		"version 3":                       {"X-PAYMENT", version1(newPayer(t).pay(usdc), usdc, 3), http.StatusBadRequest},
		"no version":                      {"X-PAYMENT", version1(newPayer(t).pay(usdc), usdc, nil), http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			got := s.sendHeader(http.MethodPost, "/v1/report", "text", http.Header{tt.header: {tt.payment.header()}})
			if got.status != tt.status {
				t.Errorf("status = %d, want %d; body %s", got.status, tt.status, got.body)
			}
			if got.status == http.StatusOK {
				sold++
				if got.header.Get("X-PAYMENT-RESPONSE") == "" || got.header.Get("X-PAYMENT-RESPONSE") != got.header.Get("PAYMENT-RESPONSE") {
					t.Error("the two receipts differ")
				}
			}
		})
	}
	if s.settles.Load() != int32(sold) || sold != 3 {
		t.Errorf("%d sold in %d settlements, want 3", sold, s.settles.Load())
	}
	for _, row := range s.db.Rows() {
		if row["asset"] != usdc.requirements.Asset {
			t.Errorf("asset %v in the ledger, want USDC", row["asset"])
		}
	}
}

func TestStrict(t *testing.T) {
	s := newShop(t)
	challenge := opened(t, s.send(http.MethodPost, "/v1/report", "").header.Get("PAYMENT-REQUIRED"))
	if accepts := challenge["accepts"].([]any)[0].(map[string]any); accepts["maxAmountRequired"] != nil {
		t.Errorf("accepts = %v, want no words of version 1", accepts)
	}
	for name, h := range map[string]http.Header{
		"version 1":                       {"X-PAYMENT": {version1(newPayer(t).pay(s.report), s.report, 1).header()}},
		"version 1 in version 2's header": {"PAYMENT-SIGNATURE": {version1(newPayer(t).pay(s.report), s.report, 1).header()}},
		"no requirements chosen":          {"PAYMENT-SIGNATURE": {version1(newPayer(t).pay(s.report), s.report, 2).header()}},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.expect(s.sendHeader(http.MethodPost, "/v1/report", "text", h), http.StatusBadRequest, 0, 0, "")
		})
	}
}

// TestHead holds that a request that is answered without a body buys nothing.
func TestHead(t *testing.T) {
	s := newShop(t)
	item := goods.Product{Route: "GET /v1/rate", Price: "0.01", Description: "A rate"}
	mux := http.NewServeMux()
	s.Sell(mux, item, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.runs.Add(1) }))
	priced, err := newProduct(s.cfg, item)
	if err != nil {
		t.Fatal(err)
	}
	payment := newPayer(t).pay(priced.offers[0])
	for _, h := range []http.Header{nil, {"Payment-Signature": {payment.header()}}} {
		s.expect(s.through(mux, http.MethodHead, "/v1/rate", h), http.StatusPaymentRequired, 0, 0, "")
	}
	s.expect(s.through(mux, http.MethodGet, "/v1/rate", http.Header{"Payment-Signature": {payment.header()}}), http.StatusOK, 1, 1, "settled")
}
