package pay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAttempts is how often one payment is sent in one run.
const maxAttempts = 5

// Outcome is what is known about the money.
type Outcome string

// The outcomes of sending a payment.
const (
	// Paid: the seller says by which transaction.
	Paid Outcome = "paid"
	// Delivered: the seller gave what was asked for, and no receipt that holds.
	Delivered Outcome = "delivered"
	// Refused: the seller says it did not take the payment. It could still use
	// it until it expires.
	Refused Outcome = "refused"
	// Unknown: it may or may not have been taken.
	Unknown Outcome = "unknown"
)

// Result is how sending a payment ended.
type Result struct {
	Outcome Outcome
	// Answer is the last one, or nil.
	Answer  *Answer
	Receipt *Receipt
	// Reason says why it is not paid.
	Reason   string
	Attempts int
}

// Lost reports whether the payment was taken and what was bought has not
// arrived, so that sending the same payment again may bring it. A conflict does
// not change: the seller says that it has delivered before.
func (r *Result) Lost() bool {
	return r.Outcome == Paid && (r.Answer == nil || open(r.Answer.Status) && r.Answer.Status != http.StatusConflict)
}

// Settled reports whether the signed payment need not be kept.
func (r *Result) Settled() bool {
	return r.Outcome == Delivered || r.Outcome == Paid && !r.Lost()
}

// Send sends a payment that is on disk until its outcome is known, or until ctx
// ends. It sends the same signature every time.
func (c *Client) Send(ctx context.Context, p *Payment, header http.Header) *Result {
	r := Request{Method: p.Method, URL: p.URL, Header: header.Clone(), Body: p.Body}
	if p.ContentType != "" {
		r.Header.Set("Content-Type", p.ContentType)
	}
	result := &Result{}
	for pause := time.Second; ; pause *= 2 {
		result.Attempts++
		answer, err := c.pay(ctx, r, p.Signed)
		judge(result, p, answer, err)
		if result.Outcome != Unknown && !result.Lost() || result.Attempts == maxAttempts || ctx.Err() != nil {
			return result
		}
		if answer != nil {
			if after := retryAfter(answer.Header, c.now()); after > pause {
				pause = after
			}
		}
		if deadline, ok := ctx.Deadline(); ok && c.now().Add(pause).After(deadline) {
			return result
		}
		c.report(fmt.Sprintf("%s; sending the same payment again in %s", result.Reason, pause.Round(time.Second)))
		if c.wait(ctx, pause) != nil {
			return result
		}
	}
}

// judge decides what one more answer proves. A receipt once seen stays. And after
// an attempt whose end nobody knows, a refusal proves nothing: sellers also
// refuse what was used already, and that may have been that attempt.
func judge(result *Result, p *Payment, answer *Answer, err error) {
	earlier := result.Outcome
	result.Answer = answer
	receipt, problem := (*Receipt)(nil), errors.New("the seller sent no receipt")
	if answer != nil {
		receipt, problem = readReceipt(answer.Header, p)
	}
	if receipt != nil && result.Receipt == nil || problem == nil {
		result.Receipt = receipt
	}
	switch {
	case problem == nil || earlier == Paid:
		result.Outcome, result.Reason = Paid, ""
		if err != nil {
			result.Answer, result.Reason = nil, Printable(err.Error())
		} else if answer.Status >= http.StatusMultipleChoices || open(answer.Status) {
			result.Reason = status(answer.Status)
		}
	case err != nil:
		result.Outcome, result.Reason, result.Answer = Unknown, Printable(err.Error()), nil
	case open(answer.Status) || answer.Status < 200 || answer.Status >= 300 && answer.Status < 400:
		result.Outcome, result.Reason = Unknown, status(answer.Status)
	case answer.Status < 300:
		result.Outcome, result.Reason = Delivered, problem.Error()
	case earlier == Unknown || p.uncertain:
		result.Outcome, result.Reason = Unknown, status(answer.Status)+refusal(answer, receipt)
	default:
		result.Outcome, result.Reason = Refused, status(answer.Status)+refusal(answer, receipt)
	}
}

// open reports whether a status leaves it open how a request will end.
func open(code int) bool {
	switch code {
	case http.StatusAccepted, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return code >= http.StatusInternalServerError
}

func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("the seller answered %d %s", code, http.StatusText(code)))
}

// refusal is the seller's reason, if it gave one.
func refusal(answer *Answer, receipt *Receipt) string {
	if receipt != nil && receipt.ErrorReason != "" {
		return ": " + receipt.ErrorReason
	}
	if c, err := readChallenge(answer.Header); err == nil && c.Error != "" {
		return ": " + c.Error
	}
	return ""
}

// retryAfter is how long the server wants to be left alone.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return at.Sub(now)
	}
	return 0
}
