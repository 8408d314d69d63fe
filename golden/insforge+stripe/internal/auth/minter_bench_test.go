package auth

import (
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// mintLimit is what minting may take, in multiples of what the JWT library takes to sign the same claims.
const mintLimit = 1.2

func BenchmarkMint(b *testing.B) {
	minter := NewMinter(MinterConfig{Secret: vectorSecret, TTL: mintedTTL})
	id := Identity{Subject: "user_2xPnG8KxVQr", ExpiresAt: time.Now().Add(time.Hour)}
	now := time.Now()
	claims := mintedClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: id.Subject, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(mintedTTL)),
		},
		Role: mintedRole, Audience: mintedAudience,
	}
	compare(b, mintLimit, func() {
		if _, _, err := minter.Mint(id); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if _, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(minter.secret); err != nil {
			b.Fatal(err)
		}
	})
}

// compare measures ours and, in turns with it, what cannot be left out. It fails when the median of
// ours is above limit times the other's, unless there are too few rounds to tell.
func compare(b *testing.B, limit float64, ours, bare func()) {
	b.Helper()
	const enough = 2000
	var all, least []time.Duration
	timed := func(f func()) time.Duration {
		start := time.Now()
		f()
		return time.Since(start)
	}
	for b.Loop() {
		if len(all)%2 == 0 { // the second finds the caches warm
			all, least = append(all, timed(ours)), append(least, timed(bare))
		} else {
			least, all = append(least, timed(bare)), append(all, timed(ours))
		}
	}
	slices.Sort(all)
	slices.Sort(least)
	ratio := float64(all[len(all)/2]) / float64(least[len(least)/2])
	b.ReportMetric(ratio, "x-bare")
	b.ReportMetric(limit, "limit-x-bare")
	if ratio > limit && len(all) >= enough {
		b.Errorf("%.2f times what is needed anyway, want at most %.2f", ratio, limit)
	}
}
