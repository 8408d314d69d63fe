package authtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// Fault is how a host fails.
type Fault string

// The faults.
const (
	None   Fault = ""
	Silent Fault = "silent"        // takes the request and never answers
	Broken Fault = "500"           // answers 500
	HTML   Fault = "HTML"          // answers 200 with a page, as captive portals do
	Slow   Fault = "slow"          // sends the right answer, a byte each 100 ms
	Huge   Fault = "5 MB"          // sends the right answer behind 5 MB of white space, which JSON allows
	Refuse Fault = "not connected" // takes no connections
)

const (
	slowPause = 100 * time.Millisecond
	hugeBytes = 5 << 20
)

// spoil answers r in the way of the fault. It returns early when the client hangs up or
// the Internet is closed.
func (f Fault) spoil(w http.ResponseWriter, r *http.Request, right *httptest.ResponseRecorder, closed <-chan struct{}) {
	switch f {
	case Silent:
		select {
		case <-r.Context().Done():
		case <-closed:
		}
		panic(http.ErrAbortHandler)
	case Broken:
		http.Error(w, "out of order", http.StatusInternalServerError)
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Sign in to the network</title>")
	case Slow:
		w.Header().Set("Content-Type", right.Header().Get("Content-Type"))
		for _, c := range right.Body.Bytes() {
			if _, err := w.Write([]byte{c}); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(slowPause):
			case <-r.Context().Done():
				return
			case <-closed:
				return
			}
		}
	case Huge:
		w.Header().Set("Content-Type", right.Header().Get("Content-Type"))
		_, _ = w.Write(bytes.Repeat([]byte(" "), hugeBytes))
		_, _ = w.Write(right.Body.Bytes())
	default: // Refuse: the request came on a connection that is being cut
		panic(http.ErrAbortHandler)
	}
}
