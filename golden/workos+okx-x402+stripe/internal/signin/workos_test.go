package signin

import (
	"errors"
	"net/http"
	"testing"

	"example.com/shop/internal/auth"
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
