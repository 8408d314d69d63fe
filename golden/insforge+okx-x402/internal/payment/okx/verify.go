package okx

import (
	"bytes"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// settleBudget is how much longer an authorization must be valid when it
// arrives, so that it is still good when it is settled.
const settleBudget = 60 * time.Second

// Reasons for refusing a payment, in the protocol's words.
const (
	reasonRequirements = "invalid_payment_requirements"
	reasonResource     = "resource_mismatch"
	reasonRecipient    = "invalid_exact_evm_payload_recipient_mismatch"
	reasonValue        = "invalid_exact_evm_payload_authorization_value_mismatch"
	reasonValidAfter   = "invalid_exact_evm_payload_authorization_valid_after"
	reasonValidBefore  = "invalid_exact_evm_payload_authorization_valid_before"
	reasonSignature    = "invalid_exact_evm_payload_signature"
	reasonNonceUsed    = "invalid_exact_evm_nonce_already_used"
)

// refusal checks everything about a payment that can be known without asking
// anyone, and returns why it is no good for this offer, or "".
func (o offer) refusal(p proof, now time.Time) string {
	switch {
	case !o.accepts(p):
		return reasonRequirements
	case p.resourceURL != "" && p.resourceURL != o.resource.URL:
		return reasonResource
	case p.transfer.to != o.recipient:
		return reasonRecipient
	case p.authorization.Value != o.requirements.Amount:
		return reasonValue
	case len(p.signature) != crypto.SignatureLength && !o.contracts:
		return reasonSignature
	case !o.genuine(p):
		return reasonSignature
	case p.transfer.validAfter.Cmp(number(now.Unix())) >= 0: // the contract wants it in the past
		return reasonValidAfter
	case p.transfer.validBefore.Cmp(number(now.Add(settleBudget).Unix())) <= 0:
		return reasonValidBefore
	}
	return ""
}

// genuine says whether the payer signed the authorization, or may have: longer
// signatures come from contract wallets, and only the chain can check those.
func (o offer) genuine(p proof) bool {
	return len(p.signature) != crypto.SignatureLength || o.asset.signed(p)
}

// accepts says whether the client meant this offer. Hex is compared without
// regard to case; fields that do not decide about money are ignored.
func (o offer) accepts(p proof) bool {
	a := p.accepted
	if a == (accepted{}) {
		return p.scheme == o.requirements.Scheme && p.network == o.requirements.Network
	}
	return a.Scheme == o.requirements.Scheme &&
		a.Network == o.requirements.Network &&
		a.Amount == o.requirements.Amount &&
		strings.EqualFold(a.Asset, o.requirements.Asset) &&
		strings.EqualFold(a.PayTo, o.requirements.PayTo)
}

// signed says whether the payer made this 65 byte signature. As in the token's
// contract, s must be in the lower half and v must be 27 or 28.
func (a asset) signed(p proof) bool {
	var signature [crypto.SignatureLength]byte
	copy(signature[:], p.signature)
	v := signature[crypto.RecoveryIDOffset]
	if bytes.Compare(signature[32:64], halfOrder) > 0 || v != 27 && v != 28 {
		return false
	}
	signature[crypto.RecoveryIDOffset] = v - 27
	key, err := crypto.Ecrecover(a.digest(p.transfer), signature[:])
	return err == nil && common.BytesToAddress(crypto.Keccak256(key[1:])) == p.transfer.from
}

// halfOrder is the largest s of a signature: with every higher one goes a lower one
// that means the same.
var halfOrder = new(big.Int).Rsh(crypto.S256().Params().N, 1).FillBytes(make([]byte, 32))
