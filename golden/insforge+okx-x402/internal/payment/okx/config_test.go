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

		own = "PAYMENT_ASSET_SYMBOL=TUSD PAYMENT_ASSET_NETWORK=eip155:1952 PAYMENT_ASSET_DECIMALS=6 PAYMENT_ASSET_NAME=Test PAYMENT_ASSET_VERSION=1 " +
			"PAYMENT_ASSET_ADDRESS=0x00000000000000000000000000000000000a55e7 PAYMENT_ASSET_SEPARATOR=0xebe6764860d91c3c16f239f970b5fbffab156db0834026470d2ffd97f0354020 "
		sameNetwork = "0xf122e6fb5a44d3edba83f5506de20c6d93ca1610dcdadf8db09a47fbc8d77e6c"
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
		{"the token itself", "PAYMENT_RECIPIENT=" + xLayerAssets[0].address.Hex(), "PAYMENT_RECIPIENT"},
		{"burn address", "PAYMENT_RECIPIENT=" + burnAddress.Hex(), ""},
		{"burn address in production", production + "PAYMENT_RECIPIENT=" + burnAddress.Hex(), "PAYMENT_RECIPIENT"},
		{"http", "OKX_BASE_URL=http://web3.okx.com/api", "OKX_BASE_URL"},
		{"http on loopback", "OKX_BASE_URL=http://127.0.0.1:9/api", ""},
		{"http on loopback in production", production + "OKX_BASE_URL=http://127.0.0.1:9/api", "OKX_BASE_URL"},
		{"first API", "OKX_API=v6", ""},
		{"unknown API", "OKX_API=v7", "OKX_API"},
		{"node with a key", "X_LAYER_RPC_URL=https://node.example.com/?key=the-key", ""},
		{"node over http", "X_LAYER_RPC_URL=http://node.example.com/", "X_LAYER_RPC_URL"},
		{"another asset", "PAYMENT_ASSETS=USDC", ""},
		{"several assets", "PAYMENT_ASSETS=USDG,USDT0,USDC", ""},
		{"unknown asset", "PAYMENT_ASSETS=USDX", "PAYMENT_ASSETS"},
		{"asset twice", "PAYMENT_ASSETS=USDG,USDG", "PAYMENT_ASSETS"},
		{"own asset", own + "PAYMENT_ASSETS=TUSD", ""},
		{"own asset beside others", own + "PAYMENT_ASSETS=TUSD,USDC PAYMENT_ASSET_NETWORK=eip155:196 PAYMENT_ASSET_SEPARATOR=" + sameNetwork, ""},
		{"own asset on another network", own + "PAYMENT_ASSETS=USDG,TUSD", "PAYMENT_ASSETS"},
		{"own asset not sold for", own, "PAYMENT_ASSETS"},
		{"own asset in part", "PAYMENT_ASSET_SYMBOL=TUSD", "PAYMENT_ASSET_NAME"},
		{"own asset with a known name", own + "PAYMENT_ASSET_SYMBOL=usdg", "PAYMENT_ASSET_SYMBOL"},
		{"own asset with another domain", own + "PAYMENT_ASSETS=TUSD PAYMENT_ASSET_VERSION=2", "PAYMENT_ASSET_SEPARATOR"},
		{"own asset as recipient", own + "PAYMENT_ASSETS=TUSD PAYMENT_RECIPIENT=0x00000000000000000000000000000000000a55e7", "PAYMENT_RECIPIENT"},
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
