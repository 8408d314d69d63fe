package okx

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"example.com/shop/internal/env"
)

func TestLoadConfig(t *testing.T) {
	const wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	live := map[string]string{
		"APP_BASE_URL":      "https://shop.example.com",
		"PAYMENT_RECIPIENT": wallet,
		"OKX_API_KEY":       "the-key",
		"OKX_SECRET_KEY":    "the-secret",
		"OKX_PASSPHRASE":    "the-phrase",
	}
	const (
		keyless    = "OKX_API_KEY= OKX_SECRET_KEY= OKX_PASSPHRASE= MOCK_OKX_FACILITATOR=true "
		production = "APP_ENV=production "
	)
	tests := []struct {
		name    string
		changes string // NAME=value, separated by spaces
		problem string // the variable at fault
	}{
		{"live", "", ""},
		{"live in production", production, ""},
		{"mock", keyless, ""},
		{"mock in production", keyless + production, "MOCK_OKX_FACILITATOR"},
		{"mock with keys", "MOCK_OKX_FACILITATOR=true", "OKX_SECRET_KEY"},
		{"no key", "OKX_API_KEY=", "OKX_API_KEY"},
		{"key beyond ASCII", "OKX_SECRET_KEY=thé-secret", "OKX_SECRET_KEY"},
		{"no recipient", "PAYMENT_RECIPIENT=", "PAYMENT_RECIPIENT"},
		{"lower case recipient", "PAYMENT_RECIPIENT=" + strings.ToLower(wallet), ""},
		{"wrong checksum", "PAYMENT_RECIPIENT=" + strings.Replace(wallet, "aA", "Aa", 1), "PAYMENT_RECIPIENT"},
		{"short recipient", "PAYMENT_RECIPIENT=" + wallet[:41], "PAYMENT_RECIPIENT"},
		{"zero address", "PAYMENT_RECIPIENT=0x" + strings.Repeat("0", 40), "PAYMENT_RECIPIENT"},
		{"the token itself", "PAYMENT_RECIPIENT=" + usdg.address.Hex(), "PAYMENT_RECIPIENT"},
		{"burn address", "PAYMENT_RECIPIENT=" + burnAddress.Hex(), ""},
		{"burn address in production", production + "PAYMENT_RECIPIENT=" + burnAddress.Hex(), "PAYMENT_RECIPIENT"},
		{"http", "OKX_BASE_URL=http://web3.okx.com/api", "OKX_BASE_URL"},
		{"http on loopback", "OKX_BASE_URL=http://127.0.0.1:9/api", ""},
		{"http on loopback in production", production + "OKX_BASE_URL=http://127.0.0.1:9/api", "OKX_BASE_URL"},
		{"first API", "OKX_API=v6", ""},
		{"unknown API", "OKX_API=v7", "OKX_API"},
		{"node with a key", "X_LAYER_RPC_URL=https://node.example.com/?key=the-key", ""},
		{"node over http", "X_LAYER_RPC_URL=http://node.example.com/", "X_LAYER_RPC_URL"},
		{"final slash", "OKX_BASE_URL=https://web3.okx.com/", "OKX_BASE_URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vars := maps.Clone(live)
			for change := range strings.FieldsSeq(tt.changes) {
				name, value, _ := strings.Cut(change, "=")
				vars[name] = value
			}
			r := env.NewReader(func(name string) string { return vars[name] })
			cfg := LoadConfig(r)
			switch err := r.Err(); {
			case tt.problem == "" && err != nil:
				t.Error(err)
			case tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)):
				t.Errorf("problems = %v, want one with %s", err, tt.problem)
			}
			if printed := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg); strings.Contains(printed, "the-") {
				t.Errorf("a secret was printed: %s", printed)
			}
		})
	}
}
