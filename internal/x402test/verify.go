package x402test

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// refusal says why a payment is no good, or "". What the chain knows is asked of
// the chain. With spent, a used nonce is fine.
func (f *Facilitator) refusal(ctx context.Context, o order, spent bool) (string, error) {
	a := o.authorization
	token, known := tokenOf(o.wanted)
	now := big.NewInt(f.now().Unix())
	amount, ok := new(big.Int).SetString(o.wanted.Amount, 10)
	switch {
	case o.wanted.Network != Network:
		return reasonChain, nil
	case o.wanted.Scheme != "exact", !known, !ok:
		return reasonNoOption, nil
	case !o.agrees(), o.wanted.Extra.Name != token.Name, o.wanted.Extra.Version != token.Version:
		return reasonMismatch, nil
	case !sameAddress(o.wanted.PayTo, a.To.Hex()):
		return reasonRecipient, nil
	case a.Value.Cmp(amount) != 0: // exactly, not at least (x402 version 2)
		return reasonAmount, nil
	case now.Cmp(a.ValidAfter) <= 0:
		return reasonNotYet, nil
	case now.Cmp(a.ValidBefore) >= 0: // no grace period
		return reasonExpired, nil
	}
	if ok, err := f.signed(ctx, token, o); err != nil || !ok {
		return reasonSignature, err
	}
	if !spent {
		if used, err := f.chain.AuthorizationUsed(ctx, token, a.From, a.Nonce); err != nil || used {
			return reasonNonceUsed, err
		}
	}
	balance, err := f.chain.Balance(ctx, token, a.From)
	if err != nil || balance.Cmp(a.Value) < 0 && !spent {
		return reasonBalance, err
	}
	return "", nil
}

// agrees says whether the client accepted what the server wants.
func (o order) agrees() bool {
	return o.accepted.Scheme == o.wanted.Scheme &&
		o.accepted.Network == o.wanted.Network &&
		o.accepted.Amount == o.wanted.Amount &&
		sameAddress(o.accepted.Asset, o.wanted.Asset) &&
		sameAddress(o.accepted.PayTo, o.wanted.PayTo)
}

func tokenOf(r Requirements) (Token, bool) {
	for _, t := range tokens {
		if sameAddress(t.Address.Hex(), r.Asset) {
			return t, true
		}
	}
	return Token{}, false
}

// signed checks length, the ranges of r and s, that s is low, and v (the rules of
// OKX's invalid_signature). A payer that is a contract is asked itself.
func (f *Facilitator) signed(ctx context.Context, t Token, o order) (bool, error) {
	digest, err := digest(t, o.authorization)
	if err != nil {
		return false, err
	}
	code, err := f.chain.client.CodeAt(ctx, o.authorization.From, nil)
	if err != nil {
		return false, err
	}
	if len(code) > 0 {
		return f.chain.vouched(ctx, o.authorization.From, digest, o.signature)
	}
	if len(o.signature) != crypto.SignatureLength {
		return false, nil
	}
	signature := common.CopyBytes(o.signature)
	signature[crypto.RecoveryIDOffset] -= 27
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:64])
	if !crypto.ValidateSignatureValues(signature[crypto.RecoveryIDOffset], r, s, true) {
		return false, nil
	}
	key, err := crypto.SigToPub(digest[:], signature)
	return err == nil && crypto.PubkeyToAddress(*key) == o.authorization.From, nil
}
