package okx

import (
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

func TestDomainSeparator(t *testing.T) {
	for _, a := range xLayerAssets {
		if err := a.check(); err != nil {
			t.Error(err)
		}
	}
	usdg := xLayerAssets[0]
	for _, domain := range []string{"USDG/2", "Global Dollar/2", "USDG/1", "global dollar/1"} {
		wrong := usdg
		wrong.name, wrong.version, _ = strings.Cut(domain, "/")
		if _, err := newOffer(wrong, "1", common.Address{1}, resource{}); err == nil {
			t.Errorf("domain %s passed", domain)
		}
	}
}

func TestUnits(t *testing.T) {
	for price, want := range map[string]int64{
		"1": 1000000, "0.01": 10000, "0.000001": 1, "12.5": 12500000, "1.000000": 1000000, "007": 7000000,
	} {
		if got, err := xLayerAssets[0].units(price); err != nil || got.Cmp(big.NewInt(want)) != 0 {
			t.Errorf("units(%q) = %v, %v; want %d", price, got, err, want)
		}
	}
	for _, price := range []string{"", "0", "0.000000", "0.0000001", "-1", "+1", "1e3", "1,5", ".5", "1.", "1.2.3", " 1", "$1"} {
		if got, err := xLayerAssets[0].units(price); err == nil {
			t.Errorf("units(%q) = %v, want an error", price, got)
		}
	}
}

// TestDigest holds the digest of one transfer as viem computes it, so that this
// package does not only agree with itself.
func TestDigest(t *testing.T) {
	got := xLayerAssets[0].digest(transfer{
		from:        common.HexToAddress("0x1111111111111111111111111111111111111111"),
		to:          common.HexToAddress("0x2222222222222222222222222222222222222222"),
		value:       number(10000),
		validBefore: number(1800000000),
		nonce:       common.HexToHash("0x3333333333333333333333333333333333333333333333333333333333333333"),
	})
	const want = "9a14629364fe026403d33a67937d1a9aa081dcdf535e9be85c8207649ec2135e"
	if hex.EncodeToString(got) != want {
		t.Errorf("digest = %x, want %s", got, want)
	}
}
