package okx

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	s := newShopWith(t, func(cfg *Config) { cfg.assets = xLayerAssets[:2] })
	browser := http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		got := s.sendHeader(method, "/v1/report", "", browser)
		s.expect(got, http.StatusPaymentRequired, 0, 0, "")
		if media := got.header.Get("Content-Type"); media != "text/html; charset=utf-8" {
			t.Errorf("%s: Content-Type %q", method, media)
		}
		for _, want := range []string{
			"0.01 USDG or USD₮0", "A report &lt;about&gt; a text", `data-method="POST"`, "&lt;/textarea&gt;",
			`data-amount="10000"`, strings.ToLower(xLayerAssets[1].address.Hex()),
		} {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s: the page lacks %q", method, want)
			}
		}
		if strings.Contains(got.body, "no money moves</span>") {
			t.Errorf("%s: the page says that payments are mocked", method)
		}
		if got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the page may be cached", method)
		}
		// Only what the policy names runs, so it has to name what is on the page.
		policy := got.header.Get("Content-Security-Policy")
		for _, tag := range []string{"script", "style"} {
			_, rest, _ := strings.Cut(got.body, "<"+tag+">")
			text, _, _ := strings.Cut(rest, "</"+tag+">")
			sum := sha256.Sum256([]byte(text))
			if text == "" || !strings.Contains(policy, tag+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
				t.Errorf("%s: the policy does not let the page's %s run", method, tag)
			}
		}
	}
	got := s.send(http.MethodGet, "/v1/report", "")
	s.expect(got, http.StatusMethodNotAllowed, 0, 0, "")
	if got.header.Get("Allow") != http.MethodPost {
		t.Errorf("Allow = %q, want POST", got.header.Get("Allow"))
	}
}

func TestMockPage(t *testing.T) {
	s := newShopWith(t, func(cfg *Config) { cfg.Mock = true })
	got := s.sendHeader(http.MethodGet, "/v1/report", "", http.Header{"Accept": {"text/html"}})
	if !strings.Contains(got.body, "mock: no money moves</span>") {
		t.Error("the page does not say that payments are mocked")
	}
}
