package authtest_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
)

func internet(t *testing.T) *authtest.Internet {
	t.Helper()
	n, err := authtest.StartInternet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// client reaches the Internet as a child process with its Env does.
func client(t *testing.T, n *authtest.Internet) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(n.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in CertFile")
	}
	proxy, err := url.Parse(n.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(ctx context.Context, c *http.Client, address string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s%s", r.Host, r.URL) })

func TestInternet_leadsToItsHostsAlone(t *testing.T) {
	n := internet(t)
	n.Handle("tenant.us.auth0.com", hello)
	n.Handle("api.workos.com", hello)
	c := client(t, n)
	for _, host := range []string{"tenant.us.auth0.com", "api.workos.com"} {
		if _, body, err := get(t.Context(), c, "https://"+host+"/keys?a=b"); err != nil || body != host+"/keys?a=b" {
			t.Errorf("%s answers %q, %v", host, body, err)
		}
		if got := n.Requests(host); len(got) != 1 || got[0].Path != "/keys?a=b" || got[0].Method != "GET" || n.Dials(host) != 1 {
			t.Errorf("%s counts %v and %d connections", host, got, n.Dials(host))
		}
	}
	for _, address := range []string{"https://evil.example/", "https://api.workos.com:8443/", "http://api.workos.com/"} {
		if status, _, err := get(t.Context(), c, address); err == nil && status != http.StatusMethodNotAllowed {
			t.Errorf("%s answers %d", address, status)
		}
	}
	want := []string{"evil.example:443", "api.workos.com:8443", "http://api.workos.com/"}
	if got := n.Refused(); !slices.Equal(got, want) {
		t.Errorf("refused %q, want %q", got, want)
	}
	if got := n.Total(); got != 2+2+3 {
		t.Errorf("%d in total, want two connections, two requests and three refusals", got)
	}
}

func TestInternet_fingerprintIsTheAuthoritys(t *testing.T) {
	n := internet(t)
	n.Handle("api.workos.com", hello)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.workos.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client(t, n).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	chain := res.TLS.PeerCertificates
	sum := sha256.Sum256(chain[len(chain)-1].RawSubjectPublicKeyInfo)
	if got, err := n.Fingerprint(); err != nil || len(chain) != 2 || got != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestInternet_faults(t *testing.T) {
	n := internet(t)
	n.Handle("api.workos.com", hello)
	c := client(t, n)
	right := "api.workos.com/keys"
	patient, impatient := 10*time.Second, 400*time.Millisecond
	for _, test := range []struct {
		fault  authtest.Fault
		wait   time.Duration
		expect func(status int, body string, err error) bool
	}{
		{authtest.None, patient, func(_ int, body string, err error) bool { return err == nil && body == right }},
		{authtest.Silent, impatient, func(status int, _ string, err error) bool { return err != nil && status == 0 }},
		{authtest.Broken, patient, func(status int, _ string, err error) bool { return err == nil && status == 500 }},
		{authtest.HTML, patient, func(status int, body string, err error) bool {
			return err == nil && status == 200 && strings.HasPrefix(body, "<!doctype html>")
		}},
		{authtest.Slow, impatient, func(status int, body string, err error) bool {
			return err != nil && status == 200 && body != "" && strings.HasPrefix(right, body)
		}},
		{authtest.Huge, patient, func(status int, body string, err error) bool {
			return err == nil && status == 200 && len(body) > 5<<20 && strings.TrimSpace(body) == right
		}},
		{authtest.Refuse, patient, func(status int, _ string, err error) bool { return err != nil && status == 0 }},
		{authtest.None, patient, func(_ int, body string, err error) bool { return err == nil && body == right }},
	} {
		n.Fail("api.workos.com", test.fault)
		ctx, cancel := context.WithTimeout(t.Context(), test.wait)
		if status, body, err := get(ctx, c, "https://api.workos.com/keys"); !test.expect(status, body, err) {
			t.Errorf("%q: %d, %.40q, %v", test.fault, status, body, err)
		}
		cancel()
	}
}

func TestInternet_faultOfOnePage(t *testing.T) {
	n := internet(t)
	n.Handle("api.workos.com", hello)
	c := client(t, n)
	n.Fail("api.workos.com/keys", authtest.Refuse)
	if status, body, err := get(t.Context(), c, "https://api.workos.com/keys?a=b"); err == nil {
		t.Errorf("the page answers %d %q", status, body)
	}
	if _, body, err := get(t.Context(), c, "https://api.workos.com/keys/1"); err != nil || body != "api.workos.com/keys/1" {
		t.Errorf("the page beside it answers %q, %v", body, err)
	}
	n.Fail("api.workos.com/keys", authtest.None)
	if _, body, err := get(t.Context(), c, "https://api.workos.com/keys"); err != nil || body != "api.workos.com/keys" {
		t.Errorf("repaired, it answers %q, %v", body, err)
	}
}

func TestInternet_closeEndsAnswersThatHang(t *testing.T) {
	n, err := authtest.StartInternet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.Handle("api.workos.com", hello)
	n.Fail("api.workos.com", authtest.Silent)
	ended := make(chan error)
	c := client(t, n)
	go func() {
		_, _, err := get(t.Context(), c, "https://api.workos.com/keys")
		ended <- err
	}()
	for len(n.Requests("api.workos.com")) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the request was answered")
	}
	if _, err := os.Stat(n.CertFile); !os.IsNotExist(err) {
		t.Errorf("the certificate is still there: %v", err)
	}
}
