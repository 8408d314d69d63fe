package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds an answer. The ledger of migrations is the longest: it has
// the text of all of them.
const maxAnswer = 16 << 20

// client asks one project.
type client struct {
	base    string // an origin
	http    *http.Client
	secrets *secrets
}

func newClient(base string, timeout time.Duration, s *secrets) *client {
	return &client{
		base: base,
		http: &http.Client{
			Timeout: timeout,
			// A redirect would carry the credential to another address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		secrets: s,
	}
}

// answer is JSON, whatever the status.
type answer struct {
	status int
	body   []byte
	date   time.Time // of the server; zero if it does not say
	// Code is PostgREST's or Postgres' own, which is how its errors are told
	// from the backend's, Message what either says.
	Code, Message string
}

func (a *answer) done() bool { return a.status < 300 }

// denied says that the database let nothing through: the caller is known, and
// has no right.
func (a *answer) denied() bool { return !a.done() && a.Code == "42501" }

// unknown says that the backend does not know the caller.
func (a *answer) unknown() bool { return a.status == http.StatusUnauthorized && a.Code == "" }

// trouble is an answer that is none of InsForge's, or none at all.
type trouble struct{ detail, fix string }

func (t *trouble) Error() string { return t.detail }

const (
	fixAddress = "correct INSFORGE_URL: it has to be the InsForge project's own address, not its dashboard's or your app's"
	fixWait    = "look at the project in the InsForge dashboard: it may be paused or starting; then run forge doctor again"
)

// get asks for path with a credential; empty is none.
func (c *client) get(ctx context.Context, path, credential string) (*answer, error) {
	return c.do(ctx, http.MethodGet, path, credential, nil)
}

func (c *client) do(ctx context.Context, method, path, credential string, body any) (*answer, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "forge-doctor")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.silent(err)
	}
	defer res.Body.Close() //nolint:errcheck // what there is to read is read
	data, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, c.silent(err)
	}
	return c.understood(res, path, data)
}

// silent is about a project that does not answer.
func (c *client) silent(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the address is known
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &trouble{fmt.Sprintf("does not answer within %v", c.http.Timeout), fixWait}
	}
	return &trouble{unreachable + ": " + c.secrets.quoted(err.Error()), "correct INSFORGE_URL, or the network between here and it"}
}

func (c *client) understood(res *http.Response, path string, data []byte) (*answer, error) {
	a := &answer{status: res.StatusCode, body: data}
	switch {
	case a.status >= 300 && a.status < 400:
		to := "another address"
		if u, err := res.Location(); err == nil {
			to = u.Scheme + "://" + u.Host
		}
		return nil, &trouble{
			"answers with a redirect to " + to + ", which is not followed, as it would take the keys there",
			"if " + to + " is the project, write it into INSFORGE_URL; else correct INSFORGE_URL",
		}
	case len(data) > maxAnswer:
		return nil, &trouble{fmt.Sprintf("answers %s with more than %d MiB", path, maxAnswer>>20), fixAddress}
	case !json.Valid(data) && a.status >= 500:
		return nil, &trouble{fmt.Sprintf("answers %d: the project is down, or what stands in front of it is", a.status), fixWait}
	case !json.Valid(data):
		kind := res.Header.Get("Content-Type")
		if kind == "" {
			kind = "something"
		}
		return nil, &trouble{
			fmt.Sprintf("answers %s with %d and %s, which is not InsForge's API", path, a.status, c.secrets.quoted(kind)), fixAddress,
		}
	}
	a.date, _ = http.ParseTime(res.Header.Get("Date")) // zero without one
	_ = json.Unmarshal(data, a)                        // a list has neither
	if a.done() {
		a.Code, a.Message = "", ""
	}
	return a, nil
}

// unexpected describes an answer that no check has a better word for.
func (c *client) unexpected(a *answer) string {
	text := fmt.Sprintf("answers %d", a.status)
	if a.Message != "" {
		text += ": " + c.secrets.quoted(a.Message)
	}
	return text
}

// query runs a read-only query with the API key and decodes its only cell, which
// is JSON, into result.
func (c *client) query(ctx context.Context, key, sql string, result any) error {
	a, err := c.do(ctx, http.MethodPost, "/api/database/advance/rawsql", key, map[string]string{"query": sql})
	if err != nil {
		return err
	}
	var out struct {
		Rows []struct{ Result json.RawMessage }
	}
	if !a.done() || json.Unmarshal(a.body, &out) != nil || len(out.Rows) != 1 {
		return &trouble{"asked about its rights, the project " + c.unexpected(a), fixWait}
	}
	if err := json.Unmarshal(out.Rows[0].Result, result); err != nil {
		return &trouble{"asked about its rights, the project answers what cannot be read: " + c.secrets.quoted(err.Error()), fixWait}
	}
	return nil
}
