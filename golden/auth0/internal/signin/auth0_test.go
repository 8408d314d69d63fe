package signin

import (
	"strings"
	"testing"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

// The application of the tests, and users.
var testConfig = Config{BaseURL: "https://app.example.com", Domain: "tenant.us.auth0.com", ClientID: "client", ClientSecret: "secret"}

const user1, user2 = "auth0|64a1b2c3d4e5f60718293a4b", "google-oauth2|1093"

func TestLoadConfig(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"AUTH0_CLIENT_ID", "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf2", true},
		{"AUTH0_CLIENT_ID", "", false},
		{"AUTH0_CLIENT_ID", "https://tenant.us.auth0.com", false},
		{"AUTH0_CLIENT_SECRET", "", false},
		{"AUTH0_CLIENT_SECRET", "short", false},
		{"AUTH0_CLIENT_SECRET", `"test-only-client-secret_0123456789"`, false},
	} {
		settings := map[string]string{"AUTH0_CLIENT_ID": "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1", "AUTH0_CLIENT_SECRET": "test-only-client-secret_0123456789"}
		settings[test.name] = test.value
		r := env.NewReader(func(name string) string { return settings[name] })
		LoadConfig(r, "https://app.example.com", auth.Config{Domain: "tenant.us.auth0.com", Audience: "https://api.example.com"})
		if err := r.Err(); (err == nil) != test.ok || err != nil && !strings.HasPrefix(err.Error(), test.name+" ") {
			t.Errorf("%s=%s: %v, want ok = %v", test.name, test.value, err, test.ok)
		}
	}
}

func TestLoadConfig_audienceIsTheApplication(t *testing.T) {
	settings := map[string]string{"AUTH0_CLIENT_ID": "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1", "AUTH0_CLIENT_SECRET": "test-only-client-secret_0123456789"}
	r := env.NewReader(func(name string) string { return settings[name] })
	LoadConfig(r, "https://app.example.com", auth.Config{Domain: "tenant.us.auth0.com", Audience: settings["AUTH0_CLIENT_ID"]})
	if err := r.Err(); err == nil || !strings.HasPrefix(err.Error(), "AUTH0_AUDIENCE is AUTH0_CLIENT_ID") {
		t.Errorf("its ID tokens would be taken: %v", err)
	}
}
