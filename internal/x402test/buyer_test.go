package x402test_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/x402test"
)

func TestReadChallenge(t *testing.T) {
	s := &shop{t: t}
	h := http.Header{}
	h.Set("PAYMENT-REQUIRED", base64.StdEncoding.EncodeToString([]byte(
		`{"x402Version":2,"error":"no","resource":{"url":"u"},"accepts":[`+string(s.challenge(x402test.USDG, 7).Accepts[0])+`],"extensions":{"a":{"info":1}}}`)))
	c, err := x402test.ReadChallenge(h)
	if err != nil || c.Version != 2 || c.Error != "no" || len(c.Accepts) != 1 || string(c.Extensions["a"]) != `{"info":1}` {
		t.Errorf("challenge = %+v, %v", c, err)
	}
	for _, bad := range []string{"", "%", "e30="} {
		h.Set("PAYMENT-REQUIRED", bad)
		if c, err := x402test.ReadChallenge(h); err == nil {
			t.Errorf("ReadChallenge(%q) = %+v", bad, c)
		}
	}
}

// TestShapes holds the three ways in which clients send a payment.
func TestShapes(t *testing.T) {
	s := &shop{t: t}
	b, err := x402test.NewBuyer()
	if err != nil {
		t.Fatal(err)
	}
	c := s.challenge(x402test.USDG, 7)
	c.Version = 1
	p, err := b.Pay(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ header, keys string }{
		"version 2": {p.Header(), "accepted payload resource x402Version=2"},
		"version 1": {p.HeaderV1(), "network payload scheme x402Version=1"},
		"hybrid":    {p.HeaderHybrid(), "network payload scheme x402Version=1"},
	} {
		raw, err := base64.StdEncoding.DecodeString(tt.header)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		keys, version, _ := strings.Cut(tt.keys, "=")
		for _, key := range strings.Fields(keys) {
			if fields[key] == nil {
				t.Errorf("%s lacks %s: %s", name, key, raw)
			}
		}
		if len(fields) != len(strings.Fields(keys)) || fields["x402Version"] != float64(version[0]-'0') {
			t.Errorf("%s: %s", name, raw)
		}
	}
}
