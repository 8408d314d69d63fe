package okx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// The generations of OKX's x402 API. The first speaks version 1 of the protocol,
// whatever the client speaks, and has no settle/status.
const (
	apiCurrent = "v6-pay"
	apiFirst   = "v6"
)

// baseURLs is where they are, without a final slash.
var baseURLs = map[string]string{
	apiCurrent: "https://web3.okx.com/api/v6/pay/x402",
	apiFirst:   "https://web3.okx.com/api/v6/x402",
}

// firstRequest is a facilitatorRequest as the first generation wants it.
type firstRequest struct {
	X402Version    int    `json:"x402Version"`
	ChainIndex     string `json:"chainIndex"`
	PaymentPayload struct {
		X402Version int    `json:"x402Version"`
		Scheme      string `json:"scheme"`
		Network     string `json:"network"`
		Payload     signed `json:"payload"`
	} `json:"paymentPayload"`
	PaymentRequirements struct {
		Scheme            string       `json:"scheme"`
		Network           string       `json:"network"`
		MaxAmountRequired string       `json:"maxAmountRequired"`
		Resource          string       `json:"resource"`
		Description       string       `json:"description,omitempty"`
		MimeType          string       `json:"mimeType,omitempty"`
		Asset             string       `json:"asset"`
		PayTo             string       `json:"payTo"`
		MaxTimeoutSeconds int          `json:"maxTimeoutSeconds"`
		Extra             domainOfSale `json:"extra"`
	} `json:"paymentRequirements"`
	SyncSettle bool `json:"syncSettle,omitempty"`
}

// body is the request in the words of the chosen API.
func (c *client) body(r facilitatorRequest) any {
	if c.cfg.API != apiFirst {
		return r
	}
	wanted, sold := r.PaymentRequirements, r.PaymentPayload.Resource
	first := firstRequest{X402Version: 1, ChainIndex: chainIndex(wanted.Network), SyncSettle: r.SyncSettle}

	payload := &first.PaymentPayload
	payload.X402Version, payload.Scheme, payload.Network = 1, wanted.Scheme, wanted.Network
	payload.Payload = r.PaymentPayload.Payload

	requirements := &first.PaymentRequirements
	requirements.Scheme, requirements.Network = wanted.Scheme, wanted.Network
	requirements.MaxAmountRequired = wanted.Amount
	requirements.Resource, requirements.Description, requirements.MimeType = sold.URL, sold.Description, sold.MimeType
	requirements.Asset, requirements.PayTo = wanted.Asset, wanted.PayTo
	requirements.MaxTimeoutSeconds, requirements.Extra = wanted.MaxTimeoutSeconds, wanted.Extra
	return first
}

// chainIndex is what the first generation calls a network: the 196 of eip155:196.
func chainIndex(network string) string {
	_, index, _ := strings.Cut(network, ":")
	return index
}

// kinds is the answer to supported. The first generation lists chains instead,
// on all of which the scheme exact works.
type kinds []kind

type kind struct {
	Scheme     string `json:"scheme"`
	Network    string `json:"network"`
	ChainIndex string `json:"chainIndex"`
}

func (k *kinds) read(data []byte) error {
	type list struct {
		Kinds []kind `json:"kinds"`
		kind
	}
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '{' {
		data = []byte("[" + string(data) + "]")
	}
	var lists []list
	if err := json.Unmarshal(data, &lists); err != nil {
		return fmt.Errorf("decode what is supported: %w", err)
	}
	for _, l := range lists {
		*k = append(append(*k, l.Kinds...), l.kind)
	}
	return nil
}
