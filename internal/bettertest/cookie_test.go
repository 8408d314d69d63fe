package bettertest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/servertest"
)

// sign is the signature of a token as Better Auth makes it.
func sign(token, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// session makes a session of a new user whose signature has both of the characters
// that escaping is about, and returns its token.
func session(t *testing.T, expires string) string {
	t.Helper()
	for {
		token := rand.Text() + rand.Text()
		if signature := sign(token, settings["BETTER_AUTH_SECRET"]); !strings.Contains(signature, "+") || !strings.Contains(signature, "/") {
			continue
		}
		change(t, `with u as (insert into better_auth."user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
				values ($1, 'Ada', lower($1) || '@example.com', false, now(), now()))
			insert into better_auth.session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
			values ($1, $1, $1, now() + $2::interval, now(), now())`, token, expires)
		return token
	}
}

// TestCookies sends one cookie header after the other to the Go server and to
// Better Auth itself: both have to take it for the same.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, mode := range []struct {
		name, own, other string
		open             func(*testing.T) *site
	}{
		{"http", cookieName, "__Secure-" + cookieName, open},
		{"https", "__Secure-" + cookieName, cookieName, openSecure},
	} {
		t.Run(mode.name, func(t *testing.T) {
			s := mode.open(t)
			good, expired := session(t, "1 hour"), session(t, "-1 second")
			signature := sign(good, s.env["BETTER_AUTH_SECRET"])
			value := url.QueryEscape(good + "." + signature)
			raw := good + "." + signature
			own := mode.own + "="
			swap := func(s string, i int) string { return s[:i] + string('A'+('B'-s[i])%2) + s[i+1:] }
			for _, tt := range []struct {
				name, cookie string
				want         bool
			}{
				{"as Better Auth sets it", own + value, true},
				{"unescaped", own + raw, true},
				{"escaped in lower case", own + strings.NewReplacer("%2F", "%2f", "%2B", "%2b", "%3D", "%3d").Replace(value), true},
				{"everything escaped that can be", own + strings.ReplaceAll(value, ".", "%2E"), true},
				{"in quotes", own + `"` + value + `"`, true},
				{"behind others", "a=b; better-auth.dont_remember=x; " + own + value, true},
				{"first of two", own + value + "; " + own + "x.y", true},
				{"second of two", own + "x.y; " + own + value, false},
				{"none", "a=b", false},
				{"empty", own, false},
				{"the token alone", own + good, false},
				{"the token and a dot", own + good + ".", false},
				{"a signature alone", own + "." + url.QueryEscape(signature), false},
				{"escaped twice", own + url.QueryEscape(value), false},
				{"a broken escape", own + raw + "%", false},
				{"a plus for a plus, the rest escaped", own + strings.ReplaceAll(value, "%2B", "+"), true},
				{"a blank for a plus", own + strings.ReplaceAll(value, "%2B", "%20"), false},
				{"URL-safe base64", own + good + "." + strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(signature), false},
				{"without padding", own + good + "." + url.QueryEscape(strings.TrimRight(signature, "=")), false},
				{"padded twice", own + good + "." + url.QueryEscape(signature+"="), false},
				{"signature changed", own + url.QueryEscape(good+"."+swap(signature, 0)), false},
				{"token changed", own + url.QueryEscape(swap(good, 0)+"."+signature), false},
				{"one character more", own + value + "A", false},
				{"a line end behind", own + value + "%0A", false},
				{"a line end in the signature", own + url.QueryEscape(good+"."+signature[:4]+"\r\n"+signature[4:]), false},
				{"a dot more", own + url.QueryEscape("."+raw), false},
				{"of another secret", own + url.QueryEscape(good+"."+sign(good, "another-secret-0123456789abcdef-another")), false},
				{"of no secret", own + url.QueryEscape(good+"."+sign(good, "")), false},
				{"signed, of no session", own + url.QueryEscape("nobody."+sign("nobody", s.env["BETTER_AUTH_SECRET"])), false},
				{"of an empty token", own + url.QueryEscape("."+sign("", s.env["BETTER_AUTH_SECRET"])), false},
				{"the other mode's name", mode.other + "=" + value, false},
				{"both names, ours forged", mode.other + "=" + value + "; " + own + "x.y", false},
				{"another name's case", strings.ToUpper(mode.own) + "=" + value, false},
				{"of an expired session", own + url.QueryEscape(expired+"."+sign(expired, s.env["BETTER_AUTH_SECRET"])), false},
			} {
				t.Run(tt.name, func(t *testing.T) {
					// Better Auth comes last: it removes the rows of expired sessions.
					v := s.visit()
					ours := v.get("/v1/me", "Cookie", tt.cookie).status == http.StatusOK
					theirs := asks(t, s, tt.cookie)
					if ours != tt.want || theirs != tt.want {
						t.Errorf("Cookie: %s\nthe Go server: %v, Better Auth: %v, want %v", tt.cookie, ours, theirs, tt.want)
					}
				})
			}
		})
	}
}

// asks asks Better Auth itself whether a cookie header opens a session.
func asks(t *testing.T, s *site, cookie string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.auth.URL+"/api/auth/get-session", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	req.Header.Set("X-Forwarded-For", s.visit().ip)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("get-session: %d %s (%v)", res.StatusCode, body, err)
	}
	return string(body) != "null"
}

// openSecure is open for browsers on https, which ends in front of the Go server.
func openSecure(t *testing.T) *site {
	t.Helper()
	servertest.Need(t)
	addr := freeAddr(t)
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr}))
	t.Cleanup(front.Close)
	s := openAt(t, addr, front.URL)
	s.trust = front.Client().Transport
	return s
}

// TestSecure signs up, in and out on https.
func TestSecure(t *testing.T) {
	t.Parallel()
	s := openSecure(t)
	v := s.visit()
	email := v.signUp()
	v.signedIn(true)
	r := v.send("/login", "email", email, "password", password)
	v.want(r, http.StatusSeeOther)
	set := strings.Join(r.header.Values("Set-Cookie"), "\n")
	if !strings.Contains(set, "__Secure-"+cookieName+"=") || strings.Count(set, "Secure;") != strings.Count(set, "\n")+1 || !strings.Contains(set, "HttpOnly") {
		t.Errorf("signing in sets %s", set)
	}
	v.want(v.send("/logout"), http.StatusSeeOther)
	v.signedIn(false)
}
