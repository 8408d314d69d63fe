package x402test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"
)

// Where install.sh puts the compiled contracts, below the folder .bin of the module.
var compiled = filepath.Join("x402", "Token.json")

// contract is one of Token.sol, compiled.
type contract struct {
	ABI      abi.ABI       `json:"abi"`
	Bytecode hexutil.Bytes `json:"bytecode"` // what creates it; arguments follow
}

// contracts are those of Token.sol.
type contracts struct {
	Token, Wallet contract
}

func readContracts() (contracts, error) {
	var all contracts
	path, err := findContracts()
	if err != nil {
		return all, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return all, err
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return all, fmt.Errorf("%s: %w", path, err)
	}
	if len(all.Token.Bytecode) == 0 || len(all.Wallet.Bytecode) == 0 {
		return all, fmt.Errorf("%s lacks a contract: delete it and run `make tools`", path)
	}
	return all, nil
}

// findContracts looks where X402_TOKEN says, else in the .bin folder of the
// module around the working directory.
func findContracts() (string, error) {
	if path := os.Getenv("X402_TOKEN"); path != "" {
		return path, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, ".bin", compiled)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the token is not compiled: `make tools` compiles it into .bin; elsewhere set X402_TOKEN to the path of Token.json")
		}
		dir = parent
	}
}

// creation is the code that creates the contract with arguments.
func (c contract) creation(arguments ...any) ([]byte, error) {
	packed, err := c.ABI.Pack("", arguments...)
	if err != nil {
		return nil, err
	}
	return slices.Concat(c.Bytecode, packed), nil
}

// at runs the contract's constructor as if it had been deployed at the address,
// and returns what that leaves in the account. A deployment by transaction could
// not choose its address, which is part of the domain that payers sign.
func (c contract) at(address common.Address, chain *params.ChainConfig, arguments ...any) (types.Account, error) {
	code, err := c.creation(arguments...)
	if err != nil {
		return types.Account{}, err
	}
	empty, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		return types.Account{}, err
	}
	written := map[common.Hash]common.Hash{}
	config := &runtime.Config{ChainConfig: chain, State: empty, BaseFee: new(big.Int)}
	config.EVMConfig.Tracer = &tracing.Hooks{
		OnOpcode: func(_ uint64, op byte, _, _ uint64, scope tracing.OpContext, _ []byte, _ int, _ error) {
			if vm.OpCode(op) == vm.SSTORE {
				stack := scope.StackData()
				written[stack[len(stack)-1].Bytes32()] = common.Hash{}
			}
		},
	}
	empty.CreateAccount(address)
	empty.SetCode(address, code, tracing.CodeChangeUnspecified)
	deployed, _, err := runtime.Call(address, nil, config)
	if err != nil {
		return types.Account{}, err
	}
	for slot := range written {
		written[slot] = empty.GetState(address, slot)
	}
	return types.Account{Code: deployed, Storage: written, Balance: new(big.Int), Nonce: 1}, nil
}
