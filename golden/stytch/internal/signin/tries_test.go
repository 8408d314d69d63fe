package signin

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
)

func TestTries(t *testing.T) {
	// How many of many attempts may be made, each for an account and from an address of its own or for the same.
	for _, tt := range []struct {
		what           string
		email, address func(int) string
		want           int
	}{
		{"one account, one address", same, same, maxTriesHere},
		{"one account, many addresses", same, other, maxTriesOn},
		{"many accounts, one address", other, same, maxTriesFrom},
		{"many accounts, one network", other, func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }, maxTriesFrom},
		{"many accounts, many networks", other, func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i) }, 1000},
		{"many accounts, many addresses of version 4", other, func(i int) string { return fmt.Sprintf("::ffff:10.0.%d.%d", i/256, i%256) }, 1000},
		{"many accounts, many addresses", other, other, 1000},
	} {
		tries := newTries("")
		var mu sync.Mutex
		var all sync.WaitGroup
		made := 0
		for i := range 1000 {
			all.Go(func() { // many at once are no more
				if _, ok := tries.take(tt.email(i), tt.address(i)); ok {
					mu.Lock()
					defer mu.Unlock()
					made++
				}
			})
		}
		all.Wait()
		if made != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.what, made, tt.want)
		}
		for i := range 2 * maxCounts {
			tries.take(other(i), other(i))
		}
		if len(tries.counts) > maxCounts+2 {
			t.Errorf("%d counts are kept", len(tries.counts))
		}
		tries.giveBack("nobody", "nowhere")
		if n, ok := tries.counts[counted{account: "nobody"}]; ok {
			t.Errorf("an attempt that was never made counts for %d", n)
		}
	}
}

func same(int) string    { return "ada@example.com" }
func other(i int) string { return fmt.Sprint(i) }

// TestTries_address: attempts are counted for the address that the proxy in front names, and for whoever connects if
// there is none. Where nobody knows who calls, nobody is kept out for what others do.
func TestTries_address(t *testing.T) {
	for _, tt := range []struct {
		header, from string
		want         int
	}{
		{"", "198.51.100.1:80", maxTriesHere},
		{"", "[2001:db8::1]:80", maxTriesHere},
		{"X-Seen-From", "10.0.0.1:80", maxTriesOn}, // each comes from an address of its own
		{"X-Other", "198.51.100.1:80", maxTriesHere},
		{"X-Other", "10.0.0.1:80", maxTriesHere},
		{"", "10.0.0.1:80", maxTriesOn},
		{"", "127.0.0.1:80", maxTriesOn},
		{"", "[::1]:80", maxTriesOn},
		{"", "[::ffff:10.0.0.1]:80", maxTriesOn},
		{"", "[fdaa::1]:80", maxTriesOn},
		{"", "169.254.1.1:80", maxTriesOn},
		{"", "100.64.0.1:80", maxTriesOn},
		{"", "@", maxTriesOn},
	} {
		tries, made := newTries(tt.header), 0
		attempt := func(i int, email string) bool {
			r := httptest.NewRequest("POST", "/login", nil)
			r.RemoteAddr = tt.from
			r.Header.Set("X-Seen-From", fmt.Sprint("192.0.2.", i))
			w := httptest.NewRecorder()
			ok := tries.try(w, r, email)
			if wait := w.Header().Get("Retry-After"); ok != (wait == "") || wait == "0" {
				t.Errorf("ok is %v: wait for %q seconds", ok, wait)
			}
			return ok
		}
		for i := range 100 {
			if attempt(i, "ada@example.com") {
				made++
			}
		}
		if made != tt.want {
			t.Errorf("header %q from %s: %d attempts, want %d", tt.header, tt.from, made, tt.want)
		}
		if tt.want == maxTriesOn {
			for i := range 1000 {
				if !attempt(i%250, fmt.Sprint(i)) {
					t.Fatalf("header %q from %s: another account is locked out", tt.header, tt.from)
				}
			}
		}
	}
}
