package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

type requestIDKey struct{}

// assignRequestID gives every request an ID of its own and tells the caller. It
// takes none from outside: an ID in the logs is one this server gave.
func assignRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// LogHandler adds the request's ID to each line that is logged with a
// request's context.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		record.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}

// recoverPanics answers 500 for a handler that panicked. When part of an answer
// is out already, it ends the connection instead, so that the caller does not
// take that part for the whole.
func recoverPanics(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := &recorder{ResponseWriter: w}
			defer func() {
				cause := recover()
				if cause == nil {
					return
				}
				if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(cause)
				}
				// The ID is in the context of the inner handlers only.
				log.ErrorContext(r.Context(), "panic", "cause", cause, "request_id", w.Header().Get("X-Request-Id"),
					"stack", string(debug.Stack()))
				if answer.status != 0 {
					panic(http.ErrAbortHandler)
				}
				writeError(w, http.StatusInternalServerError, "internal", "Something went wrong on our side.")
			}()
			next.ServeHTTP(answer, r)
		})
	}
}

// logRequests logs one line per request. The query stays out of it: callers put
// tokens and personal data there.
func logRequests(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			answer := &recorder{ResponseWriter: w}
			status := http.StatusInternalServerError // unless next returns
			defer func() {
				log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", status,
					"duration_ms", time.Since(start).Milliseconds())
			}()
			next.ServeHTTP(answer, r)
			status = answer.status
			if status == 0 {
				status = http.StatusOK // net/http writes it when a handler writes nothing
			}
		})
	}
}

// stayOnHTTPS tells browsers that came by https to come back by nothing else for a year. A page that somebody on
// the way makes up could ask for whatever this server's own pages ask for.
func stayOnHTTPS(baseURL string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if !strings.HasPrefix(baseURL, "https://") {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
			next.ServeHTTP(w, r)
		})
	}
}

func limitBody(limit int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			next.ServeHTTP(w, r)
		})
	}
}

// sameOrigin refuses what a browser sends from another site, unless it only
// reads. Callers that are no browsers pass. baseURL is trusted as it stands,
// for a proxy that changes the Host header, and so are the other origins.
func sameOrigin(baseURL string, others []string) func(http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	for _, origin := range append([]string{baseURL}, others...) {
		if origin == "" {
			continue
		}
		if err := protection.AddTrustedOrigin(origin); err != nil {
			panic(err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusForbidden, "cross_origin", "Browsers may call this from its own origin only.")
	}))
	return protection.Handler
}

// jsonErrors gives the mux's own answers, 404 and 405, the form of all other
// errors.
func jsonErrors(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		own := &discarded{header: http.Header{}}
		handler.ServeHTTP(own, r)
		switch own.status {
		case http.StatusNotFound:
			writeError(w, http.StatusNotFound, "not_found", "There is nothing at this path.")
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", own.header.Get("Allow"))
			writeError(w, http.StatusMethodNotAllowed, "method_not_allowed", "This path does not take that method.")
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// recorder remembers the status of an answer; 0 means none is out yet.
type recorder struct {
	http.ResponseWriter
	status int
}

func (a *recorder) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *recorder) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *recorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// discarded keeps the head of an answer and drops its body.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }
