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

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/browsertest"
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
	if _, err := chromedp.Call(b.Context(), network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Authorization": credential},
	}); err != nil {
		t.Fatal(err)
	}
	b.Visit(s.server.URL + "/payments")
	b.Shows("main", "There are no payments yet.")
	b.Shows("#live", "Live")
	browsertest.Evaluate[int](b, "window.loaded = 1")

	buyer := s.buyer(2)
	s.expect("bought", s.pay(hello, s.signed(buyer, hello).Header()), http.StatusOK)
	b.Shows("main", "settled")
	b.Shows("main", "0.01 USDG")
	b.Shows("main", strings.ToLower(buyer.Address().Hex()))
	link := b.Attribute("main a", "href")
	if books := s.books(x402test.USDG); len(books) != 1 || link != "https://www.oklink.com/xlayer/tx/"+books[0].Transaction.Hex() {
		t.Errorf("the row links to %q, and the ledger has %v", link, books)
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
	b.Shows("#live", "This page is not up to date. The server answers with status 502.")
	s.restore()
	b.Shows("main", "insufficient_balance")
	b.Shows("#live", "Live")
	if browsertest.Evaluate[int](b, "window.loaded || 0") != 1 {
		t.Error("the page was loaded again")
	}
	b.Picture("ledger")
	// Without JavaScript it takes a reload.
	b.NoScripts()
	b.Run(chromedp.Reload())
	b.Shows("main", "Payments 1 to 2 of 2")
	s.sold(1)
}
