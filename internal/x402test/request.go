package x402test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// chainIndex is what the older generation calls the network.
const chainIndex = "196"

// request is a body of verify and settle, in either generation. OKX may be more
// lenient with fields it does not know; a client under test should send none.
type request struct {
	X402Version    *int   `json:"x402Version"`
	ChainIndex     string `json:"chainIndex"` // the older generation's alone
	PaymentPayload *struct {
		X402Version *int                `json:"x402Version"`
		Resource    json.RawMessage     `json:"resource"`
		Accepted    *Requirements       `json:"accepted"`
		Extensions  json.RawMessage     `json:"extensions"`
		Scheme      string              `json:"scheme"`  // version 1
		Network     string              `json:"network"` // version 1
		Payload     signedAuthorization `json:"payload"`
	} `json:"paymentPayload"`
	PaymentRequirements *struct {
		Requirements
		MaxAmountRequired string          `json:"maxAmountRequired"` // version 1, with what follows
		Resource          string          `json:"resource"`
		Description       string          `json:"description"`
		MimeType          string          `json:"mimeType"`
		OutputSchema      json.RawMessage `json:"outputSchema"`
	} `json:"paymentRequirements"`
	SyncSettle bool `json:"syncSettle"` // false where it is left out (API default)
}

// order is a payment to verify or settle: well-formed, but not checked.
type order struct {
	older         bool
	wanted        Requirements
	accepted      Requirements
	authorization Authorization
	signature     []byte
	sync          bool
}

func (o order) payer() string { return strings.ToLower(o.authorization.From.Hex()) }

func parameter(format string, args ...any) error {
	return refusal{http.StatusBadRequest, "51000", "Parameter error: " + fmt.Sprintf(format, args...)}
}

func empty(name string) error {
	return refusal{http.StatusBadRequest, "50014", "Parameter " + name + " cannot be empty"}
}

func parseRequest(body []byte, call *Call) (order, error) {
	var in request
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return order{}, parameter("%v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return order{}, parameter("data after the body")
	}
	payload, wanted := in.PaymentPayload, in.PaymentRequirements
	version := 2
	if call.Older {
		version = 1
	}
	switch {
	case in.X402Version == nil:
		return order{}, empty("x402Version")
	case payload == nil:
		return order{}, empty("paymentPayload")
	case wanted == nil:
		return order{}, empty("paymentRequirements")
	case call.Older && in.ChainIndex == "":
		return order{}, empty("chainIndex")
	case *in.X402Version != version, payload.X402Version == nil, *payload.X402Version != version:
		return order{}, parameter("x402Version must be %d", version)
	case in.SyncSettle && call.Operation != Settle:
		return order{}, parameter("syncSettle belongs to settle")
	}
	o := order{older: call.Older, wanted: wanted.Requirements, sync: in.SyncSettle}
	if call.Older {
		if in.ChainIndex != chainIndex {
			return o, refusal{http.StatusBadRequest, "50038", "This chain is not supported"}
		}
		if wanted.Amount != "" || payload.Accepted != nil {
			return o, parameter("amount and accepted are of version 2")
		}
		// Network, extra and maxTimeoutSeconds may be left out (OKX's page of v1).
		o.wanted.Amount = wanted.MaxAmountRequired
		o.wanted.Network = cmp.Or(o.wanted.Network, payload.Network, Network)
		if token, ok := tokenOf(o.wanted); ok {
			o.wanted.Extra.Name = cmp.Or(o.wanted.Extra.Name, token.Name)
			o.wanted.Extra.Version = cmp.Or(o.wanted.Extra.Version, token.Version)
		}
		o.wanted.MaxTimeoutSeconds = cmp.Or(o.wanted.MaxTimeoutSeconds, 60)
		o.accepted = o.wanted
		o.accepted.Scheme, o.accepted.Network = payload.Scheme, cmp.Or(payload.Network, o.wanted.Network)
	} else {
		if in.ChainIndex != "" || wanted.MaxAmountRequired != "" || wanted.Resource != "" || payload.Scheme != "" || payload.Network != "" {
			return o, parameter("chainIndex, maxAmountRequired and the like are of version 1")
		}
		if payload.Accepted == nil {
			return o, empty("paymentPayload.accepted")
		}
		o.accepted = *payload.Accepted
	}
	for name, value := range map[string]string{
		"scheme": o.wanted.Scheme, "network": o.wanted.Network, "amount": o.wanted.Amount,
		"asset": o.wanted.Asset, "payTo": o.wanted.PayTo,
		"extra.name": o.wanted.Extra.Name, "extra.version": o.wanted.Extra.Version,
	} {
		if value == "" {
			return o, empty("paymentRequirements." + name)
		}
	}
	if o.wanted.MaxTimeoutSeconds <= 0 {
		return o, empty("paymentRequirements.maxTimeoutSeconds")
	}
	err := o.read(payload.Payload)
	return o, err
}

// read decodes the authorization strictly.
func (o *order) read(p signedAuthorization) error {
	for name, field := range map[string]struct {
		text string
		into []byte
	}{
		"from":  {p.Authorization.From, o.authorization.From[:]},
		"to":    {p.Authorization.To, o.authorization.To[:]},
		"nonce": {p.Authorization.Nonce, o.authorization.Nonce[:]},
	} {
		raw, ok := fromHex(field.text)
		if !ok || len(raw) != len(field.into) {
			return parameter("authorization.%s must be 0x and %d bytes in hex", name, len(field.into))
		}
		copy(field.into, raw)
	}
	for name, field := range map[string]struct {
		text string
		into **big.Int
	}{
		"value":       {p.Authorization.Value, &o.authorization.Value},
		"validAfter":  {p.Authorization.ValidAfter, &o.authorization.ValidAfter},
		"validBefore": {p.Authorization.ValidBefore, &o.authorization.ValidBefore},
	} {
		n, ok := new(big.Int).SetString(field.text, 10)
		if !ok || n.Sign() < 0 || n.BitLen() > 256 || n.String() != field.text {
			return parameter("authorization.%s must be a decimal string", name)
		}
		*field.into = n
	}
	signature, ok := fromHex(p.Signature)
	if !ok || len(signature) == 0 {
		return parameter("signature must be 0x and bytes in hex")
	}
	o.signature = signature
	return nil
}

func fromHex(s string) ([]byte, bool) {
	if !strings.HasPrefix(s, "0x") {
		return nil, false
	}
	raw, err := hex.DecodeString(s[2:])
	return raw, err == nil
}

func sameAddress(a, b string) bool {
	return common.IsHexAddress(a) && common.IsHexAddress(b) && common.HexToAddress(a) == common.HexToAddress(b)
}
