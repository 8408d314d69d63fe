package x402test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/params"
)

const (
	// A block's time must be later than its parent's, in whole seconds. Blocks made
	// faster than that run ahead of the clock; by this much they wait for it.
	maxAhead = 30 * time.Second

	gasLimit = 1_000_000 // of every transaction sent here
)

// Chain is a blockchain of one node that holds the tokens. It mines a block for
// each transaction, or for several that arrive at once; after a burst of thirty,
// one a second. It starts in a fraction of a second, so tests need not share one. Its methods are safe for
// concurrent use.
type Chain struct {
	URL string // of the JSON-RPC endpoint

	contracts contracts
	node      *ethereumNode
	client    *ethclient.Client
	server    *server

	mining sync.Mutex

	treasury *account // has the coins and owns the tokens
	relayer  *account // sends what facilitators settle
	stranger *account // sends what anyone may send
}

// account is a sender of transactions.
type account struct {
	key   *ecdsa.PrivateKey
	mu    sync.Mutex
	nonce uint64 // of its next transaction
}

func newAccount() (*account, error) {
	key, err := crypto.GenerateKey()
	return &account{key: key}, err
}

func (a *account) address() common.Address { return crypto.PubkeyToAddress(a.key.PublicKey) }

// StartChain makes a chain with nothing on it but the tokens, and fails unless
// their contracts publish the domain separators of X Layer's.
func StartChain(ctx context.Context) (*Chain, error) {
	all, err := readContracts()
	if err != nil {
		return nil, err
	}
	c := &Chain{contracts: all}
	for _, a := range []**account{&c.treasury, &c.relayer, &c.stranger} {
		if *a, err = newAccount(); err != nil {
			return nil, err
		}
	}
	rich := types.Account{Balance: new(big.Int).Lsh(big.NewInt(1), 100)}
	alloc := types.GenesisAlloc{c.treasury.address(): rich, c.relayer.address(): rich, c.stranger.address(): rich}
	for _, t := range tokens {
		alloc[t.Address], err = all.Token.at(t.Address, rules(),
			t.Name, t.Version, t.Symbol, t.Decimals, t.RevertsOnReuse, c.treasury.address())
		if err != nil {
			return nil, fmt.Errorf("creating %s: %w", t.Symbol, err)
		}
	}
	if c.node, err = startNode(alloc); err != nil {
		return nil, fmt.Errorf("starting a chain: %w", err)
	}
	c.client = ethclient.NewClient(c.node.rpc)
	if err := c.check(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.server, err = serve(ctx, c.serveRPC); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.URL = c.server.url
	return c, nil
}

func (c *Chain) check(ctx context.Context) error {
	for _, t := range tokens {
		got, err := c.DomainSeparator(ctx, t)
		if err != nil {
			return err
		}
		if got != t.Separator {
			return fmt.Errorf("%s publishes the domain separator %s, not %s", t.Symbol, got, t.Separator)
		}
	}
	return nil
}

// Close ends the chain; everything on it is gone. Close facilitators first.
func (c *Chain) Close() error {
	var err error
	if c.server != nil {
		err = c.server.stop()
	}
	return errors.Join(err, c.node.stop())
}

// Fund gives an account coins to pay for gas with: enough for thousands of
// transactions.
func (c *Chain) Fund(ctx context.Context, to common.Address) error {
	_, err := c.sendValue(ctx, c.treasury, &to, nil, new(big.Int).Lsh(big.NewInt(1), 70))
	return err
}

// Mine makes n blocks, so that others gain confirmations.
func (c *Chain) Mine(ctx context.Context, n int) error {
	c.mining.Lock()
	defer c.mining.Unlock()
	for range n {
		if err := c.commit(ctx); err != nil {
			return err
		}
	}
	return nil
}

// send makes a transaction and returns its receipt, which may say that it
// reverted. It is mined even when ctx ends meanwhile: money that moves cannot be
// called back.
func (c *Chain) send(ctx context.Context, from *account, to *common.Address, data []byte) (*types.Receipt, error) {
	return c.sendValue(ctx, from, to, data, nil)
}

func (c *Chain) sendValue(ctx context.Context, from *account, to *common.Address, data []byte, value *big.Int) (*types.Receipt, error) {
	ctx = context.WithoutCancel(ctx)
	hash, err := func() (common.Hash, error) {
		from.mu.Lock() // until it is sent, so that numbers arrive in order
		defer from.mu.Unlock()
		tx, err := from.sign(to, data, value)
		if err != nil {
			return common.Hash{}, err
		}
		if err := c.client.SendTransaction(ctx, tx); err != nil {
			return common.Hash{}, fmt.Errorf("sending a transaction: %w", err)
		}
		from.nonce++
		return tx.Hash(), nil
	}()
	if err != nil {
		return nil, err
	}
	return c.mined(ctx, hash)
}

// sign makes the account's next transaction.
func (a *account) sign(to *common.Address, data []byte, value *big.Int) (*types.Transaction, error) {
	return types.SignNewTx(a.key, types.LatestSignerForChainID(big.NewInt(ChainID)), &types.DynamicFeeTx{
		ChainID:   big.NewInt(ChainID),
		Nonce:     a.nonce,
		GasTipCap: big.NewInt(params.GWei),
		GasFeeCap: big.NewInt(100 * params.GWei),
		Gas:       gasLimit,
		To:        to,
		Value:     value,
		Data:      data,
	})
}

// mined makes a block of what was sent, unless somebody did meanwhile.
func (c *Chain) mined(ctx context.Context, hash common.Hash) (*types.Receipt, error) {
	c.mining.Lock()
	defer c.mining.Unlock()
	if receipt, err := c.client.TransactionReceipt(ctx, hash); err == nil {
		return receipt, nil
	}
	if err := c.commit(ctx); err != nil {
		return nil, err
	}
	receipt, err := c.client.TransactionReceipt(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("mining transaction %s: %w", hash, err)
	}
	return receipt, nil
}

// commit makes one block.
func (c *Chain) commit(ctx context.Context) error {
	head, err := c.client.HeaderByNumber(ctx, nil)
	if err != nil {
		return err
	}
	if ahead := time.Until(time.Unix(int64(head.Time), 0)) - maxAhead; ahead > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(ahead):
		}
	}
	c.node.beacon.Commit()
	return nil
}
