package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// readyTimeout is for all checks together, as they run at the same time.
const readyTimeout = 2 * time.Second

// Check is one thing the server cannot work without.
type Check struct {
	Name  string
	Ready func(context.Context) error // nil when it is usable now
}

// handleHealth answers while the process can answer at all. It asks nobody: a
// platform that restarts on failure must not do so because InsForge is down.
func handleHealth() http.Handler {
	type response struct {
		Status string `json:"status"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, response{"ok"})
	})
}

// handleReady answers 200 when every check passes and 503 otherwise. Which one
// failed, and why, is in the log only.
func handleReady(log *slog.Logger, checks ...Check) http.Handler {
	type response struct {
		Status string `json:"status"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()

		var failed atomic.Bool
		var running sync.WaitGroup
		for _, check := range checks {
			running.Go(func() {
				if err := check.Ready(ctx); err != nil {
					failed.Store(true)
					log.WarnContext(ctx, "not ready", "check", check.Name, "error", err)
				}
			})
		}
		running.Wait()

		if failed.Load() {
			writeError(w, http.StatusServiceUnavailable, "not_ready", "A service this server needs is not available.")
			return
		}
		writeJSON(w, http.StatusOK, response{"ready"})
	})
}
