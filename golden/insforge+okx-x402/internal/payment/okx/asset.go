package okx

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// asset is a token that moves by signed authorization (EIP-3009).
type asset struct {
	id       string // how PAYMENT_ASSETS names it
	symbol   string // how people call it
	network  string // CAIP-2
	chainID  int64
	address  common.Address
	decimals int

	// The token's EIP-712 domain, and the separator its contract publishes.
	name, version string
	separator     common.Hash
}

// The stablecoins of X Layer that move by authorization.
const xLayer, xLayerID = "eip155:196", 196

var xLayerAssets = []asset{
	{
		id: "USDG", symbol: "USDG", network: xLayer, chainID: xLayerID, decimals: 6,
		address:   common.HexToAddress("0x4ae46a509f6b1d9056937ba4500cb143933d2dc8"),
		name:      "Global Dollar",
		version:   "1",
		separator: common.HexToHash("0x415f0706e345fcaf25d5be24c4fd7830d0054fc5742c51a0db9319c759bd3743"),
	},
	{
		id: "USDT0", symbol: "USD\u20ae0", network: xLayer, chainID: xLayerID, decimals: 6,
		address:   common.HexToAddress("0x779ded0c9e1022225f8e0630b35a9b54be713736"),
		name:      "USD\u20ae0", // with the sign of the tugrik
		version:   "1",
		separator: common.HexToHash("0xd591d9baf744328d9400b923cb02c9474d367d591ca1ab24d8c4068be527599d"),
	},
	{
		id: "USDC", symbol: "USDC", network: xLayer, chainID: xLayerID, decimals: 6,
		address:   common.HexToAddress("0x74b7f16337b8972027f6196a17a631ac6de26d22"),
		name:      "USD Coin",
		version:   "2",
		separator: common.HexToHash("0xb1671065a2ea487729c4ff0e2f8beb2105e3ce63315ad07483374a3476b83972"),
	},
}

var (
	domainType   = crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	transferType = crypto.Keccak256([]byte("TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"))
)

// check recomputes the domain separator. A wrong name or version would make
// every payer sign something the contract refuses.
func (a asset) check() error {
	got := crypto.Keccak256Hash(
		domainType,
		crypto.Keccak256([]byte(a.name)),
		crypto.Keccak256([]byte(a.version)),
		common.BigToHash(big.NewInt(a.chainID)).Bytes(),
		common.LeftPadBytes(a.address.Bytes(), 32),
	)
	if got != a.separator {
		return fmt.Errorf("asset %s, %s on %s: name %q and version %q give the domain separator %s, not %s",
			a.id, a.address, a.network, a.name, a.version, got, a.separator)
	}
	return nil
}

// units converts a decimal price such as "0.01" into the asset's smallest unit.
func (a asset) units(price string) (*big.Int, error) {
	whole, fraction, hasPoint := strings.Cut(price, ".")
	if len(fraction) > a.decimals || hasPoint && fraction == "" || whole == "" {
		return nil, fmt.Errorf("price %q: want a decimal number with at most %d places", price, a.decimals)
	}
	digits := whole + fraction + strings.Repeat("0", a.decimals-len(fraction))
	if strings.Trim(digits, "0123456789") != "" || len(digits) > maxDecimalDigits {
		return nil, fmt.Errorf("price %q: want a decimal number", price)
	}
	units, _ := new(big.Int).SetString(digits, 10)
	if units.Sign() <= 0 {
		return nil, errors.New("price must be above zero")
	}
	return units, nil
}

// digest is what the payer signs: EIP-712 over TransferWithAuthorization.
func (a asset) digest(t transfer) []byte {
	padding := make([]byte, common.HashLength-common.AddressLength)
	message := make([]byte, 0, 7*common.HashLength)
	message = append(message, transferType...)
	message = append(append(message, padding...), t.from[:]...)
	message = append(append(message, padding...), t.to[:]...)
	for _, word := range []common.Hash{t.value, t.validAfter, t.validBefore, t.nonce} {
		message = append(message, word[:]...)
	}
	typed := make([]byte, 0, 2+2*common.HashLength)
	typed = append(append(typed, 0x19, 0x01), a.separator[:]...)
	return crypto.Keccak256(append(typed, crypto.Keccak256(message)...))
}
