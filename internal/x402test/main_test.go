package x402test_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/insforge/forge/internal/x402test"
)

// chain is a fresh one, with nothing on it.
func chain(t *testing.T) *x402test.Chain {
	t.Helper()
	c, err := x402test.StartChain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// shop is a facilitator with a client like the generated one, and a recipient.
type shop struct {
	*x402test.Facilitator
	t         *testing.T
	chain     *x402test.Chain
	recipient common.Address
	client    *http.Client
}

func newShop(t *testing.T) *shop {
	t.Helper()
	c := chain(t)
	f, err := c.StartFacilitator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{f, t, c, newBuyer(t, c, x402test.USDG, 0).Address(), &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newBuyer makes a buyer with money in a token.
func newBuyer(t *testing.T, c *x402test.Chain, token x402test.Token, units int64) *x402test.Buyer {
	t.Helper()
	b, err := x402test.NewBuyer()
	if err != nil {
		t.Fatal(err)
	}
	if units > 0 {
		if err := c.Mint(t.Context(), token, b.Address(), units); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// challenge asks for units of a token, as the generated server does.
func (s *shop) challenge(token x402test.Token, units int64) x402test.Challenge {
	s.t.Helper()
	raw := fmt.Sprintf(`{"scheme":"exact","network":"eip155:196","amount":"%d","asset":"%#x","payTo":"%s",
		"maxTimeoutSeconds":300,"extra":{"name":%q,"version":%q}}`, units, token.Address, s.recipient.Hex(), token.Name, token.Version)
	return x402test.Challenge{
		Version: 2, Resource: json.RawMessage(`{"url":"https://shop.example.com/v1/report"}`), Accepts: []json.RawMessage{[]byte(raw)},
	}
}

func (s *shop) pay(b *x402test.Buyer, token x402test.Token, units int64, changes ...func(*x402test.Authorization)) x402test.Payment {
	s.t.Helper()
	p, err := b.Pay(s.challenge(token, units), changes...)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// body is what the generated client sends for a payment.
func body(p x402test.Payment, more string) string {
	return fmt.Sprintf(`{"x402Version":2,"paymentPayload":%s,"paymentRequirements":%s%s}`, p.JSON(), p.Accepted, more)
}

// answer is one of the facilitator.
type answer struct {
	status int
	header http.Header
	body   string
	code   any
	data   map[string]any
	err    error
}

func (a answer) String() string { return fmt.Sprintf("%d %s %v", a.status, a.body, a.err) }

// call makes a signed request; tamper may change it afterwards.
func (s *shop) call(method, url, body string, tamper ...func(*http.Request)) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	s.sign(req, body, time.Now())
	for _, change := range tamper {
		change(req)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	a := answer{status: res.StatusCode, header: res.Header, body: string(raw), err: err}
	var envelope struct {
		Code any             `json:"code"`
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(raw, &envelope)
	a.code = envelope.Code
	_ = json.Unmarshal(bytes.Trim(envelope.Data, "[]"), &a.data)
	return a
}

func (s *shop) sign(req *http.Request, body string, at time.Time) {
	timestamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	mac := hmac.New(sha256.New, []byte(s.Credentials.Secret))
	mac.Write([]byte(timestamp + req.Method + req.URL.RequestURI() + body))
	req.Header.Set("OK-ACCESS-KEY", s.Credentials.Key)
	req.Header.Set("OK-ACCESS-SIGN", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.Header.Set("OK-ACCESS-TIMESTAMP", timestamp)
	req.Header.Set("OK-ACCESS-PASSPHRASE", s.Credentials.Passphrase)
}

func (s *shop) verify(p x402test.Payment) answer {
	s.t.Helper()
	return s.call("POST", s.Base()+"/verify", body(p, ""))
}

func (s *shop) settle(p x402test.Payment) answer {
	s.t.Helper()
	return s.call("POST", s.Base()+"/settle", body(p, `,"syncSettle":true`))
}

func (s *shop) status(hash any) answer {
	s.t.Helper()
	return s.call("GET", fmt.Sprintf("%s/settle/status?txHash=%v", s.Base(), hash), "")
}

// received checks what the recipient has of a token, by balance and by logs.
func (s *shop) received(token x402test.Token, want int64) []x402test.Entry {
	s.t.Helper()
	balance, err := s.chain.Balance(s.t.Context(), token, s.recipient)
	if err != nil || balance.Cmp(big.NewInt(want)) != 0 {
		s.t.Errorf("balance = %v, %v; want %d", balance, err, want)
	}
	entries, err := s.chain.Received(s.t.Context(), token, s.recipient)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := new(big.Int)
	for _, e := range entries {
		sum.Add(sum, e.Value)
	}
	if sum.Cmp(big.NewInt(want)) != 0 {
		s.t.Errorf("transfers add up to %d, want %d", sum, want)
	}
	return entries
}
