package doctor_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/internal/doctor"
)

// TestRun_authFaults breaks one thing at a time, at Auth0 as a provider with all
// that can be asked.
func TestRun_authFaults(t *testing.T) {
	const (
		config = "tenant.us.auth0.com/.well-known/openid-configuration"
		jwks   = "tenant.us.auth0.com/.well-known/jwks.json"
		begin  = "tenant.us.auth0.com/authorize"
		fix    = "set AUTH0_DOMAIN in .env to the bare host in lower case, such as tenant.us.auth0.com, without https:// and without a slash; " +
			"forge providers auth0 says where it stands"
		so   = fix + "; so far it is the example"
		noTP = "has no key that a server takes (of 1): RSA of at least 2048 bits, with a kid, for signatures by RS256"
	)
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	hang := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
	}
	late := func(by, age time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			if age > 0 {
				w.Header().Set("Age", fmt.Sprint(int(age.Seconds())))
			}
			discovery("https://tenant.us.auth0.com/")(w, r)
		}
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // a key that is to be refused
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		handler    http.HandlerFunc
		check      string
		status     doctor.Status
		detail     string
		fix        string
	}{
		{
			"another issuer", config, discovery("https://tenant.eu.auth0.com/"), "issuer", doctor.Failed,
			`https://tenant.us.auth0.com/.well-known/openid-configuration names the issuer "https://tenant.eu.auth0.com/", and this project takes tokens of "https://tenant.us.auth0.com/" alone: every one is refused`, so,
		},
		{
			"an issuer without its slash", config, discovery("https://tenant.us.auth0.com"), "issuer", doctor.Failed,
			`https://tenant.us.auth0.com/.well-known/openid-configuration names the issuer "https://tenant.us.auth0.com", and this project takes tokens of "https://tenant.us.auth0.com/" alone: every one is refused`, so,
		},
		{
			"no discovery", config, http.NotFound, "issuer", doctor.Warning,
			"https://tenant.us.auth0.com/.well-known/openid-configuration is not there, so the issuer cannot be compared", "compare https://tenant.us.auth0.com/ with the iss claim of a token of yours",
		},
		{
			"a page for discovery", config, say(http.StatusOK, "text/html", "<h1>Hello</h1>"), "issuer", doctor.Failed,
			"https://tenant.us.auth0.com/.well-known/openid-configuration answers what is no discovery document (text/html)", so,
		},
		{"slow", jwks, hang, "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json does not answer within 500ms", so},
		{
			"down", jwks, say(http.StatusInternalServerError, "text/html", "oops"), "signing keys", doctor.Failed,
			"https://tenant.us.auth0.com/.well-known/jwks.json answers 500: it is down, or what stands in front of it is", so,
		},
		{"unknown", jwks, http.NotFound, "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json answers 404", so},
		{
			"a page for keys", jwks, say(http.StatusOK, "text/html", "<h1>Hello</h1>"), "signing keys", doctor.Failed,
			"https://tenant.us.auth0.com/.well-known/jwks.json answers what is no key set (text/html)", so,
		},
		{
			"other JSON for keys", jwks, say(http.StatusOK, "application/json", "{}"), "signing keys", doctor.Failed,
			"https://tenant.us.auth0.com/.well-known/jwks.json answers what is no key set (application/json)", so,
		},
		{
			"5 MB of keys", jwks, say(http.StatusOK, "application/json", strings.Repeat(" ", 5<<20)), "signing keys", doctor.Failed,
			"https://tenant.us.auth0.com/.well-known/jwks.json answers with more than 1 MiB", so,
		},
		{
			"keys elsewhere", jwks, http.RedirectHandler("https://evil.example/keys", http.StatusFound).ServeHTTP, "signing keys", doctor.Failed,
			"https://tenant.us.auth0.com/.well-known/jwks.json answers with a redirect to https://evil.example, and a server follows none to another address", so,
		},
		{
			"keys beside", jwks, http.RedirectHandler("/keys", http.StatusFound).ServeHTTP, "signing keys", doctor.OK,
			"https://tenant.us.auth0.com/.well-known/jwks.json has 1 that a server takes", "",
		},
		{"no key", jwks, keySet(t, goodKey(map[string]string{"kty": "oct"})), "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json " + noTP, so},
		{"a key for encryption", jwks, keySet(t, goodKey(map[string]string{"use": "enc"})), "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json " + noTP, so},
		{"a key for RS512", jwks, keySet(t, goodKey(map[string]string{"alg": "RS512"})), "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json " + noTP, so},
		{"a key without a name", jwks, keySet(t, goodKey(map[string]string{"kid": ""})), "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json " + noTP, so},
		{"a short key", jwks, keySet(t, goodKey(map[string]string{"n": base64.RawURLEncoding.EncodeToString(small.N.Bytes())})), "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json " + noTP, so},
		{"a key in plain words", jwks, keySet(t, map[string]string{"kty": "RSA", "kid": "k", "n": "a b"}), "signing keys", doctor.Failed, "https://tenant.us.auth0.com/.well-known/jwks.json " + noTP, so},
		{"a key that says little", jwks, keySet(t, goodKey(map[string]string{"use": "", "alg": ""})), "signing keys", doctor.OK, "https://tenant.us.auth0.com/.well-known/jwks.json has 1 that a server takes", ""},
		{"a clock 20 s behind", config, late(20*time.Second, 0), "clock", doctor.Warning, "is 20s behind the provider's", "set this machine's clock by NTP"},
		{
			"a clock 2 min ahead", config, late(-2*time.Minute, 0), "clock", doctor.Failed,
			"is 2m0s ahead of the provider's: tokens that are good are refused, and ones that have ended are taken", "set this machine's clock by NTP",
		},
		{"an answer from a cache", config, late(-2*time.Minute, 2*time.Minute), "clock", doctor.OK, "agrees with the provider's within 5 seconds", ""},
		{
			"a callback that is not listed", begin, authorize("https://app.example.com/auth/callback", true), "addresses", doctor.Failed,
			"Auth0 answers 403 to a sign-in that returns to http://localhost:8080/auth/callback", "add http://localhost:8080/auth/callback to Allowed Callback URLs there, or correct AUTH0_DOMAIN or AUTH0_CLIENT_ID",
		},
		{
			"a page that takes any callback", begin, say(http.StatusOK, "text/html", "<h1>Sign in</h1>"), "addresses", doctor.Warning,
			"some lists only Auth0 knows, and nobody may ask it for them", "look there yourself, whether Allowed Callback URLs has http://localhost:8080/auth/callback, Allowed Logout URLs has http://localhost:8080",
		},
		{
			"a page with an address of its own for everybody", begin, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/u/login/"+rand.Text(), http.StatusFound)
			}, "addresses", doctor.Warning,
			"some lists only Auth0 knows, and nobody may ask it for them", "look there yourself, whether Allowed Callback URLs has http://localhost:8080/auth/callback, Allowed Logout URLs has http://localhost:8080",
		},
		{
			"a page that has been asked too often", begin, say(http.StatusTooManyRequests, "text/plain", "wait"), "addresses", doctor.Warning,
			"some lists only Auth0 knows, and nobody may ask it for them", "look there yourself, whether Allowed Callback URLs has http://localhost:8080/auth/callback, Allowed Logout URLs has http://localhost:8080",
		},
		{
			"a sign-in page that is down", begin, say(http.StatusBadGateway, "text/html", "oops"), "addresses", doctor.Warning,
			"some lists only Auth0 knows, and nobody may ask it for them", "look there yourself, whether Allowed Callback URLs has http://localhost:8080/auth/callback, Allowed Logout URLs has http://localhost:8080",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			handlers := providersNet(t)
			handlers[c.path] = c.handler
			handlers["tenant.us.auth0.com/keys"] = keySet(t, goodKey(nil))
			handlers["evil.example/keys"] = func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }
			p := provider(t, "auth0")
			checks := signIn(t, p, filled(p), hosts(t, handlers), func(in *doctor.Input) {
				if c.name == "slow" {
					in.Timeout = 500 * time.Millisecond
				}
			})
			got := find(t, checks, c.check)
			if diff := cmp.Diff(string(c.status)+": "+c.detail+"\n"+c.fix, string(got.Status)+": "+got.Detail+"\n"+got.Fix); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, other := range checks {
				if other.Name != c.check && other.Status == doctor.Failed {
					t.Errorf("%s failed too: %+v", other.Name, other)
				}
			}
		})
	}
}

