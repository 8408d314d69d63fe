package x402test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
)

// Requirements are what one payment has to look like: an entry of accepts
// (x402 version 2).
type Requirements struct {
	Scheme            string `json:"scheme"`
	Network           string `json:"network"`
	Amount            string `json:"amount"`
	Asset             string `json:"asset"`
	PayTo             string `json:"payTo"`
	MaxTimeoutSeconds int    `json:"maxTimeoutSeconds"`
	Extra             struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"extra"`
}

// Challenge is what a server asks for, with what is echoed kept as it came.
type Challenge struct {
	Version    int                        `json:"x402Version"`
	Error      string                     `json:"error"`
	Resource   json.RawMessage            `json:"resource"`
	Accepts    []json.RawMessage          `json:"accepts"`
	Extensions map[string]json.RawMessage `json:"extensions,omitempty"`
}

// ReadChallenge decodes the header PAYMENT-REQUIRED of an answer.
func ReadChallenge(h http.Header) (Challenge, error) {
	var c Challenge
	raw, err := base64.StdEncoding.DecodeString(h.Get("PAYMENT-REQUIRED"))
	if err != nil {
		return c, fmt.Errorf("PAYMENT-REQUIRED: %w", err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("PAYMENT-REQUIRED: %w", err)
	}
	if len(c.Accepts) == 0 {
		return c, errors.New("PAYMENT-REQUIRED accepts nothing")
	}
	return c, nil
}

// Buyer has a wallet. Its signatures are made by go-ethereum's typed data, not by
// anything that a server under test shares.
type Buyer struct {
	// Wallet pays instead of the key's own account: the address of a contract that
	// accepts the key's signature. Usually zero.
	Wallet common.Address

	key *ecdsa.PrivateKey
}

// NewBuyer makes a buyer with a fresh key and no money.
func NewBuyer() (*Buyer, error) {
	key, err := crypto.GenerateKey()
	return &Buyer{key: key}, err
}

// BuyerOf makes a buyer of a private key.
func BuyerOf(key *ecdsa.PrivateKey) *Buyer { return &Buyer{key: key} }

// KeyHex is the private key as wallets in other languages take it.
func (b *Buyer) KeyHex() string { return fmt.Sprintf("%#x", crypto.FromECDSA(b.key)) }

// Owner is the address of the key.
func (b *Buyer) Owner() common.Address { return crypto.PubkeyToAddress(b.key.PublicKey) }

// Address is who pays.
func (b *Buyer) Address() common.Address {
	if b.Wallet != (common.Address{}) {
		return b.Wallet
	}
	return b.Owner()
}

// Pay signs for the first thing a challenge accepts, from ten minutes ago until
// its timeout. The changes are made before signing.
func (b *Buyer) Pay(c Challenge, changes ...func(*Authorization)) (Payment, error) {
	if len(c.Accepts) == 0 {
		return Payment{}, errors.New("the challenge accepts nothing")
	}
	p := Payment{Version: c.Version, Resource: c.Resource, Accepted: c.Accepts[0], Extensions: c.Extensions}
	if err := json.Unmarshal(p.Accepted, &p.Requirements); err != nil {
		return p, fmt.Errorf("the challenge's requirements: %w", err)
	}
	value, ok := new(big.Int).SetString(p.Requirements.Amount, 10)
	if !ok {
		return p, fmt.Errorf("the challenge's amount %q is no number", p.Requirements.Amount)
	}
	now := time.Now().Unix()
	p.Authorization = Authorization{
		From:        b.Address(),
		To:          common.HexToAddress(p.Requirements.PayTo),
		Value:       value,
		ValidAfter:  big.NewInt(now - 600),
		ValidBefore: big.NewInt(now + int64(p.Requirements.MaxTimeoutSeconds)),
	}
	if _, err := rand.Read(p.Authorization.Nonce[:]); err != nil {
		return p, err
	}
	for _, change := range changes {
		change(&p.Authorization)
	}
	var err error
	p.Signature, err = b.Sign(Token{
		Address: common.HexToAddress(p.Requirements.Asset),
		Name:    p.Requirements.Extra.Name,
		Version: p.Requirements.Extra.Version,
	}, p.Authorization)
	return p, err
}

// Sign signs an authorization for a token's domain: 65 bytes, s low, v 27 or 28.
func (b *Buyer) Sign(t Token, a Authorization) ([]byte, error) {
	digest, err := digest(t, a)
	if err != nil {
		return nil, err
	}
	signature, err := crypto.Sign(digest[:], b.key)
	if err != nil {
		return nil, err
	}
	signature[crypto.RecoveryIDOffset] += 27
	return signature, nil
}

// digest is EIP-712's over TransferWithAuthorization (EIP-3009).
func digest(t Token, a Authorization) (common.Hash, error) {
	raw, _, err := apitypes.TypedDataAndHash(apitypes.TypedData{
		PrimaryType: "TransferWithAuthorization",
		Types: apitypes.Types{
			"EIP712Domain": {
				{Name: "name", Type: "string"},
				{Name: "version", Type: "string"},
				{Name: "chainId", Type: "uint256"},
				{Name: "verifyingContract", Type: "address"},
			},
			"TransferWithAuthorization": {
				{Name: "from", Type: "address"},
				{Name: "to", Type: "address"},
				{Name: "value", Type: "uint256"},
				{Name: "validAfter", Type: "uint256"},
				{Name: "validBefore", Type: "uint256"},
				{Name: "nonce", Type: "bytes32"},
			},
		},
		Domain: apitypes.TypedDataDomain{
			Name:              t.Name,
			Version:           t.Version,
			ChainId:           math.NewHexOrDecimal256(ChainID),
			VerifyingContract: t.Address.Hex(),
		},
		Message: apitypes.TypedDataMessage{
			"from":        a.From.Hex(),
			"to":          a.To.Hex(),
			"value":       a.Value.String(),
			"validAfter":  a.ValidAfter.String(),
			"validBefore": a.ValidBefore.String(),
			"nonce":       a.Nonce.Bytes(),
		},
	})
	return common.BytesToHash(raw), err
}

// HighS is the other signature that recovers to the same key. The contracts
// refuse it.
func HighS(signature []byte) []byte {
	changed := common.CopyBytes(signature)
	s := new(big.Int).SetBytes(changed[32:64])
	s.Sub(crypto.S256().Params().N, s).FillBytes(changed[32:64])
	changed[64] = 55 - changed[64] // 27 and 28 change places
	return changed
}

// ZeroV is the signature with v 0 or 1, as some libraries make it. The contracts
// refuse it.
func ZeroV(signature []byte) []byte {
	changed := common.CopyBytes(signature)
	changed[64] -= 27
	return changed
}
