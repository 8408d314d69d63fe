package e2e_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/servertest"
)

// keyPause is how long a server does not ask for keys again, and a little.
const keyPause = 30*time.Second + 500*time.Millisecond

// warm opens a server that has read its provider's keys, and returns a function that
// waits until it may do so again.
func warm(t *testing.T, p authtest.Profile) (*tokenSite, func()) {
	t.Helper()
	s := open(t, p, nil)
	s.accepted(t, "a good token", bearer(s.good()), s.Subject)
	asked := s.keyRequests()
	if len(asked) != 1 {
		t.Fatalf("asked for keys %d times", len(asked))
	}
	return s, func() { time.Sleep(time.Until(asked[0].At.Add(keyPause))) }
}

// fetched wants the server to have asked for keys so often.
func (s *tokenSite) fetched(t *testing.T, times int) {
	t.Helper()
	if got := len(s.keyRequests()); got != times {
		t.Errorf("asked for keys %d times, want %d", got, times)
	}
}

// TestJ15_newKey: the provider begins to sign with a new key.
func TestJ15_newKey(t *testing.T) {
	each(t, "J15", func(t *testing.T, p authtest.Profile) {
		s, wait := warm(t, p)
		old := s.good()
		wait()
		s.issuer.Rotate()
		for range 3 {
			s.accepted(t, "by the new key", bearer(s.good()), s.Subject)
		}
		s.accepted(t, "by the old key", bearer(old), s.Subject)
		s.fetched(t, 2)
	})
}

// TestJ16_withdrawnKey: a key that the provider withdrew, after the keys were read anew.
func TestJ16_withdrawnKey(t *testing.T) {
	each(t, "J16", func(t *testing.T, p authtest.Profile) {
		s, wait := warm(t, p)
		first, header := s.issuer.KeyID(), s.issuer.Header().JSON()
		leaked := authtest.NewIssuer(p.ID) // signs with the first key for ever
		wait()
		s.accepted(t, "before", bearer(leaked.Sign(header, s.fresh().JSON())), s.Subject)
		s.issuer.Rotate()
		s.issuer.Remove(first)
		s.accepted(t, "by the new key", bearer(s.good()), s.Subject)
		s.refused(t, token("by the withdrawn key", leaked.Sign(header, s.fresh().JSON()), "key not found"))
		s.fetched(t, 2)
	})
}

// TestJ17_downWhileWarm: the provider's host fails in every way once the keys are known.
func TestJ17_downWhileWarm(t *testing.T) {
	each(t, "J17", func(t *testing.T, p authtest.Profile) {
		for _, fault := range []authtest.Fault{authtest.Broken, authtest.Silent, authtest.Refuse, authtest.Slow} {
			t.Run(string(fault), func(t *testing.T) {
				t.Parallel()
				staysWarm(t, p, fault)
			})
		}
	})
}

// staysWarm has a host fail when the server asks for keys again.
func staysWarm(t *testing.T, p authtest.Profile, fault authtest.Fault) {
	s, wait := warm(t, p)
	known, header := authtest.NewIssuer(p.ID), s.issuer.Header().JSON()
	wait()
	s.failKeys(fault)
	time.Sleep(200 * time.Millisecond) // until the server knows of connections that are cut
	s.issuer.Rotate()
	before := s.net.Dials(s.Host()) + len(s.keyRequests())
	a := s.me(t, bearer(s.good()))
	if why := s.reason(t, a); a.status != http.StatusUnauthorized || !strings.Contains(why, "key not found") {
		t.Errorf("by a key that could not be read: %d because of %q", a.status, why)
	}
	if after := s.net.Dials(s.Host()) + len(s.keyRequests()); after == before {
		t.Error("it did not ask for the new key")
	}
	for range 3 {
		s.accepted(t, "by the known key", bearer(known.Sign(header, s.fresh().JSON())), s.Subject)
	}
}

// TestJ18_downWhileCold: the provider's host fails before any key is known. Nobody is
// called a forger for that, and a moment after the host recovers all is well.
func TestJ18_downWhileCold(t *testing.T) {
	each(t, "J18", func(t *testing.T, p authtest.Profile) {
		for _, fault := range []authtest.Fault{
			authtest.Broken, authtest.HTML, authtest.Silent, authtest.Slow, authtest.Huge, authtest.Refuse,
		} {
			t.Run(string(fault), func(t *testing.T) {
				t.Parallel()
				s := open(t, p, func(s *tokenSite) { s.failKeys(fault) })
				a := s.me(t, bearer(s.good()))
				if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" ||
					a.header.Get("Www-Authenticate") != "" || !strings.Contains(a.body, `"code":"unavailable"`) {
					t.Errorf("%d %v %s", a.status, a.header, a.body)
				}
				if why := s.reason(t, a); !strings.Contains(why, s.KeysURL) && (s.Issuer == "" || !strings.Contains(why, s.Issuer)) || strings.Contains(a.body, s.Host()) {
					t.Errorf("the log says %q, the answer %s", why, a.body)
				}
				ready, err := s.get(t.Context(), "/readyz", nil)
				if err != nil || ready.status != http.StatusServiceUnavailable {
					t.Errorf("/readyz: %d, %v", ready.status, err)
				}
				// What can be refused without keys still is.
				s.refused(t, token("not a token", "a.b", notAToken(s)), attempt{name: "nothing", why: "no credential"})

				s.failKeys(authtest.None)
				for patience := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
					a := s.me(t, bearer(s.good()))
					if a.status == http.StatusOK {
						return
					}
					if a.status != http.StatusServiceUnavailable || time.Now().After(patience) {
						t.Fatalf("after its recovery: %d %s", a.status, a.body)
					}
				}
			})
		}
	})
}

