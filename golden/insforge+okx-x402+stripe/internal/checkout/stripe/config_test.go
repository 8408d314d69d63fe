package stripe

import (
	"reflect"
	"strings"
	"testing"

	"example.com/shop/internal/env"
)

func load(settings map[string]string) (Config, string) {
	r := env.NewReader(func(name string) string { return settings[name] })
	cfg := LoadConfig(r, "https://shop.example.com")
	if err := r.Err(); err != nil {
		return cfg, err.Error()
	}
	return cfg, ""
}

func TestLoadConfig(t *testing.T) {
	got, problems := load(map[string]string{
		"STRIPE_ENVIRONMENT": "live", "APP_ENV": "production", "STRIPE_CUSTOM_DOMAIN": "pay.example.com",
		"STRIPE_PRICES": "pro=price_2, pack=price_3,pro=price_1",
	})
	want := Config{
		Environment: "live", BaseURL: "https://shop.example.com", Domain: "pay.example.com",
		Products: []Product{sold("pro", "price_2", "price_1"), sold("pack", "price_3")},
	}
	if problems != "" || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %s, want %+v", got, problems, want)
	}
}

// TestLoadConfig_wrong: each problem is named, and no value, which may be a key in the wrong place.
func TestLoadConfig_wrong(t *testing.T) {
	for _, tt := range []struct {
		environment, production, prices, domain string
		want                                    []string
	}{
		{"", "", "", "", []string{"STRIPE_ENVIRONMENT is missing", "STRIPE_PRICES is missing"}},
		{"sandbox", "", "a=price_1", "", []string{"STRIPE_ENVIRONMENT is not valid"}},
		{"test", "production", "a=price_1", "", []string{"STRIPE_ENVIRONMENT must be live in production"}},
		{"live", "", "a=price_1", "", []string{"STRIPE_ENVIRONMENT must be test unless APP_ENV is production"}},
		{"test", "", "price_1", "", []string{"STRIPE_PRICES is not valid in item 1"}},
		{"test", "", "a=price_1,", "", []string{"STRIPE_PRICES is not valid in item 2"}},
		{"test", "", "a=prod_1", "", []string{"STRIPE_PRICES is not valid in item 1"}},
		{"test", "", "a=sk_live_1", "", []string{"STRIPE_PRICES is not valid in item 1"}},
		{"test", "", "A=price_1", "", []string{"STRIPE_PRICES is not valid in item 1"}},
		{"test", "", "a=price_1/../x", "", []string{"STRIPE_PRICES is not valid in item 1"}},
		{"test", "", "a=price_1,b=price_1", "", []string{"STRIPE_PRICES has a price twice"}},
		{"test", "", strings.Repeat("a=price_1,", 100) + "a=price_1", "", []string{"STRIPE_PRICES has more than 100 prices"}},
		{"test", "", "a=price_1", "https://pay.example.com", []string{"STRIPE_CUSTOM_DOMAIN is not valid"}},
		{"test", "", "a=price_1", "pay.example.com evil.example", []string{"STRIPE_CUSTOM_DOMAIN is not valid"}},
		{"test", "", "a=price_1", "localhost", []string{"STRIPE_CUSTOM_DOMAIN is not valid"}},
	} {
		_, problems := load(map[string]string{
			"STRIPE_ENVIRONMENT": tt.environment, "APP_ENV": tt.production, "STRIPE_PRICES": tt.prices, "STRIPE_CUSTOM_DOMAIN": tt.domain,
		})
		lines := strings.Split(problems, "\n")
		for i, want := range tt.want {
			if len(lines) != len(tt.want) || !strings.HasPrefix(lines[i], want) {
				t.Errorf("%+v:\n%s\nwant %q", tt, problems, tt.want)
			}
		}
		for _, value := range []string{"sk_live", "evil"} {
			if strings.Contains(problems, value) {
				t.Errorf("the problem tells the value: %s", problems)
			}
		}
	}
}
