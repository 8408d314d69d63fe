package x402test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"time"
)

// Fault is a way in which one call goes wrong. The zero Fault is none.
type Fault struct {
	name string

	before func(*exchange) bool // true: answered, and nothing was carried out
	after  func(*exchange) bool // true: answered, after it was carried out
	edit   func(result)         // changes the result
	wrap   func(result) any     // the whole body; nil for the usual envelope

	// Of settlements alone.
	reuse bool   // a used nonce is no reason to refuse
	hold  string // the status to answer while the transaction is held back
	polls int
}

func (f Fault) String() string { return f.name }

// envelope is the body of an answer: the older generation puts data into a list.
func (f Fault) envelope(data result, older bool) json.RawMessage {
	switch {
	case f.wrap != nil:
		return encode(f.wrap(data))
	case older:
		return encode(result{"code": "0", "msg": "", "data": []result{data}})
	}
	return encode(result{"code": "0", "msg": "", "data": data})
}

// Faults in which nothing is carried out.
var (
	// RateLimited is status 429 with OKX's code for it.
	RateLimited = Instead("rate limited", 429, `{"code":"50011","msg":"Too Many Requests","data":null}`)
	// RateLimitedInOK is the same code under status 200, which OKX gives as well.
	RateLimitedInOK = Instead("rate limited in 200", 200, `{"code":"50011","msg":"Too Many Requests","data":null}`)
	// Unavailable is status 503 with OKX's code for it.
	Unavailable = Instead("unavailable", 503, `{"code":"50001","msg":"Service temporarily unavailable","data":null}`)
	// HTML is what a proxy in between may answer.
	HTML = Fault{name: "HTML", before: func(e *exchange) bool {
		e.w.Header().Set("Content-Type", "text/html")
		e.write(http.StatusOK, "<!DOCTYPE html><html><body>Checking your browser</body></html>")
		return true
	}}
	// EmptyBody is status 200 and nothing more.
	EmptyBody = Instead("empty body", 200, "")
	// NullData is code 0 without data.
	NullData = Instead("null data", 200, `{"code":"0","msg":"","data":null}`)
	// Reset ends the connection without an answer.
	Reset = Fault{name: "reset", before: reset}
	// Hang never answers.
	Hang = Fault{name: "hang", before: hang}
)

// Faults after which a settlement was carried out: where it was one, money moved.
var (
	// ResetAfter ends the connection in place of the answer.
	ResetAfter = Fault{name: "reset after", after: reset}
	// HangAfter never answers.
	HangAfter = Fault{name: "hang after", after: hang}
	// ErrorAfter is status 500 in place of the answer.
	ErrorAfter = Fault{name: "500 after", after: func(e *exchange) bool {
		e.answer(http.StatusInternalServerError, json.RawMessage(`{"code":"50026","msg":"System error. Try again later","data":null}`))
		return true
	}}

	// NumberCode and the next three are other forms of the envelope in OKX's
	// documentation and SDKs, which disagree.
	NumberCode = Fault{name: "number code", wrap: func(data result) any { return result{"code": 0, "msg": "", "data": data} }}
	ArrayData  = Fault{name: "array data", wrap: func(data result) any { return result{"code": "0", "msg": "", "data": []result{data}} }}
	ErrorCode  = Fault{name: "error_code", wrap: func(data result) any {
		return result{"error_code": "0", "error_message": "", "data": data}
	}}
	Bare = Fault{name: "bare", wrap: func(data result) any { return data }}

	// WrongPayer names another payer.
	WrongPayer = Edit("wrong payer", "payer", "0x00000000000000000000000000000000000000aa")
	// WrongNetwork names another network.
	WrongNetwork = either("wrong network", "network", "eip155:1", "chainIndex", "1")
	// EmptyTransaction says success without a transaction.
	EmptyTransaction = either("empty transaction", "transaction", "", "txHash", "")
	// MalformedTransaction names something that is no hash.
	MalformedTransaction = either("malformed transaction", "transaction", "0x1234", "txHash", "0x1234")
)

// ReuseSucceeds settles a nonce that was used before as if it had not been: on
// USDG the receipt says success and no money moves, on USDC it says failure.
var ReuseSucceeds = Fault{name: "reuse succeeds", reuse: true}

// NotFound is settle/status for a hash that is not indexed yet.
var NotFound = Fault{name: "not found", edit: func(data result) {
	hash, _ := data["transaction"].(string)
	maps.Copy(data, unknownHash(hash))
}}

// Pending answers a settlement with status pending and the hash of a transaction
// that is mined when settle/status has said pending so many times. Below zero, it
// never is, unless by Release.
func Pending(polls int) Fault { return held("pending", polls) }

// TimedOut is Pending with status timeout, which OKX answers to syncSettle when
// the chain is slow; success is true all the same.
func TimedOut(polls int) Fault { return held("timeout", polls) }

func held(status string, polls int) Fault {
	return Fault{name: fmt.Sprintf("%s for %d polls", status, polls), hold: status, polls: polls}
}

// Invalid refuses a payment in verify, whatever it is.
func Invalid(reason string) Fault {
	return Fault{name: "invalid: " + reason, edit: func(data result) {
		data["isValid"], data["invalidReason"] = false, reason
	}}
}

// Failed refuses a settlement without carrying it out.
func Failed(reason string) Fault {
	return Instead("failed: "+reason, 200, string(encode(result{"code": "0", "msg": "", "data": result{
		"success": false, "status": "failed", "errorReason": reason, "errorMessage": reason,
		"transaction": "", "payer": "", "network": Network,
	}})))
}

// Edit changes one field of the result after the call was carried out.
func Edit(name, field string, value any) Fault {
	return Fault{name: name, edit: func(data result) { data[field] = value }}
}

// either is Edit for a field that the older generation calls otherwise.
func either(name, field, value, older, olderValue string) Fault {
	return Fault{name: name, edit: func(data result) {
		if _, ok := data[older]; ok {
			data[older] = olderValue
			return
		}
		data[field] = value
	}}
}

// Instead answers without carrying anything out.
func Instead(name string, status int, body string) Fault {
	return Fault{name: name, before: func(e *exchange) bool {
		e.answer(status, json.RawMessage(body))
		return true
	}}
}

// Redirect sends the caller elsewhere. Who follows hands a signed request to
// another host.
func Redirect(to string) Fault {
	return Fault{name: "redirect", before: func(e *exchange) bool {
		e.w.Header().Set("Location", to)
		e.write(http.StatusTemporaryRedirect, "")
		return true
	}}
}

// Slow carries the call out and answers so much later than usual.
func Slow(by time.Duration) Fault {
	return Fault{name: "slow", after: func(e *exchange) bool {
		select {
		case <-time.After(by):
		case <-e.r.Context().Done():
		case <-e.f.server.done:
		}
		return false
	}}
}

// hang waits until the caller or the facilitator gives up.
func hang(e *exchange) bool {
	select {
	case <-e.r.Context().Done():
	case <-e.f.server.done:
	}
	panic(http.ErrAbortHandler)
}

// reset has the caller read "connection reset by peer".
func reset(e *exchange) bool {
	conn, _, err := http.NewResponseController(e.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // then closing sends RST
	}
	_ = conn.Close()
	return true
}
