package pay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxAnswer is how much of an answer is taken.
	maxAnswer = 64 << 20
	// maxHeaders is how long all headers of an answer may be.
	maxHeaders = 128 << 10
	// maxRedirects is how often a seller may send a buyer elsewhere on its own
	// site before it asks for money.
	maxRedirects = 5
)

// Client talks to sellers.
type Client struct {
	transport http.RoundTripper
	now       func() time.Time
	wait      func(context.Context, time.Duration) error
	// report is told of every attempt after the first.
	report func(string)
}

// NewClient makes a client that tells report what it waits for.
func NewClient(report func(string)) *Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxHeaders
	return &Client{transport: t, now: time.Now, wait: wait, report: report}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Answer is what a server answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ask sends the request without a payment. The challenge is nil when nothing has
// to be paid. The request returned is the one to pay for: redirects within the
// seller's own site have been followed.
func (c *Client) Ask(ctx context.Context, r Request) (Request, *Answer, *Challenge, error) {
	req, err := r.http(ctx, "")
	if err != nil {
		return r, nil, nil, err
	}
	client := &http.Client{Transport: c.transport, CheckRedirect: stayOnSite}
	answer, final, err := roundTrip(client, req)
	if err != nil {
		return r, nil, nil, err
	}
	r.URL = final.String()
	if answer.Status != http.StatusPaymentRequired {
		return r, answer, nil, nil
	}
	challenge, err := readChallenge(answer.Header)
	return r, answer, challenge, err
}

// RedirectError is a seller that sends the buyer to somebody else.
type RedirectError struct{ To string }

func (e *RedirectError) Error() string {
	return "the seller redirects to another site, " + Printable(e.To)
}

func stayOnSite(req *http.Request, via []*http.Request) error {
	switch {
	case origin(req.URL) != origin(via[0].URL) || req.URL.User != nil:
		return &RedirectError{req.URL.Scheme + "://" + req.URL.Host}
	case req.Method != via[0].Method:
		return errors.New("the seller's redirect would change the request")
	case len(via) > maxRedirects:
		return errors.New("the seller redirects without end")
	}
	return nil
}

// pay sends the request with its payment, once. No redirect is followed: what
// was signed is for this address.
func (c *Client) pay(ctx context.Context, r Request, signed string) (*Answer, error) {
	req, err := r.http(ctx, signed)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: c.transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	answer, _, err := roundTrip(client, req)
	return answer, err
}

// roundTrip returns an answer together with an error when its body is cut short.
func roundTrip(client *http.Client, req *http.Request) (*Answer, *url.URL, error) {
	resp, err := client.Do(req)
	if err != nil {
		var named *url.Error
		if errors.As(err, &named) {
			err = named.Err // without the whole URL, which may hold a secret
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("no answer in time")
		}
		return nil, nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, err)
	}
	defer resp.Body.Close() //nolint:errcheck // all that is wanted of it has been read
	answer := &Answer{Status: resp.StatusCode, Header: resp.Header}
	answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		err = fmt.Errorf("%s %s: the answer broke off: %w", req.Method, req.URL.Host, err)
	case len(answer.Body) > maxAnswer:
		answer.Body = answer.Body[:maxAnswer]
		err = fmt.Errorf("%s %s: the answer is longer than %d MiB", req.Method, req.URL.Host, maxAnswer>>20)
	}
	return answer, resp.Request.URL, err
}
