package pay

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

const (
	// maxChallenge is how long a PAYMENT-REQUIRED header may be. What is sent
	// back repeats one of its entries.
	maxChallenge = 32 << 10
	// maxAccepts is how many ways to pay may be offered.
	maxAccepts = 32
	// maxValidity is how long an authorization lives at most, whatever the
	// seller asks for: whoever has it can collect until then.
	maxValidity = time.Hour
)

// Challenge is what a seller asks for, in the protocol's words.
type Challenge struct {
	// Error is the seller's remark, made printable.
	Error string
	// ResourceURL and Description are what the seller says is sold.
	ResourceURL, Description string
	accepts                  []json.RawMessage
	// resource and extensions go back as they came.
	resource, extensions json.RawMessage
}

// Offer is one way to pay that forge can take.
type Offer struct {
	Asset    Asset
	Amount   *big.Int
	PayTo    common.Address
	Validity time.Duration
	chain    *big.Int
	accepted json.RawMessage
}

// readChallenge decodes the answer to a request without payment.
func readChallenge(h http.Header) (*Challenge, error) {
	values := h.Values("Payment-Required")
	switch {
	case len(values) == 0:
		return nil, errors.New("the seller asks for payment without a PAYMENT-REQUIRED header: it does not speak x402 version 2")
	case len(values) > 1:
		return nil, errors.New("the seller sent PAYMENT-REQUIRED more than once")
	case len(values[0]) > maxChallenge:
		return nil, fmt.Errorf("the seller's PAYMENT-REQUIRED header is longer than %d bytes", maxChallenge)
	}
	raw, err := decodeBase64(values[0])
	if err != nil {
		return nil, errors.New("the seller's PAYMENT-REQUIRED header is not base64")
	}
	var in struct {
		X402Version *int              `json:"x402Version"`
		Error       string            `json:"error"`
		Resource    json.RawMessage   `json:"resource"`
		Accepts     []json.RawMessage `json:"accepts"`
		Extensions  json.RawMessage   `json:"extensions"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, errors.New("the seller's PAYMENT-REQUIRED header does not hold an x402 challenge in JSON")
	}
	switch {
	case in.X402Version == nil:
		return nil, errors.New("the seller's challenge does not say which x402Version it is")
	case *in.X402Version != 2:
		return nil, fmt.Errorf("the seller asks in x402 version %d; forge pays version 2", *in.X402Version)
	case len(in.Accepts) == 0:
		return nil, errors.New("the seller's challenge accepts nothing")
	case len(in.Accepts) > maxAccepts:
		return nil, fmt.Errorf("the seller's challenge offers more than %d ways to pay", maxAccepts)
	}
	c := &Challenge{Error: Printable(in.Error), accepts: in.Accepts, resource: in.Resource, extensions: in.Extensions}
	if len(in.Resource) > 0 {
		var resource struct {
			URL         string `json:"url"`
			Description string `json:"description"`
		}
		if err := json.Unmarshal(in.Resource, &resource); err != nil {
			return nil, errors.New("the resource in the seller's challenge is no object")
		}
		c.ResourceURL, c.Description = Printable(resource.URL), Printable(resource.Description)
	}
	return c, nil
}

// Choose takes the first entry that can be paid, on network if that is not
// empty. Otherwise the error says of every entry why not.
func (c *Challenge) Choose(network string) (Offer, error) {
	var why []string
	for i, raw := range c.accepts {
		offer, err := readOffer(raw)
		if err == nil && network != "" && offer.Asset.Network != network {
			err = fmt.Errorf("is on %s", offer.Asset.Network)
		}
		if err == nil {
			return offer, nil
		}
		why = append(why, fmt.Sprintf("offer %d %v", i+1, err))
	}
	return Offer{}, fmt.Errorf("forge cannot pay this seller: %s", strings.Join(why, "; "))
}

// readOffer checks one entry of accepts. Its errors continue "the offer".
func readOffer(raw json.RawMessage) (Offer, error) {
	var in struct {
		Scheme            string `json:"scheme"`
		Network           string `json:"network"`
		Amount            string `json:"amount"`
		Asset             string `json:"asset"`
		PayTo             string `json:"payTo"`
		MaxTimeoutSeconds *int64 `json:"maxTimeoutSeconds"`
		Extra             struct {
			Name                string `json:"name"`
			Version             string `json:"version"`
			AssetTransferMethod string `json:"assetTransferMethod"`
		} `json:"extra"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Offer{}, errors.New("is malformed: every amount must be a string, extra an object")
	}
	if in.Scheme != "exact" {
		return Offer{}, fmt.Errorf("is of the scheme %q; forge pays exact", Printable(in.Scheme))
	}
	chain, ok := chainID(in.Network)
	if !ok {
		return Offer{}, fmt.Errorf("is on the network %q; forge pays on EVM networks, eip155:…", Printable(in.Network))
	}
	switch method := strings.ToLower(in.Extra.AssetTransferMethod); method {
	case "", "eip3009":
	case "permit2":
		return Offer{}, errors.New("wants a Permit2 allowance; forge signs single transfers alone (EIP-3009)")
	default:
		return Offer{}, fmt.Errorf("wants a transfer by %q; forge signs EIP-3009", Printable(method))
	}
	amount, ok := decimal(in.Amount)
	if !ok || amount.Sign() == 0 {
		return Offer{}, fmt.Errorf("has the amount %q, which is no whole number above zero and below 2^256", Printable(in.Amount))
	}
	token, err := address(in.Asset)
	if err != nil {
		return Offer{}, fmt.Errorf("has an asset that %w", err)
	}
	payTo, err := address(in.PayTo)
	if err != nil {
		return Offer{}, fmt.Errorf("has a payTo that %w", err)
	}
	switch {
	case payTo == token:
		return Offer{}, errors.New("would pay the token's own contract, where nobody gets it back")
	case in.MaxTimeoutSeconds == nil || *in.MaxTimeoutSeconds < 1:
		return Offer{}, errors.New("has no maxTimeoutSeconds")
	case in.Extra.Name == "" || in.Extra.Version == "":
		return Offer{}, errors.New("lacks extra.name and extra.version, the token's domain to sign for")
	}
	asset, known := knownAsset(in.Network, token)
	advertised := separator(in.Extra.Name, in.Extra.Version, chain, token)
	if !known {
		asset = Asset{Network: in.Network, Address: token, Name: in.Extra.Name, Version: in.Extra.Version, Separator: advertised}
	}
	if advertised != asset.Separator {
		return Offer{}, fmt.Errorf("advertises a domain that is not the token's: %q version %q, where %s has %q version %q",
			Printable(in.Extra.Name), Printable(in.Extra.Version), asset.Symbol, asset.Name, asset.Version)
	}
	validity := maxValidity
	if *in.MaxTimeoutSeconds < int64(maxValidity/time.Second) {
		validity = time.Duration(*in.MaxTimeoutSeconds) * time.Second
	}
	return Offer{Asset: asset, Amount: amount, PayTo: payTo, Validity: validity, chain: chain, accepted: raw}, nil
}

// chainID reads a CAIP-2 network of the EVM.
func chainID(network string) (*big.Int, bool) {
	digits, ok := strings.CutPrefix(network, "eip155:")
	n, canonical := decimal(digits)
	return n, ok && canonical && n.Sign() > 0 && len(digits) <= 32
}

// address reads an address. One in mixed case carries a checksum, which tells a
// typing error from somebody's wallet.
func address(s string) (common.Address, error) {
	if len(s) != 42 || !strings.HasPrefix(s, "0x") {
		return common.Address{}, errors.New("is no address: 0x and 40 hex digits")
	}
	raw, err := hex.DecodeString(s[2:])
	if err != nil {
		return common.Address{}, errors.New("is no address: 0x and 40 hex digits")
	}
	a := common.BytesToAddress(raw)
	switch {
	case a == common.Address{}:
		return a, errors.New("is the zero address")
	case s[2:] != strings.ToLower(s[2:]) && s[2:] != strings.ToUpper(s[2:]) && s != a.Hex():
		return a, errors.New("is mistyped: its upper and lower case letters are not its checksum")
	}
	return a, nil
}

// decodeBase64 accepts the standard and the URL alphabet, padded or not.
func decodeBase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}
