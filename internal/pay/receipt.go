package pay

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Receipt is what the seller says about the settlement.
type Receipt struct {
	Success     bool
	Transaction string
	ErrorReason string
	// Mock is a seller that tests: no money has moved.
	Mock bool
}

// readReceipt decodes PAYMENT-RESPONSE. The error says why it does not prove that
// p was settled.
func readReceipt(h http.Header, p *Payment) (*Receipt, error) {
	values := h.Values("Payment-Response")
	if len(values) == 0 {
		return nil, errors.New("the seller sent no receipt")
	}
	unreadable := errors.New("the seller's receipt cannot be read")
	if len(values) > 1 || len(values[0]) > maxChallenge {
		return nil, unreadable
	}
	raw, err := decodeBase64(values[0])
	if err != nil {
		return nil, unreadable
	}
	var in struct {
		Success     bool   `json:"success"`
		Transaction string `json:"transaction"`
		Network     string `json:"network"`
		Payer       string `json:"payer"`
		ErrorReason string `json:"errorReason"`
		Mock        bool   `json:"mock"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return nil, unreadable
	}
	r := &Receipt{Success: in.Success, ErrorReason: Printable(in.ErrorReason), Mock: in.Mock}
	digits, prefixed := strings.CutPrefix(in.Transaction, "0x")
	hash, err := hex.DecodeString(digits)
	wellFormed := prefixed && err == nil && len(hash) == 32 && strings.Trim(digits, "0") != ""
	if wellFormed {
		r.Transaction = in.Transaction
	}
	switch {
	case !in.Success:
		return r, errors.New("the seller's receipt says that the payment was not settled")
	case !wellFormed:
		return r, errors.New("the seller's receipt names no transaction")
	case in.Network != p.Network:
		return r, errors.New("the seller's receipt is for another network")
	case in.Payer != "" && !strings.EqualFold(in.Payer, p.Payer): // it may be left out
		return r, errors.New("the seller's receipt is for another payer")
	}
	return r, nil
}
