package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
)

// tokenSite is the server of a provider whose credential is a JWT, and the provider.
type tokenSite struct {
	*site
	authtest.Profile
	net      *authtest.Internet
	issuer   *authtest.Issuer
	accounts *accounts // nil when the provider is not asked about each
}

// attacker has a host of his own, which nobody has a reason to ask.
const attacker = "attacker.example"

func startTokenSite(p authtest.Profile, prepare func(*tokenSite), lines ...string) (*tokenSite, error) {
	net, err := authtest.StartInternet(context.Background())
	if err != nil {
		return nil, err
	}
	s := &tokenSite{Profile: p, net: net, issuer: authtest.NewIssuer(p.ID)}
	net.Handle(p.Host(), s.issuer)
	if p.Accounts != "" {
		s.accounts = &accounts{issuer: s.issuer}
		backend, err := s.backend()
		if err != nil {
			return nil, errors.Join(err, net.Close())
		}
		net.Handle(p.Host(), backend)
	}
	if p.Issuer != "" {
		net.Handle(p.IssuerHost(), http.HandlerFunc(s.configuration))
	}
	net.Handle(attacker, authtest.NewIssuer("attacker"))
	if prepare != nil {
		prepare(s)
	}
	s.site, err = start(p.ID, slices.Concat(p.Env, net.Env(), lines)...)
	if err != nil {
		return nil, errors.Join(err, net.Close())
	}
	return s, nil
}

// configuration answers with what the issuer publishes about itself.
func (s *tokenSite) configuration(w http.ResponseWriter, r *http.Request) {
	if "https://"+r.Host+r.URL.Path != s.Issuer+"/.well-known/openid-configuration" {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, s.Configuration().JSON())
}

// origin is that of the address of the keys.
func (s *tokenSite) origin() string { return "https://" + s.Host() }

// keyRequests are those for keys.
func (s *tokenSite) keyRequests() []authtest.Request {
	return slices.DeleteFunc(s.net.Requests(s.Host()), func(r authtest.Request) bool { return "https://"+r.Host+r.Path != s.KeysURL })
}

// failKeys has the provider's keys answer by a fault: with all of its host, unless that
// is asked about accounts as well.
func (s *tokenSite) failKeys(fault authtest.Fault) {
	if s.Accounts == "" {
		s.net.Fail(s.Host(), fault)
		return
	}
	s.net.Fail(strings.TrimPrefix(s.KeysURL, "https://"), fault)
}

// open starts a server for one test. Prepare, which may be nil, is called before.
func open(t *testing.T, p authtest.Profile, prepare func(*tokenSite), lines ...string) *tokenSite {
	t.Helper()
	s, err := startTokenSite(p, prepare, lines...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", tail(s.server.Log(), 4000))
		}
	})
	return s
}

// fresh are the claims of a token issued a moment ago.
func (s *tokenSite) fresh() authtest.Claims { return s.Claims(time.Now()) }

// good is a token issued a moment ago.
func (s *tokenSite) good() string { return s.issuer.Token(s.fresh()) }

var shared struct {
	mu    sync.Mutex
	sites map[string]*tokenSite
}

// sharedSite is one server of a provider for all tests that leave its provider alone.
func sharedSite(t *testing.T, p authtest.Profile) *tokenSite {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if s, ok := shared.sites[p.ID]; ok {
		return s
	}
	s, err := startTokenSite(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if shared.sites == nil {
		shared.sites = map[string]*tokenSite{}
	}
	shared.sites[p.ID] = s
	return s
}

// stopShared ends the shared servers and has a look at their logs.
func stopShared() error {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	var err error
	for _, s := range shared.sites {
		err = errors.Join(err, s.stop())
	}
	return err
}
