package signin

import (
	"strings"
	"testing"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
)

// The application of the tests, and users.
var testConfig = Config{BaseURL: "https://app.example.com", Issuer: "https://yourbusiness.kinde.com", ClientID: "client", ClientSecret: "secret"}

const user1, user2 = "kp_cfcb1ae5b9254ad99521214014c54f43", "kp_0123456789abcdef0123456789abcdef"

func TestLoadConfig(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"KINDE_CLIENT_SECRET", "0123456789abcdef0123456789abcdef0123456789abcdef02", true},
		{"KINDE_CLIENT_SECRET", "", false},
		{"KINDE_CLIENT_SECRET", "short", false},
		{"KINDE_CLIENT_SECRET", "0123456789abcdef 0123456789abcdef", false},
	} {
		settings := map[string]string{"KINDE_CLIENT_SECRET": "0123456789abcdef0123456789abcdef0123456789abcdef01"}
		settings[test.name] = test.value
		r := env.NewReader(func(name string) string { return settings[name] })
		LoadConfig(r, "https://app.example.com", auth.Config{Issuer: "https://yourbusiness.kinde.com", ClientID: "client"})
		if err := r.Err(); (err == nil) != test.ok || err != nil && !strings.HasPrefix(err.Error(), test.name+" ") {
			t.Errorf("%s=%s: %v, want ok = %v", test.name, test.value, err, test.ok)
		}
	}
}
