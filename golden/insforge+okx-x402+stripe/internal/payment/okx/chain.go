package okx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

const (
	chainTimeout = 3 * time.Second // for one question
	proofTimeout = 5 * time.Second
	findTimeout  = 15 * time.Second
	proofPause   = 500 * time.Millisecond

	maxNodeAnswer = 4 << 20 // a block names all its transactions
)

var (
	transferEvent      = crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)"))
	usedEvent          = crypto.Keccak256Hash([]byte("AuthorizationUsed(address,bytes32)"))
	canceledEvent      = crypto.Keccak256Hash([]byte("AuthorizationCanceled(address,bytes32)"))
	authorizationState = crypto.Keccak256([]byte("authorizationState(address,bytes32)"))[:4]
)

// errNoTransfer says that a transaction is in the chain and moved no money for
// this payment.
var errNoTransfer = errors.New("the transaction did not make the payment's transfer")

// chain asks a node of the network what really happened (JSON-RPC over HTTP).
type chain struct {
	url   string
	http  *http.Client
	pause time.Duration // before asking again about a transaction that is not mined
}

func newChain(url string) *chain {
	return &chain{
		url: url,
		http: &http.Client{
			Timeout:       chainTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		pause: proofPause,
	}
}

// ready reports whether the node is of a network: one of another would confirm no
// payment.
func (c *chain) ready(ctx context.Context, chainID int64) error {
	var answer string
	if err := c.call(ctx, "eth_chainId", &answer); err != nil {
		return err
	}
	if id, err := parseQuantity(answer); err != nil || id != uint64(chainID) { //nolint:gosec // above 0
		return fmt.Errorf("the node is of chain %s, and payments are on chain %d", shorten(answer), chainID)
	}
	return nil
}

// prove returns nil when the transaction used the authorization and holds its
// transfer: of this asset and amount, from the payer, to us. That a transaction
// went through is not enough, for some tokens answer a spent authorization with
// success.
func (c *chain) prove(ctx context.Context, request facilitatorRequest, transaction string) error {
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	for {
		var receipt *receiptOf
		err := c.call(ctx, "eth_getTransactionReceipt", &receipt, transaction)
		if err == nil && receipt != nil {
			if !receipt.holds(request) {
				return errNoTransfer
			}
			return nil
		}
		if err == nil {
			err = errors.New("the transaction is not in the chain yet")
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(c.pause):
		}
	}
}

// used says whether the authorization was spent, or cancelled by the payer.
func (c *chain) used(ctx context.Context, request facilitatorRequest) (bool, error) {
	a := request.PaymentPayload.Payload.Authorization
	data := fmt.Sprintf("%#x%x%x", authorizationState,
		common.LeftPadBytes(common.HexToAddress(a.From).Bytes(), 32), common.HexToHash(a.Nonce))
	var state string
	err := c.call(ctx, "eth_call", &state, map[string]string{"to": request.PaymentRequirements.Asset, "data": data}, "latest")
	switch {
	case err != nil:
		return false, err
	case !isHex(state, common.HashLength):
		return false, errors.New("authorizationState did not answer with one word")
	}
	return common.HexToHash(state) != common.Hash{}, nil
}

// receiptOf is what a transaction did.
type receiptOf struct {
	Status string  `json:"status"`
	Logs   []event `json:"logs"`
}

// event is one line of a contract's log.
type event struct {
	Address     string   `json:"address"`
	Topics      []string `json:"topics"`
	Data        string   `json:"data"`
	Transaction string   `json:"transactionHash"`
}

// is says whether a contract logged these topics.
func (e event) is(contract string, topics ...common.Hash) bool {
	if !sameHex(e.Address, contract) || len(e.Topics) != len(topics) {
		return false
	}
	for i, topic := range topics {
		if !sameHex(e.Topics[i], topic.Hex()) {
			return false
		}
	}
	return true
}

// usedTopics are the topics of the event by which the asset says that this
// authorization was used.
func usedTopics(a authorization) []common.Hash {
	return []common.Hash{usedEvent, common.BytesToHash(common.HexToAddress(a.From).Bytes()), common.HexToHash(a.Nonce)}
}

// holds says whether the authorized transfer is in the receipt.
func (r receiptOf) holds(request facilitatorRequest) bool {
	a := request.PaymentPayload.Payload.Authorization
	amount, ok := new(big.Int).SetString(request.PaymentRequirements.Amount, 10)
	if r.Status != "0x1" || !ok {
		return false
	}
	asset := request.PaymentRequirements.Asset
	payer := common.BytesToHash(common.HexToAddress(a.From).Bytes())
	recipient := common.BytesToHash(common.HexToAddress(request.PaymentRequirements.PayTo).Bytes())
	used, moved := false, false
	for _, e := range r.Logs {
		used = used || e.is(asset, usedTopics(a)...)
		moved = moved || e.is(asset, transferEvent, payer, recipient) && sameHex(e.Data, common.BigToHash(amount).Hex())
	}
	return used && moved
}

// find returns the transaction that spent the authorization: used it, or canceled
// it. It looks from a little before since on, for some hours of blocks.
func (c *chain) find(ctx context.Context, request facilitatorRequest, since time.Time) (string, error) {
	const window = 100 // blocks: nodes that anyone may ask answer for no more at once
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	first, newest, err := c.blockAt(ctx, since.Add(-time.Minute))
	if err != nil {
		return "", err
	}
	spent := usedTopics(request.PaymentPayload.Payload.Authorization)
	for ; first <= newest; first += window {
		var events []event
		err := c.call(ctx, "eth_getLogs", &events, map[string]any{
			"address":   request.PaymentRequirements.Asset,
			"topics":    []any{[]common.Hash{usedEvent, canceledEvent}, spent[1], spent[2]},
			"fromBlock": quantity(first),
			"toBlock":   quantity(min(first+window-1, newest)),
		})
		if err != nil {
			return "", err
		}
		for _, e := range events {
			if isHex(e.Transaction, common.HashLength) {
				return e.Transaction, nil
			}
		}
	}
	return "", errors.New("no transaction is known to have spent the authorization")
}

// blockAt returns the first block that is not older than a time, and the newest.
func (c *chain) blockAt(ctx context.Context, when time.Time) (first, newest uint64, err error) {
	var number string
	if err := c.call(ctx, "eth_blockNumber", &number); err != nil {
		return 0, 0, err
	}
	if newest, err = parseQuantity(number); err != nil {
		return 0, 0, err
	}
	low, high := uint64(0), newest+1
	for low < high {
		middle := low + (high-low)/2
		var block struct {
			Timestamp string `json:"timestamp"`
		}
		if err := c.call(ctx, "eth_getBlockByNumber", &block, quantity(middle), false); err != nil {
			return 0, 0, err
		}
		seconds, err := parseQuantity(block.Timestamp)
		if err != nil {
			return 0, 0, err
		}
		if seconds < uint64(max(when.Unix(), 0)) { //nolint:gosec // not below 0
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, newest, nil
}

// quantity is a number as nodes write it.
func quantity(n uint64) string { return fmt.Sprintf("%#x", n) }

func parseQuantity(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, errors.New("the node answered with something that is no number")
	}
	return n, nil
}

// call asks the node one question.
func (c *chain) call(ctx context.Context, method string, result any, params ...any) error {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the node's URL is not valid") // it may hold a key
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return errors.New("the node cannot be reached") // the error would hold the URL
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxNodeAnswer+1))
	if err != nil || len(raw) > maxNodeAnswer || res.StatusCode != http.StatusOK {
		return fmt.Errorf("the node answered %s with status %d and %d bytes", method, res.StatusCode, len(raw))
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("the node's answer to %s: %w", method, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("the node refused %s: %s", method, shorten(answer.Error.Message))
	}
	if len(answer.Result) == 0 {
		return fmt.Errorf("the node's answer to %s has no result", method)
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return fmt.Errorf("the node's answer to %s: %w", method, err)
	}
	return nil
}
