package okx

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestMalformedPayments(t *testing.T) {
	s := newShop(t)
	client := newPayer(t)
	number := []string{"payload", "authorization", "value"}
	tests := []struct {
		name    string
		headers []string
		status  int
	}{
		{"not base64", []string{"%%%"}, http.StatusBadRequest},
		{"empty", []string{""}, http.StatusBadRequest},
		{"empty object", []string{document{}.header()}, http.StatusBadRequest},
		{"list", []string{base64.StdEncoding.EncodeToString([]byte("[]"))}, http.StatusBadRequest},
		{"trailing data", []string{base64.StdEncoding.EncodeToString(append(client.pay(s.report).json(), '{', '}'))}, http.StatusBadRequest},
		{"deep", []string{base64.StdEncoding.EncodeToString([]byte(strings.Repeat("[", 9000)))}, http.StatusBadRequest},
		{"twice", []string{client.pay(s.report).header(), client.pay(s.report).header()}, http.StatusBadRequest},
		{"17 KiB", []string{strings.Repeat("A", 17<<10)}, http.StatusRequestHeaderFieldsTooLarge},
		{"version 1", []string{client.pay(s.report).set(1, "x402Version").header()}, http.StatusBadRequest},
		{"no version", []string{client.pay(s.report).set(nil, "x402Version").header()}, http.StatusBadRequest},
		{"exponent", []string{client.pay(s.report).set("1e4", number...).header()}, http.StatusBadRequest},
		{"negative", []string{client.pay(s.report).set("-1", number...).header()}, http.StatusBadRequest},
		{"hex", []string{client.pay(s.report).set("0x2710", number...).header()}, http.StatusBadRequest},
		{"leading zero", []string{client.pay(s.report).set("010000", number...).header()}, http.StatusBadRequest},
		{"2^256", []string{client.pay(s.report).set("115792089237316195423570985008687907853269984665640564039457584007913129639936", number...).header()}, http.StatusBadRequest},
		{"JSON number", []string{client.pay(s.report).set(10000, number...).header()}, http.StatusBadRequest},
		{"short nonce", []string{client.pay(s.report).set("0x01", "payload", "authorization", "nonce").header()}, http.StatusBadRequest},
		{"short signature", []string{client.pay(s.report).set("0x"+strings.Repeat("ab", 64), "payload", "signature").header()}, http.StatusBadRequest},
		{"long signature", []string{client.pay(s.report).set("0x"+strings.Repeat("ab", 4097), "payload", "signature").header()}, http.StatusBadRequest},
		{"odd signature", []string{client.pay(s.report).set("0x"+strings.Repeat("a", 131), "payload", "signature").header()}, http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			s.expect(s.send(http.MethodPost, "/v1/report", "text", tt.headers...), tt.status, 0, 0, "")
		})
	}
	if s.verifies.Load() != 0 {
		t.Error("the facilitator was asked about a malformed payment")
	}
}

func TestVersion1Header(t *testing.T) {
	o := testOffer(t)
	for _, h := range []http.Header{
		{"X-Payment": {"e30="}},
		{"X-Payment": {"e30="}, "Payment-Signature": {newPayer(t).pay(o).header()}},
	} {
		if _, err := readProof(h, false); err == nil || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("readProof = %v, want an error naming version 2", err)
		}
	}
}

func TestBase64Forms(t *testing.T) {
	o := testOffer(t)
	payment := newPayer(t).pay(o).set("??>>~~", "extensions")
	for name, encoding := range map[string]*base64.Encoding{
		"standard": base64.StdEncoding, "raw": base64.RawStdEncoding,
		"url": base64.URLEncoding, "raw url": base64.RawURLEncoding,
	} {
		proof, err := readProof(http.Header{"Payment-Signature": {encoding.EncodeToString(payment.json())}}, false)
		if err != nil || o.refusal(proof, time.Now()) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
