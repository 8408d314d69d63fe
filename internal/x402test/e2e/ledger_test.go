package e2e_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/x402test"
)

const operator = "user_2xPnG8KxVQrLb3Fq0uWcYtR1aZe"

// signIn makes the shop trust a provider of the test's own, and returns the
// credential of its operator.
func (s *shop) signIn() string {
	s.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	}))
	s.t.Cleanup(keys.Close)
	s.env["AUTH_JWKS_URL"], s.env["OPERATOR_SUBJECTS"] = keys.URL, operator
	_, encoded, _ := strings.Cut(strings.TrimPrefix(s.env["CLERK_PUBLISHABLE_KEY"], "pk_"), "_")
	host, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": "https://" + strings.TrimSuffix(string(host), "$"), "azp": s.env["APP_BASE_URL"], "sub": operator,
		"sid": "sess_1", "sts": "active", "v": 2, "iat": now.Unix(), "nbf": now.Unix() - 10, "exp": now.Unix() + 60,
	})
	token.Header["kid"] = "1"
	signed, err := token.SignedString(key)
	if err != nil {
		s.t.Fatal(err)
	}
	return "Bearer " + signed
}

// TestBrowser_ledger watches the operator's page while somebody buys.
func TestBrowser_ledger(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	credential := s.signIn()
	s.server = s.start()
	b := browse(t, nil)
	if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Authorization": credential},
	}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(s.server.URL + "/payments"))
	b.shows("main", "There are no payments yet.")
	b.shows("#live", "Live")
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("window.loaded = 1")); err != nil {
		t.Fatal(err)
	}

	buyer := s.buyer(2)
	s.expect("bought", s.pay(hello, s.signed(buyer, hello).Header()), http.StatusOK)
	b.shows("main", "settled")
	b.shows("main", "0.01 USDG")
	b.shows("main", strings.ToLower(buyer.Address().Hex()))
	link, err := chromedp.Run(b.ctx, chromedp.AttributeValue(chromedp.CSS("main a"), "href"))
	if books := s.books(x402test.USDG); err != nil || len(books) != 1 || link.Value != "https://www.oklink.com/xlayer/tx/"+books[0].Transaction.Hex() {
		t.Errorf("the row links to %q (%v), and the ledger has %v", link.Value, err, books)
	}
	// A page that cannot be had when something has changed says so, and comes later.
	s.cutOff(func(function string) fate {
		if function == "payment_totals" {
			return lost
		}
		return passed
	})
	s.okx.Queue(x402test.Settle, x402test.Failed("insufficient_balance"))
	s.expect("refused", s.pay(hello, s.signed(buyer, hello).Header()), http.StatusPaymentRequired)
	b.shows("#live", "This page is not up to date. The server answers with status 502.")
	s.restore()
	b.shows("main", "insufficient_balance")
	b.shows("#live", "Live")
	if loaded, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("window.loaded")); err != nil || loaded != 1 {
		t.Errorf("the page was loaded again (%v)", err)
	}
	b.picture("ledger")
	// Without JavaScript it takes a reload.
	_, err = chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Reload())
	b.shows("main", "Payments 1 to 2 of 2")
	s.sold(1)
}
