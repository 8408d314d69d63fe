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
		for i := range 100_000 {
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

// TestTries_address: attempts are counted for the address that the proxy in front names, if there is one.
func TestTries_address(t *testing.T) {
	for header, want := range map[string]int{"": maxTriesHere, "X-Seen-From": maxTriesOn} {
		tries, made := newTries(header), 0
		for i := range 100 {
			r := httptest.NewRequest("POST", "/login", nil)
			r.Header.Set("X-Seen-From", fmt.Sprint("192.0.2.", i))
			w := httptest.NewRecorder()
			switch ok := tries.try(w, r, "ada@example.com"); {
			case ok:
				made++
			case w.Header().Get("Retry-After") == "" || w.Header().Get("Retry-After") == "0":
				t.Errorf("wait for %q seconds", w.Header().Get("Retry-After"))
			}
		}
		if made != want {
			t.Errorf("with header %q: %d attempts, want %d", header, made, want)
		}
	}
}
