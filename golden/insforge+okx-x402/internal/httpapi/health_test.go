package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHealthAsksNobody(t *testing.T) {
	w := answer(handleHealth(), httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody))
	if w.Code != http.StatusOK || w.Body.String() != `{"status":"ok"}` {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

func TestReady(t *testing.T) {
	good := Check{"good", func(context.Context) error { return nil }}
	bad := Check{"bad", func(context.Context) error { return errors.New("no route to 10.0.0.1") }}

	log, out := logger()
	w := answer(handleReady(log, good, good), httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
	if w.Code != http.StatusOK || w.Body.String() != `{"status":"ready"}` || out.Len() > 0 {
		t.Errorf("status %d, body %s, logged %s", w.Code, w.Body, out)
	}

	w = answer(handleReady(log, good, bad), httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
	if w.Code != http.StatusServiceUnavailable || errorCode(t, w) != "not_ready" {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "10.0.0.1") {
		t.Errorf("the reason is public: %s", w.Body)
	}
	if line := out.String(); !strings.Contains(line, `"check":"bad"`) || !strings.Contains(line, "10.0.0.1") {
		t.Errorf("logged %s", line)
	}
}

func TestReadyWaitsForAllChecksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := Check{"stuck", func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		log, _ := logger()
		start := time.Now()
		w := answer(handleReady(log, stuck, stuck, stuck), httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
		if took := time.Since(start); w.Code != http.StatusServiceUnavailable || took != readyTimeout {
			t.Errorf("status %d after %s", w.Code, took)
		}
	})
}
