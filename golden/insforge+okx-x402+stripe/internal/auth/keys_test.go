package auth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

// clock is a clock the test moves.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time { return testNow.Add(time.Duration(c.passed.Load())) }

func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// newMovingKeys returns the issuer's key set with a clock, and a function that verifies a token signed
// under the given key ID at that clock's time.
func newMovingKeys(t *testing.T, i *issuer) (*clock, *keySet, func(kid string) error) {
	t.Helper()
	c := &clock{}
	keys := newTestKeys(t, i)
	keys.now = c.now
	return c, keys, func(kid string) error {
		t.Helper()
		token := signWith(t, jwt.SigningMethodRS256, i.key, map[string]any{"kid": kid}, goodClaims(i.url, c.now()))
		_, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}})
		return err
	}
}

// serveKeys makes the issuer publish its key under these IDs.
func serveKeys(i *issuer, kids ...string) {
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		var keys []map[string]any
		for _, kid := range kids {
			keys = append(keys, publicJWK(kid, &i.key.PublicKey))
		}
		writeKeys(w, keys...)
	})
}

func TestKeySet_newKeyIsFetchedOnce(t *testing.T) {
	i := newIssuer(t)
	c, _, verify := newMovingKeys(t, i)
	if err := verify(i.kid); err != nil {
		t.Fatal(err)
	}
	serveKeys(i, i.kid, "key-2")
	c.advance(keyRefreshPause)
	for range 3 {
		if err := verify("key-2"); err != nil {
			t.Error(err)
		}
	}
	if n := i.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
}

func TestKeySet_withdrawnKeyStopsWorking(t *testing.T) {
	i := newIssuer(t)
	c, _, verify := newMovingKeys(t, i)
	if err := verify(i.kid); err != nil {
		t.Fatal(err)
	}
	serveKeys(i, "key-2")
	c.advance(keyMaxAge + time.Second)
	if err := verify(i.kid); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

func TestKeySet_badAnswersKeepTheKeys(t *testing.T) {
	i := newIssuer(t)
	c, _, verify := newMovingKeys(t, i)
	if err := verify(i.kid); err != nil {
		t.Fatal(err)
	}
	elsewhere := newIssuer(t)
	for name, answer := range map[string]http.HandlerFunc{
		"down":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"HTML":             func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") },
		"no keys":          func(w http.ResponseWriter, _ *http.Request) { writeKeys(w) },
		"over 1 MiB":       tooMuch(i),
		"moved to another": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.url, http.StatusFound) },
		"redirect loop":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			i.serve(answer)
			c.advance(keyMaxAge + time.Second)
			if err := verify(i.kid); err != nil {
				t.Errorf("known key: %v", err)
			}
			if err := verify("other"); !errors.Is(err, ErrInvalid) {
				t.Errorf("unknown key: error %v, want ErrInvalid", err)
			}
		})
	}
	if n := elsewhere.fetches.Load(); n != 0 {
		t.Errorf("%d requests to the host of the redirect", n)
	}
}

// tooMuch is a good key behind more white space than we are willing to read.
func tooMuch(i *issuer) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Repeat(" ", maxKeySetBytes))
		writeKeys(w, publicJWK("other", &i.key.PublicKey))
	}
}

func TestKeySet_knownKeysAreNotAskedForAgain(t *testing.T) {
	i := newIssuer(t)
	c, _, verify := newMovingKeys(t, i)
	for range 3 {
		if err := verify(i.kid); err != nil {
			t.Fatal(err)
		}
		c.advance(keyRefreshPause)
	}
	if n := i.fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

// Before there are any keys, a slow provider is worth waiting for.
func TestKeySet_firstKeysMayTakeTheirTime(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(keyRefreshWait + 200*time.Millisecond)
		writeKeys(w, publicJWK(i.kid, &i.key.PublicKey))
	})
	_, _, verify := newMovingKeys(t, i)
	if err := verify(i.kid); err != nil {
		t.Error(err)
	}
}

func TestFetchKeys_timeout(t *testing.T) {
	i := newIssuer(t)
	release := make(chan struct{})
	i.serve(func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := fetchKeys(ctx, i.url, 50*time.Millisecond); err == nil || ctx.Err() != nil {
		t.Errorf("error %v, and the test's own time is over: %v", err, ctx.Err())
	}
	close(release)
}

func TestKeySet_namelessKeysAreNone(t *testing.T) {
	i := newIssuer(t)
	serveKeys(i, "")
	if err := newTestKeys(t, i).ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

func TestSameOrigin(t *testing.T) {
	request := func(url string) *http.Request { return httptest.NewRequest(http.MethodGet, url, nil) }
	first := request("https://provider.example/jwks")
	for url, ok := range map[string]bool{
		"https://provider.example/keys":      true,
		"http://provider.example/keys":       false,
		"https://provider.example:8443/keys": false,
		"https://evil.example/keys":          false,
	} {
		for redirects := 1; redirects <= 4; redirects++ {
			err := sameOrigin(request(url), slices.Repeat([]*http.Request{first}, redirects))
			if (err == nil) != (ok && redirects <= 3) {
				t.Errorf("redirect %d to %s: error %v", redirects, url, err)
			}
		}
	}
}

func TestKeySet_ignoresKeysOfNoUse(t *testing.T) {
	i := newIssuer(t)
	t.Setenv("GODEBUG", "rsa1024min=0") // the test needs a key Go itself calls too short
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public := &i.key.PublicKey
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		writeKeys(w,
			map[string]any{"kty": "oct", "kid": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I", "alg": "HS256"},
			map[string]any{"kty": "quantum", "kid": "new"},
			publicJWK("short", &short.PublicKey),
			with(publicJWK("enc", public), "use", "enc"),
			with(publicJWK("rs512", public), "alg", "RS512"),
			with(publicJWK("plain", public), "use", nil),
			publicJWK(i.kid, public))
	})
	keys := newTestKeys(t, i)
	for kid, ok := range map[string]bool{i.kid: true, "plain": true, "oct": false, "new": false, "short": false, "enc": false, "rs512": false} {
		key := i.key
		if kid == "short" {
			key = short
		}
		token := signWith(t, jwt.SigningMethodRS256, key, map[string]any{"kid": kid}, goodClaims(i.url, testNow))
		if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); (err == nil) != ok {
			t.Errorf("key %s: error %v, want ok = %v", kid, err, ok)
		}
	}
}

