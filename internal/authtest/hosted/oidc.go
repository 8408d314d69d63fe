package hosted

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// OIDC runs the tenants of OpenID providers, all in one process of Node.
type OIDC struct {
	// Tenants are by the provider's ID in the catalog.
	Tenants map[string]*Tenant

	cmd   *exec.Cmd
	stdin io.Closer
}

// Client is the application that a tenant knows.
type Client struct {
	ID        string   `json:"id"`
	Secret    string   `json:"secret"`
	Redirects []string `json:"redirects"`
	Logouts   []string `json:"logouts"`
}

// Setup is what is particular to a tenant.
type Setup struct {
	ID     string `json:"name"`
	Issuer string `json:"issuer"`
	// Paths of authorization, token and jwks, below the issuer's own.
	Paths   map[string]string `json:"paths"`
	Auth    string            `json:"auth"` // how its application proves itself
	Offline string            `json:"offline"`
	// Logout is of a way to sign out that is the provider's own; nil leaves the one of
	// OpenID Connect, which asks the user.
	Logout map[string]string `json:"logout"`
	Client Client            `json:"client"`
}

var setups = []Setup{{
	ID: "auth0", Issuer: "https://tenant.us.auth0.com/", Auth: "client_secret_post", Offline: "offline_access",
	Paths:  map[string]string{"authorization": "/authorize", "token": "/oauth/token", "jwks": "/.well-known/jwks.json"},
	Logout: map[string]string{"path": "/v2/logout", "parameter": "returnTo"},
}, {
	ID: "kinde", Issuer: "https://yourbusiness.kinde.com", Auth: "client_secret_post", Offline: "offline",
	Paths:  map[string]string{"authorization": "/oauth2/auth", "token": "/oauth2/token", "jwks": "/.well-known/jwks"},
	Logout: map[string]string{"path": "/logout", "parameter": "redirect"},
}, {
	ID: "oidc", Issuer: "https://id.example.com/realms/shop", Auth: "client_secret_basic", Offline: "offline_access",
	Paths: map[string]string{"authorization": "/protocol/auth", "token": "/protocol/token", "jwks": "/protocol/certs", "end_session": "/protocol/logout"},
}}

// at is a path of the tenant's at its host.
func (s Setup) at(what string) string {
	u, err := url.Parse(s.Issuer)
	if err != nil {
		panic(err) // it stands above
	}
	return strings.TrimSuffix(u.Path, "/") + s.Paths[what]
}

// TokenPath is where codes and refresh tokens are used.
func (s Setup) TokenPath() string { return s.at("token") }

// KeysPath is where the keys are published.
func (s Setup) KeysPath() string { return s.at("jwks") }

// DiscoveryPath is where it says so.
func (s Setup) DiscoveryPath() string { return s.at("") + "/.well-known/openid-configuration" }

// StartOIDC starts the tenants, each with the application that client returns, and those
// without none at all. Source is
// the folder of server.mjs, installed that of the npm package.
func StartOIDC(ctx context.Context, source, installed string, client func(id string) Client) (*OIDC, error) {
	started := slices.Clone(setups)
	for i := range started {
		started[i].Client = client(started[i].ID)
	}
	started = slices.DeleteFunc(started, func(s Setup) bool { return s.Client.ID == "" })
	arguments, err := json.Marshal(started)
	if err != nil {
		return nil, err
	}
	// Its warnings about being for development only go nowhere.
	o := &OIDC{Tenants: map[string]*Tenant{}, cmd: exec.Command("node", filepath.Join(source, "server.mjs"), string(arguments), installed)} //nolint:noctx // Close ends it
	stdin, err := o.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	o.stdin = stdin
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = o.cmd.Process.Kill() })
	defer stop()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ports map[string]struct{ Port, Control int }
	if err := errors.Join(err, json.Unmarshal(line, &ports)); err != nil {
		return nil, errors.Join(fmt.Errorf("start the OpenID provider (make tools installs it): %w", err), o.Close())
	}
	for _, s := range started {
		o.Tenants[s.ID] = newTenant(s, ports[s.ID].Port, ports[s.ID].Control)
	}
	return o, nil
}

// Close ends the process.
func (o *OIDC) Close() error { return errors.Join(o.stdin.Close(), o.cmd.Wait()) }

// Tenant is a provider at a host's name.
type Tenant struct {
	faults
	Setup

	host    string
	target  *url.URL
	control string
	handler http.Handler

	issuedMu sync.Mutex
	issued   []string
}

func newTenant(s Setup, port, control int) *Tenant {
	issuer, err := url.Parse(s.Issuer)
	if err != nil {
		panic(err) // it stands above
	}
	return &Tenant{
		Setup:   s,
		host:    issuer.Host,
		target:  &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)},
		control: fmt.Sprintf("http://127.0.0.1:%d", control),
	}
}

// Host is the name it serves.
func (t *Tenant) Host() string { return t.host }

// Handler is the tenant for one test, whose Answer, Asked and RefreshTokens are its own.
func (t *Tenant) Handler() *Tenant {
	own := &Tenant{Setup: t.Setup, host: t.host, target: t.target, control: t.control}
	own.handler = own.wrap(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(t.target)
			r.Out.Host = t.host
			r.Out.Header.Set("X-Forwarded-Host", t.host)
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		ModifyResponse: own.watch,
	})
	return own
}

// watch notes the refresh tokens that go by.
func (t *Tenant) watch(res *http.Response) error {
	if res.Request.Method != http.MethodPost || !strings.HasSuffix(res.Request.URL.Path, "/token") {
		return nil
	}
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(data))
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if json.Unmarshal(data, &answer) == nil && answer.RefreshToken != "" {
		t.issuedMu.Lock()
		defer t.issuedMu.Unlock()
		t.issued = append(t.issued, answer.RefreshToken)
	}
	return nil
}

// RefreshTokens are those that were issued, oldest first.
func (t *Tenant) RefreshTokens() []string {
	t.issuedMu.Lock()
	defer t.issuedMu.Unlock()
	return slices.Clone(t.issued)
}

func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.handler.ServeHTTP(w, r) }

// Set makes claims a user's.
func (t *Tenant) Set(ctx context.Context, sub, claims string) error {
	return t.do(ctx, "claims", url.Values{"sub": {sub}, "claims": {claims}})
}

// Revoke takes back all that was granted to a user's applications.
func (t *Tenant) Revoke(ctx context.Context, sub string) error {
	return t.do(ctx, "revoke", url.Values{"sub": {sub}})
}

// Block locks a user out.
func (t *Tenant) Block(ctx context.Context, sub string) error {
	return t.do(ctx, "block", url.Values{"sub": {sub}})
}

// Rotate signs with another key from now on, and publishes it beside the older ones.
func (t *Tenant) Rotate(ctx context.Context) error { return t.do(ctx, "rotate", nil) }

func (t *Tenant) do(ctx context.Context, what string, query url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.control+"/"+what+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", what, res.StatusCode)
	}
	return nil
}
