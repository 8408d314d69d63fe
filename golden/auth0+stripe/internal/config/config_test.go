package config_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"example.com/shop/internal/config"
	"example.com/shop/internal/env"
)

// getenv answers from a complete environment in which some lines differ. A
// line without a value unsets its variable.
func getenv(lines ...string) func(string) string {
	env := map[string]string{}
	sample := []string{
		"APP_ENV=development",
		"ADDR=:8080",
		"APP_BASE_URL=http://localhost:8080",
		"CORS_ORIGINS=http://localhost:5173,https://page.example.com",
		"INSFORGE_URL=https://abc12345.us-east.insforge.app",
		"INSFORGE_ANON_KEY=anon_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"INSFORGE_API_KEY=ik_0123456789abcdef0123456789abcdef",
		"INSFORGE_JWT_SECRET=test-only-jwt-secret-0123456789abcdef",
		"AUTH_JWKS_URL=http://localhost:8081/.well-known/jwks.json",
		"AUTH0_DOMAIN=tenant.us.auth0.com",
		"AUTH0_CLIENT_ID=0123456789abcdefABCDEF0123456789",
		"AUTH0_CLIENT_SECRET=test-only-client-secret-0123456789abcdefghijklmnopqrstuvwxyz-0123",
		"AUTH0_AUDIENCE=https://api.example.com",
		"STRIPE_ENVIRONMENT=test",
		"STRIPE_PRICES=pro=price_1ExampleMonthly,pack=price_1ExampleOnce",
		"STRIPE_CUSTOM_DOMAIN=pay.example.com",
	}
	for _, line := range append(sample, lines...) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func TestLoad(t *testing.T) {
	cfg, err := config.Load(getenv())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Production || cfg.BaseURL != "http://localhost:8080" || cfg.InsForge.URL == "" {
		t.Errorf("read %+v", cfg)
	}
}

func TestLoadListensWhereItIsTold(t *testing.T) {
	tests := []struct {
		env  []string
		want string
	}{
		{[]string{"ADDR="}, ":8080"},
		{[]string{"ADDR=", "PORT=9000"}, ":9000"},
		{[]string{"ADDR=127.0.0.1:0"}, "127.0.0.1:0"},
		{[]string{"ADDR=127.0.0.1:7000", "PORT=9000"}, "127.0.0.1:7000"},
	}
	for _, tt := range tests {
		cfg, err := config.Load(getenv(tt.env...))
		if err != nil {
			t.Errorf("%q: %v", tt.env, err)
		}
		if cfg.Addr != tt.want {
			t.Errorf("%q: %q, want %q", tt.env, cfg.Addr, tt.want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	lines := []string{
		"APP_ENV=staging", "ADDR=8080", "ADDR=:http", "APP_BASE_URL=", "APP_BASE_URL=https://app.example.com/",
		"INSFORGE_URL=", "INSFORGE_URL=https://app.insforge.app/api", "INSFORGE_ANON_KEY=", "INSFORGE_ANON_KEY=ik_0123456789",
		"INSFORGE_API_KEY=", "INSFORGE_API_KEY=anon_0123456789",
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		_, err := config.Load(getenv(line))
		if err == nil {
			t.Errorf("%s was accepted", line)
			continue
		}
		if !strings.Contains(err.Error(), name) || value != "" && strings.Contains(err.Error(), value) {
			t.Errorf("%s: the error must hold the name and not the value: %v", line, err)
		}
	}
}

func TestLoadReportsEveryProblem(t *testing.T) {
	_, err := config.Load(getenv("ADDR=x", "PORT=x", "APP_BASE_URL=", "INSFORGE_URL=", "INSFORGE_API_KEY="))
	for _, name := range []string{"ADDR", "PORT", "APP_BASE_URL", "INSFORGE_URL", "INSFORGE_API_KEY"} {
		if err == nil || !strings.Contains(err.Error(), "\n"+name+" ") {
			t.Errorf("%s is not in %v", name, err)
		}
	}
}

func TestLoadWantsHTTPSInProduction(t *testing.T) {
	_, err := config.Load(getenv("APP_ENV=production", "APP_BASE_URL=http://localhost:8080"))
	if err == nil || !strings.Contains(err.Error(), "APP_BASE_URL must be https in production") {
		t.Errorf("got %v", err)
	}
}

func TestConfigPrintsNoSecret(t *testing.T) {
	const key = "ik_fedcba9876543210"
	cfg, err := config.Load(getenv("INSFORGE_API_KEY=" + key))
	if err != nil {
		t.Fatal(err)
	}
	if string(cfg.InsForge.APIKey) != key {
		t.Fatal("the key was not read")
	}
	if printed := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg); strings.Contains(printed, key) {
		t.Errorf("printed: %s", printed)
	}
}

// TestConfigHidesNoSecret: fmt asks only what is in exported fields how it wants to be printed. A secret
// below any other would stand in a log as it is.
func TestConfigHidesNoSecret(t *testing.T) {
	var look func(path string, of reflect.Type, seen bool)
	look = func(path string, of reflect.Type, seen bool) {
		switch {
		case of == reflect.TypeFor[env.Secret]() && !seen:
			t.Errorf("%s is a secret that fmt prints", path)
		case of.Kind() == reflect.Struct:
			for i := range of.NumField() {
				field := of.Field(i)
				look(path+"."+field.Name, field.Type, seen && field.IsExported())
			}
		}
	}
	look("Config", reflect.TypeFor[config.Config](), true)
}
