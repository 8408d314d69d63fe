package httpapi

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// logger returns a logger as run builds it, and what it wrote.
func logger() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(LogHandler(slog.NewJSONHandler(&out, nil))), &out
}

func answer(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestPanicsAreAnswered(t *testing.T) {
	log, out := logger()
	handler := recoverPanics(log)(assignRequestID(logRequests(log)(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { panic("boom") },
	))))
	w := answer(handler, httptest.NewRequest(http.MethodGet, "/", http.NoBody))

	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	for _, want := range []string{`"cause":"boom"`, `"request_id":"` + id + `"`, "middleware_test.go", `"status":500`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %s: %s", want, out)
		}
	}
}

func TestAPanicEndsAnAnswerHalfWritten(t *testing.T) {
	log, _ := logger()
	server := httptest.NewServer(recoverPanics(log)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic("boom")
	})))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)

	res, err := server.Client().Get(server.URL)
	if err != nil {
		return // the connection ended before the head was out
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err == nil || strings.Contains(string(body), "error") {
		t.Errorf("read %q, %v; want a broken answer", body, err)
	}
}

func TestAnAbortStaysAnAbort(t *testing.T) {
	log, out := logger()
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) || out.Len() > 0 {
			t.Errorf("recovered %v, logged %s", err, out)
		}
	}()
	answer(recoverPanics(log)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })),
		httptest.NewRequest(http.MethodGet, "/", http.NoBody))
}

func TestRequestsAreLoggedWithoutSecrets(t *testing.T) {
	log, out := logger()
	handler := assignRequestID(logRequests(log)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})))
	r := httptest.NewRequest(http.MethodGet, "/tea?token=hunter2", http.NoBody)
	r.Header.Set("Authorization", "Bearer hunter2")
	r.Header.Set("X-Request-Id", "forged")
	w := answer(handler, r)

	line := out.String()
	id := w.Header().Get("X-Request-Id")
	for _, want := range []string{`"path":"/tea"`, `"status":418`, `"method":"GET"`, `"request_id":"` + id + `"`} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %s: %s", want, line)
		}
	}
	if strings.Contains(line, "hunter2") || strings.Contains(line, "forged") || id == "forged" || id == "" {
		t.Errorf("ID %q, logged %s", id, line)
	}
}

func TestLogHandlerKeepsGroups(t *testing.T) {
	log, out := logger()
	handler := assignRequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		log.With("a", 1).WithGroup("g").InfoContext(r.Context(), "x", "b", 2)
	}))
	id := answer(handler, httptest.NewRequest(http.MethodGet, "/", http.NoBody)).Header().Get("X-Request-Id")
	if line := out.String(); !strings.Contains(line, `"a":1`) || !strings.Contains(line, id) {
		t.Errorf("logged %s", line)
	}
}

func TestSameOrigin(t *testing.T) {
	handler := sameOrigin("https://app.example.com", nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	tests := []struct {
		name, method, origin, site string
		want                       int
	}{
		{"no browser", http.MethodPost, "", "", http.StatusOK},
		{"own page", http.MethodPost, "http://internal:8080", "same-origin", http.StatusOK},
		{"own page behind a proxy", http.MethodPost, "https://app.example.com", "", http.StatusOK},
		{"other site", http.MethodPost, "https://evil.example", "cross-site", http.StatusForbidden},
		{"other site, old browser", http.MethodDelete, "https://evil.example", "", http.StatusForbidden},
		{"other site reads", http.MethodGet, "https://evil.example", "cross-site", http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "http://internal:8080/", http.NoBody)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.site != "" {
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			w := answer(handler, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
			if w.Code == http.StatusForbidden && errorCode(t, w) != "cross_origin" {
				t.Errorf("body %s", w.Body)
			}
		})
	}
}

func TestErrorsOfTheMuxAreJSON(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /there", func(http.ResponseWriter, *http.Request) {})
	handler := jsonErrors(mux)
	tests := []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, "/there", http.StatusOK, ""},
		{http.MethodGet, "/nowhere", http.StatusNotFound, "not_found"},
		{http.MethodPost, "/there", http.StatusMethodNotAllowed, "method_not_allowed"},
	}
	for _, tt := range tests {
		w := answer(handler, httptest.NewRequest(tt.method, tt.path, http.NoBody))
		if w.Code != tt.status || tt.code != "" && errorCode(t, w) != tt.code {
			t.Errorf("%s %s: status %d, body %s", tt.method, tt.path, w.Code, w.Body)
		}
		if allow := w.Header().Get("Allow"); (tt.status == http.StatusMethodNotAllowed) != (allow == "GET, HEAD") {
			t.Errorf("%s %s: Allow %q", tt.method, tt.path, allow)
		}
	}
}

func TestBrowsersStayOnHTTPS(t *testing.T) {
	for baseURL, want := range map[string]string{
		"https://app.example.com": "max-age=31536000",
		"http://localhost:8080":   "",
	} {
		w := answer(stayOnHTTPS(baseURL)(http.NotFoundHandler()), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		if got := w.Header().Get("Strict-Transport-Security"); got != want || w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, Strict-Transport-Security %q, want %q", baseURL, w.Code, got, want)
		}
	}
}
