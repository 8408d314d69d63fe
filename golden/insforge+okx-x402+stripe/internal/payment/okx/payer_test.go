package okx

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

var testRecipient = common.HexToAddress("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")

// payer is a client with a wallet of its own.
type payer struct {
	t   testing.TB
	key *ecdsa.PrivateKey
}

func newPayer(t testing.TB) payer {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return payer{t, key}
}

func (p payer) address() common.Address { return crypto.PubkeyToAddress(p.key.PublicKey) }

// document is a payment in JSON, open to be tampered with.
type document map[string]any

// pay signs a payment for an offer, the way current clients do.
func (p payer) pay(o offer) document {
	p.t.Helper()
	return p.payAs(o, func(*transfer) {})
}

// payAs is pay for a transfer that is changed before it is signed.
func (p payer) payAs(o offer, change func(*transfer)) document {
	p.t.Helper()
	t := transfer{
		from:        p.address(),
		to:          o.recipient,
		validBefore: number(time.Now().Unix() + maxTimeoutSeconds),
	}
	t.value, _ = decimal(o.requirements.Amount)
	if _, err := rand.Read(t.nonce[:]); err != nil {
		p.t.Fatal(err)
	}
	change(&t)
	return document{
		"x402Version": 2,
		"resource":    document{"url": o.resource.URL},
		"accepted": document{
			"scheme": o.requirements.Scheme, "network": o.requirements.Network, "amount": o.requirements.Amount,
			"asset": o.requirements.Asset, "payTo": o.requirements.PayTo, "maxTimeoutSeconds": 300,
			"extra": document{"name": o.asset.name, "version": o.asset.version},
		},
		"payload": document{
			"signature": p.sign(o.asset, t),
			"authorization": document{
				"from": t.from.Hex(), "to": t.to.Hex(), "value": t.value.Big().String(),
				"validAfter": t.validAfter.Big().String(), "validBefore": t.validBefore.Big().String(), "nonce": t.nonce.Hex(),
			},
		},
	}
}

func (p payer) sign(a asset, t transfer) string {
	p.t.Helper()
	signature, err := crypto.Sign(a.digest(t), p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	signature[crypto.RecoveryIDOffset] += 27
	return fmt.Sprintf("%#x", signature)
}

// set replaces the value at a path of keys.
func (d document) set(value any, path ...string) document {
	at := d
	for _, key := range path[:len(path)-1] {
		at = at[key].(document)
	}
	at[path[len(path)-1]] = value
	return d
}

// get returns the text at a path of keys.
func (d document) get(path ...string) string {
	at := d
	for _, key := range path[:len(path)-1] {
		at = at[key].(document)
	}
	return at[path[len(path)-1]].(string)
}

func (d document) json() []byte {
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return raw
}

// header is the value of PAYMENT-SIGNATURE.
func (d document) header() string { return base64.StdEncoding.EncodeToString(d.json()) }

func testOffer(t testing.TB) offer {
	t.Helper()
	o, err := newOffer(xLayerAssets[0], "0.01", testRecipient,
		resource{URL: "https://shop.example.com/v1/report"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func unix(offset time.Duration) common.Hash {
	return number(time.Now().Add(offset).Unix())
}
