package x402test

import "github.com/ethereum/go-ethereum/common"

// Reasons for refusing a payment, in the words OKX documents.
const (
	reasonNoOption    = "no matching payment option"
	reasonMismatch    = "param_mismatch"
	reasonChain       = "unsupported_chain"
	reasonRecipient   = "toAddr mismatch"
	reasonAmount      = "amount mismatch"
	reasonSignature   = "invalid_signature"
	reasonNotYet      = "not_yet_valid"
	reasonExpired     = "expired"
	reasonNonceUsed   = "nonce_used"
	reasonBalance     = "insufficient_balance"
	reasonOnChain     = "onchain_error"
	reasonProcessing  = "payment processing"
	reasonUnknownHash = "not_found"
)

// result is what data holds.
type result map[string]any

// supported is the answer to supported. The older generation lists chains.
func (f *Facilitator) supported(older bool) result {
	if older {
		return result{"x402Version": 1, "scheme": "exact", "chainIndex": chainIndex, "chainName": "X Layer"}
	}
	return result{
		"kinds":      []result{{"x402Version": 2, "scheme": "exact", "network": Network, "extra": nil}},
		"extensions": []string{},
		"signers":    result{"eip155:*": []string{f.chain.relayer.address().Hex()}},
	}
}

// verdict is the answer to verify.
func (o order) verdict(reason string) result {
	data := result{"isValid": reason == "", "invalidReason": orNull(reason), "payer": o.payer()}
	if !o.older {
		data["invalidMessage"] = orNull(reason)
	}
	return data
}

// succeeded is an answer to settle and settle/status. A timeout, too, says success
// (OKX's page on payment settlement). The older generation has no status, so there
// nobody can tell.
func (o order) succeeded(status string, hash common.Hash) result {
	return o.settlement(true, status, "", hash.Hex())
}

func (o order) failed(reason string) result {
	return o.settlement(false, "failed", reason, "") // the hash is never absent
}

func (o order) settlement(success bool, status, reason, hash string) result {
	if o.older {
		return result{"chainIndex": chainIndex, "success": success, "payer": o.payer(), "txHash": hash, "errorMsg": orNull(reason)}
	}
	return result{
		"success": success, "status": status, "errorReason": orNull(reason), "errorMessage": orNull(reason),
		"payer": o.payer(), "transaction": hash, "network": o.wanted.Network,
	}
}

// unknownHash is the answer to settle/status for a hash it does not know, where
// nothing else is known either.
func unknownHash(hash string) result {
	return result{
		"success": false, "errorReason": reasonUnknownHash, "errorMessage": "Transaction not found for txHash: " + hash,
		"payer": nil, "transaction": nil, "network": nil, "status": nil,
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
