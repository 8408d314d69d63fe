package doctor_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/doctor"
	"github.com/insforge/forge/templates"
)

// internet is one TLS server that stands for every host, and what leads there.
type internet struct {
	http.RoundTripper

	mu    sync.Mutex
	asked []string // what was asked for, as host and path
}

// hosts starts a stand-in that answers as handlers say, by host and path, with the
// longest that fits; anything else is not there.
func hosts(t *testing.T, handlers map[string]http.HandlerFunc) *internet {
	t.Helper()
	in := &internet{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.mu.Lock()
		in.asked = append(in.asked, r.Host+r.URL.Path)
		in.mu.Unlock()
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("%s%s was sent a credential", r.Host, r.URL.Path)
		}
		if handler := handlers[r.Host+r.URL.Path]; handler != nil {
			handler(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // some ask it without TLS
	server.StartTLS()
	t.Cleanup(server.Close)
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport := &http.Transport{
		// The server's certificate is for example.com, whatever it is called here.
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "example.com", MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	in.RoundTripper = transport
	return in
}

// say answers with a status, a media type and a body.
func say(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

var newKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// goodKey is a published key that every server takes, but for changes.
func goodKey(changes map[string]string) map[string]string {
	key := map[string]string{
		"kty": "RSA", "kid": "key_1", "use": "sig", "alg": "RS256", "e": "AQAB",
		"n": base64.RawURLEncoding.EncodeToString(newKey().N.Bytes()),
	}
	maps.Copy(key, changes)
	return key
}

func keySet(t *testing.T, keys ...map[string]string) http.HandlerFunc {
	t.Helper()
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return say(http.StatusOK, "application/json", string(data))
}

// discovery is the document of an issuer.
func discovery(issuer string) http.HandlerFunc {
	return say(http.StatusOK, "application/json", `{"issuer": "`+issuer+`", "jwks_uri": "https://elsewhere.example/keys"}`)
}

// authorize knows one callback. It tells by sending others to another page, or by
// refusing them.
func authorize(callback string, refuses bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("client_id") == "" || q.Get("response_type") != "code" || len(q.Get("state")) < 8:
			http.Error(w, "no client, or no state", http.StatusBadRequest)
		case q.Get("redirect_uri") == callback:
			http.Redirect(w, r, "/u/login?state="+rand.Text(), http.StatusFound)
		case refuses:
			http.Error(w, "Callback URL mismatch", http.StatusForbidden)
		default:
			http.Redirect(w, r, "https://error.example.com/redirect-uri-invalid", http.StatusFound)
		}
	}
}

// provider is one of the catalog, as forge doctor gets it.
func provider(t *testing.T, id string) *generator.Provider {
	t.Helper()
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := catalog.Guide(id)
	if !ok {
		t.Fatalf("there is no provider %s", id)
	}
	return &p
}

// filled is an .env with every variable of a provider.
func filled(p *generator.Provider) map[string]string {
	set := map[string]string{"APP_BASE_URL": "http://localhost:8080"}
	for _, e := range p.Env {
		if e.Required && !strings.HasPrefix(e.Name, "INSFORGE_") {
			set[e.Name] = e.Example
		}
	}
	return set
}

// signIn checks how users of a project sign in, and holds the report against the
// secrets in env.
func signIn(t *testing.T, p *generator.Provider, env map[string]string, net http.RoundTripper, change ...func(*doctor.Input)) []doctor.Check {
	t.Helper()
	example, err := os.ReadFile("../../golden/" + p.ID + "/.env.example")
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines.WriteString(name + "=" + env[name] + "\n")
	}
	in := doctor.Input{
		Files:  fstest.MapFS{".env": {Data: []byte(lines.String())}, ".env.example": {Data: example}},
		Getenv: func(string) string { return "" },
		Auth:   p, Transport: net, Timeout: 20 * time.Second,
	}
	for _, c := range change {
		c(&in)
	}
	checks := slices.DeleteFunc(doctor.Run(t.Context(), in), func(c doctor.Check) bool { return c.Section != doctor.Auth })
	report := printed(t, checks)
	for _, e := range p.Env {
		if value := env[e.Name]; e.Secret && value != "" && strings.Contains(report, value) {
			t.Errorf("the report has the value of %s in it:\n%s", e.Name, report)
		}
	}
	for _, c := range checks {
		if (c.Status == doctor.OK) != (c.Fix == "") {
			t.Errorf("%s is %s and its fix %q", c.Name, c.Status, c.Fix)
		}
	}
	return checks
}

const callbackAt = "http://localhost:8080/auth/callback"

// providersNet answers for all providers as they do when all is well.
func providersNet(t *testing.T) map[string]http.HandlerFunc {
	t.Helper()
	keys := keySet(t, map[string]string{"kty": "EC", "kid": "other"}, goodKey(nil))
	return map[string]http.HandlerFunc{
		"clever-cat-12.clerk.accounts.dev/.well-known/openid-configuration":                  discovery("https://clever-cat-12.clerk.accounts.dev"),
		"clever-cat-12.clerk.accounts.dev/.well-known/jwks.json":                             keys,
		"tenant.us.auth0.com/.well-known/openid-configuration":                               discovery("https://tenant.us.auth0.com/"),
		"tenant.us.auth0.com/.well-known/jwks.json":                                          keys,
		"tenant.us.auth0.com/authorize":                                                      authorize(callbackAt, true),
		"yourbusiness.kinde.com/.well-known/openid-configuration":                            discovery("https://yourbusiness.kinde.com"),
		"yourbusiness.kinde.com/.well-known/jwks":                                            keys,
		"id.example.com/realms/shop/.well-known/openid-configuration":                        discovery("https://id.example.com/realms/shop"),
		"abc12345.us-east.insforge.app/.well-known/jwks.json":                                keys,
		"elsewhere.example/keys":                                                             keys,
		"yourbusiness.kinde.com/oauth2/auth":                                                 say(http.StatusOK, "text/html", "<h1>Sign in</h1>"),
		"api.workos.com/sso/jwks/client_01HBEQKA6K4QJAS93VPE39W1JT":                          keys,
		"api.workos.com/user_management/authorize":                                           authorize(callbackAt, false),
		"test.stytch.com/v1/sessions/jwks/project-test-00000000-0000-4000-8000-000000000000": keys,
		"api.stytch.com/v1/sessions/jwks/project-live-00000000-0000-4000-8000-000000000000":  keys,
	}
}

// TestRun_auth asks every provider of the catalog that publishes keys.
func TestRun_auth(t *testing.T) {
	const look = "warning addresses: some lists only %s knows, and nobody may ask it for them\n\tlook there yourself, whether %s\n"
	for id, want := range map[string]string{
		"clerk":    "",
		"auth0":    fmt.Sprintf(look, "Auth0", "Allowed Logout URLs has http://localhost:8080"),
		"workos":   fmt.Sprintf(look, "WorkOS AuthKit", "Sign-out redirects has http://localhost:8080"),
		"kinde":    fmt.Sprintf(look, "Kinde", "Allowed callback URLs has http://localhost:8080/auth/callback, Allowed logout redirect URLs has http://localhost:8080"),
		"insforge": fmt.Sprintf(look, "InsForge Auth", "Allowed redirect URLs has http://localhost:8080/confirmed"),
		"oidc":     fmt.Sprintf(look, "OpenID Connect", "Redirect URIs has http://localhost:8080/auth/callback, Post-logout redirect URIs has http://localhost:8080"),
		"stytch":   fmt.Sprintf(look, "Stytch", "Redirect URLs has http://localhost:8080/authenticate, Authorized domains has http://localhost:8080"),
	} {
		t.Run(id, func(t *testing.T) {
			p := provider(t, id)
			env := filled(p)
			if id == "insforge" { // which is asked itself
				env["INSFORGE_URL"] = "https://abc12345.us-east.insforge.app"
			}
			checks := signIn(t, p, env, hosts(t, providersNet(t)))
			if diff := cmp.Diff(want, unwell(checks)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, name := range []string{"signing keys", "clock"} {
				if c := find(t, checks, name); c.Status != doctor.OK {
					t.Errorf("%+v", c)
				}
			}
			if !doctor.Healthy(checks) {
				t.Errorf("not healthy:\n%s", unwell(checks))
			}
		})
	}
}

// TestRun_keysOfTheIssuer: of a provider whose declaration does not say where its keys
// are, the issuer is asked.
func TestRun_keysOfTheIssuer(t *testing.T) {
	point := map[string]string{"kty": "EC", "kid": "key_1", "use": "", "alg": "", "n": "", "crv": "P-256"}
	changed := func(key map[string]string, changes map[string]string) map[string]string {
		key = maps.Clone(key)
		maps.Copy(key, changes)
		return key
	}
	none := "https://elsewhere.example/keys has no key that a server takes (of 1): RSA of at least 2048 bits, P-256, P-384 or Ed25519, with a kid, for signatures"
	has := "https://elsewhere.example/keys has 1 that a server takes"
	for name, c := range map[string]struct {
		key  map[string]string
		want string
	}{
		"RSA":                  {goodKey(nil), has},
		"RSA for PS256":        {goodKey(map[string]string{"alg": "PS256"}), has},
		"RSA for anything":     {goodKey(map[string]string{"alg": ""}), has},
		"RSA for RS512":        {goodKey(map[string]string{"alg": "RS512"}), none},
		"RSA for encryption":   {goodKey(map[string]string{"use": "enc"}), none},
		"P-256":                {point, has},
		"P-256 for ES256":      {changed(point, map[string]string{"alg": "ES256"}), has},
		"P-256 for ES384":      {changed(point, map[string]string{"alg": "ES384"}), none},
		"P-384":                {changed(point, map[string]string{"crv": "P-384", "alg": "ES384"}), has},
		"P-521":                {changed(point, map[string]string{"crv": "P-521"}), none},
		"P-256 without a name": {changed(point, map[string]string{"kid": ""}), none},
		"Ed25519":              {changed(point, map[string]string{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA"}), has},
		"X25519":               {changed(point, map[string]string{"kty": "OKP", "crv": "X25519"}), none},
		"a secret, for HMAC":   {changed(point, map[string]string{"kty": "oct", "crv": ""}), none},
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, "auth0")
			p.Doctor.JWKS = ""
			net := providersNet(t)
			net["elsewhere.example/keys"] = keySet(t, c.key)
			if got := find(t, signIn(t, p, filled(p), hosts(t, net)), "signing keys"); got.Detail != c.want || (got.Status == doctor.OK) != (c.want == has) {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
	t.Run("at no address to ask", func(t *testing.T) {
		p := provider(t, "auth0")
		p.Doctor.JWKS = ""
		net := providersNet(t)
		net["tenant.us.auth0.com/.well-known/openid-configuration"] = say(http.StatusOK, "application/json", `{"issuer":"https://tenant.us.auth0.com/","jwks_uri":"http://elsewhere.example/keys"}`)
		if got := find(t, signIn(t, p, filled(p), hosts(t, net)), "signing keys"); got.Status != doctor.Failed || !strings.Contains(got.Detail, "no https address") {
			t.Errorf("%+v", got)
		}
	})
}
