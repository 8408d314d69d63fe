package okx

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxAttempts is how often OKX is asked that is too busy to listen.
const maxAttempts = 3

// call asks OKX something and decodes the data of the answer. An error that
// wraps errNotDone means that OKX did nothing; after any other error it may have
// done what was asked.
//
// A request that OKX turned away because it was busy is sent again, signed anew,
// and so is, once, one that our clock was wrong for. Nothing else is: OKX did
// nothing then, so it cannot do something twice.
func (c *client) call(ctx context.Context, method, path string, body, data any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%w: %w", errNotDone, err)
		}
	}
	corrected := false
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, method, path, raw, data)
		switch {
		case errors.Is(err, errClock) && !corrected:
			corrected = true
			continue
		case errors.Is(err, errClock):
			return fmt.Errorf("OKX %s: %w, even after moving it by %s: set this machine's clock", path, err, time.Duration(c.skew.Load()))
		case !errors.Is(err, errBusy), attempt >= maxAttempts:
		case c.sleep(ctx, c.pause<<(attempt-1)):
			continue
		}
		if err != nil {
			return fmt.Errorf("OKX %s: %w", path, err)
		}
		return nil
	}
}

// attempt sends one signed request.
func (c *client) attempt(ctx context.Context, method, path string, body []byte, data any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.cfg.Facilitator+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errNotDone, err)
	}
	c.sign(req, body)

	res, err := c.http.Do(req)
	if err != nil {
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return fmt.Errorf("%w: %w", errNotDone, err)
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(answer) > maxAnswer {
		return fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	err = readAnswer(res.StatusCode, answer, data)
	if errors.Is(err, errClock) {
		c.setClock(res.Header.Get("Date"))
	}
	return err
}

// setClock takes the time from OKX's answer for what is signed from now on.
func (c *client) setClock(date string) {
	if theirs, err := http.ParseTime(date); err == nil {
		c.skew.Store(int64(theirs.Sub(c.now())))
	}
}

// sleep reports whether it could wait to the end.
func (c *client) sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// sign adds OKX's headers: an HMAC over timestamp, method, path with query, and
// the exact body.
func (c *client) sign(req *http.Request, body []byte) {
	timestamp := c.now().Add(time.Duration(c.skew.Load())).UTC().Format("2006-01-02T15:04:05.000Z")
	mac := hmac.New(sha256.New, []byte(string(c.cfg.SecretKey)))
	mac.Write([]byte(timestamp + req.Method + req.URL.RequestURI()))
	mac.Write(body)

	req.Header.Set("OK-ACCESS-KEY", string(c.cfg.APIKey))
	req.Header.Set("OK-ACCESS-SIGN", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.Header.Set("OK-ACCESS-TIMESTAMP", timestamp)
	req.Header.Set("OK-ACCESS-PASSPHRASE", string(c.cfg.Passphrase))
	req.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
}
