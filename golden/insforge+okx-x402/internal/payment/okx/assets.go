package okx

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"example.com/shop/internal/env"
)

// defaultAsset is what callers pay in unless PAYMENT_ASSETS says otherwise.
const defaultAsset = "USDG"

// loadAssets reads what callers can pay in: stablecoins of X Layer, or one that
// the PAYMENT_ASSET_ variables describe. All are on one network, for there is one
// node to ask about them.
func loadAssets(r *env.Reader) []asset {
	known := slices.Clone(xLayerAssets)
	own, described := loadOwnAsset(r)
	if described {
		known = append(known, own)
	}
	var ids []string
	for _, a := range known {
		ids = append(ids, a.id)
	}
	const list = "PAYMENT_ASSETS"
	chosen := r.List(list, "one of "+strings.Join(ids, ", "), func(id string) bool { return slices.Contains(ids, id) })
	if chosen == nil {
		chosen = []string{defaultAsset}
	}
	var assets []asset
	for i, id := range chosen {
		a := known[slices.Index(ids, id)]
		if slices.Contains(chosen[:i], id) {
			r.Problem(list, "names "+id+" twice")
		}
		if i > 0 && a.network != assets[0].network {
			r.Problem(list, "must name assets of one network only")
		}
		assets = append(assets, a)
	}
	if described && !slices.Contains(chosen, own.id) {
		r.Problem(list, "must name "+own.id+", which the PAYMENT_ASSET_ variables describe")
	}
	return assets
}

// loadOwnAsset reads an asset that is not in the table. A wrong guess about it
// would have every payer sign something that its contract refuses, so nothing of it
// is guessed: all the variables are needed, or none.
func loadOwnAsset(r *env.Reader) (own asset, described bool) {
	names := []string{
		"PAYMENT_ASSET_SYMBOL", "PAYMENT_ASSET_NETWORK", "PAYMENT_ASSET_ADDRESS", "PAYMENT_ASSET_DECIMALS",
		"PAYMENT_ASSET_NAME", "PAYMENT_ASSET_VERSION", "PAYMENT_ASSET_SEPARATOR",
	}
	for _, name := range names {
		value := r.Optional(name, "", "a value", func(string) bool { return true })
		described = described || value != ""
	}
	if !described {
		return asset{}, false
	}
	text := env.Matches(`[^\x00-\x1f]{1,64}`)
	own.id = r.Required(names[0], "a short name of letters and digits that no asset of X Layer has", func(s string) bool {
		return env.Matches(`[A-Za-z0-9]{1,16}`)(s) && !slices.ContainsFunc(xLayerAssets, func(a asset) bool { return strings.EqualFold(a.id, s) })
	})
	own.symbol = own.id
	own.network = r.Required(names[1], "eip155: followed by the chain's number", env.Matches(`eip155:[1-9][0-9]{0,15}`))
	own.chainID, _ = strconv.ParseInt(chainIndex(own.network), 10, 64)
	own.address = common.HexToAddress(r.Required(names[2], "the contract's address, 0x followed by 40 hex digits", checksummed))
	own.decimals, _ = strconv.Atoi(r.Required(names[3], "a number from 6 to 18", env.Matches(`[6-9]|1[0-8]`)))
	own.name = r.Required(names[4], "the name in the contract's EIP-712 domain", text)
	own.version = r.Required(names[5], "the version in the contract's EIP-712 domain", text)
	own.separator = common.HexToHash(r.Required(names[6], "what DOMAIN_SEPARATOR of the contract answers, 0x followed by 64 hex digits",
		func(s string) bool { return isHex(s, common.HashLength) }))
	if own.check() != nil {
		r.Problem(names[6], "does not follow from the asset's name, version, network and address; read all of them from the contract")
	}
	return own, true
}

// Asset says how people call the asset at an address, and how many decimal
// places its amounts have.
func (p *Paywall) Asset(network, address string) (symbol string, decimals int, ok bool) {
	for _, a := range slices.Concat(p.cfg.assets, xLayerAssets) {
		if a.network == network && sameHex(a.address.Hex(), address) {
			return a.symbol, a.decimals, true
		}
	}
	return "", 0, false
}

// symbols lists assets for people: "USDG or USDC".
func symbols(assets []asset) string {
	var names []string
	for _, a := range assets {
		names = append(names, a.symbol)
	}
	return strings.Join(names, " or ")
}