func TestKeySet_unavailableUntilTheFirstKeys(t *testing.T) {
	i := newIssuer(t)
	c, keys, verify := newMovingKeys(t, i)
	i.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })

	for range 5 {
		if err := verify(i.kid); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
			t.Errorf("verify: error %v, want ErrUnavailable", err)
		}
	}
	if err := keys.ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("ready: error %v, want ErrUnavailable", err)
	}
	if n := i.fetches.Load(); n != 1 {
		t.Errorf("%d fetches within a second, want 1", n)
	}

	serveKeys(i, i.kid)
	c.advance(keyRetryPause)
	if err := keys.ready(t.Context()); err != nil {
		t.Errorf("ready after recovery: %v", err)
	}
	if err := verify(i.kid); err != nil {
		t.Errorf("verify after recovery: %v", err)
	}
}

func TestKeySet_floodOfUnknownKeys(t *testing.T) {
	i := newIssuer(t)
	c, _, verify := newMovingKeys(t, i)
	if err := verify(i.kid); err != nil {
		t.Fatal(err)
	}
	c.advance(keyRefreshPause)
	release := make(chan struct{})
	i.serve(func(http.ResponseWriter, *http.Request) { <-release }) // the provider hangs
	defer close(release)

	var slowest atomic.Int64
	var running sync.WaitGroup
	for n := range 200 {
		running.Go(func() {
			start := time.Now()
			if err := verify(fmt.Sprintf("junk-%d", n)); !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
			for waited := time.Since(start); ; {
				old := slowest.Load()
				if int64(waited) <= old || slowest.CompareAndSwap(old, int64(waited)) {
					return
				}
			}
		})
	}
	running.Go(func() {
		if err := verify(i.kid); err != nil {
			t.Errorf("valid token: %v", err)
		}
	})
	running.Wait()

	if n := i.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
	// A caller who had to wait for a refresh that is not due would wait for half a minute. The rest of
	// what this measures is how busy the machine is.
	if waited := time.Duration(slowest.Load()); waited > keyRefreshPause {
		t.Errorf("a caller waited %s", waited)
	}
}

func TestKeySet_callerWhoHangsUpDoesNotStopTheFetch(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keys.ready(ctx); err != nil && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "did not arrive in time")) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if err := keys.ready(t.Context()); err != nil {
		t.Errorf("the next caller: %v", err)
	}
}

func TestKeySet_close(t *testing.T) {
	i := newIssuer(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	i.serve(func(http.ResponseWriter, *http.Request) { close(arrived); <-release })
	defer close(release)
	keys := newTestKeys(t, i)
	go func() {
		<-arrived
		keys.close()
	}()
	start := time.Now()
	if err := keys.ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if waited := time.Since(start); waited >= keyFetchTimeout {
		t.Errorf("the fetch went on for %s", waited)
	}
}

func TestJWKSURL(t *testing.T) {
	const provider = "https://provider.example/jwks"
	for _, test := range []struct {
		url, appEnv, want string
	}{
		{"", "production", provider},
		{"https://proxy.example/jwks", "production", "https://proxy.example/jwks"},
		{"http://localhost:9000/jwks", "development", "http://localhost:9000/jwks"},
		{"http://127.0.0.1:9000/jwks", "", "http://127.0.0.1:9000/jwks"},
		{"http://localhost:9000/jwks", "production", ""},
		{"http://proxy.example/jwks", "development", ""},
		{"file:///etc/passwd", "development", ""},
		{"https://user:pass@proxy.example/jwks", "development", ""},
		{"proxy.example/jwks", "development", ""},
		{"https:///jwks", "development", ""},
		{"https://[::1/jwks", "development", ""},
		{"https://proxy.example/jwks#keys", "development", ""},
	} {
		r := env.NewReader(func(name string) string {
			return map[string]string{"AUTH_JWKS_URL": test.url, "APP_ENV": test.appEnv}[name]
		})
		got, err := jwksURL(r, provider), r.Err()
		if (err == nil) != (test.want != "") || err == nil && got != test.want {
			t.Errorf("AUTH_JWKS_URL=%s in %s: %q, %v; want %q", test.url, test.appEnv, got, err, test.want)
		}
	}
}
