package flows_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/servertest"
)

const (
	app     = "https://app.example.com" // where the servers are, behind one name
	appHost = "app.example.com"
	local   = "http://localhost:8080" // where a server is that is being developed
)

// site is one or more servers of a provider's project behind a name, and the provider.
type site struct {
	t       *testing.T
	net     *authtest.Internet
	servers []*servertest.Process
	hosted  provider

	data         http.Handler // InsForge's, as long as the database is up
	databaseDown atomic.Bool
	browsed      bool         // by Chromium
	next         atomic.Int64 // counts requests to the name, which go to the servers in turn

	mu      sync.Mutex
	secrets []string // what must not be in a log
}

// open starts servers of a provider's project for one test. Lines are NAME=value, on
// top of the sample settings.
func open(t *testing.T, id string, count int, lines ...string) *site {
	t.Helper()
	net, err := authtest.StartInternet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, net: net}
	// Between the servers and InsForge, for it to be away.
	target, err := url.Parse(insforge.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	s.data = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.databaseDown.Load() {
			http.Error(w, "out of order", http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	front := httptest.NewServer(s.data)
	t.Cleanup(front.Close)

	env := map[string]string{
		"ADDR": "127.0.0.1:0", "APP_BASE_URL": app,
		"INSFORGE_URL": front.URL, "INSFORGE_ANON_KEY": insforge.AnonKey, "INSFORGE_API_KEY": insforge.APIKey, "INSFORGE_JWT_SECRET": insforge.JWTSecret,
		"CLERK_AUTHORIZED_PARTIES": app,
		"MUTANT":                   os.Getenv("MUTANT"), // of the server in FLOWS_SERVER
	}
	for name, value := range servers[id].settings {
		if _, ok := env[name]; !ok {
			env[name] = value
		}
	}
	for _, line := range slices.Concat(net.Env(), lines) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	for _, name := range []string{"INSFORGE_API_KEY", "INSFORGE_JWT_SECRET", "AUTH0_CLIENT_SECRET", "KINDE_CLIENT_SECRET", "OIDC_CLIENT_SECRET", "WORKOS_API_KEY", "STYTCH_SECRET", "CLERK_SECRET_KEY"} {
		s.secret(env[name])
	}
	s.hosted = hostedBy(s, id, env)
	if p, ok := s.hosted.(*insforgeProvider); ok {
		env["INSFORGE_URL"] = p.Origin() // where both are, the accounts and the data
	}
	var list []string
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	for range count {
		server, err := servertest.Start(servers[id].binary, list)
		if err != nil {
			t.Fatal(err)
		}
		s.servers = append(s.servers, server)
	}
	net.Handle(appHost, s.balance())
	t.Cleanup(s.close)
	return s
}

// balance sends each request to the next server.
func (s *site) balance() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			server := s.servers[int(s.next.Add(1))%len(s.servers)]
			target, err := url.Parse(server.URL)
			if err != nil {
				panic(err) // it listens there
			}
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
	}
}

// secret has close look for a text in the logs.
func (s *site) secret(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(text) >= 16 && !slices.Contains(s.secrets, text) {
		s.secrets = append(s.secrets, text)
	}
}

func (s *site) close() {
	var err error
	for i, server := range s.servers {
		err = errors.Join(err, server.Stop())
		log := server.Log()
		s.mu.Lock()
		for _, secret := range s.secrets {
			if strings.Contains(log, secret) {
				err = errors.Join(err, fmt.Errorf("the log holds the secret %.12s…", secret))
			}
		}
		s.mu.Unlock()
		if strings.Contains(log, `"msg":"panic"`) {
			err = errors.Join(err, errors.New("a handler panicked"))
		}
		if s.t.Failed() || err != nil {
			s.t.Logf("the end of the log of server %d:\n%s", i, log[max(0, len(log)-4000):])
		}
	}
	refused := slices.DeleteFunc(s.net.Refused(), func(what string) bool {
		return s.browsed && (strings.Contains(what, ".google.com") || strings.Contains(what, ".googleapis.com") || strings.Contains(what, ".gvt1.com")) // Chromium calls home
	})
	if len(refused) > 0 {
		err = errors.Join(err, fmt.Errorf("somebody asked for %q", refused))
	}
	if err := errors.Join(err, s.net.Close()); err != nil {
		s.t.Error(err)
	}
}

// logged waits until a server has logged a text.
func (s *site) logged(text string) {
	s.t.Helper()
	for patience := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		for _, server := range s.servers {
			if strings.Contains(server.Log(), text) {
				return
			}
		}
		if time.Now().After(patience) {
			s.t.Errorf("the log does not say %q", text)
			return
		}
	}
}

// sessions is how many sessions of a user are in the database.
func (s *site) sessions(u *user) (count int) {
	s.t.Helper()
	s.query(&count, `select count(*) from public.sign_in_sessions where user_id = $1`, u.subject)
	return count
}

// due makes all sessions of a user such that the provider has to be asked.
func (s *site) due(u *user) {
	s.t.Helper()
	s.exec(`update public.sign_in_sessions set renew_at = now() - interval '1 minute' where user_id = $1`, u.subject)
}

// fail has the provider answer by a fault when it is asked about a session: with all of its host, unless the
// database is behind that as well.
func (s *site) fail(fault authtest.Fault) {
	where := s.hosted.host()
	if _, ok := s.hosted.(*insforgeProvider); ok {
		where += s.hosted.renewPath()
	}
	s.net.Fail(where, fault)
}

func (s *site) query(into any, sql string, args ...any) {
	s.t.Helper()
	if err := database.QueryRow(s.t.Context(), sql, args...).Scan(into); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := database.Exec(context.WithoutCancel(s.t.Context()), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// need skips a test of another provider than the one whose server FLOWS_SERVER
// names, which only the suite that takes checks away sets: make test tries them all.
func need(t *testing.T, id string) {
	t.Helper()
	servertest.Need(t)
	if !slices.Contains(providers, id) {
		t.Skipf("FLOWS_SERVER is a server of %s, this tries %s", strings.Join(providers, ", "), id)
	}
}

// each runs a test for the providers, all of them or those named, beside the others.
func each(t *testing.T, test func(t *testing.T, id string), ids ...string) {
	t.Helper()
	servertest.Need(t)
	t.Parallel()
	if ids == nil {
		ids = providers
	}
	for _, id := range ids {
		if !slices.Contains(providers, id) {
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			test(t, id)
		})
	}
}
