package bettertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// visitor is somebody with a browser, at an address of their own.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
	ip     string
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

var addresses atomic.Uint32

// visit makes a new visitor. Proxies in front of the Go server tell it the address.
func (s *site) visit() *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	n := addresses.Add(1)
	return &visitor{
		t: s.t, base: s.base, ip: fmt.Sprintf("198.51.%d.%d", n>>8, n&0xff),
		client: &http.Client{
			Jar:           jar,
			Transport:     s.trust,
			Timeout:       20 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (v *visitor) do(method, path, contentType, body string, headers ...string) reply {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("X-Real-IP", v.ip)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Origin", v.base)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

func (v *visitor) get(path string, headers ...string) reply {
	v.t.Helper()
	return v.do(http.MethodGet, path, "", "", headers...)
}

// send sends a form of fields and values.
func (v *visitor) send(path string, fields ...string) reply {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

// call does what a script in the page would do.
func (v *visitor) call(path, body string, headers ...string) reply {
	v.t.Helper()
	return v.do(http.MethodPost, path, "application/json", body, headers...)
}

const password = "correct horse battery"

// signUp makes an account, and returns its address.
func (v *visitor) signUp() (email string) {
	v.t.Helper()
	email = strings.ReplaceAll(v.ip, ".", "-") + "@example.com"
	r := v.send("/signup", "name", "Ada Lovelace", "email", email, "password", password, "remember", "yes")
	v.want(r, http.StatusSeeOther)
	return email
}

func (v *visitor) signIn(email string) {
	v.t.Helper()
	v.want(v.send("/login", "email", email, "password", password, "remember", "yes"), http.StatusSeeOther)
}

func (v *visitor) want(r reply, status int) {
	v.t.Helper()
	if r.status != status {
		v.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
}

// me is whom the Go server takes the visitor for, "" for nobody.
func (v *visitor) me() (subject string, expires time.Time) {
	v.t.Helper()
	r := v.get("/v1/me")
	if r.status == http.StatusUnauthorized {
		return "", time.Time{}
	}
	v.want(r, http.StatusOK)
	var me struct {
		Subject string    `json:"subject"`
		Expires time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(r.body), &me); err != nil || me.Subject == "" {
		v.t.Fatalf("GET /v1/me says %s", r.body)
	}
	return me.Subject, me.Expires
}

func (v *visitor) signedIn(want bool) {
	v.t.Helper()
	if subject, _ := v.me(); (subject != "") != want {
		v.t.Errorf("the Go server takes the visitor for %q, want somebody: %v", subject, want)
	}
}

// cookie is the visitor's session cookie, as it is sent.
func (v *visitor) cookie() string {
	v.t.Helper()
	u, err := url.Parse(v.base)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, cookie := range v.client.Jar.Cookies(u) {
		if cookie.Name == cookieName {
			return cookie.Value
		}
	}
	return ""
}

// token is the token in a cookie's value.
func token(value string) string {
	plain, _ := url.PathUnescape(value)
	return plain[:max(strings.LastIndexByte(plain, '.'), 0)]
}
