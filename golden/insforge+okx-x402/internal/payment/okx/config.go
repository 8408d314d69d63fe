// Package okx sells HTTP routes for stablecoins on X Layer, one payment per
// request, by version 2 of the x402 protocol. OKX verifies and settles the
// payments.
package okx

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"example.com/shop/internal/env"
)

// burnAddress stands in .env.example; nobody can spend what it receives.
var burnAddress = common.HexToAddress("0x000000000000000000000000000000000000dEaD")

// Config is what the paywall reads from the environment.
type Config struct {
	PublicURL   string         // this server's origin, for the URLs in challenges
	Recipient   common.Address // who is paid
	assets      []asset        // in what, on one network; at least one
	Compat      bool           // speak with clients of version 1, too
	API         string         // the generation of OKX's API
	Facilitator string         // where it is, without a final slash
	Mock        bool           // settle nothing
	Contracts   bool           // take the signatures of contract wallets, too
	Node        env.Secret     // the URL of a node of X Layer, which often holds a key; may be empty

	APIKey, SecretKey, Passphrase env.Secret // empty when Mock
}

// LoadConfig reads the configuration. Problems go to r.
func LoadConfig(r *env.Reader) Config {
	cfg := Config{
		PublicURL: r.Required("APP_BASE_URL", "an origin such as https://app.example.com", env.Origin),
		assets:    loadAssets(r),
		Compat:    r.Bool("PAYMENT_COMPAT"),
		API: r.Optional("OKX_API", apiCurrent, apiCurrent+" or "+apiFirst,
			func(s string) bool { return baseURLs[s] != "" }),
		Mock:      r.Bool("MOCK_OKX_FACILITATOR"),
		Contracts: r.Bool("PAYMENT_CONTRACT_WALLETS"),
	}
	cfg.Recipient = recipient(r, cfg.assets)
	cfg.Facilitator = r.Optional("OKX_BASE_URL", baseURLs[cfg.API],
		"an https URL without a final slash (http only for a loopback host, outside production)",
		func(s string) bool { return facilitatorURL(s, r.Production()) })
	cfg.Node = env.Secret(r.Optional("X_LAYER_RPC_URL", "",
		"an https URL (http only for a loopback host, outside production)",
		func(s string) bool { return nodeURL(s, r.Production()) }))
	if cfg.Mock && r.Production() {
		r.Problem("MOCK_OKX_FACILITATOR", "must not be true in production")
	}
	cfg.APIKey = credential(r, "OKX_API_KEY", cfg.Mock)
	cfg.SecretKey = credential(r, "OKX_SECRET_KEY", cfg.Mock)
	cfg.Passphrase = credential(r, "OKX_PASSPHRASE", cfg.Mock)
	return cfg
}

// credential reads one part of the OKX key. The mock must have none, so that
// nobody believes to be taking money when nothing is settled.
func credential(r *env.Reader, name string, mock bool) env.Secret {
	visible := env.Matches(`[!-~]{1,128}`)
	if !mock {
		return r.Secret(name, "the value from the OKX developer portal (or set MOCK_OKX_FACILITATOR=true)", visible)
	}
	if r.Optional(name, "", "nothing", func(string) bool { return true }) != "" {
		r.Problem(name, "must be empty while MOCK_OKX_FACILITATOR is true")
	}
	return ""
}

func recipient(r *env.Reader, assets []asset) common.Address {
	const name = "PAYMENT_RECIPIENT"
	s := r.Required(name, "an address, 0x followed by 40 hex digits, with a correct checksum if the case is mixed", checksummed)
	address := common.HexToAddress(s)
	switch {
	case s == "":
	case address == common.Address{}:
		r.Problem(name, "must not be the zero address")
	case slices.ContainsFunc(assets, func(a asset) bool { return a.address == address }):
		r.Problem(name, "must be a wallet, not a token's contract")
	case address == burnAddress && r.Production():
		r.Problem(name, "must be your own wallet, not the burn address of .env.example")
	}
	return address
}

// checksummed reports whether s is an address. Mixed case is a checksum
// (EIP-55) and must be right.
func checksummed(s string) bool {
	if !isHex(s, common.AddressLength) {
		return false
	}
	digits := s[2:]
	return digits == strings.ToLower(digits) || digits == strings.ToUpper(digits) ||
		s == common.HexToAddress(s).Hex()
}

func facilitatorURL(s string, production bool) bool {
	return !strings.ContainsAny(s, "?#") && !strings.HasSuffix(s, "/") && nodeURL(s, production)
}

// nodeURL allows a query, where some nodes take their key.
func nodeURL(s string, production bool) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && !production && env.Loopback(u.Hostname())
}
