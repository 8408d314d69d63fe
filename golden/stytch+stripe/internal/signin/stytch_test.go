package signin

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

func TestRenew(t *testing.T) {
	verifier, err := auth.NewVerifier(auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	p := newProvider(Config{ProjectID: "project-test-1", APIURL: "https://test.stytch.com", Secret: "secret-test-1"}, verifier)
	api := &answers{status: http.StatusNotFound, body: `{"status_code":404,"error_type":"session_not_found","error_message":"Session could not be found."}`}
	p.http.Transport = api
	if _, err := p.renew(t.Context(), "user_1", "token"); !errors.Is(err, errEnded) {
		t.Errorf("a session that was revoked: %v, want ended", err)
	}
	for _, outage := range outages {
		*api = outage
		if _, err := p.renew(t.Context(), "user_1", "token"); err == nil || errors.Is(err, errEnded) {
			t.Errorf("an outage, %d %s: %v", outage.status, outage.body, err)
		}
	}
}

// TestSendLink_again: nobody's mailbox is filled by way of this form, and an outage counts for nobody.
func TestSendLink_again(t *testing.T) {
	verifier, err := auth.NewVerifier(auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	s := New(Config{BaseURL: "https://app.example.com", ProjectID: "project-test-1", APIURL: "https://test.stytch.com", Secret: "secret-test-1"},
		verifier, nil, slog.New(slog.DiscardHandler))
	ask := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("email=ada%40example.com"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.handleSendLink(w, r)
		return w
	}
	down := answers{status: http.StatusBadGateway, body: "<html>"}
	s.provider.http.Transport = &down
	for range maxTriesHere + 1 {
		if w := ask(); w.Code != http.StatusServiceUnavailable {
			t.Fatalf("without Stytch: status %d", w.Code)
		}
	}
	api := answers{status: http.StatusOK, body: `{}`}
	s.provider.http.Transport = &api
	for range maxTriesHere {
		if w := ask(); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Look into your mail") {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	if w := ask(); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "too many attempts") || api.asked != maxTriesHere {
		t.Errorf("one mail more: status %d, %d mails: %s", w.Code, api.asked, w.Body)
	}
}

func TestLoadConfig(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"STYTCH_SECRET", "secret-test-0123456789abcdef0123456789abcde0=", true},
		{"STYTCH_SECRET", "", false},
		{"STYTCH_SECRET", "public-token-test-0123456789abcdef", false},
		{"STYTCH_SECRET", "secret-test-short", false},
		{"STYTCH_SECRET", "secret-live-0123456789abcdef0123456789abcdef=", false}, // the project is a test
	} {
		settings := map[string]string{"STYTCH_SECRET": "secret-test-0123456789abcdef0123456789abcdef="}
		settings[test.name] = test.value
		r := env.NewReader(func(name string) string { return settings[name] })
		LoadConfig(r, "https://app.example.com", auth.Config{ProjectID: "project-test-00000000-0000-4000-8000-000000000000"})
		if err := r.Err(); (err == nil) != test.ok || err != nil && !strings.HasPrefix(err.Error(), test.name+" ") {
			t.Errorf("%s=%s: %v, want ok = %v", test.name, test.value, err, test.ok)
		}
	}
}
