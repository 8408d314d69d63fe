package okx

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

const (
	maxHeader        = 16 << 10
	maxSignature     = 4 << 10 // contract wallets sign with more than 65 bytes
	maxDecimalDigits = 78      // of a 256 bit number
)

var (
	errNoPayment   = errors.New("no payment")
	errHeaderLarge = fmt.Errorf("the payment header must not exceed %d bytes", maxHeader)
)

// transfer is the authorization a payer signs (EIP-3009).
type transfer struct {
	from, to                common.Address
	value                   *big.Int
	validAfter, validBefore *big.Int // Unix seconds
	nonce                   common.Hash
}

// proof is a payment as sent: well-formed, but not checked against any offer.
type proof struct {
	accepted    accepted
	resourceURL string // empty when the client left it out
	transfer    transfer
	signature   []byte
}

// accepted is the client's copy of the requirements. It is compared, never used.
type accepted struct {
	Scheme  string `json:"scheme"`
	Network string `json:"network"`
	Amount  string `json:"amount"`
	Asset   string `json:"asset"`
	PayTo   string `json:"payTo"`
}

// authorization is a transfer in JSON, where every number is a decimal string.
type authorization struct {
	From        string `json:"from"`
	To          string `json:"to"`
	Value       string `json:"value"`
	ValidAfter  string `json:"validAfter"`
	ValidBefore string `json:"validBefore"`
	Nonce       string `json:"nonce"`
}

// readProof reads the payment from the request's headers. Besides errNoPayment
// and errHeaderLarge, every error describes a malformed payment to its sender.
func readProof(h http.Header) (proof, error) {
	if len(h.Values("X-Payment")) > 0 {
		return proof{}, fmt.Errorf("X-PAYMENT is x402 version 1; send version %d in PAYMENT-SIGNATURE", protocolVersion)
	}
	values := h.Values("Payment-Signature")
	switch {
	case len(values) == 0:
		return proof{}, errNoPayment
	case len(values) > 1:
		return proof{}, errors.New("PAYMENT-SIGNATURE was sent more than once")
	case len(values[0]) > maxHeader:
		return proof{}, errHeaderLarge
	}
	raw, err := decodeBase64(values[0])
	if err != nil {
		return proof{}, errors.New("PAYMENT-SIGNATURE is not base64")
	}
	return parseProof(raw)
}

func parseProof(raw []byte) (proof, error) {
	var in struct {
		X402Version *int     `json:"x402Version"`
		Accepted    accepted `json:"accepted"`
		Resource    struct {
			URL string `json:"url"`
		} `json:"resource"`
		Payload struct {
			Signature     string        `json:"signature"`
			Authorization authorization `json:"authorization"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return proof{}, errors.New("PAYMENT-SIGNATURE does not hold an x402 payment in JSON")
	}
	if in.X402Version == nil || *in.X402Version != protocolVersion {
		return proof{}, fmt.Errorf("x402Version must be %d", protocolVersion)
	}
	t, err := in.Payload.Authorization.parse()
	if err != nil {
		return proof{}, err
	}
	signature := in.Payload.Signature
	if len(signature) > 2+2*maxSignature || len(signature) < 2+2*65 || !isHex(signature, len(signature)/2-1) {
		return proof{}, fmt.Errorf("signature must be 0x and 65 to %d bytes in hex", maxSignature)
	}
	return proof{in.Accepted, in.Resource.URL, t, common.FromHex(signature)}, nil
}

func (a authorization) parse() (transfer, error) {
	var t transfer
	if !isHex(a.From, common.AddressLength) || !isHex(a.To, common.AddressLength) {
		return t, errors.New("authorization.from and .to must be addresses: 0x and 40 hex digits")
	}
	if !isHex(a.Nonce, common.HashLength) {
		return t, errors.New("authorization.nonce must be 0x and 64 hex digits")
	}
	t.from, t.to, t.nonce = common.HexToAddress(a.From), common.HexToAddress(a.To), common.HexToHash(a.Nonce)
	for _, number := range []struct {
		name, text string
		to         **big.Int
	}{
		{"value", a.Value, &t.value},
		{"validAfter", a.ValidAfter, &t.validAfter},
		{"validBefore", a.ValidBefore, &t.validBefore},
	} {
		n, ok := decimal(number.text)
		if !ok {
			return t, fmt.Errorf("authorization.%s must be a decimal string below 2^256 without leading zeros", number.name)
		}
		*number.to = n
	}
	return t, nil
}

// decimal reads a number as Solidity's uint256 allows it, in its one canonical form.
func decimal(s string) (*big.Int, bool) {
	if s == "" || len(s) > maxDecimalDigits || strings.Trim(s, "0123456789") != "" || s[0] == '0' && s != "0" {
		return nil, false
	}
	n, ok := new(big.Int).SetString(s, 10)
	return n, ok && n.BitLen() <= 256
}

// isHex reports whether s is 0x and size bytes in hex.
func isHex(s string, size int) bool {
	if len(s) != 2+2*size || !strings.HasPrefix(s, "0x") {
		return false
	}
	_, err := hex.DecodeString(s[2:])
	return err == nil
}

// decodeBase64 accepts the standard and the URL alphabet, padded or not.
func decodeBase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}
