package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shop/internal/insforge"
)

// errorCode reads the code of an error body, and checks the rest of the answer.
func errorCode(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if body.Error.Message == "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("header %v, body %s", w.Header(), w.Body)
	}
	return body.Error.Code
}

func TestWriteJSON(t *testing.T) {
	w := httptest.NewRecorder()
	writeJSON(w, http.StatusCreated, map[string]int{"a": 1})
	if w.Code != http.StatusCreated || w.Body.String() != `{"a":1}` {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	type request struct {
		Title string `json:"title"`
	}
	tests := []struct {
		name, contentType, body string
		status                  int
		code                    string
	}{
		{"good", "application/json", `{"title":"a"}`, http.StatusOK, ""},
		{"charset and space", "application/json; charset=utf-8", " {\"title\":\"a\"}\n", http.StatusOK, ""},
		{"no content type", "", `{"title":"a"}`, http.StatusUnsupportedMediaType, "unsupported_media_type"},
		{"form", "application/x-www-form-urlencoded", `title=a`, http.StatusUnsupportedMediaType, "unsupported_media_type"},
		{"empty", "application/json", ``, http.StatusBadRequest, "invalid_json"},
		{"broken", "application/json", `{"title":`, http.StatusBadRequest, "invalid_json"},
		{"wrong type", "application/json", `{"title":1}`, http.StatusBadRequest, "invalid_json"},
		{"unknown field", "application/json", `{"title":"a","admin":true}`, http.StatusBadRequest, "invalid_json"},
		{"two values", "application/json", `{"title":"a"}{}`, http.StatusBadRequest, "invalid_json"},
		{"something after", "application/json", `{"title":"a"}]`, http.StatusBadRequest, "invalid_json"},
		{"too long", "application/json", `{"title":"` + strings.Repeat("a", 64) + `"}`, http.StatusRequestEntityTooLarge, "body_too_large"},
		{"too long after", "application/json", `{"title":"a"}` + strings.Repeat(" ", 64), http.StatusRequestEntityTooLarge, "body_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			handler := limitBody(48)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var v request
				if decodeJSON(w, r, &v) && v.Title != "a" {
					t.Errorf("read %+v", v)
				}
			}))
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			w := answer(handler, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if tt.code != "" && errorCode(t, w) != tt.code {
				t.Errorf("body %s, want code %s", w.Body, tt.code)
			}
		})
	}
}

func TestWriteUpstreamError(t *testing.T) {
	tests := []struct {
		err    error
		status int
		code   string
		level  string
	}{
		{&insforge.Error{Status: 401, Code: "42501"}, http.StatusForbidden, "forbidden", "INFO"},
		{&insforge.Error{Status: 403, Code: "42501"}, http.StatusForbidden, "forbidden", "INFO"},
		{&insforge.Error{Status: 409, Code: "23505"}, http.StatusConflict, "conflict", "INFO"},
		{&insforge.Error{Status: 400, Code: "22P02"}, http.StatusBadRequest, "invalid_value", "INFO"},
		{&insforge.Error{Status: 400, Code: "23514"}, http.StatusBadRequest, "invalid_value", "INFO"},
		{&insforge.Error{Status: 400, Code: "PGRST100"}, http.StatusBadGateway, "upstream_error", "ERROR"},
		{&insforge.Error{Status: 401, Code: "AUTH_INVALID"}, http.StatusBadGateway, "upstream_error", "ERROR"},
		{&insforge.Error{Status: 404, Code: "42P01"}, http.StatusBadGateway, "upstream_error", "ERROR"},
		{&insforge.Error{Status: 500}, http.StatusBadGateway, "upstream_error", "ERROR"},
		{&insforge.Error{Status: 503}, http.StatusServiceUnavailable, "upstream_busy", "ERROR"},
		{&insforge.Error{Status: 429}, http.StatusServiceUnavailable, "upstream_busy", "ERROR"},
		{context.DeadlineExceeded, http.StatusGatewayTimeout, "upstream_timeout", "ERROR"},
		{io.ErrUnexpectedEOF, http.StatusBadGateway, "upstream_error", "ERROR"},
	}
	for _, tt := range tests {
		log, out := logger()
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		writeUpstreamError(w, r, log, fmt.Errorf("insforge: %w", tt.err))
		if w.Code != tt.status || errorCode(t, w) != tt.code {
			t.Errorf("%v: status %d, body %s", tt.err, w.Code, w.Body)
		}
		if !strings.Contains(out.String(), `"level":"`+tt.level+`"`) {
			t.Errorf("%v: logged %s, want level %s", tt.err, out, tt.level)
		}
	}
}

func TestUpstreamErrorsStayInTheLog(t *testing.T) {
	log, out := logger()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	writeUpstreamError(w, r, log, errors.New("dial tcp 10.0.0.1"))
	if strings.Contains(w.Body.String(), "10.0.0.1") || !strings.Contains(out.String(), "10.0.0.1") {
		t.Errorf("body %s, logged %s", w.Body, out)
	}
}

func TestACallerWhoLeftIsNoError(t *testing.T) {
	log, out := logger()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody).WithContext(ctx)
	writeUpstreamError(httptest.NewRecorder(), r, log, ctx.Err())
	if out.Len() > 0 {
		t.Errorf("logged %s", out)
	}
}
