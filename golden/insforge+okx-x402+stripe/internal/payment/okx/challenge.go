package okx

import (
	"encoding/base64"
	"encoding/json"
)

const (
	protocolVersion = 2
	scheme          = "exact"

	// maxTimeoutSeconds is how long clients are asked to let an authorization live.
	maxTimeoutSeconds = 300
)

// requirements is what one payment has to look like, in the protocol's words.
type requirements struct {
	Scheme            string       `json:"scheme"`
	Network           string       `json:"network"`
	Amount            string       `json:"amount"`
	Asset             string       `json:"asset"`
	PayTo             string       `json:"payTo"`
	MaxTimeoutSeconds int          `json:"maxTimeoutSeconds"`
	Extra             domainOfSale `json:"extra"`
}

// aliased are requirements that repeat themselves in the words of version 1.
type aliased struct {
	requirements
	MaxAmountRequired string `json:"maxAmountRequired"`
	Resource          string `json:"resource"`
	Description       string `json:"description,omitempty"`
	MimeType          string `json:"mimeType,omitempty"`
}

// domainOfSale tells clients which EIP-712 domain to sign for.
type domainOfSale struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// resource is what is sold.
type resource struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
	MimeType    string `json:"mimeType,omitempty"`
}

// receipt is the value of PAYMENT-RESPONSE: how a settlement ended.
type receipt struct {
	Success     bool   `json:"success"`
	ErrorReason string `json:"errorReason,omitempty"`
	Transaction string `json:"transaction"`
	Network     string `json:"network"`
	Payer       string `json:"payer"`
	Mock        bool   `json:"mock,omitempty"`
}

func encodeHeader(v any) string {
	raw, _ := json.Marshal(v) // strings, numbers and slices of them cannot fail
	return base64.StdEncoding.EncodeToString(raw)
}
