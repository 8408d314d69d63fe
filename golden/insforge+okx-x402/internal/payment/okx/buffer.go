package okx

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxResponse is the longest answer sold: it has to fit into the ledger, too.
const maxResponse = 256 << 10

var errResponseLarge = errors.New("paid response exceeds its limit")

// buffer holds a handler's answer back until it is paid for. It has no Flush: a
// streamed answer could not be taken back.
type buffer struct {
	header   http.Header
	status   int
	body     bytes.Buffer
	overflow bool
}

func newBuffer() *buffer { return &buffer{header: make(http.Header)} }

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 && status >= 200 {
		b.status = status
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	if b.body.Len()+len(p) > maxResponse {
		b.overflow = true
		return 0, errResponseLarge
	}
	return b.body.Write(p)
}

// code is the answer's status, also for a handler that wrote nothing.
func (b *buffer) code() int {
	switch {
	case b.overflow:
		return http.StatusInternalServerError
	case b.status == 0:
		return http.StatusOK
	}
	return b.status
}

// release sends the answer. What it varies by comes on top of what is known
// outside. Where w has no Content-Type by now, net/http finds one in the body as
// usual.
func (b *buffer) release(w http.ResponseWriter) {
	h := w.Header()
	vary := h["Vary"]
	maps.Copy(h, b.header)
	if len(vary) > 0 {
		h["Vary"] = slices.Concat(vary, b.header["Vary"])
	}
	w.WriteHeader(b.code())
	_, _ = w.Write(b.body.Bytes()) // the client has gone; the payment stands
}

// private keeps shared caches from answering others with what one client paid for.
func private(h http.Header) {
	directives := h["Cache-Control"]
	if !slices.ContainsFunc(directives, func(s string) bool { return strings.Contains(s, "private") }) {
		h["Cache-Control"] = append(onlyPrivate, directives...)
	}
	h["Vary"] = append(variesByPayment, h["Vary"]...)
}
