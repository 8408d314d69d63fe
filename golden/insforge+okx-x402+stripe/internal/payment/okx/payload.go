package okx

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	value                   common.Hash
	validAfter, validBefore common.Hash // Unix seconds
	nonce                   common.Hash
}

// proof is a payment as sent: well-formed, but not checked against any offer.
type proof struct {
	accepted    accepted // empty in version 1, which has only the two below
	scheme      string
	network     string
	resourceURL string // empty when the client left it out
	transfer    transfer
	signature   []byte

	authorization authorization // the transfer as text; from and nonce are in lower case
	signatureHex  string
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
//
// Compat takes payments in the form of version 1, too: from X-PAYMENT, and from
// clients that send that form in PAYMENT-SIGNATURE, with either version.
func readProof(h http.Header, compat bool) (proof, error) {
	first, current := h["X-Payment"], h["Payment-Signature"]
	switch {
	case len(first) > 0 && !compat:
		return proof{}, fmt.Errorf("X-PAYMENT is x402 version 1; send version %d in PAYMENT-SIGNATURE", protocolVersion)
	case len(first)+len(current) == 0:
		return proof{}, errNoPayment
	case len(first)+len(current) > 1:
		return proof{}, errors.New("more than one payment was sent; send one, in PAYMENT-SIGNATURE")
	}
	name, value := "PAYMENT-SIGNATURE", ""
	if len(first) > 0 {
		name, value = "X-PAYMENT", first[0]
	} else {
		value = current[0]
	}
	if len(value) > maxHeader {
		return proof{}, errHeaderLarge
	}
	raw, err := decodeBase64(value)
	if err != nil {
		return proof{}, errors.New(name + " is not base64")
	}
	return parseProof(raw, compat)
}

func parseProof(raw []byte, compat bool) (proof, error) {
	var in struct {
		X402Version int      `json:"x402Version"`
		Accepted    accepted `json:"accepted"`
		Resource    struct {
			URL string `json:"url"`
		} `json:"resource"`
		Payload struct {
			Signature     string        `json:"signature"`
			Authorization authorization `json:"authorization"`
		} `json:"payload"`

		// Version 1 has these here.
		Scheme  string `json:"scheme"`
		Network string `json:"network"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return proof{}, errors.New("the payment is not what x402 sends: an object in JSON, with every number of the authorization in a string")
	}
	switch {
	case in.X402Version != protocolVersion && (in.X402Version != 1 || !compat):
		return proof{}, fmt.Errorf("x402Version must be %d", protocolVersion)
	case in.Accepted == (accepted{}) && !compat:
		return proof{}, errors.New("the payment does not say which of the accepted requirements it is for")
	}
	t, err := in.Payload.Authorization.parse()
	if err != nil {
		return proof{}, err
	}
	signature := in.Payload.Signature
	if len(signature) > 2+2*maxSignature || len(signature) < 2+2*65 || !isHex(signature, len(signature)/2-1) {
		return proof{}, fmt.Errorf("signature must be 0x and 65 to %d bytes in hex", maxSignature)
	}
	p := proof{
		accepted: in.Accepted, scheme: in.Scheme, network: in.Network, resourceURL: in.Resource.URL,
		transfer: t, authorization: in.Payload.Authorization, signature: make([]byte, len(signature)/2-1), signatureHex: signature,
	}
	unhex(p.signature, signature)
	p.authorization.From, p.authorization.Nonce = strings.ToLower(p.authorization.From), strings.ToLower(p.authorization.Nonce)
	return p, nil
}

func (a authorization) parse() (transfer, error) {
	var t transfer
	if !isHex(a.From, common.AddressLength) || !isHex(a.To, common.AddressLength) {
		return t, errors.New("authorization.from and .to must be addresses: 0x and 40 hex digits")
	}
	if !isHex(a.Nonce, common.HashLength) {
		return t, errors.New("authorization.nonce must be 0x and 64 hex digits")
	}
	unhex(t.from[:], a.From)
	unhex(t.to[:], a.To)
	unhex(t.nonce[:], a.Nonce)
	var value, after, before bool
	t.value, value = decimal(a.Value)
	t.validAfter, after = decimal(a.ValidAfter)
	t.validBefore, before = decimal(a.ValidBefore)
	if !value || !after || !before {
		return t, errors.New("authorization.value, .validAfter and .validBefore must be decimal strings below 2^256 without leading zeros")
	}
	return t, nil
}

// decimal reads a number as Solidity's uint256 allows it, in its one canonical form.
func decimal(s string) (n common.Hash, ok bool) {
	if s == "" || len(s) > maxDecimalDigits || strings.Trim(s, "0123456789") != "" || s[0] == '0' && s != "0" {
		return n, false
	}
	for _, digit := range []byte(s) { // n = 10*n + digit
		carry := uint(digit - '0')
		for i := len(n) - 1; i >= 0; i-- {
			carry += 10 * uint(n[i])
			n[i] = byte(carry)
			carry >>= 8
		}
		if carry > 0 {
			return n, false
		}
	}
	return n, true
}

// number is n as decimal reads it.
func number(n int64) (word common.Hash) {
	binary.BigEndian.PutUint64(word[len(word)-8:], uint64(n)) //nolint:gosec // never below 0
	return word
}

// isHex reports whether s is 0x and size bytes in hex.
func isHex(s string, size int) bool {
	if len(s) != 2+2*size || !strings.HasPrefix(s, "0x") {
		return false
	}
	return strings.Trim(s[2:], "0123456789abcdefABCDEF") == ""
}

// unhex decodes what isHex has approved of.
func unhex(to []byte, s string) { _, _ = hex.Decode(to, []byte(s[2:])) }

// decodeBase64 accepts the standard and the URL alphabet, padded or not.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}