// TestJ19_flood: a thousand keys that nobody knows, while the provider does not answer.
// They cost it one request, and nobody waits long.
func TestJ19_flood(t *testing.T) {
	each(t, "J19", func(t *testing.T, p authtest.Profile) {
		const flood, workers = 1000, 100
		s, wait := warm(t, p)
		wait()
		s.failKeys(authtest.Silent)
		parts := strings.Split(s.good(), ".")

		queue := make(chan int)
		waits := make([]time.Duration, flood)
		var running sync.WaitGroup
		for range workers {
			running.Go(func() {
				for n := range queue {
					header := s.issuer.Header().With("kid", fmt.Sprint("junk-", n)).JSON()
					junk := authtest.Compact(header, s.fresh().JSON(), func([]byte) []byte { return []byte(parts[2]) })
					begin := time.Now()
					a, err := s.get(t.Context(), "/v1/me", bearer(junk))
					waits[n] = time.Since(begin)
					if err != nil || a.status != http.StatusUnauthorized || a.body != unauthorized {
						t.Errorf("%d %s, %v", a.status, a.body, err)
					}
				}
			})
		}
		ctx, stop := context.WithCancel(t.Context())
		var slowest time.Duration
		var good int
		var neighbour sync.WaitGroup
		neighbour.Go(func() {
			for ctx.Err() == nil {
				begin := time.Now()
				if a, err := s.get(t.Context(), "/v1/me", bearer(s.good())); err != nil || a.status != http.StatusOK {
					t.Errorf("a neighbour's: %d %s, %v", a.status, a.body, err)
				}
				slowest = max(slowest, time.Since(begin))
				good++
				time.Sleep(20 * time.Millisecond)
			}
		})
		begin := time.Now()
		for n := range flood {
			queue <- n
		}
		close(queue)
		running.Wait()
		took := time.Since(begin)
		stop()
		neighbour.Wait()

		slices.Sort(waits)
		p99 := waits[flood*99/100]
		t.Logf("%d in %s; p99 of the wait %s; %d good ones beside, the slowest in %s", flood, took, p99, good, slowest)
		if p99 >= 1500*time.Millisecond || took > 10*time.Second {
			t.Errorf("p99 of the wait is %s, all took %s", p99, took)
		}
		if slowest >= time.Second || good < 10 {
			t.Errorf("%d good tokens beside, one took %s", good, slowest)
		}
		s.fetched(t, 2)
	})
}

// TestJ20_uselessKeys: a key set full of keys that must not count, and answers that are
// no key sets after good ones.
func TestJ20_uselessKeys(t *testing.T) {
	servertest.Need(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I"
	each(t, "J20", func(t *testing.T, p authtest.Profile) {
		t.Run("keys", func(t *testing.T) {
			t.Parallel()
			s := open(t, p, func(s *tokenSite) {
				public := &s.issuer.Key().PublicKey
				s.issuer.Publish(
					authtest.Claims{"kty": "oct", "kid": "oct", "alg": "HS256", "use": "sig", "k": secret},
					authtest.Claims{"kty": "quantum", "kid": "new"},
					authtest.JWK("short", &short.PublicKey),
					authtest.JWK("enc", public).With("use", "enc"),
					authtest.JWK("rs512", public).With("alg", "RS512"),
					authtest.JWK("", public))
			})
			sign := func(kid string) string {
				return s.issuer.Sign(s.issuer.Header().With("kid", kid).JSON(), s.fresh().JSON())
			}
			s.accepted(t, "by the good key", bearer(s.good()), s.Subject)
			s.refused(t,
				token("symmetric", authtest.Compact(authtest.Claims{"alg": "HS256", "kid": "oct"}.JSON(), s.fresh().JSON(), func(signed []byte) []byte {
					return sum("secret-secret-secret-secret-secr", string(signed))
				}), `alg "HS256", want RS256`),
				token("RS256 by the symmetric one", sign("oct"), "key not found"),
				token("unknown kind", sign("new"), "key not found"),
				token("1024 bits", authtest.Compact(authtest.Claims{"alg": "RS256", "kid": "short"}.JSON(), s.fresh().JSON(), func(signed []byte) []byte {
					digest := sha256.Sum256(signed)
					signature, err := rsa.SignPKCS1v15(rand.Reader, short, crypto.SHA256, digest[:])
					if err != nil {
						t.Fatal(err)
					}
					return signature
				}), "key not found"),
				token("for encryption", sign("enc"), "key not found"),
				token("of another algorithm", sign("rs512"), `JWK "alg" parameter value`),
				token("without an ID", sign(""), "no usable kid"))
			s.fetched(t, 1)
		})
		for _, fault := range []authtest.Fault{authtest.HTML, authtest.Huge} {
			t.Run(string(fault), func(t *testing.T) {
				t.Parallel()
				staysWarm(t, p, fault)
			})
		}
	})
}