// TestRun_authClosed asks nobody, as the connection is refused.
func TestRun_authClosed(t *testing.T) {
	p := provider(t, "auth0")
	transport := hosts(t, nil).RoundTripper.(*http.Transport)
	gone := httptest.NewServer(nil)
	gone.Close()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, gone.Listener.Addr().String())
	}
	env := filled(p)
	env["AUTH0_DOMAIN"] = "shop.us.auth0.com"
	got := find(t, signIn(t, p, env, transport), "signing keys")
	want := "https://shop.us.auth0.com/.well-known/jwks.json cannot be reached: dial tcp " + gone.Listener.Addr().String() + ": connect: connection refused"
	if got.Detail != want || got.Fix != "correct AUTH0_DOMAIN, or the network between here and it" {
		t.Errorf("%+v, want %s", got, want)
	}
}

// TestRun_authMoved asks a provider whose domain is not what its tokens say any more.
func TestRun_authMoved(t *testing.T) {
	p := provider(t, "kinde")
	env := filled(p)
	env["KINDE_ISSUER_URL"] = "https://shop.kinde.com/"
	net := hosts(t, map[string]http.HandlerFunc{"shop.kinde.com/.well-known/openid-configuration": discovery("https://login.example.com")})
	got := find(t, signIn(t, p, env, net), "issuer")
	const want = `https://shop.kinde.com/.well-known/openid-configuration names the issuer "https://login.example.com", ` +
		`and this project takes tokens of "https://shop.kinde.com" alone: every one is refused`
	if got.Status != doctor.Failed || got.Detail != want || got.Fix != "correct KINDE_ISSUER_URL" {
		t.Errorf("%+v, want %s", got, want)
	}
}

