package x402test

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Entry is one payment: in a server's ledger, or as the chain has it.
type Entry struct {
	From, To    common.Address
	Nonce       common.Hash // zero for a transfer without an authorization
	Value       *big.Int
	Transaction common.Hash
}

// Authorized identifies an authorization.
type Authorized struct {
	From  common.Address
	Nonce common.Hash
}

// Received lists a token's transfers to an account, oldest first. The chain is
// asked for its logs: a transaction that moved nothing is not among them, however
// well it ended.
func (c *Chain) Received(ctx context.Context, t Token, to common.Address) ([]Entry, error) {
	events := c.contracts.Token.ABI.Events
	logs, err := c.client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: new(big.Int),
		Addresses: []common.Address{t.Address},
	})
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for i, log := range logs {
		if log.Topics[0] != events["Transfer"].ID || common.HexToAddress(log.Topics[2].Hex()) != to {
			continue
		}
		entry := Entry{
			From:        common.HexToAddress(log.Topics[1].Hex()),
			To:          to,
			Value:       new(big.Int).SetBytes(log.Data),
			Transaction: log.TxHash,
		}
		// The contract says which authorization it was right before.
		if i > 0 && logs[i-1].TxHash == log.TxHash && logs[i-1].Topics[0] == events["AuthorizationUsed"].ID {
			entry.Nonce = logs[i-1].Topics[2]
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// Reused counts the receipt's events by which a contract said that a nonce had
// been used before and that it moved nothing.
func (c *Chain) Reused(receipt *types.Receipt) int {
	n := 0
	for _, log := range receipt.Logs {
		if log.Topics[0] == c.contracts.Token.ABI.Events["AuthorizationAlreadyUsed"].ID {
			n++
		}
	}
	return n
}

// Count says how often each authorization appears.
func Count(entries []Entry) map[Authorized]int {
	counts := map[Authorized]int{}
	for _, e := range entries {
		counts[Authorized{e.From, e.Nonce}]++
	}
	return counts
}

// Audit compares a ledger's settled payments with what the chain says was
// received, and lists every difference: sorted, empty when the books balance.
func Audit(ledger, chain []Entry) []string {
	var problems []string
	complain := func(e Entry, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("payer %s, nonce %s: ", e.From, e.Nonce)+fmt.Sprintf(format, args...))
	}
	booked, moved := Count(ledger), Count(chain)
	onChain := map[Authorized]Entry{}
	for _, e := range chain {
		id := Authorized{e.From, e.Nonce}
		if _, seen := onChain[id]; !seen && moved[id] > 1 {
			complain(e, "moved money %d times", moved[id])
		}
		onChain[id] = e
		if booked[id] == 0 {
			complain(e, "received %s, but not in the ledger", e.Value)
		}
	}
	seen := map[Authorized]bool{}
	for _, e := range ledger {
		id := Authorized{e.From, e.Nonce}
		if !seen[id] && booked[id] > 1 {
			complain(e, "settled %d times in the ledger", booked[id])
		}
		seen[id] = true
		real, ok := onChain[id]
		switch {
		case !ok:
			complain(e, "settled in the ledger, but no money moved")
		case real.Value.Cmp(e.Value) != 0:
			complain(e, "the ledger says %s, the chain %s", e.Value, real.Value)
		case real.To != e.To:
			complain(e, "the ledger says to %s, the chain %s", e.To, real.To)
		case real.Transaction != e.Transaction:
			complain(e, "the ledger names transaction %s, the money moved in %s", e.Transaction, real.Transaction)
		}
	}
	slices.Sort(problems)
	return problems
}
