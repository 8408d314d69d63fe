package x402test

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// The chain is X Layer as far as signatures can tell.
const (
	ChainID = 196
	Network = "eip155:196" // CAIP-2
)

// Token is a dollar that moves by signed authorization (EIP-3009).
type Token struct {
	Address               common.Address
	Name, Version, Symbol string
	Decimals              uint8

	// Separator is the EIP-712 domain separator that X Layer's contract publishes.
	// Every chain started here has been asked for the same.
	Separator common.Hash

	// RevertsOnReuse says what becomes of a nonce that was used before. Paxos'
	// contracts emit AuthorizationAlreadyUsed and return: the transaction succeeds
	// and no money moves (EIP3009.sol). Circle's revert.
	RevertsOnReuse bool
}

// The tokens of each chain.
var (
	USDG = Token{
		Address:   common.HexToAddress("0x4ae46a509f6b1d9056937ba4500cb143933d2dc8"),
		Name:      "Global Dollar",
		Version:   "1",
		Symbol:    "USDG",
		Decimals:  6,
		Separator: common.HexToHash("0x415f0706e345fcaf25d5be24c4fd7830d0054fc5742c51a0db9319c759bd3743"),
	}
	USDC = Token{
		Address:        common.HexToAddress("0x74b7f16337b8972027f6196a17a631ac6de26d22"),
		Name:           "USD Coin",
		Version:        "2",
		Symbol:         "USDC",
		Decimals:       6,
		Separator:      common.HexToHash("0xb1671065a2ea487729c4ff0e2f8beb2105e3ce63315ad07483374a3476b83972"),
		RevertsOnReuse: true,
	}
	tokens = []Token{USDG, USDC}
)

// Authorization is a transfer that its payer signs instead of sending.
type Authorization struct {
	From, To                common.Address
	Value                   *big.Int
	ValidAfter, ValidBefore *big.Int // Unix seconds, both exclusive
	Nonce                   common.Hash
}

// Mint makes units of a token for an account.
func (c *Chain) Mint(ctx context.Context, t Token, to common.Address, units int64) error {
	return c.sendOK(ctx, c.treasury, t, "mint", to, big.NewInt(units))
}

// Balance is how many units of a token an account has.
func (c *Chain) Balance(ctx context.Context, t Token, of common.Address) (*big.Int, error) {
	var balance *big.Int
	err := c.ask(ctx, t.Address, &balance, "balanceOf", of)
	return balance, err
}

// AuthorizationUsed says whether the payer's nonce is spent.
func (c *Chain) AuthorizationUsed(ctx context.Context, t Token, from common.Address, nonce common.Hash) (bool, error) {
	var used bool
	err := c.ask(ctx, t.Address, &used, "authorizationState", from, nonce)
	return used, err
}

// DomainSeparator is what the token's contract answers.
func (c *Chain) DomainSeparator(ctx context.Context, t Token) (common.Hash, error) {
	var separator [32]byte
	err := c.ask(ctx, t.Address, &separator, "DOMAIN_SEPARATOR")
	return separator, err
}

// Transfer executes a signed authorization and returns the mined receipt, also of
// a transaction that reverted. Anyone may do so, which is how a settlement can be
// overtaken. The signature goes in as bytes, so a contract wallet's is fine.
func (c *Chain) Transfer(ctx context.Context, t Token, a Authorization, signature []byte) (*types.Receipt, error) {
	return c.settle(ctx, c.stranger, t, a, signature)
}

func (c *Chain) settle(ctx context.Context, sender *account, t Token, a Authorization, signature []byte) (*types.Receipt, error) {
	data, err := c.transferData(a, signature)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, sender, &t.Address, data)
}

func (c *Chain) transferData(a Authorization, signature []byte) ([]byte, error) {
	// The overload with bytes: the compiler lists it before that with v, r and s,
	// which go-ethereum calls transferWithAuthorization0.
	return c.contracts.Token.ABI.Pack("transferWithAuthorization",
		a.From, a.To, a.Value, a.ValidAfter, a.ValidBefore, a.Nonce, signature)
}

// DeployWallet makes a wallet that is a contract (EIP-1271) and accepts its
// owner's signature with or without more bytes after it.
func (c *Chain) DeployWallet(ctx context.Context, owner common.Address) (common.Address, error) {
	code, err := c.contracts.Wallet.creation(owner)
	if err != nil {
		return common.Address{}, err
	}
	receipt, err := c.send(ctx, c.treasury, nil, code)
	if err != nil {
		return common.Address{}, err
	}
	if receipt.Status != types.ReceiptStatusSuccessful {
		return common.Address{}, fmt.Errorf("deploying a wallet: transaction %s reverted", receipt.TxHash)
	}
	return receipt.ContractAddress, nil
}

// vouched asks the contract at an account whether a signature is its own.
func (c *Chain) vouched(ctx context.Context, wallet common.Address, digest common.Hash, signature []byte) (bool, error) {
	data, err := c.contracts.Wallet.ABI.Pack("isValidSignature", digest, signature)
	if err != nil {
		return false, err
	}
	answer, err := c.client.CallContract(ctx, ethereum.CallMsg{To: &wallet, Data: data}, nil)
	if err != nil {
		return false, nil //nolint:nilerr // a wallet that reverts does not vouch
	}
	return len(answer) >= 32 && [4]byte(answer[:4]) == [4]byte{0x16, 0x26, 0xba, 0x7e}, nil
}

// sendOK calls a function of a token's contract in a transaction that must not revert.
func (c *Chain) sendOK(ctx context.Context, sender *account, t Token, function string, arguments ...any) error {
	data, err := c.contracts.Token.ABI.Pack(function, arguments...)
	if err != nil {
		return err
	}
	receipt, err := c.send(ctx, sender, &t.Address, data)
	if err != nil {
		return err
	}
	if receipt.Status != types.ReceiptStatusSuccessful {
		return fmt.Errorf("%s: transaction %s reverted", function, receipt.TxHash)
	}
	return nil
}

// ask reads from a token's contract.
func (c *Chain) ask(ctx context.Context, token common.Address, into any, function string, arguments ...any) error {
	data, err := c.contracts.Token.ABI.Pack(function, arguments...)
	if err != nil {
		return err
	}
	answer, err := c.client.CallContract(ctx, ethereum.CallMsg{To: &token, Data: data}, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	return c.contracts.Token.ABI.UnpackIntoInterface(into, function, answer)
}
