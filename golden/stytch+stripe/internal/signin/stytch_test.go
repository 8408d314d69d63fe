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
