package okx

import (
	"context"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"example.com/shop/internal/payment/ledger"
)

// mock stands in for OKX during development. The paywall's own checks are real;
// no money moves, and no transaction exists.
type mock struct{}

// mocked is the mock's name in the ledger.
const mocked = ledger.Mocked

func (mock) name() string { return mocked }

func (mock) ready(context.Context, string) error { return nil }

// verify has only one thing to add to offer.refusal: without a chain, the
// signatures of contract wallets cannot be checked.
func (mock) verify(_ context.Context, o offer, p proof) (string, error) {
	if len(p.signature) != crypto.SignatureLength || !o.asset.signed(p) {
		return reasonSignature, nil
	}
	return "", nil
}

// settle invents a transaction, the same one for the same authorization.
func (mock) settle(_ context.Context, request facilitatorRequest) outcome {
	a := request.PaymentPayload.Payload.Authorization
	invented := crypto.Keccak256Hash([]byte("mock settlement"), common.FromHex(a.From), common.FromHex(a.Nonce))
	return outcome{result: settled, transaction: invented.Hex()}
}

// follow has nothing to wait for.
func (m mock) follow(ctx context.Context, request facilitatorRequest, _ string) outcome {
	return m.settle(ctx, request)
}
