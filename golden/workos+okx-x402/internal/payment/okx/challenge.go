package okx

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
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

// offer is one priced resource, with its challenge encoded once.
type offer struct {
	asset        asset
	amount       *big.Int
	recipient    common.Address
	resource     resource
	requirements requirements
	contracts    bool   // whether contract wallets may pay
	unpaid       string // the PAYMENT-REQUIRED header of a request without payment
}

func newOffer(a asset, price string, recipient common.Address, sold resource) (offer, error) {
	if err := a.check(); err != nil {
		return offer{}, err
	}
	amount, err := a.units(price)
	if err != nil {
		return offer{}, err
	}
	o := offer{
		asset:     a,
		amount:    amount,
		recipient: recipient,
		resource:  sold,
		requirements: requirements{
			Scheme:            scheme,
			Network:           a.network,
			Amount:            amount.String(),
			Asset:             strings.ToLower(a.address.Hex()),
			PayTo:             recipient.Hex(),
			MaxTimeoutSeconds: maxTimeoutSeconds,
			Extra:             domainOfSale{a.name, a.version},
		},
	}
	o.unpaid = o.challenge("payment required")
	return o, nil
}

// challenge is the value of PAYMENT-REQUIRED; why tells the client what was
// wrong with the payment it sent.
func (o offer) challenge(why string) string {
	return encodeHeader(struct {
		X402Version int            `json:"x402Version"`
		Error       string         `json:"error"`
		Resource    resource       `json:"resource"`
		Accepts     []requirements `json:"accepts"`
	}{protocolVersion, why, o.resource, []requirements{o.requirements}})
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
