package x402test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Payment is a signed payment, open to be tampered with before it is encoded.
type Payment struct {
	Version       int             // of the challenge
	Resource      json.RawMessage // echoed
	Accepted      json.RawMessage // echoed
	Extensions    map[string]json.RawMessage
	Requirements  Requirements // Accepted, decoded
	Authorization Authorization
	Signature     []byte
}

// wireAuthorization is an authorization in JSON, where every number is a decimal
// string.
type wireAuthorization struct {
	From        string `json:"from"`
	To          string `json:"to"`
	Value       string `json:"value"`
	ValidAfter  string `json:"validAfter"`
	ValidBefore string `json:"validBefore"`
	Nonce       string `json:"nonce"`
}

// signedAuthorization is the payload of scheme exact.
type signedAuthorization struct {
	Signature     string            `json:"signature"`
	Authorization wireAuthorization `json:"authorization"`
}

func (p Payment) payload() signedAuthorization {
	a := p.Authorization
	return signedAuthorization{
		Signature: fmt.Sprintf("%#x", p.Signature),
		Authorization: wireAuthorization{
			From:        a.From.Hex(),
			To:          a.To.Hex(),
			Value:       a.Value.String(),
			ValidAfter:  a.ValidAfter.String(),
			ValidBefore: a.ValidBefore.String(),
			Nonce:       a.Nonce.Hex(),
		},
	}
}

// JSON is the payment in version 2: what @x402/fetch sends.
func (p Payment) JSON() json.RawMessage {
	return encode(struct {
		Version    int                        `json:"x402Version"`
		Payload    signedAuthorization        `json:"payload"`
		Resource   json.RawMessage            `json:"resource,omitempty"`
		Accepted   json.RawMessage            `json:"accepted"`
		Extensions map[string]json.RawMessage `json:"extensions,omitempty"`
	}{2, p.payload(), p.Resource, p.Accepted, p.Extensions})
}

// Header is the value of PAYMENT-SIGNATURE in version 2.
func (p Payment) Header() string { return header(p.JSON()) }

// HeaderV1 is the value of X-PAYMENT in version 1.
func (p Payment) HeaderV1() string { return header(p.shapedV1(1)) }

// HeaderHybrid is a PAYMENT-SIGNATURE of clients written for OKX's older guide:
// version 1's shape under whatever version the challenge had.
func (p Payment) HeaderHybrid() string { return header(p.shapedV1(p.Version)) }

func (p Payment) shapedV1(version int) json.RawMessage {
	return encode(struct {
		Version int                 `json:"x402Version"`
		Scheme  string              `json:"scheme"`
		Network string              `json:"network"`
		Payload signedAuthorization `json:"payload"`
	}{version, p.Requirements.Scheme, p.Requirements.Network, p.payload()})
}

func header(raw json.RawMessage) string { return base64.StdEncoding.EncodeToString(raw) }

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // raw JSON that was read before, strings and numbers
	}
	return raw
}
