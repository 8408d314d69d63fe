package pay

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// Asset is a token that moves by signed authorization (EIP-3009).
type Asset struct {
	Network string // CAIP-2
	Address common.Address
	// Symbol and Decimals are of a token that forge knows; of any other the
	// symbol is empty, and how many units make one token is not known.
	Symbol   string
	Decimals int
	// Name and Version are of the token's EIP-712 domain, and Separator is the
	// hash of it.
	Name, Version string
	Separator     common.Hash
}

// Assets are the tokens that forge knows, with the domain separators that their
// contracts publish. Someone who wrote the names down wrongly would have every
// buyer sign what the contract refuses.
func Assets() []Asset {
	token := func(network, address, symbol, name, version, separator string) Asset {
		return Asset{
			Network: network, Address: common.HexToAddress(address), Symbol: symbol, Decimals: 6,
			Name: name, Version: version, Separator: common.HexToHash(separator),
		}
	}
	return []Asset{
		token("eip155:196", "0x4ae46a509f6b1d9056937ba4500cb143933d2dc8", "USDG", "Global Dollar", "1",
			"0x415f0706e345fcaf25d5be24c4fd7830d0054fc5742c51a0db9319c759bd3743"),
		token("eip155:196", "0x779ded0c9e1022225f8e0630b35a9b54be713736", "USD₮0", "USD₮0", "1",
			"0xd591d9baf744328d9400b923cb02c9474d367d591ca1ab24d8c4068be527599d"),
		token("eip155:196", "0x74b7f16337b8972027f6196a17a631ac6de26d22", "USDC", "USD Coin", "2",
			"0xb1671065a2ea487729c4ff0e2f8beb2105e3ce63315ad07483374a3476b83972"),
		token("eip155:8453", "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913", "USDC", "USD Coin", "2",
			"0x02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f"),
		token("eip155:84532", "0x036cbd53842c5426634e7929541ec2318f3dcf7e", "USDC (test)", "USDC", "2",
			"0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818"),
	}
}

// knownAsset finds the token at an address.
func knownAsset(network string, address common.Address) (Asset, bool) {
	for _, a := range Assets() {
		if a.Network == network && a.Address == address {
			return a, true
		}
	}
	return Asset{}, false
}

// Known reports whether forge knows the token.
func (a Asset) Known() bool { return a.Symbol != "" }

// NetworkName is what people call a network, or "".
func NetworkName(network string) string {
	switch network {
	case "eip155:196":
		return "X Layer"
	case "eip155:8453":
		return "Base"
	case "eip155:84532":
		return "Base Sepolia, a test network"
	}
	return ""
}

// Explorer is where a transaction can be looked at, or "".
func Explorer(network, transaction string) string {
	switch network {
	case "eip155:196":
		return "https://www.okx.com/web3/explorer/xlayer/tx/" + transaction
	case "eip155:8453":
		return "https://basescan.org/tx/" + transaction
	case "eip155:84532":
		return "https://sepolia.basescan.org/tx/" + transaction
	}
	return ""
}

// Decimal writes units as people do, exactly: 10000 of six decimals is 0.01. It
// is "" for a token whose decimals are not known.
func (a Asset) Decimal(units *big.Int) string {
	if !a.Known() {
		return ""
	}
	digits := units.String()
	if missing := a.Decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-a.Decimals], digits[len(digits)-a.Decimals:]
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// Price names units of the token for a person.
func (a Asset) Price(units *big.Int) string {
	if !a.Known() {
		return fmt.Sprintf("%s units of the token %s", units, a.Address)
	}
	return a.Decimal(units) + " " + a.Symbol
}

// Limit is the most that may be paid.
type Limit struct {
	atomic bool
	digits *big.Int // in units of ten to the minus scale
	scale  int
	text   string
}

// ErrUnknownAsset is a limit in whole tokens, and a token whose decimals nobody
// told.
var ErrUnknownAsset = errors.New("forge does not know how many decimals this token has")

// maxDecimalDigits are those of a number of 256 bits.
const maxDecimalDigits = 78

// ParseLimit reads a number of whole tokens, such as "0.01".
func ParseLimit(text string) (*Limit, error) {
	whole, fraction, point := strings.Cut(text, ".")
	digits := whole + fraction
	if whole == "" || point && fraction == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > maxDecimalDigits {
		return nil, fmt.Errorf("%q is no decimal number like 0.01", text)
	}
	n, _ := new(big.Int).SetString(digits, 10)
	return &Limit{digits: n, scale: len(fraction), text: text}, nil
}

// ParseAtomicLimit reads a number of a token's smallest units.
func ParseAtomicLimit(text string) (*Limit, error) {
	n, ok := decimal(text)
	if !ok {
		return nil, fmt.Errorf("%q is no whole number below 2^256", text)
	}
	return &Limit{atomic: true, digits: n, text: text}, nil
}

// Allows reports whether units of a do not exceed the limit.
func (l *Limit) Allows(a Asset, units *big.Int) (bool, error) {
	if l.atomic {
		return units.Cmp(l.digits) <= 0, nil
	}
	if !a.Known() {
		return false, ErrUnknownAsset
	}
	// units/10^decimals <= digits/10^scale, without dividing.
	return scaled(units, l.scale).Cmp(scaled(l.digits, a.Decimals)) <= 0, nil
}

// String is the limit as it was given.
func (l *Limit) String() string { return l.text }

func scaled(n *big.Int, by int) *big.Int {
	return new(big.Int).Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(by)), nil))
}

// decimal reads a number as Solidity's uint256 allows it, in its one canonical
// form.
func decimal(s string) (*big.Int, bool) {
	if s == "" || len(s) > maxDecimalDigits || strings.Trim(s, "0123456789") != "" || s[0] == '0' && s != "0" {
		return nil, false
	}
	n, ok := new(big.Int).SetString(s, 10)
	return n, ok && n.BitLen() <= 256
}

// separator is the hash of a token's EIP-712 domain.
func separator(name, version string, chain *big.Int, contract common.Address) common.Hash {
	return crypto.Keccak256Hash(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
		crypto.Keccak256([]byte(name)),
		crypto.Keccak256([]byte(version)),
		common.BigToHash(chain).Bytes(),
		common.LeftPadBytes(contract.Bytes(), 32),
	)
}
