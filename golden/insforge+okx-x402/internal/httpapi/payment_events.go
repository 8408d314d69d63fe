package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"example.com/shop/internal/payment/ledger"
)

const (
	heartbeat    = 15 * time.Second // what is in between may take a silent connection for a dead one
	eventTimeout = 10 * time.Second // for a reader to take one event
	maxStream    = time.Hour        // then the reader comes again, and shows its credential again
)

// handlePaymentEvents tells a page that the ledger has changed: each event has the
// version that it has now, and nothing of what is in it.
func handlePaymentEvents(feed *ledger.Feed) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		versions, leave, err := feed.Join()
		if err != nil {
			w.Header().Set("Retry-After", "30")
			writeError(w, http.StatusServiceUnavailable, "no_events", "Too many people watch; reload the page to see changes.")
			return
		}
		defer leave()
		ctx, cancel := context.WithTimeout(r.Context(), maxStream)
		defer cancel()
		// The server's own deadlines are for answers that end soon.
		stream := http.NewResponseController(w)
		if err := stream.SetReadDeadline(time.Time{}); err != nil {
			panic(err) // the server cannot stream at all
		}
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()

		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // nginx would keep events back
		for event := "retry: 5000\n\n"; ; {
			err := stream.SetWriteDeadline(time.Now().Add(eventTimeout))
			if err == nil {
				_, err = io.WriteString(w, event)
			}
			if err = errors.Join(err, stream.Flush()); err != nil || r.Method == http.MethodHead {
				return // the reader has gone
			}
			select {
			case <-ctx.Done():
				return
			case version, ok := <-versions:
				if !ok {
					return // the server stops
				}
				event = "id: " + version + "\ndata: " + version + "\n\n"
			case <-beat.C:
				event = ": still here\n\n"
			}
		}
	})
}
