package x402test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"
)

const maxRequest = 1 << 20 // of any server here

// message is a JSON-RPC request or answer.
type message struct {
	Version string            `json:"jsonrpc"`
	ID      json.RawMessage   `json:"id"`
	Method  string            `json:"method,omitempty"`
	Params  []json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage   `json:"result,omitempty"`
	Error   *failure          `json:"error,omitempty"`
}

type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// serveRPC answers JSON-RPC over HTTP from the chain's own node.
func (c *Chain) serveRPC(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "JSON-RPC wants POST", http.StatusMethodNotAllowed)
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var answer any
	if batch := []message(nil); bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) && json.Unmarshal(raw, &batch) == nil {
		for i, request := range batch {
			batch[i] = c.call(r, request)
		}
		answer = batch
	} else {
		var request message
		if err := json.Unmarshal(raw, &request); err != nil {
			answer = message{Version: "2.0", ID: json.RawMessage("null"), Error: &failure{Code: -32700, Message: err.Error()}}
		} else {
			answer = c.call(r, request)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the caller has gone
}

// call asks the node. What was sent by eth_sendRawTransaction is mined when it answers.
func (c *Chain) call(r *http.Request, request message) message {
	answer := message{Version: "2.0", ID: request.ID}
	if len(answer.ID) == 0 {
		answer.ID = json.RawMessage("null")
	}
	if !offered(request.Method) {
		answer.Error = &failure{Code: -32601, Message: "the method " + request.Method + " does not exist/is not available"}
		return answer
	}
	arguments := make([]any, len(request.Params))
	for i, p := range request.Params {
		arguments[i] = p
	}
	err := c.node.rpc.CallContext(r.Context(), &answer.Result, request.Method, arguments...)
	if err != nil {
		answer.Result, answer.Error = nil, explain(err)
		return answer
	}
	if request.Method == "eth_sendRawTransaction" {
		var hash common.Hash
		if err := json.Unmarshal(answer.Result, &hash); err == nil {
			// One whose turn has not come stays in the pool, as elsewhere.
			_, _ = c.mined(r.Context(), hash)
		}
	}
	return answer
}

func offered(method string) bool {
	switch method {
	case "net_version", "web3_clientVersion":
		return true
	case "eth_sendTransaction", "eth_sign", "eth_signTransaction", "eth_accounts": // there are no accounts
		return false
	}
	// Subscriptions and filters need a connection that lasts.
	return strings.HasPrefix(method, "eth_") && !strings.Contains(method, "ubscribe") && !strings.Contains(method, "Filter")
}

func explain(err error) *failure {
	f := &failure{Code: -32000, Message: err.Error()}
	var coded rpc.Error
	if errors.As(err, &coded) {
		f.Code = coded.ErrorCode()
	}
	var detailed rpc.DataError
	if errors.As(err, &detailed) {
		f.Data = detailed.ErrorData()
	}
	return f
}
