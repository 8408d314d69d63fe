package signin

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What the provider limits, it limits by the address of whoever asks: this server's, for all users. So attempts are
// counted here. Each server counts those that come to it.
const (
	triesTime = 15 * time.Minute
	// maxTriesHere is for one account from one address.
	maxTriesHere = 10
	// maxTriesOn is for one account from everywhere. With fewer, anybody could lock its owner out.
	maxTriesOn = 50
	// maxTriesFrom is for one address, which a whole office may share.
	maxTriesFrom = 100
	// maxCounts and maxEmail bound what is kept in memory.
	maxCounts = 10_000
	maxEmail  = 320
)

// tries counts attempts to sign in, by account and by address. It is safe for concurrent use.
type tries struct {
	header string // in which the proxy in front says who calls; "" without such a proxy
	now    func() time.Time

	mu     sync.Mutex
	began  time.Time // when counting began anew
	counts map[counted]int
}

// counted is what attempts are counted for. One of the two may be left out.
type counted struct{ account, address string }

func newTries(clientIPHeader string) *tries {
	return &tries{header: clientIPHeader, now: time.Now, counts: map[counted]int{}}
}

// tooMany is what people are told who have tried too often.
const tooMany = "These were too many attempts. Please wait some minutes, then try again."

// try counts an attempt to get in to an account, before it is made: many at once are no more than one after the other.
// One that is not ok must not be made; the header of the answer says how long to wait.
func (t *tries) try(w http.ResponseWriter, r *http.Request, email string) (ok bool) {
	wait, ok := t.take(email, t.address(r))
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(wait.Seconds())))
	}
	return ok
}

// forgive takes an attempt back that was no guess: one that was right, or that nobody answered.
func (t *tries) forgive(r *http.Request, email string) {
	t.giveBack(email, t.address(r))
}

// address is who makes an attempt; "" if that cannot be told. A caller within this server's own network is a proxy,
// behind which everybody may be: what one does there must not keep all others out.
func (t *tries) address(r *http.Request) string {
	address := clientIP(r, t.header)
	ip, err := netip.ParseAddr(address)
	ip = ip.Unmap()
	within := ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || shared.Contains(ip)
	if err != nil || ip.IsUnspecified() || t.header == "" && within {
		return ""
	}
	return address
}

// shared is the space between a provider and its customers (RFC 6598), which platforms use within themselves.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// limits are those for an attempt.
func limits(email, address string) map[counted]int {
	account := strings.ToLower(email[:min(len(email), maxEmail)])
	all := map[counted]int{}
	all[counted{account: account}] = maxTriesOn
	if address != "" {
		network := networkOf(address)
		all[counted{account, network}] = maxTriesHere
		all[counted{address: network}] = maxTriesFrom
	}
	return all
}

// networkOf is what an address counts as. Of version 6, whoever has one has all of its network.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() || ip.Is4In6() {
		return address
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

func (t *tries) take(email, address string) (wait time.Duration, ok bool) {
	all := limits(email, address)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.began) >= triesTime || len(t.counts) >= maxCounts {
		clear(t.counts)
		t.began = now
	}
	for c, limit := range all {
		if t.counts[c] >= limit {
			return t.began.Add(triesTime).Sub(now), false
		}
	}
	for c := range all {
		t.counts[c]++
	}
	return 0, true
}

func (t *tries) giveBack(email, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range limits(email, address) {
		if t.counts[c]--; t.counts[c] <= 0 { // counting may have begun anew
			delete(t.counts, c)
		}
	}
}