// TestRun_authVariables changes variables, and looks at everything that is not ok
// but for the lists that nobody may ask for.
func TestRun_authVariables(t *testing.T) {
	const (
		key    = "set CLERK_PUBLISHABLE_KEY in .env to pk_test_ or pk_live_ followed by the encoded Frontend API host; forge providers clerk says where it stands"
		secret = "set CLERK_SECRET_KEY in .env to sk_test_ or sk_live_ followed by letters and digits, of the same instance as the publishable key; forge providers clerk says where it stands"
	)
	live := map[string]string{"CLERK_PUBLISHABLE_KEY": "pk_live_Y2xldmVyLWNhdC0xMi5jbGVyay5hY2NvdW50cy5kZXYk", "CLERK_SECRET_KEY": "sk_live_0000000000000000000000000000000000000000"}
	and := func(more ...map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range more {
			maps.Copy(all, m)
		}
		return all
	}
	for _, c := range []struct {
		name, id string
		change   map[string]string
		want     string
	}{
		{
			"unset", "clerk",
			map[string]string{"CLERK_PUBLISHABLE_KEY": ""},
			"failed CLERK_PUBLISHABLE_KEY: is not set, neither in the environment nor in .env\n\t" + key + "\n" +
				"skipped test and live: needs CLERK_PUBLISHABLE_KEY, which is not set, neither in the environment nor in .env\n\t" + key + "\n" +
				"skipped issuer: needs CLERK_PUBLISHABLE_KEY, which is not set, neither in the environment nor in .env\n\t" + key + "\n" +
				"skipped signing keys: needs CLERK_PUBLISHABLE_KEY, which is not set, neither in the environment nor in .env\n\t" + key + "\n",
		},
		{
			"a secret key in the wrong place", "clerk",
			map[string]string{"CLERK_PUBLISHABLE_KEY": live["CLERK_SECRET_KEY"]},
			"failed CLERK_PUBLISHABLE_KEY: has not the right shape: pk_test_ or pk_live_ followed by the encoded Frontend API host\n\t" + key + "\n" +
				"skipped test and live: needs CLERK_PUBLISHABLE_KEY, which has not the right shape: pk_test_ or pk_live_ followed by the encoded Frontend API host\n\t" + key + "\n" +
				"skipped issuer: needs CLERK_PUBLISHABLE_KEY, which has not the right shape: pk_test_ or pk_live_ followed by the encoded Frontend API host\n\t" + key + "\n" +
				"skipped signing keys: needs CLERK_PUBLISHABLE_KEY, which has not the right shape: pk_test_ or pk_live_ followed by the encoded Frontend API host\n\t" + key + "\n",
		},
		{
			"a key that encodes nothing", "clerk",
			map[string]string{"CLERK_PUBLISHABLE_KEY": "pk_test_A"},
			"failed issuer: cannot be asked: no address follows from CLERK_ISSUER and CLERK_PUBLISHABLE_KEY\n\t" +
				key + "\n" +
				"failed signing keys: cannot be asked: no address follows from CLERK_PUBLISHABLE_KEY\n\t" + key + "\n",
		},
		{
			"two instances", "clerk",
			map[string]string{"CLERK_SECRET_KEY": live["CLERK_SECRET_KEY"]},
			"failed test and live: CLERK_PUBLISHABLE_KEY is of test and CLERK_SECRET_KEY of live: they belong to two environments, and know nothing of each other's users\n\t" +
				"set CLERK_PUBLISHABLE_KEY and CLERK_SECRET_KEY to keys of one environment\n",
		},
		{
			"test keys in production", "clerk",
			map[string]string{"APP_ENV": "production"},
			"failed test and live: CLERK_PUBLISHABLE_KEY is of test, and APP_ENV is production: its users are not the real ones\n\tset CLERK_PUBLISHABLE_KEY to the live environment's\n",
		},
		{
			"live keys in development", "clerk", live,
			"warning test and live: CLERK_PUBLISHABLE_KEY is of live, and APP_ENV is not production: real users sign in to a server for development\n\t" +
				"set CLERK_PUBLISHABLE_KEY to the test environment's, or APP_ENV to production\n",
		},
		{"live keys in production", "clerk", and(live, map[string]string{"APP_ENV": "production"}), ""},
		{
			"a test project in production", "stytch",
			map[string]string{"APP_ENV": "production"},
			"failed test and live: STYTCH_PROJECT_ID is of test, and APP_ENV is production: its users are not the real ones\n\tset STYTCH_PROJECT_ID to the live environment's\n",
		},
		{"a live project", "stytch", map[string]string{"APP_ENV": "production", "STYTCH_PROJECT_ID": "project-live-00000000-0000-4000-8000-000000000000", "STYTCH_SECRET": "secret-live-0123456789abcdef0123456789abcdef="}, ""},
		{
			"a key of WorkOS's staging", "workos",
			map[string]string{"APP_ENV": "production"},
			"failed test and live: WORKOS_API_KEY is of test, and APP_ENV is production: its users are not the real ones\n\tset WORKOS_API_KEY to the live environment's\n",
		},
		{"a key of WorkOS that does not say", "workos", map[string]string{"APP_ENV": "production", "WORKOS_API_KEY": "sk_a2V5XzAxSEJFUUtBNks0UUpBUzkzVlBFMzlXMUpU"}, ""},
		{
			"an origin that is not listed", "clerk",
			map[string]string{"CLERK_AUTHORIZED_PARTIES": "http://localhost:3000, http://127.0.0.1:8080"},
			"failed addresses: CLERK_AUTHORIZED_PARTIES has not http://localhost:8080, which is APP_BASE_URL: who signs in there is refused\n\t" +
				"add http://localhost:8080 to CLERK_AUTHORIZED_PARTIES in .env\n",
		},
		{"an origin that is listed second", "clerk", map[string]string{"CLERK_AUTHORIZED_PARTIES": "http://localhost:3000, http://localhost:8080"}, ""},
		{
			"no origin", "clerk",
			map[string]string{"APP_BASE_URL": "http://app.example.com"},
			"failed APP_BASE_URL: begins with http://, and signing in needs https everywhere but on this machine\n\t" +
				"set APP_BASE_URL in .env to the address browsers use for this server, such as http://localhost:8080, without a final slash\n" +
				"skipped addresses: needs APP_BASE_URL, which begins with http://, and signing in needs https everywhere but on this machine\n\t" +
				"set APP_BASE_URL in .env to the address browsers use for this server, such as http://localhost:8080, without a final slash\n",
		},
		{
			"a domain with its scheme", "auth0",
			map[string]string{"AUTH0_DOMAIN": "https://tenant.us.auth0.com/"},
			"failed AUTH0_DOMAIN: has not the right shape: the bare host in lower case, such as tenant.us.auth0.com, without https:// and without a slash\n",
		},
		{
			"quotes", "clerk",
			map[string]string{"CLERK_SECRET_KEY": `"sk_test_0000000000000000000000000000000000000000"`},
			"failed CLERK_SECRET_KEY: is in quotes, and they count as part of it\n\t" + secret + "\n" +
				"skipped test and live: needs CLERK_SECRET_KEY, which is in quotes, and they count as part of it\n\t" + secret + "\n",
		},
		{"keys of one's own", "clerk", map[string]string{"AUTH_JWKS_URL": "https://proxy.example/keys"}, ""},
		{
			"keys in the clear", "clerk",
			map[string]string{"AUTH_JWKS_URL": "http://proxy.example/keys"},
			"failed signing keys: cannot be asked: no address follows from AUTH_JWKS_URL\n\t" +
				"set AUTH_JWKS_URL in .env to an https URL (http only for a loopback host, outside production); forge providers clerk says where it stands\n",
		},
		{
			"one secret for two", "better-auth",
			map[string]string{"INSFORGE_JWT_SECRET": "test-only-better-auth-secret-fedcba9876543210", "DATABASE_URL": ""},
			"failed BETTER_AUTH_SECRET: is the same as INSFORGE_JWT_SECRET: whoever learns one holds both\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			handlers := providersNet(t)
			handlers["proxy.example/keys"] = keySet(t, goodKey(nil))
			p := provider(t, c.id)
			env := filled(p)
			maps.Copy(env, c.change)
			for name, value := range env {
				if value == "" {
					delete(env, name)
				}
			}
			net := hosts(t, handlers)
			got := unwell(slices.DeleteFunc(signIn(t, p, env, net), func(c doctor.Check) bool {
				return strings.HasPrefix(c.Detail, "some lists only") || c.Name == "clock"
			}))
			if strings.HasSuffix(c.want, "\n") && !strings.Contains(c.want, "\t") { // the first line is enough
				got, _, _ = strings.Cut(got, "\t")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.name == "keys of one's own" && !slices.Contains(net.asked, "proxy.example/keys") {
				t.Errorf("asked %v", net.asked)
			}
		})
	}
}

// TestRun_authOlder checks a project that was made before its provider had a secret:
// what its .env.example does not know of is not missed, and is checked once it is set.
func TestRun_authOlder(t *testing.T) {
	p := provider(t, "clerk")
	older := func(in *doctor.Input) {
		in.Files.(fstest.MapFS)[".env.example"] = &fstest.MapFile{Data: []byte("CLERK_PUBLISHABLE_KEY=\nCLERK_AUTHORIZED_PARTIES=\n")}
	}
	env := filled(p)
	delete(env, "CLERK_SECRET_KEY")
	if got := unwell(signIn(t, p, env, hosts(t, providersNet(t)), older)); got != "" {
		t.Error(got)
	}
	env["CLERK_SECRET_KEY"] = "sk_test_short"
	if got := find(t, signIn(t, p, env, hosts(t, providersNet(t)), older), "CLERK_SECRET_KEY"); got.Status != doctor.Failed {
		t.Errorf("%+v", got)
	}
}
