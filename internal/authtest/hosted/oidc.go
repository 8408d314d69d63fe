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
	Auth0, Kinde *Tenant

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

type tenantSetup struct {
	Name    string            `json:"name"`
	Issuer  string            `json:"issuer"`
	Paths   map[string]string `json:"paths"`
	Client  Client            `json:"client"`
	Offline string            `json:"offline"`
	Logout  object            `json:"logout"`
}

// StartOIDC starts the tenants. Source is the folder of server.mjs, installed that of
// the npm package.
func StartOIDC(ctx context.Context, source, installed string, auth0, kinde Client) (*OIDC, error) {
	setups := []tenantSetup{{
		Name: "auth0", Issuer: "https://tenant.us.auth0.com/", Client: auth0, Offline: "offline_access",
		Paths:  map[string]string{"authorization": "/authorize", "token": "/oauth/token", "jwks": "/.well-known/jwks.json"},
		Logout: object{"path": "/v2/logout", "parameter": "returnTo"},
	}, {
		Name: "kinde", Issuer: "https://yourbusiness.kinde.com", Client: kinde, Offline: "offline",
		Paths:  map[string]string{"authorization": "/oauth2/auth", "token": "/oauth2/token", "jwks": "/.well-known/jwks"},
		Logout: object{"path": "/logout", "parameter": "redirect"},
	}}
	arguments, err := json.Marshal(setups)
	if err != nil {
		return nil, err
	}
	// Its warnings about being for development only go nowhere.
	o := &OIDC{cmd: exec.Command("node", filepath.Join(source, "server.mjs"), string(arguments), installed)} //nolint:noctx // Close ends it
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
	o.Auth0 = newTenant("tenant.us.auth0.com", ports["auth0"].Port, ports["auth0"].Control)
	o.Kinde = newTenant("yourbusiness.kinde.com", ports["kinde"].Port, ports["kinde"].Control)
	return o, nil
}

// Close ends the process.
func (o *OIDC) Close() error { return errors.Join(o.stdin.Close(), o.cmd.Wait()) }

// Tenant is a provider at a host's name.
type Tenant struct {
	faults

	host    string
	target  *url.URL
	control string
	handler http.Handler

	issuedMu sync.Mutex
	issued   []string
}

func newTenant(host string, port, control int) *Tenant {
	return &Tenant{
		host:    host,
		target:  &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)},
		control: fmt.Sprintf("http://127.0.0.1:%d", control),
	}
}

// Host is the name it serves.
func (t *Tenant) Host() string { return t.host }

// Handler is the tenant for one test, whose Answer, Asked and RefreshTokens are its own.
func (t *Tenant) Handler() *Tenant {
	own := &Tenant{host: t.host, target: t.target, control: t.control}
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
