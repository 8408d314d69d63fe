package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

const (
	// keyFetchTimeout bounds one request for the key set, and so the wait of the very first sign-in.
	keyFetchTimeout = 5 * time.Second
	// keyRefreshWait bounds how long a request waits for newer keys once there are some.
	keyRefreshWait = time.Second
	// keyRefreshPause is the least time between two fetches. Key IDs come from the caller, so without
	// it anybody could make this server hammer the provider.
	keyRefreshPause = 30 * time.Second
	// keyRetryPause replaces keyRefreshPause until the first fetch succeeds: nobody can sign in before.
	keyRetryPause = time.Second
	// keyMaxAge is how old keys may grow before they are read again, so that a key the provider
	// withdrew stops working.
	keyMaxAge = time.Hour

	maxKeySetBytes = 1 << 20
)

// keySet is the provider's published signing keys, read on first use and kept while the provider is
// unreachable. It is safe for concurrent use.
type keySet struct {
	url    string // says in errors which keys are meant
	fetch  func(context.Context) (keyfunc.Keyfunc, error)
	now    func() time.Time
	ctx    context.Context // ends a running fetch when the set is closed
	cancel context.CancelFunc

	mu       sync.Mutex
	keys     keyfunc.Keyfunc // of the last good fetch; nil before it
	loaded   time.Time       // when keys were fetched
	tried    time.Time       // when the last fetch began
	err      error           // why the last fetch failed
	fetching chan struct{}   // closed when the running fetch ends; nil when there is none
}

// newKeySet returns the key set published at url. It does no I/O.
func newKeySet(url string) *keySet {
	ctx, cancel := context.WithCancel(context.Background())
	fetch := func(ctx context.Context) (keyfunc.Keyfunc, error) { return fetchKeys(ctx, url, keyFetchTimeout) }
	return &keySet{url: url, fetch: fetch, now: time.Now, ctx: ctx, cancel: cancel}
}

// ready returns nil once usable keys have been fetched, fetching them when needed, and an error that
// wraps ErrUnavailable otherwise.
func (k *keySet) ready(ctx context.Context) error {
	_, err := k.current(ctx)
	return err
}

// close ends a running fetch. The keys read so far stay usable.
func (k *keySet) close() {
	k.cancel()
}

// find returns the key that a token's header names, which has a kid. Its error wraps ErrUnavailable
// when there are no keys to pick from.
func (k *keySet) find(ctx context.Context, header map[string]any) (any, error) {
	token := &jwt.Token{Header: header}
	keys, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	key, err := keys.KeyfuncCtx(ctx)(token)
	if !errors.Is(err, jwkset.ErrKeyNotFound) {
		return key, err
	}
	// The provider may have begun to sign with a new key.
	k.refresh(ctx, keyRefreshWait)
	if keys, err = k.current(ctx); err != nil {
		return nil, err
	}
	return keys.KeyfuncCtx(ctx)(token)
}

// current returns the keys at hand, after a refresh when there are none or when they are old.
// Old keys are better than none: they are returned when the refresh fails.
func (k *keySet) current(ctx context.Context) (keyfunc.Keyfunc, error) {
	k.mu.Lock()
	keys, age := k.keys, k.now().Sub(k.loaded)
	k.mu.Unlock()

	switch {
	case keys == nil:
		k.refresh(ctx, keyFetchTimeout)
	case age > keyMaxAge:
		k.refresh(ctx, keyRefreshWait)
	default:
		return keys, nil
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		if k.err == nil {
			return nil, fmt.Errorf("%w: the key set of %s did not arrive in time", ErrUnavailable, k.url)
		}
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, k.err)
	}
	return k.keys, nil
}

// refresh fetches the keys unless that was tried a moment ago, and waits for the outcome at most for
// the given time. All callers share one fetch, which goes on when they stop waiting: a caller that
// hangs up cannot keep new keys from everybody else.
func (k *keySet) refresh(ctx context.Context, wait time.Duration) {
	k.mu.Lock()
	if k.fetching == nil {
		pause := keyRefreshPause
		if k.keys == nil {
			pause = keyRetryPause
		}
		if k.now().Sub(k.tried) < pause {
			k.mu.Unlock()
			return
		}
		k.tried = k.now()
		k.fetching = make(chan struct{})
		go k.update(k.fetching)
	}
	done := k.fetching
	k.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// update replaces the keys by freshly fetched ones, keeps them when that fails, and closes done.
func (k *keySet) update(done chan struct{}) {
	keys, err := k.fetch(k.ctx)

	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err = err; err == nil {
		k.keys, k.loaded = keys, k.now()
	}
	k.fetching = nil
	close(done)
}

// fetchKeys reads the key set at url once, within the timeout. Keys of no use here (of another kind, short,
// meant for encryption) are left out; a set with nothing else is an error.
func fetchKeys(ctx context.Context, url string, timeout time.Duration) (keyfunc.Keyfunc, error) {
	storage, err := jwkset.NewStorageFromHTTP(url, jwkset.HTTPClientStorageOptions{
		Client:      &http.Client{Transport: boundedTransport{}, CheckRedirect: sameOrigin},
		Ctx:         ctx,
		HTTPTimeout: timeout,
	})
	if err != nil {
		return nil, fmt.Errorf("fetch key set %s: %w", url, err)
	}
	all, err := storage.KeyReadAll(ctx)
	if err != nil {
		return nil, fmt.Errorf("read key set %s: %w", url, err)
	}
	usable := slices.DeleteFunc(all, func(key jwkset.JWK) bool { return !usableKey(key) })
	if len(usable) == 0 {
		return nil, fmt.Errorf("key set %s holds no %s", url, signingKeys)
	}
	if err := storage.KeyReplaceAll(ctx, usable); err != nil {
		return nil, fmt.Errorf("keep key set %s: %w", url, err)
	}
	return keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: storage})
}

// usableKey reports whether key is a named public key, of the right kind, that may verify signatures.
func usableKey(key jwkset.JWK) bool {
	described := key.Marshal()
	return isSigningKey(key.Key()) && described.KID != "" && (described.USE == "" || described.USE == jwkset.UseSig)
}

// boundedTransport cuts answers off after maxKeySetBytes; reading further is an error.
type boundedTransport struct{}

func (boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxKeySetBytes)
	return resp, nil
}

// sameOrigin refuses redirects that leave the configured host: whoever answers there would choose
// the keys this server trusts.
func sameOrigin(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Scheme != first.Scheme || req.URL.Host != first.Host {
		return fmt.Errorf("redirect to another origin, %s://%s", req.URL.Scheme, req.URL.Host)
	}
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	return nil
}

// jwksURL is AUTH_JWKS_URL when that is set and the provider's own address otherwise.
func jwksURL(r *env.Reader, provider string) string {
	return r.Optional("AUTH_JWKS_URL", provider, "an https URL (http only for a loopback host, outside production)",
		func(s string) bool { return safeKeyURL(s, !r.Production()) })
}

// safeKeyURL reports whether keys read from the address s can be trusted to be the ones published
// there. Plain http is good enough only on this machine, and only when loopback is allowed.
func safeKeyURL(s string, loopback bool) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return loopback && env.Loopback(u.Hostname())
	default:
		return false
	}
}
