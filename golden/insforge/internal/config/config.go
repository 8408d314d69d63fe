// Package config holds everything the server can be told from outside.
package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/signin"
)

// Config is the whole configuration, checked.
type Config struct {
	Addr       string // what net.Listen takes
	Production bool
	BaseURL    string   // the origin browsers use for this server
	Origins    []string // of other sites whose pages may call it
	InsForge   insforge.Config
	Auth       auth.Config
	SignIn     signin.Config
}

// Load reads the configuration from environment variables. Its error names
// every variable that is missing or wrong, one per line, and no value.
func Load(getenv func(string) string) (Config, error) {
	r := env.NewReader(getenv)
	cfg := Config{
		Addr:       addr(r),
		Production: r.Production(),
		BaseURL:    baseURL(r),
		Origins:    r.List("CORS_ORIGINS", "an origin such as https://page.example.com, without a final slash", env.Origin),
		InsForge:   insforge.LoadConfig(r),
		Auth:       auth.LoadConfig(r),
	}
	cfg.SignIn = signin.LoadConfig(r, cfg.BaseURL, cfg.Auth)
	if err := r.Err(); err != nil {
		return Config{}, fmt.Errorf("configuration:\n%w", err)
	}
	return cfg, nil
}

// addr prefers ADDR. Hosting platforms that choose the port say so in PORT.
func addr(r *env.Reader) string {
	fallback := ":8080"
	if port := r.Optional("PORT", "", "a port number", portNumber); port != "" {
		fallback = ":" + port
	}
	return r.Optional("ADDR", fallback, "[host]:port", func(s string) bool {
		_, port, err := net.SplitHostPort(s)
		return err == nil && portNumber(port)
	})
}

func baseURL(r *env.Reader) string {
	url := r.Required("APP_BASE_URL", "an origin such as https://app.example.com, without a path or a final slash; http only for localhost", env.Origin)
	if r.Production() && strings.HasPrefix(url, "http:") {
		r.Problem("APP_BASE_URL", "must be https in production")
	}
	return url
}

func portNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
