package signin

import (
	"errors"
	"net/http"
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
	p := newProvider(Config{ClientID: "client_1", APIKey: "sk_test_1"}, verifier)
	api := &answers{}
	p.http.Transport = api
	for _, kind := range []string{"invalid_grant", "sso_required", "mfa_enrollment"} {
		*api = answers{status: http.StatusBadRequest, body: `{"error":"` + kind + `","error_description":"Session has already ended."}`}
		if _, err := p.renew(t.Context(), "user_1", "session_1 token"); !errors.Is(err, errEnded) {
			t.Errorf("%s: %v, want ended", kind, err)
		}
	}
	// The token that was used is gone, so the next one must not be lost.
	*api = answers{status: http.StatusOK, body: `{"user":{"id":"user_1"},"access_token":"x","refresh_token":"next"}`}
	if g, err := p.renew(t.Context(), "user_1", "session_1 token"); err == nil || errors.Is(err, errEnded) || g.secret != "session_1 next" {
		t.Errorf("an access token that does not fit: %+v, %v", g, err)
	}
	for _, outage := range outages {
		*api = outage
		if g, err := p.renew(t.Context(), "user_1", "session_1 token"); err == nil || errors.Is(err, errEnded) || g.secret != "" {
			t.Errorf("an outage, %d %s: %+v, %v", outage.status, outage.body, g, err)
		}
	}
}

func TestLoadConfig(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"WORKOS_API_KEY", "sk_a2V5XzAxSEJFUUtBNks0UUpBUzkz", true},
		{"WORKOS_API_KEY", "", false},
		{"WORKOS_API_KEY", "client_01HBEQKA6K4QJAS93VPE39W1JT", false},
		{"WORKOS_API_KEY", "sk_short", false},
		{"WORKOS_WEBHOOK_SECRET", "", true},
		{"WORKOS_WEBHOOK_SECRET", "short", false},
	} {
		settings := map[string]string{"WORKOS_API_KEY": "sk_test_0123456789abcdef", "WORKOS_WEBHOOK_SECRET": "workos-webhook-secret"}
		settings[test.name] = test.value
		r := env.NewReader(func(name string) string { return settings[name] })
		LoadConfig(r, "https://app.example.com", auth.Config{ClientID: "client_1"})
		if err := r.Err(); (err == nil) != test.ok || err != nil && !strings.HasPrefix(err.Error(), test.name+" ") {
			t.Errorf("%s=%s: %v, want ok = %v", test.name, test.value, err, test.ok)
		}
	}
}
