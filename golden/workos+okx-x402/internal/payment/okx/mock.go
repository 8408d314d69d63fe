package okx

import (
	"context"

	"github.com/ethereum/go-ethereum/crypto"
)

// mock stands in for OKX during development. The paywall's own checks are real;
// no money moves, and no transaction exists.
type mock struct{}

func (mock) name() string { return "mock" }

func (mock) ready(context.Context) error { return nil }

// verify has only one thing to add to offer.refusal: without a chain, the
// signatures of contract wallets cannot be checked.
func (mock) verify(_ context.Context, o offer, p proof) (string, error) {
	if len(p.signature) != crypto.SignatureLength || !o.asset.signed(p) {
		return reasonSignature, nil
	}
	return "", nil
}

// settle invents a transaction, the same one for the same authorization.
func (mock) settle(_ context.Context, _ offer, p proof) outcome {
	invented := crypto.Keccak256Hash([]byte("mock settlement"), p.transfer.from.Bytes(), p.transfer.nonce.Bytes())
	return outcome{result: settled, transaction: invented.Hex()}
}
