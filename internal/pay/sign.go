package pay

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// maxPayment is how long a PAYMENT-SIGNATURE header may get: servers refuse
// longer ones before they look inside.
const maxPayment = 16 << 10

// transfer is the authorization that is signed (EIP-3009).
type transfer struct {
	from, to    common.Address
	value       *big.Int
	validBefore *big.Int // Unix seconds; validAfter is zero
	nonce       common.Hash
}

// digest is what is signed: EIP-712 over TransferWithAuthorization.
func (t transfer) digest(separator common.Hash) []byte {
	message := crypto.Keccak256(
		crypto.Keccak256([]byte("TransferWithAuthorization(address from,address to,uint256 value,"+
			"uint256 validAfter,uint256 validBefore,bytes32 nonce)")),
		common.LeftPadBytes(t.from.Bytes(), 32),
		common.LeftPadBytes(t.to.Bytes(), 32),
		common.BigToHash(t.value).Bytes(),
		make([]byte, 32),
		common.BigToHash(t.validBefore).Bytes(),
		t.nonce.Bytes(),
	)
	return crypto.Keccak256([]byte{0x19, 0x01}, separator.Bytes(), message)
}

type authorization struct {
	From        string `json:"from"`
	To          string `json:"to"`
	Value       string `json:"value"`
	ValidAfter  string `json:"validAfter"`
	ValidBefore string `json:"validBefore"`
	Nonce       string `json:"nonce"`
}

type exactPayload struct {
	Signature     string        `json:"signature"`
	Authorization authorization `json:"authorization"`
}

type paymentDocument struct {
	X402Version int             `json:"x402Version"`
	Resource    json.RawMessage `json:"resource,omitempty"`
	Accepted    json.RawMessage `json:"accepted"`
	Payload     exactPayload    `json:"payload"`
	Extensions  json.RawMessage `json:"extensions,omitempty"`
}

// Sign signs one payment of the offer for the request. It is the only place
// that does, and a Payment cannot be signed again.
func Sign(r Request, c *Challenge, o Offer, key *Key, now time.Time) (*Payment, error) {
	t := transfer{
		from:        key.Address(),
		to:          o.PayTo,
		value:       o.Amount,
		validBefore: big.NewInt(now.Add(o.Validity).Unix()),
	}
	if t.from == t.to {
		return nil, errors.New("the seller's address is the address of your key: you would pay yourself")
	}
	if _, err := rand.Read(t.nonce[:]); err != nil {
		return nil, fmt.Errorf("making a nonce: %w", err)
	}
	signature, err := crypto.Sign(t.digest(o.Asset.Separator), key.private)
	if err != nil {
		return nil, errors.New("signing the payment failed") // without the cause: it may speak of the key
	}
	signature[crypto.RecoveryIDOffset] += 27 // as contracts expect it
	header, err := encode(paymentDocument{
		X402Version: 2,
		Resource:    c.resource,
		Accepted:    o.accepted,
		Extensions:  c.extensions,
		Payload: exactPayload{
			Signature: fmt.Sprintf("%#x", signature),
			Authorization: authorization{
				From: t.from.Hex(), To: t.to.Hex(), Value: t.value.String(),
				ValidAfter: "0", ValidBefore: t.validBefore.String(), Nonce: t.nonce.Hex(),
			},
		},
	})
	if err != nil {
		return nil, err
	}
	return &Payment{
		Format: paymentFormat,
		Method: r.Method, URL: r.URL, ContentType: r.Header.Get("Content-Type"), Body: r.Body, Headers: r.privateHeaders(),
		Network: o.Asset.Network, Asset: o.Asset.Address.Hex(), Amount: o.Amount.String(), PayTo: t.to.Hex(),
		Payer: t.from.Hex(), Nonce: t.nonce.Hex(), ValidBefore: t.validBefore.Int64(), Signed: header,
	}, nil
}

func encode(document paymentDocument) (string, error) {
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false) // what the seller sent goes back as it came
	if err := e.Encode(document); err != nil {
		return "", fmt.Errorf("writing the payment: %w", err)
	}
	header := base64.StdEncoding.EncodeToString(bytes.TrimSpace(raw.Bytes()))
	if len(header) > maxPayment {
		return "", fmt.Errorf("the payment would be longer than the %d bytes that servers accept: the seller's challenge is too long", maxPayment)
	}
	return header, nil
}
