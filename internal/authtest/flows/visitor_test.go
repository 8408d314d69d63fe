package flows_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// visitor goes from page to page as a browser without scripts does, with cookies of
// its own.
type visitor struct {
	s       *site
	http    *http.Client
	cookies map[string]*http.Cookie // of the app, by name
	others  http.CookieJar

	trail  []string         // addresses that were asked for
	set    []*http.Cookie   // all cookies that the app has set
	detour func(u *url.URL) // changes where it goes, nil does not
	server int              // 1 and up: goes to that server, not to the next
	base   string           // the app's origin
	ctx    context.Context  //nolint:containedctx // of all its requests
}

// page is an answer.
type page struct {
	status int
	header http.Header
	url    string
	body   string
}

func (p page) String() string {
	_, shown, ok := strings.Cut(p.body, "<main>")
	if !ok {
		shown = p.body
	}
	return fmt.Sprintf("%s: %d %.700s", p.url, p.status, shown)
}

func (s *site) visitor() *visitor {
	s.t.Helper()
	pem, err := os.ReadFile(s.net.CertFile)
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	proxy, err := url.Parse(s.net.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme == "http" {
				return nil, nil //nolint:nilnil // that is how it is said
			}
			return proxy, nil
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "localhost:8080" {
				address = strings.TrimPrefix(s.servers[0].URL, "http://")
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		MaxIdleConnsPerHost: 50,
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &visitor{
		s: s, base: app, ctx: s.t.Context(), cookies: map[string]*http.Cookie{}, others: newJar(),
		http: &http.Client{
			Transport: transport, Timeout: 40 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// ask sends one request. Address is a path of the app, or a whole one.
func (v *visitor) ask(method, address string, form url.Values, header http.Header) page {
	v.s.t.Helper()
	p, err := v.send(method, address, form, header)
	if err != nil {
		v.s.t.Fatal(err)
	}
	return p
}

func (v *visitor) send(method, address string, form url.Values, header http.Header) (page, error) {
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	v.trail = append(v.trail, address)
	own := strings.HasPrefix(address, app+"/") || address == app || strings.HasPrefix(address, local)
	to := address
	if own && v.server > 0 {
		to = v.s.servers[v.server-1].URL + strings.TrimPrefix(address, app)
	}
	req, err := http.NewRequestWithContext(v.ctx, method, to, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		if own {
			req.Header.Set("Origin", v.base)
		}
	}
	for name, values := range header {
		if len(values) == 0 {
			req.Header.Del(name)
			continue
		}
		req.Header[name] = values
	}
	if own {
		for _, c := range v.cookies {
			req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		req.Host = appHost
		if strings.HasPrefix(address, local) {
			req.Host = "localhost:8080"
		}
	} else {
		for _, c := range v.others.Cookies(req.URL) {
			req.AddCookie(c)
		}
	}
	res, err := v.http.Do(req)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return page{}, err
	}
	if own {
		for _, c := range res.Cookies() {
			v.set = append(v.set, c)
			v.s.secret(c.Value)
			if c.MaxAge < 0 {
				delete(v.cookies, c.Name)
			} else {
				v.cookies[c.Name] = c
			}
		}
	} else {
		v.others.SetCookies(req.URL, res.Cookies())
	}
	return page{res.StatusCode, res.Header, address, string(body)}, nil
}

// open asks, and goes where answers lead.
func (v *visitor) open(method, address string, form url.Values) page {
	v.s.t.Helper()
	p := v.ask(method, address, form, nil)
	for range 12 {
		next := p.header.Get("Location")
		if _, refresh, ok := strings.Cut(p.header.Get("Refresh"), "url="); ok {
			next = refresh
		}
		if next == "" || p.status >= 400 {
			return p
		}
		from, err := url.Parse(p.url)
		if err != nil {
			v.s.t.Fatal(err)
		}
		to, err := from.Parse(next)
		if err != nil {
			v.s.t.Fatal(err)
		}
		if v.detour != nil {
			v.detour(to)
		}
		p = v.ask(http.MethodGet, to.String(), nil, nil)
	}
	v.s.t.Fatalf("it goes round in a circle: %q", v.trail)
	return page{}
}

// leave signs out, here and where that leads.
func (v *visitor) leave() page {
	v.s.t.Helper()
	return v.open(http.MethodPost, "/logout", nil)
}

// follow is open for a link.
func (v *visitor) follow(address string) page {
	v.s.t.Helper()
	return v.open(http.MethodGet, address, nil)
}

// session is the session cookie.
func (v *visitor) session() *http.Cookie {
	v.s.t.Helper()
	for name, c := range v.cookies {
		if strings.HasSuffix(name, "session") {
			return c
		}
	}
	v.s.t.Fatalf("there is no session cookie among %v", v.cookies)
	return nil
}

// me is what the API says to a script of the app's own page.
func (v *visitor) me() page {
	v.s.t.Helper()
	return v.ask(http.MethodGet, "/v1/me", nil, http.Header{"Accept": {"application/json"}})
}

// in wants the visitor to be signed in as the user, out not to be.
func (v *visitor) in(u *user) {
	v.s.t.Helper()
	if p := v.me(); p.status != http.StatusOK || !strings.Contains(p.body, `"subject":"`+u.subject+`"`) {
		v.s.t.Errorf("not signed in as %s: %v", u.subject, p)
	}
}

func (v *visitor) out() {
	v.s.t.Helper()
	if p := v.me(); p.status != http.StatusUnauthorized {
		v.s.t.Errorf("signed in: %v", p)
	}
}

// clone is another browser with the same cookies of the app.
func (v *visitor) clone() *visitor {
	v.s.t.Helper()
	other := v.s.visitor()
	for name, c := range v.cookies {
		other.cookies[name] = c
	}
	return other
}

// stoppable makes the visitor's requests end with the function it returns.
func (v *visitor) stoppable() (stop func()) {
	v.ctx, stop = context.WithCancel(v.ctx)
	return stop
}
