package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"example.com/shop/internal/insforge"
)

// writeJSON answers with v as JSON. Answers are for one caller at one moment,
// so nothing on the way may store them.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is a type of ours that JSON cannot hold
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone; there is nobody to tell
}

// writeError answers with the error body that all errors share: a code for
// programs and a message for people.
func writeError(w http.ResponseWriter, status int, code, message string) {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	writeJSON(w, status, struct {
		Error problem `json:"error"`
	}{problem{code, message}})
}

// decodeJSON reads the body, exactly one JSON value without unknown fields,
// into v. When it cannot, it answers 400, 413 or 415 and returns false.
func decodeJSON[T any](w http.ResponseWriter, r *http.Request, v *T) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		writeError(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json.")
		return false
	}
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	err = body.Decode(v)
	if err == nil {
		if _, err = body.Token(); errors.Is(err, io.EOF) {
			return true
		}
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		w.Header().Set("Connection", "close") // the rest is not worth reading
		writeError(w, http.StatusRequestEntityTooLarge, "body_too_large", "The body is too long.")
		return false
	}
	writeError(w, http.StatusBadRequest, "invalid_json", "The body must be one JSON object with known fields only.")
	return false
}

// writeUpstreamError answers for a call to InsForge that failed. The caller
// learns what it can act on; the log has the rest.
func writeUpstreamError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status, code, message := upstreamProblem(err)
	switch {
	case r.Context().Err() != nil:
		// The caller has gone, which is no fault of InsForge.
	case status >= 500:
		log.ErrorContext(r.Context(), "InsForge", "error", err)
	default:
		log.InfoContext(r.Context(), "InsForge", "error", err)
	}
	writeError(w, status, code, message)
}

func upstreamProblem(err error) (status int, code, message string) {
	var answer *insforge.Error
	if !errors.As(err, &answer) {
		if errors.Is(err, context.DeadlineExceeded) {
			return http.StatusGatewayTimeout, "upstream_timeout", "The database took too long."
		}
		return http.StatusBadGateway, "upstream_error", "The database cannot be reached."
	}
	switch {
	case answer.Code == "42501": // the role lacks a right, or row level security said no
		return http.StatusForbidden, "forbidden", "You may not do this."
	case answer.Status == http.StatusConflict: // 23505 and 23503
		return http.StatusConflict, "conflict", "This conflicts with what is stored."
	case answer.Status == http.StatusBadRequest && dataException(answer.Code):
		return http.StatusBadRequest, "invalid_value", "A value is missing or not valid."
	case answer.Status == http.StatusTooManyRequests, answer.Status == http.StatusServiceUnavailable:
		return http.StatusServiceUnavailable, "upstream_busy", "The database is busy; try again."
	}
	// A refused token and an unknown table are this server's fault, not the
	// caller's: 401 or 404 would send them looking in the wrong place.
	return http.StatusBadGateway, "upstream_error", "The database refused the request."
}

// dataException reports whether a SQLSTATE says that a value is wrong in itself
// (class 22) or breaks a constraint (class 23).
func dataException(code string) bool {
	return len(code) == 5 && (strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23"))
}
