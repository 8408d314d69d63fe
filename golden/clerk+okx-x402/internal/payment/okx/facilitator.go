package okx

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	verifyTimeout = 8 * time.Second
	settleTimeout = 25 * time.Second // polling included
	maxAnswer     = 256 << 10
)

// facilitator verifies and settles payments: OKX, or the mock.
type facilitator interface {
	// name stands in the ledger.
	name() string
	// ready reports whether the offer's scheme and network are supported.
	ready(ctx context.Context) error
	// verify returns why the payment is no good, or "". After an error nothing
	// is known about it.
	verify(ctx context.Context, o offer, p proof) (reason string, err error)
	// settle moves the money. Asking again with the same request is safe: an
	// authorization moves money once.
	settle(ctx context.Context, request facilitatorRequest) outcome
	// follow finds out how a settlement ends that has a transaction.
	follow(ctx context.Context, request facilitatorRequest, transaction string) outcome
}

// client talks to OKX.
type client struct {
	cfg      Config
	http     *http.Client
	pause    time.Duration // between two questions about a pending settlement
	patience time.Duration // for all of them
	now      func() time.Time
}

func newClient(cfg Config) *client {
	return &client{
		cfg: cfg,
		http: &http.Client{
			// A signed request is for one address only.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		pause:    time.Second,
		patience: settleTimeout,
		now:      time.Now,
	}
}

func (c *client) name() string { return "okx" }

func (c *client) ready(ctx context.Context) error {
	var supported struct {
		Kinds []struct {
			Scheme  string `json:"scheme"`
			Network string `json:"network"`
		} `json:"kinds"`
	}
	if err := c.call(ctx, http.MethodGet, "/supported", nil, &supported); err != nil {
		return err
	}
	for _, kind := range supported.Kinds {
		if kind.Scheme == scheme && kind.Network == usdg.network {
			return nil
		}
	}
	return fmt.Errorf("OKX does not list (%s, %s) as supported", scheme, usdg.network)
}

func (c *client) verify(ctx context.Context, o offer, p proof) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	var verdict struct {
		IsValid       *bool  `json:"isValid"`
		InvalidReason string `json:"invalidReason"`
		Payer         string `json:"payer"`
	}
	if err := c.call(ctx, http.MethodPost, "/verify", newFacilitatorRequest(o, p), &verdict); err != nil {
		return "", err
	}
	switch {
	case verdict.IsValid == nil:
		return "", errors.New("the answer to verify does not say isValid")
	case !*verdict.IsValid && verdict.InvalidReason == "":
		return "invalid_payload", nil
	case !*verdict.IsValid:
		return shorten(verdict.InvalidReason), nil
	case verdict.Payer != "" && !sameHex(verdict.Payer, p.transfer.from.Hex()):
		return "", errors.New("the answer to verify names another payer")
	}
	return "", nil
}

// facilitatorRequest asks OKX about one payment. It is built from our own offer:
// the client's copy of the requirements goes no further than refusal.
type facilitatorRequest struct {
	X402Version         int            `json:"x402Version"`
	PaymentPayload      paymentPayload `json:"paymentPayload"`
	PaymentRequirements requirements   `json:"paymentRequirements"`
	SyncSettle          bool           `json:"syncSettle,omitempty"`
}

type paymentPayload struct {
	X402Version int          `json:"x402Version"`
	Resource    resource     `json:"resource"`
	Accepted    requirements `json:"accepted"`
	Payload     struct {
		Signature     string        `json:"signature"`
		Authorization authorization `json:"authorization"`
	} `json:"payload"`
}

func newFacilitatorRequest(o offer, p proof) facilitatorRequest {
	payload := paymentPayload{X402Version: protocolVersion, Resource: o.resource, Accepted: o.requirements}
	payload.Payload.Signature = fmt.Sprintf("%#x", p.signature)
	payload.Payload.Authorization = authorization{
		From:        p.transfer.from.Hex(),
		To:          o.requirements.PayTo,
		Value:       o.requirements.Amount,
		ValidAfter:  p.transfer.validAfter.String(),
		ValidBefore: p.transfer.validBefore.String(),
		Nonce:       p.transfer.nonce.Hex(),
	}
	return facilitatorRequest{
		X402Version:         protocolVersion,
		PaymentPayload:      payload,
		PaymentRequirements: o.requirements,
	}
}

// newSettlement is what OKX is asked to settle.
func newSettlement(o offer, p proof) facilitatorRequest {
	request := newFacilitatorRequest(o, p)
	request.SyncSettle = true
	return request
}

// text is the request as the ledger keeps it.
func (r facilitatorRequest) text() string {
	raw, _ := json.Marshal(r) // strings and numbers cannot fail
	return string(raw)
}

func (r facilitatorRequest) payer() string { return r.PaymentPayload.Payload.Authorization.From }

// call makes one signed request and decodes the data of the answer. An error
// that wraps errNotDone means that OKX did nothing; after any other error it may
// have done what was asked.
func (c *client) call(ctx context.Context, method, path string, body, data any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%w: %w", errNotDone, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.cfg.Facilitator+path, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("%w: %w", errNotDone, err)
	}
	c.sign(req, raw)

	res, err := c.http.Do(req)
	if err != nil {
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return fmt.Errorf("OKX %s: %w: %w", path, errNotDone, err)
		}
		return fmt.Errorf("OKX %s: %w", path, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("OKX %s: %w", path, err)
	}
	if len(answer) > maxAnswer {
		return fmt.Errorf("OKX %s: the answer is longer than %d bytes", path, maxAnswer)
	}
	if err := readAnswer(res.StatusCode, answer, data); err != nil {
		return fmt.Errorf("OKX %s: %w", path, err)
	}
	return nil
}

// sign adds OKX's headers: an HMAC over timestamp, method, path with query, and
// the exact body.
func (c *client) sign(req *http.Request, body []byte) {
	timestamp := c.now().UTC().Format("2006-01-02T15:04:05.000Z")
	mac := hmac.New(sha256.New, []byte(string(c.cfg.SecretKey)))
	mac.Write([]byte(timestamp + req.Method + req.URL.RequestURI()))
	mac.Write(body)

	req.Header.Set("OK-ACCESS-KEY", string(c.cfg.APIKey))
	req.Header.Set("OK-ACCESS-SIGN", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.Header.Set("OK-ACCESS-TIMESTAMP", timestamp)
	req.Header.Set("OK-ACCESS-PASSPHRASE", string(c.cfg.Passphrase))
	req.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
}

func settlementPath(transaction string) string {
	return "/settle/status?txHash=" + url.QueryEscape(transaction)
}
