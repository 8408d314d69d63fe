package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/x402test"
)

func TestCase35_unsupported(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]x402test.Fault{
		"unreachable":     x402test.Reset,
		"another network": x402test.Instead("base", 200, `{"code":"0","data":{"kinds":[{"x402Version":2,"scheme":"exact","network":"eip155:8453"}]}}`),
		"another scheme":  x402test.Instead("upto", 200, `{"code":"0","data":{"kinds":[{"x402Version":2,"scheme":"upto","network":"eip155:196"}]}}`),
		"nothing":         x402test.Instead("nothing", 200, `{"code":"0","data":{"kinds":[]}}`),
		"redirect":        x402test.Redirect("http://127.0.0.1:1/"),
		"HTML":            x402test.HTML,
	} {
		s := prepare(t)
		s.okx.Always(x402test.Supported, fault)
		s.server = s.start()
		ready := func() int { return s.get(request{method: http.MethodGet, path: "/readyz"}).status }
		if status := ready(); status != http.StatusServiceUnavailable {
			t.Errorf("%s: readyz answers %d, want 503", name, status)
		}
		payment := s.signed(s.buyer(1), hello).Header()
		s.expect(name, s.pay(hello, payment), http.StatusServiceUnavailable)
		if s.ran() != 0 || s.asked() != 0 {
			t.Errorf("%s: %d runs, and the facilitator was asked %d times", name, s.ran(), s.asked())
		}
		s.okx.Heal()
		s.expect(name+", healed", s.pay(hello, payment), http.StatusOK)
		if status := ready(); status != http.StatusOK {
			// The sign-in provider of the sample settings cannot be reached from here.
			if a := s.get(request{method: http.MethodGet, path: "/readyz"}); strings.Contains(a.body, "payments") {
				t.Errorf("%s: readyz answers %v after healing", name, a)
			}
		}
		s.sold(1)
	}
}

func TestCase37_wrongDomain(t *testing.T) {
	t.Parallel()
	// OKX's own examples have the version wrong.
	own := []string{
		"PAYMENT_ASSETS=DOLLAR", "PAYMENT_ASSET_SYMBOL=DOLLAR", "PAYMENT_ASSET_NETWORK=" + x402test.Network, "PAYMENT_ASSET_DECIMALS=6",
		"PAYMENT_ASSET_ADDRESS=" + x402test.USDG.Address.Hex(), "PAYMENT_ASSET_SEPARATOR=" + x402test.USDG.Separator.Hex(),
		"PAYMENT_ASSET_NAME=" + x402test.USDG.Name,
	}
	for _, version := range []string{"2", ""} {
		s := prepare(t, append(own, "PAYMENT_ASSET_VERSION="+version)...)
		_, err := s.launch()
		want := map[string]string{"2": "PAYMENT_ASSET_SEPARATOR does not follow", "": "PAYMENT_ASSET_VERSION is missing"}[version]
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("version %q: %v, want an error with %q", version, err, want)
		}
	}
	s := open(t, append(own, "PAYMENT_ASSET_VERSION="+x402test.USDG.Version)...)
	s.expect("right domain", s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusOK)
	s.sold(1)
}

func TestCase38_clockSkew(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{2 * time.Minute, -2 * time.Minute} {
		s := open(t)
		s.okx.Skew(skew)
		s.expect(skew.String(), s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusOK)
		s.sold(1)
	}
	// A clock that nobody can follow ends in a clear line in the log.
	s := open(t)
	s.okx.Always(x402test.Verify, x402test.Instead("clock", 401, `{"code":"50112","msg":"Invalid OK-ACCESS-TIMESTAMP"}`))
	s.expect("no use", s.pay(hello, s.signed(s.buyer(1), hello).Header()), http.StatusServiceUnavailable)
	s.logged("timestamp")
	s.sold(0)
}

func TestCase39_mockInProduction(t *testing.T) {
	t.Parallel()
	mock := []string{"MOCK_OKX_FACILITATOR=true", "OKX_API_KEY=", "OKX_SECRET_KEY=", "OKX_PASSPHRASE="}
	for name, tt := range map[string]struct {
		settings []string
		want     string
	}{
		"in production": {append(mock, "APP_ENV=production", "APP_BASE_URL=https://shop.example.com", "OKX_BASE_URL="), "MOCK_OKX_FACILITATOR must not be true in production"},
		"with a key":    {mock[:1], "OKX_API_KEY must be empty while MOCK_OKX_FACILITATOR is true"},
	} {
		s := prepare(t, tt.settings...)
		if _, err := s.launch(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.want)
		}
	}
	s := open(t, mock...)
	a := s.pay(hello, s.signed(s.buyer(1), hello).Header())
	s.expect("in development", a, http.StatusOK)
	if a.receipt(t).Network != x402test.Network || !strings.Contains(s.server.Log(), "no money moves") {
		t.Errorf("the mock does not say so: %v", a)
	}
	if s.asked() != 0 {
		t.Error("OKX was asked")
	}
	s.received(x402test.USDG, 0)
}
