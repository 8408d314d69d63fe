package pay

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"
)

func challenge(change ...any) object {
	c := object{"x402Version": 2, "resource": object{"url": "https://shop.example/report"}, "accepts": []any{accepts()}}
	for i := 0; i < len(change); i += 2 {
		c[change[i].(string)] = change[i+1]
	}
	return c
}

func offering(change ...any) object { return challenge("accepts", []any{accepts(change...)}) }

// TestHostileChallenges are not paid, each for a reason that says what to do.
func TestHostileChallenges(t *testing.T) {
	long := strings.Repeat("x", maxChallenge)
	many := make([]any, maxAccepts+1)
	for i := range many {
		many[i] = accepts()
	}
	without := func(key string) object {
		o := accepts()
		delete(o, key)
		return challenge("accepts", []any{o})
	}
	for name, c := range map[string]struct {
		challenge any
		want      string
	}{
		"huge":                   {challenge("error", long), "longer than"},
		"not JSON":               {json.RawMessage(`"a"`), "does not hold"},
		"version 1":              {challenge("x402Version", 1), "x402 version 1; forge pays version 2"},
		"version missing":        {object{"accepts": []any{accepts()}}, "does not say which"},
		"version as text":        {challenge("x402Version", "2"), "does not hold"},
		"nothing accepted":       {challenge("accepts", []any{}), "accepts nothing"},
		"too much accepted":      {challenge("accepts", many), "more than 32"},
		"resource as text":       {challenge("resource", "https://shop.example"), "resource"},
		"scheme":                 {offering("scheme", "upto"), `scheme "upto"`},
		"network of version 1":   {offering("network", "base"), `network "base"`},
		"network without number": {offering("network", "eip155:"), "network"},
		"network zero":           {offering("network", "eip155:0"), "network"},
		"amount 2^256":           {offering("amount", new(big.Int).Lsh(big.NewInt(1), 256).String()), "below 2^256"},
		"amount zero":            {offering("amount", "0"), "above zero"},
		"amount negative":        {offering("amount", "-1"), "above zero"},
		"amount in hex":          {offering("amount", "0x10"), "above zero"},
		"amount with exponent":   {offering("amount", "1e3"), "above zero"},
		"amount with zeros":      {offering("amount", "01000"), "above zero"},
		"amount as number":       {offering("amount", 1000), "must be a string"},
		"amount missing":         {without("amount"), "above zero"},
		"payTo zero":             {offering("payTo", "0x0000000000000000000000000000000000000000"), "payTo that is the zero address"},
		"payTo short":            {offering("payTo", "0x12"), "payTo that is no address"},
		"payTo not hex":          {offering("payTo", "0x"+strings.Repeat("z", 40)), "payTo that is no address"},
		"payTo mistyped":         {offering("payTo", strings.Replace(wallet, "aA", "Aa", 1)), "mistyped"},
		"payTo is the token":     {offering("payTo", usdg), "token's own contract"},
		"asset missing":          {without("asset"), "asset that is no address"},
		"no timeout":             {without("maxTimeoutSeconds"), "maxTimeoutSeconds"},
		"timeout zero":           {offering("maxTimeoutSeconds", 0), "maxTimeoutSeconds"},
		"extra missing":          {without("extra"), "lacks extra.name"},
		"extra without version":  {offering("extra", object{"name": "Global Dollar"}), "lacks extra.name"},
		"another domain":         {offering("extra", object{"name": "USDG", "version": "2"}), "advertises a domain that is not the token's"},
		"another domain's chain": {offering("network", "eip155:8453", "asset", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), "a domain that is not the token's"},
		"permit2":                {offering("extra", object{"name": "Global Dollar", "version": "1", "assetTransferMethod": "permit2"}), "Permit2 allowance"},
		"another method":         {offering("extra", object{"name": "Global Dollar", "version": "1", "assetTransferMethod": "x"}), `transfer by "x"`},
		"escape codes":           {offering("scheme", "\x1b]0;owned\a"), `scheme " ]0;owned "`},
	} {
		t.Run(name, func(t *testing.T) {
			ch, err := readChallenge(http.Header{"Payment-Required": {header(c.challenge)}})
			if err == nil {
				_, err = ch.Choose("")
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	for name, h := range map[string]http.Header{
		"missing": {}, "twice": {"Payment-Required": {header(challenge()), header(challenge())}},
		"not base64": {"Payment-Required": {"%%%"}}, "trailing data": {"Payment-Required": {base64.StdEncoding.EncodeToString([]byte(`{"x402Version":2}{}`))}},
	} {
		if _, err := readChallenge(h); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestChallenges(t *testing.T) {
	raw, err := json.Marshal(challenge("error", "pay?>~"))
	if err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		c, err := readChallenge(http.Header{"Payment-Required": {encoding.EncodeToString(raw)}})
		if err != nil {
			t.Fatal(err)
		}
		o, err := c.Choose("")
		if err != nil || o.Asset.Symbol != "USDG" || o.Amount.Int64() != 10000 || o.Validity != 5*time.Minute {
			t.Errorf("got %+v %v", o, err)
		}
	}
	unknown := accepts("network", "eip155:1", "asset", "0x00000000000000000000000000000000000000aa", "maxTimeoutSeconds", int64(1)<<62)
	c, err := readChallenge(http.Header{"Payment-Required": {header(challenge("accepts", []any{accepts(), unknown}))}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Choose("eip155:1")
	if err != nil || o.Asset.Known() || o.Validity != maxValidity || o.Asset.Price(o.Amount) != "10000 units of the token 0x00000000000000000000000000000000000000AA" {
		t.Errorf("got %+v %v", o, err)
	}
	if _, err := c.Choose("eip155:2"); err == nil || !strings.Contains(err.Error(), "offer 1 is on eip155:196; offer 2 is on eip155:1") {
		t.Errorf("got %v", err)
	}
}

// TestAssets computes the separators that the contracts publish.
func TestAssets(t *testing.T) {
	for _, a := range Assets() {
		chain, ok := chainID(a.Network)
		if got := separator(a.Name, a.Version, chain, a.Address); !ok || got != a.Separator {
			t.Errorf("%s on %s: separator %s, want %s", a.Symbol, a.Network, got, a.Separator)
		}
		if NetworkName(a.Network) == "" || Explorer(a.Network, "0x1") == "" {
			t.Errorf("%s has no name or no explorer", a.Network)
		}
	}
}

// TestLimits compares with exact fractions.
func TestLimits(t *testing.T) {
	token := Assets()[0]
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{1,24}(\.[0-9]{1,24})?`).Draw(t, "limit")
		limit, err := ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := new(big.Rat).SetString(text)
		units, _ := new(big.Int).SetString(rapid.StringMatching(`[0-9]{1,30}`).Draw(t, "units"), 10)
		if rapid.Bool().Draw(t, "close") { // to the limit, from either side
			exact := new(big.Rat).Mul(want, big.NewRat(1_000_000, 1))
			units.Quo(exact.Num(), exact.Denom())
			units.Add(units, big.NewInt(rapid.Int64Range(0, 1).Draw(t, "above")))
		}
		price := new(big.Rat).SetFrac(units, big.NewInt(1_000_000))
		got, err := limit.Allows(token, units)
		if err != nil || got != (price.Cmp(want) <= 0) {
			t.Fatalf("%s units within %s: %v %v", units, text, got, err)
		}
		if back, ok := new(big.Rat).SetString(token.Decimal(units)); !ok || back.Cmp(price) != 0 {
			t.Fatalf("%s units printed as %s", units, token.Decimal(units))
		}
	})
	for _, bad := range []string{"", ".", ".5", "5.", "-1", "+1", "1e3", "0x1", "1,5", " 1", "1_0", "NaN", strings.Repeat("9", 79)} {
		if _, err := ParseLimit(bad); err == nil {
			t.Errorf("%q is taken for a limit", bad)
		}
	}
	limit, err := ParseLimit("1000000")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := limit.Allows(Asset{Network: "eip155:1"}, big.NewInt(1)); !errors.Is(err, ErrUnknownAsset) {
		t.Errorf("a limit in tokens of unknown decimals: %v", err)
	}
	atomic, err := ParseAtomicLimit("10000")
	if err != nil {
		t.Fatal(err)
	}
	for units, want := range map[int64]bool{9999: true, 10000: true, 10001: false} {
		if got, err := atomic.Allows(Asset{}, big.NewInt(units)); err != nil || got != want {
			t.Errorf("%d: %v %v", units, got, err)
		}
	}
}

func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		method, url, header, want string
	}{
		"not encrypted":    {"", "http://shop.example/", "", "not encrypted"},
		"private network":  {"", "http://10.0.0.1/", "", "not encrypted"},
		"looks like local": {"", "http://localhost.shop.example/", "", "not encrypted"},
		"password":         {"", "https://me:hunter2@shop.example/", "", "user and password"},
		"another scheme":   {"", "ftp://shop.example/", "", "must be like"},
		"no host":          {"", "https:///report", "", "must be like"},
		"malformed":        {"", "https://shop.example/%zz?key=hunter2", "", "malformed"},
		"method":           {"G ET", "https://shop.example/", "", "no method"},
		"connect":          {"CONNECT", "https://shop.example/", "", "no method"},
		"header":           {"", "https://shop.example/", "hunter2", "must be 'Name: value'"},
		"header name":      {"", "https://shop.example/", "a b: hunter2", "must be 'Name: value'"},
		"header of ours":   {"", "https://shop.example/", "payment-signature: hunter2", "not yours"},
		"header injection": {"", "https://shop.example/", "A: hunter2\r\nB: c", "control characters"},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{c.header}
		}
		_, err := NewRequest(c.method, c.url, headers, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for body, want := range map[string]string{`{"a":1}`: "application/json", "hello": "text/plain; charset=utf-8", "\xff": "application/octet-stream"} {
		r, err := NewRequest("", "http://127.0.0.1:1/x#y", []string{"Accept: text/plain"}, []byte(body))
		if err != nil || r.Method != "POST" || r.Header.Get("Content-Type") != want || r.URL != "http://127.0.0.1:1/x" {
			t.Errorf("%q: %+v %v", body, r, err)
		}
	}
}

// TestRedirects are followed within a site, before anything is paid.
func TestRedirects(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the buyer went elsewhere") }))
	defer elsewhere.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/report", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("PAYMENT-REQUIRED", header(challenge()))
		w.WriteHeader(http.StatusPaymentRequired)
	})
	mux.Handle("/moved", http.RedirectHandler("/report", http.StatusPermanentRedirect))
	mux.Handle("/seen", http.RedirectHandler("/report", http.StatusSeeOther))
	mux.Handle("/away", http.RedirectHandler(elsewhere.URL+"/report?secret=1", http.StatusTemporaryRedirect))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusTemporaryRedirect))
	server := httptest.NewServer(mux)
	defer server.Close()
	ask := func(path string) (Request, error) {
		r, err := NewRequest("", server.URL+path, nil, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		r, _, _, err = NewClient(nil).Ask(t.Context(), r)
		return r, err
	}
	if r, err := ask("/moved"); err != nil || r.URL != server.URL+"/report" {
		t.Errorf("within the site: %s %v", r.URL, err)
	}
	var away *RedirectError
	if _, err := ask("/away"); !errors.As(err, &away) || away.To != elsewhere.URL {
		t.Errorf("to another site: %v", err)
	}
	for _, path := range []string{"/seen", "/loop"} {
		if _, err := ask(path); err == nil {
			t.Errorf("%s was followed", path)
		}
	}
}

func TestLongHeaders(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("PAYMENT-REQUIRED", strings.Repeat("A", 2*maxHeaders))
		w.WriteHeader(http.StatusPaymentRequired)
	}))
	defer server.Close()
	r, err := NewRequest("", server.URL, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := NewClient(nil).Ask(t.Context(), r); err == nil {
		t.Error("headers of 256 KiB were read")
	}
}

// TestLongAccepted: what must go back has to fit into the header servers take.
func TestLongAccepted(t *testing.T) {
	c, err := readChallenge(http.Header{"Payment-Required": {header(offering("padding", strings.Repeat("x", 14<<10)))}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sign(Request{}, c, o, &Key{newKey(t)}, time.Now()); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
	key := &Key{newKey(t)}
	o.PayTo = key.Address()
	if _, err := Sign(Request{}, c, o, key, time.Now()); err == nil || !strings.Contains(err.Error(), "pay yourself") {
		t.Errorf("got %v", err)
	}
	if (o.PayTo == common.Address{}) || !bytes.Contains(o.accepted, []byte("padding")) {
		t.Error("the offer lost what the seller sent")
	}
}
