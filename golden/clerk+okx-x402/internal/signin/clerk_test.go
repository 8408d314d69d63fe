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
	api := &answers{status: http.StatusOK, body: `{"user_id":"user_1","status":"active"}`}
	p := newProvider(Config{SecretKey: "sk_test_0"}, nil)
	p.http.Transport = api
	if g, err := p.renew(t.Context(), "user_1", "sess_1"); err != nil || g.subject != "user_1" || g.secret != "sess_1" {
		t.Errorf("renew = %+v, %v", g, err)
	}
	for _, ended := range []answers{
		{status: http.StatusOK, body: `{"user_id":"user_1","status":"revoked"}`},
		{status: http.StatusOK, body: `{"user_id":"user_1","status":"pending"}`},
		{status: http.StatusNotFound, body: `{"errors":[{"code":"resource_not_found"}]}`},
	} {
		*api = ended
		if _, err := p.renew(t.Context(), "user_1", "sess_1"); !errors.Is(err, errEnded) {
			t.Errorf("%d %s: %v, want ended", ended.status, ended.body, err)
		}
	}
	for _, outage := range outages {
		*api = outage
		if _, err := p.renew(t.Context(), "user_1", "sess_1"); err == nil || errors.Is(err, errEnded) {
			t.Errorf("an outage, %d %s: %v", outage.status, outage.body, err)
		}
	}
	*api = answers{}
	if _, err := p.renew(t.Context(), "user_1", ""); !errors.Is(err, errEnded) || api.asked > 0 {
		t.Errorf("no session: %v, after %d questions", err, api.asked)
	}
}

func TestLoadConfig(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"CLERK_SECRET_KEY", "sk_test_0123456789abcdefghik", true},
		{"CLERK_SECRET_KEY", "", false},
		{"CLERK_SECRET_KEY", "pk_test_0123456789abcdefghij", false},
		{"CLERK_SECRET_KEY", "sk_test_short", false},
		{"CLERK_SECRET_KEY", "sk_live_0123456789abcdefghij", false}, // the instance is for development
		{"CLERK_WEBHOOK_SECRET", "", true},
		{"CLERK_WEBHOOK_SECRET", "whsec_", false},
	} {
		settings := map[string]string{"CLERK_SECRET_KEY": "sk_test_0123456789abcdefghij", "CLERK_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
		settings[test.name] = test.value
		r := env.NewReader(func(name string) string { return settings[name] })
		LoadConfig(r, "https://app.example.com", auth.Config{PublishableKey: "pk_test_Y2xldmVyLWNhdC0xMi5jbGVyay5hY2NvdW50cy5kZXYk"})
		if err := r.Err(); (err == nil) != test.ok || err != nil && !strings.HasPrefix(err.Error(), test.name+" ") {
			t.Errorf("%s=%s: %v, want ok = %v", test.name, test.value, err, test.ok)
		}
	}
}
