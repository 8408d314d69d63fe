package pay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Request is what is bought. NewRequest makes one that is fit to be sent.
type Request struct {
	Method, URL string
	Header      http.Header
	Body        []byte
}

// sendersOwn are the headers that no caller sets: they are the protocol's, or
// the connection's.
func sendersOwn() []string {
	return []string{
		"Payment-Signature", "Payment-Required", "X-Payment", "Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Trailer", "Upgrade", "Te", "Keep-Alive", "Accept-Encoding",
	}
}

// NewRequest checks a request as it was typed: headers are "Name: value". None
// of its errors quotes a header's value or the password in an address.
func NewRequest(method, address string, headers []string, body []byte) (Request, error) {
	r := Request{Method: strings.ToUpper(method), Header: http.Header{}, Body: body}
	if r.Method == "" {
		r.Method = http.MethodGet
		if body != nil {
			r.Method = http.MethodPost
		}
	}
	if strings.Trim(r.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		return r, fmt.Errorf("%q is no method to buy with", method)
	}
	u, err := url.Parse(address)
	if err != nil {
		return r, errors.New("the URL is malformed") // without the cause, which quotes it
	}
	u.Fragment, u.RawFragment = "", ""
	if err := checkURL(u); err != nil {
		return r, err
	}
	r.URL = u.String()
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); !ok || !token(name) {
			return r, errors.New("a header must be 'Name: value'")
		}
		if slices.Contains(sendersOwn(), name) {
			return r, fmt.Errorf("the header %s is not yours to set", name)
		}
		if value = strings.TrimSpace(value); strings.ContainsFunc(value, unicode.IsControl) {
			return r, fmt.Errorf("the value of the header %s has control characters", name)
		}
		r.Header.Add(name, value)
	}
	if len(body) > 0 && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", contentType(body))
	}
	return r, nil
}

func token(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

func contentType(body []byte) string {
	switch {
	case json.Valid(body):
		return "application/json"
	case utf8.Valid(body):
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// checkURL refuses addresses where others could read or take the payment: it is
// worth money to whoever sees it first.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return errors.New("the URL must be like https://shop.example.com/v1/report")
	case u.User != nil:
		return errors.New("the URL must not hold a user and password; give --header 'Authorization: …'")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("http://%s is not encrypted, and who reads a payment on its way can take it: use https", u.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// origin is the scheme, host and port that an address belongs to.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// privateHeaders are the names of the headers that are not kept on disk, because
// they may be secrets.
func (r Request) privateHeaders() []string {
	var names []string
	for name := range r.Header {
		if name != "Content-Type" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// http makes the request anew; signed is the payment, or "".
func (r Request) http(ctx context.Context, signed string) (*http.Request, error) {
	var body *bytes.Reader // with GetBody, so that net/http can send it again
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
		req, err = http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	}
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	req.Header = r.Header.Clone()
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "forge")
	}
	if signed != "" {
		req.Header.Set("Payment-Signature", signed)
	}
	return req, nil
}

// Printable makes a text of the seller's fit for a line on a terminal.
func Printable(text string) string {
	const longest = 200
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
