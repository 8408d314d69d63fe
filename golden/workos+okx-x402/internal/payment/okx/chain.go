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
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

const (
	chainTimeout = 3 * time.Second // for one question
	proofTimeout = 5 * time.Second
	proofPause   = 500 * time.Millisecond
)

var (
	transferEvent      = crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)"))
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

// prove returns nil when the transaction holds the transfer that was authorized:
// of this asset and amount, from the payer, to us. That a transaction went through
// is not enough, for some tokens answer a spent authorization with success.
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
	Status string `json:"status"`
	Logs   []struct {
		Address string   `json:"address"`
		Topics  []string `json:"topics"`
		Data    string   `json:"data"`
	} `json:"logs"`
}

// holds says whether the authorized transfer is in the receipt.
func (r receiptOf) holds(request facilitatorRequest) bool {
	a := request.PaymentPayload.Payload.Authorization
	amount, ok := new(big.Int).SetString(request.PaymentRequirements.Amount, 10)
	if r.Status != "0x1" || !ok {
		return false
	}
	topics := []common.Hash{
		transferEvent,
		common.BytesToHash(common.HexToAddress(a.From).Bytes()),
		common.BytesToHash(common.HexToAddress(request.PaymentRequirements.PayTo).Bytes()),
	}
	for _, log := range r.Logs {
		matches := sameHex(log.Address, request.PaymentRequirements.Asset) && len(log.Topics) == len(topics) &&
			sameHex(log.Data, common.BigToHash(amount).Hex())
		for i := 0; matches && i < len(topics); i++ {
			matches = sameHex(log.Topics[i], topics[i].Hex())
		}
		if matches {
			return true
		}
	}
	return false
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
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(raw) > maxAnswer || res.StatusCode != http.StatusOK {
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
