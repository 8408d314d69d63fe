package okx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
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
	// ready reports whether payments on a network are supported.
	ready(ctx context.Context, network string) error
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
	skew     atomic.Int64 // how far OKX's clock is ahead of ours, in nanoseconds
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

func (c *client) ready(ctx context.Context, network string) error {
	var supported kinds
	if err := c.call(ctx, http.MethodGet, "/supported", nil, &supported); err != nil {
		return err
	}
	for _, k := range supported {
		if (k.Scheme == scheme && k.Network == network) || k.ChainIndex == chainIndex(network) {
			return nil
		}
	}
	return fmt.Errorf("OKX does not list (%s, %s) as supported", scheme, network)
}

func (c *client) verify(ctx context.Context, o offer, p proof) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	var verdict struct {
		IsValid       *bool  `json:"isValid"`
		InvalidReason string `json:"invalidReason"`
		Payer         string `json:"payer"`
	}
	if err := c.call(ctx, http.MethodPost, "/verify", c.body(newFacilitatorRequest(o, p)), &verdict); err != nil {
		return "", err
	}
	switch {
	case verdict.IsValid == nil:
		return "", errors.New("the answer to verify does not say isValid")
	case !*verdict.IsValid && verdict.InvalidReason == "":
		return "invalid_payload", nil
	case !*verdict.IsValid:
		return shorten(verdict.InvalidReason), nil
	case verdict.Payer != "" && !sameHex(verdict.Payer, p.authorization.From):
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
	Payload     signed       `json:"payload"`
}

type signed struct {
	Signature     string        `json:"signature"`
	Authorization authorization `json:"authorization"`
}

func newFacilitatorRequest(o offer, p proof) facilitatorRequest {
	payload := paymentPayload{X402Version: protocolVersion, Resource: o.resource, Accepted: o.requirements}
	payload.Payload.Signature = p.signatureHex
	payload.Payload.Authorization = p.authorization
	payload.Payload.Authorization.To, payload.Payload.Authorization.Value = o.requirements.PayTo, o.requirements.Amount
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

func settlementPath(transaction string) string {
	return "/settle/status?txHash=" + url.QueryEscape(transaction)
}
