package x402test

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth"
	"github.com/ethereum/go-ethereum/eth/catalyst"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/eth/filters"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

// ethereumNode is go-ethereum's simulated backend, put together here because
// that package lets nobody at the JSON-RPC client.
type ethereumNode struct {
	stack  *node.Node
	beacon *catalyst.SimulatedBeacon
	rpc    *rpc.Client
}

// rules are those of go-ethereum's chains for development, all forks included.
func rules() *params.ChainConfig {
	config := *params.AllDevChainProtocolChanges
	config.ChainID = big.NewInt(ChainID)
	return &config
}

// startNode starts a node in memory that neither listens nor dials.
func startNode(alloc types.GenesisAlloc) (_ *ethereumNode, err error) {
	config := node.DefaultConfig
	config.DataDir = ""
	config.P2P = p2p.Config{NoDiscovery: true}
	n := &ethereumNode{}
	if n.stack, err = node.New(&config); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.stop())
		}
	}()
	// The forks call contracts of the system.
	for address, account := range core.SystemContractAllocs() {
		alloc[address] = account
	}
	settings := ethconfig.Defaults
	settings.NetworkId = ChainID
	settings.Genesis = &core.Genesis{Config: rules(), GasLimit: settings.Miner.GasCeil, Alloc: alloc}
	settings.SyncMode = ethconfig.FullSync
	settings.TxPool.NoLocals = true
	settings.LogNoHistory = true // logs are searched without an index
	backend, err := eth.New(n.stack, &settings)
	if err != nil {
		return nil, err
	}
	n.stack.RegisterAPIs([]rpc.API{{
		Namespace: "eth",
		Service:   filters.NewFilterAPI(filters.NewFilterSystem(backend.APIBackend, filters.Config{})),
	}})
	if err := n.stack.Start(); err != nil {
		return nil, err
	}
	if n.beacon, err = catalyst.NewSimulatedBeacon(0, common.Address{}, backend); err != nil {
		return nil, err
	}
	if err := n.beacon.Fork(backend.BlockChain().GetCanonicalHash(0)); err != nil {
		return nil, err
	}
	n.rpc = n.stack.Attach()
	return n, nil
}

func (n *ethereumNode) stop() error {
	if n.rpc != nil {
		n.rpc.Close()
	}
	var err error
	if n.beacon != nil {
		err = n.beacon.Stop()
	}
	return errors.Join(err, n.stack.Close())
}
