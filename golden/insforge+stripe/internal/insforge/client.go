// Package insforge is a client for the InsForge API: rows and functions of the
// project's database, on behalf of one user or with the server's own key.
package insforge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"example.com/shop/internal/env"
)

const (
	// timeout is for one call, its second attempt included. InsForge gives up
	// on the database after 10 seconds itself.
	timeout    = 10 * time.Second
	retryAfter = 100 * time.Millisecond
	maxBody    = 1 << 20
)

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", maxBody)

// Config says which project to call, and the keys it gave out.
type Config struct {
	URL     string // an origin, without /api
	AnonKey env.Secret
	APIKey  env.Secret
}

// LoadConfig reads INSFORGE_URL, INSFORGE_ANON_KEY and INSFORGE_API_KEY.
func LoadConfig(r *env.Reader) Config {
	return Config{
		URL: r.Required("INSFORGE_URL", "the origin of the InsForge project, without /api or a final slash; http only for localhost", env.Origin),
		AnonKey: r.Secret("INSFORGE_ANON_KEY", "the project's anon key, which starts with anon_ (a JWT in old projects)",
			env.Matches(`anon_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)),
		APIKey: r.Secret("INSFORGE_API_KEY", "the project's API key, which starts with ik_", env.Matches(`ik_[!-~]{8,}`)),
	}
}

// Credential is what follows "Bearer " in a call: a token that stands for one
// user, or the server's key. It prints as [redacted].
type Credential string

// String returns [redacted].
func (Credential) String() string { return "[redacted]" }

// GoString returns [redacted], for %#v.
func (Credential) GoString() string { return "[redacted]" }

// LogValue returns [redacted], for log/slog.
func (Credential) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Client calls one InsForge project. It is safe for concurrent use.
//
// It builds every request itself and never passes on a header of a request
// the server received: an admin key or a provider's token must not travel.
type Client struct {
	cfg  Config
	http *http.Client
}

// New returns a Client. It opens no connection.
func New(cfg Config) *Client {
	return &Client{
		cfg: cfg,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				ForceAttemptHTTP2:   true,
				TLSHandshakeTimeout: 5 * time.Second,
				// All calls go to one host, and the default of 2 would close
				// and reopen connections under any load.
				MaxIdleConnsPerHost: 32,
				IdleConnTimeout:     90 * time.Second,
			},
			// A redirect would carry the credential to another address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// ServerKey returns the credential of the server itself. It bypasses row level
// security: use it only for rows that belong to no user.
func (c *Client) ServerKey() Credential { return Credential(c.cfg.APIKey) }

// Health reports whether the project answers. It needs no right, so it calls
// with the anon key.
func (c *Client) Health(ctx context.Context) error {
	_, err := c.do(ctx, Credential(c.cfg.AnonKey), call{method: http.MethodGet, path: "/api/health"})
	return err
}

// Call runs a database function with named arguments and decodes what it
// returns into result. Both args and result may be nil.
func (c *Client) Call(ctx context.Context, as Credential, function string, args, result any) error {
	if args == nil {
		args = struct{}{}
	}
	_, err := c.do(ctx, as, call{
		method: http.MethodPost,
		path:   "/api/database/rpc/" + url.PathEscape(function),
		body:   args,
		result: result,
	})
	return err
}

// call is one request: body is sent and result filled as JSON, unless nil.
type call struct {
	method, path string
	query        url.Values
	prefer       string
	body, result any
}

// do makes a call and returns the headers of the answer. Its errors hold
// neither the query, which may hold personal data, nor the credential.
func (c *Client) do(ctx context.Context, as Credential, call call) (http.Header, error) {
	header, err := c.attempt(ctx, as, call)
	if err != nil {
		return nil, fmt.Errorf("insforge: %s %s: %w", call.method, call.path, err)
	}
	return header, nil
}

func (c *Client) attempt(ctx context.Context, as Credential, call call) (http.Header, error) {
	if as == "" {
		return nil, errors.New("no credential")
	}
	var body []byte
	if call.body != nil {
		var err error
		if body, err = json.Marshal(call.body); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	header, answer, err := c.send(ctx, as, call, body)
	if err != nil && call.method == http.MethodGet && temporary(err) {
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryAfter):
		}
		header, answer, err = c.send(ctx, as, call, body)
	}
	if err != nil {
		return nil, err
	}
	if call.result != nil {
		if err := json.Unmarshal(answer, call.result); err != nil {
			return nil, fmt.Errorf("decode the answer: %w", err)
		}
	}
	return header, nil
}

// send makes one attempt. An answer other than 2xx is an *Error.
func (c *Client) send(ctx context.Context, as Credential, call call, body []byte) (http.Header, []byte, error) {
	target := c.cfg.URL + call.path
	if len(call.query) > 0 {
		target += "?" + call.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, withoutURL(err)
	}
	req.Header.Set("Authorization", "Bearer "+string(as))
	req.Header.Set("Accept", "application/json")
	if call.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if call.prefer != "" {
		req.Header.Set("Prefer", call.prefer)
	}

	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, withoutURL(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, nil, err
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, nil, newError(res.StatusCode, answer)
	case len(answer) > maxBody:
		return nil, nil, errTooLong
	}
	return res.Header, answer, nil
}

// temporary reports whether a second attempt may succeed: the connection
// failed, or something between here and the database did.
func temporary(err error) bool {
	for _, final := range []error{context.Canceled, context.DeadlineExceeded, errTooLong} {
		if errors.Is(err, final) {
			return false
		}
	}
	var answer *Error
	if !errors.As(err, &answer) {
		return true
	}
	switch answer.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// withoutURL drops the URL that net/http puts before its errors.
func withoutURL(err error) error {
	var located *url.Error
	if errors.As(err, &located) {
		return located.Err
	}
	return err
}
