package e2e_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// counterpart is what becomes of a case about tokens where the credential is a cookie.
type counterpart struct {
	test func(t *testing.T)
	none string // why there is none
}

// forged wants attempts to be refused that are made from a live session.
func forged(attempts func(s *cookieSite, token string) []attempt) func(t *testing.T) {
	return func(t *testing.T) {
		s := openCookieSite(t)
		user, token := s.session(t, time.Hour)
		s.refused(t, attempts(s, token)...)
		s.accepted(t, "the session itself", s.with(s.value(token)), user)
	}
}

var counterparts = map[string]counterpart{
	"J01": {test: forged(func(s *cookieSite, token string) []attempt {
		return []attempt{
			s.cookie("the token alone", token, notSigned),
			s.cookie("an empty signature", token+".", wrongSignature),
			s.cookie("a short signature", escaped(signed(s.secret, token)[:len(token)+5]), wrongSignature),
			s.cookie("a made-up one", token+"."+strings.Repeat("A", 43)+"%3D", wrongSignature),
			s.cookie("none", token+".none", wrongSignature),
			s.cookie("empty", "", notSigned),
			s.cookie("a dot", ".", notSigned),
			s.cookie("no token", s.value(token)[len(token):], notSigned),
			s.cookie("x.y", "x.y", wrongSignature),
			{name: "the token as a bearer token", header: bearer(token), why: nothing},
			{name: "the cookie's value as a bearer token", header: bearer(s.value(token)), why: nothing},
		}
	})},
	"J02": {test: forged(func(s *cookieSite, token string) []attempt {
		return []attempt{
			s.cookie("no secret", escaped(signed("", token)), wrongSignature),
			s.cookie("the token for a secret", escaped(signed(token, token)), wrongSignature),
			s.cookie("Better Auth's public default", escaped(signed("better-auth-secret-12345678901234567890", token)), wrongSignature),
			s.cookie("the cookie's name for a secret", escaped(signed(s.name, token)), wrongSignature),
		}
	})},
	"J03": {test: forged(func(s *cookieSite, token string) []attempt {
		user := insforge.Token("user")
		return []attempt{
			s.cookie("InsForge's secret", escaped(signed(insforge.JWTSecret, token)), wrongSignature),
			s.cookie("an InsForge token for a cookie", user, wrongSignature),
			{name: "an InsForge token", header: bearer(user), why: nothing},
		}
	})},
	"J04": {test: forged(func(s *cookieSite, token string) []attempt {
		long := hmac.New(sha512.New, []byte(s.secret))
		long.Write([]byte(token))
		right := sum(s.secret, token)
		hs256, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "u", "token": token}).SignedString([]byte(s.secret))
		if err != nil {
			panic(err)
		}
		return []attempt{
			s.cookie("SHA-512", escaped(token+"."+base64.StdEncoding.EncodeToString(long.Sum(nil))), wrongSignature),
			s.cookie("in hexadecimal", fmt.Sprintf("%s.%x", token, right), wrongSignature),
			s.cookie("half of it", escaped(token+"."+base64.StdEncoding.EncodeToString(right[:16])), wrongSignature),
			s.cookie("twice", escaped(token+"."+base64.StdEncoding.EncodeToString(append(right, right...))), wrongSignature),
			s.cookie("unpadded", token+"."+escaped(base64.RawStdEncoding.EncodeToString(right)), wrongSignature),
			s.cookie("of the escaped token", escaped(signed(s.secret, token+".")), ended),
			s.cookie("a JWT by the same secret", hs256, wrongSignature),
		}
	})},
	"J05": {none: "a cookie does not name its key: there is one secret"},
	"J06": {none: "a cookie brings no key along and names no address"},
	"J07": {test: forged(func(s *cookieSite, token string) []attempt {
		return []attempt{
			s.cookie("another server's secret", escaped(signed("another-better-auth-secret-9876543210abcdef", token)), wrongSignature),
			s.cookie("this secret and a letter", escaped(signed(s.secret+"x", token)), wrongSignature),
			s.cookie("the secret in capitals", escaped(signed(strings.ToUpper(s.secret), token)), wrongSignature),
		}
	})},
	"J08": {test: cookieNames},
	"J09": {test: func(t *testing.T) {
		s := openCookieSite(t)
		_, over := s.session(t, -time.Second)
		user, live := s.session(t, time.Minute)
		s.refused(t, s.cookie("ended a second ago: the database's clock knows no leeway", s.value(over), ended))
		s.accepted(t, "ends in a minute", s.with(s.value(live)), user)
	}},
	"J10": {test: func(t *testing.T) {
		s := openCookieSite(t)
		for _, expires := range []string{"'-infinity'", "'epoch'", "now()", "'4713-01-01 BC'"} {
			token := rand.Text()
			s.sessionOf(t, rand.Text(), token, expires)
			s.refused(t, s.cookie(expires, s.value(token), ended))
		}
		// A session is the database's to end: a distant one is none of a forger's. One
		// that never ends is nothing Better Auth writes.
		token, user := rand.Text(), rand.Text()
		s.sessionOf(t, user, token, "now() + interval '10 years'")
		s.accepted(t, "ends in ten years", s.with(s.value(token)), user)
		token = rand.Text()
		s.sessionOf(t, rand.Text(), token, "'infinity'")
		if a := s.me(t, s.with(s.value(token))); a.status == http.StatusOK {
			t.Errorf("never ends: %d %s", a.status, a.body)
		}
	}},
	"J11": {none: "a session has no time before which it does not hold"},
	"J12": {test: formOfTheCookie},
	"J13": {test: forged(func(s *cookieSite, token string) []attempt {
		good, forged := s.name+"="+s.value(token), s.name+"="+token+".AAAA"
		return []attempt{
			{name: "a forged one first", header: cookies(forged, good), why: wrongSignature},
			{name: "in two headers", header: http.Header{"Cookie": {forged, good}}, why: wrongSignature},
			{name: "an empty one first", header: cookies(s.name+"=", good), why: notSigned},
			{name: "in capitals", header: cookies(strings.ToUpper(s.name) + "=" + s.value(token)), why: nothing},
			s.cookie("two signatures", s.value(token)+"."+s.value(token)[len(token)+1:], wrongSignature),
		}
	})},
	"J14": {test: func(t *testing.T) {
		s := openCookieSite(t)
		for name, user := range map[string]string{
			"empty": "", "blank": "  ", "padded": rand.Text() + " ", "300 characters": strings.Repeat("u", 300), "a line end": rand.Text() + "\n", "escape": "\x1b[2J",
		} {
			token := rand.Text()
			s.sessionOf(t, user, token, "now() + interval '1 hour'")
			s.refused(t, s.cookie(name, s.value(token), "user ID"))
		}
	}},
	"J15": {none: "the secret is a setting, which a running server does not read again"},
	"J16": {test: func(t *testing.T) {
		s := openCookieSite(t)
		user, token := s.session(t, time.Hour)
		header := s.with(s.value(token))
		s.accepted(t, "signed in", header, user)
		if _, err := s.db.Exec(t.Context(), `delete from better_auth.session where token = $1`, token); err != nil {
			t.Fatal(err)
		}
		s.refused(t, attempt{name: "signed out a moment ago", header: header, why: ended})
		user, token = s.session(t, time.Hour)
		header = s.with(s.value(token))
		s.accepted(t, "another", header, user)
		if _, err := s.db.Exec(t.Context(), `delete from better_auth."user" where id = $1`, user); err != nil {
			t.Fatal(err)
		}
		s.refused(t, attempt{name: "the account was deleted", header: header, why: ended})
	}},
	"J17": {test: databaseGone},
	"J18": {test: func(t *testing.T) {
		s := openCookieSite(t, "DATABASE_URL=postgres://"+lookups+"@127.0.0.1:1/insforge")
		_, token := s.session(t, time.Hour)
		s.unavailable(t, s.with(s.value(token)))
		s.refused(t, s.cookie("forged all the same", token+".AAAA", wrongSignature))
	}},
	"J19": {test: cookieFlood},
	"J20": {none: "nothing is fetched: the secret is a setting"},
	"J21": {test: func(t *testing.T) {
		s := openCookieSite(t)
		header, user := s.good(t) // of a user whose row says project_admin
		s.accepted(t, "a user full of rights", header, user)
		s.mint(t, header).isUsers(t, user)
	}},
	"J22": {test: func(t *testing.T) {
		s := openCookieSite(t)
		for _, left := range []time.Duration{20 * time.Second, 4 * time.Minute, 7 * 24 * time.Hour} {
			user, token := s.session(t, left)
			m := s.mint(t, s.with(s.value(token)))
			m.isUsers(t, user)
			m.lives(t, time.Now().Add(left))
		}
	}},
	"J23": {test: func(t *testing.T) {
		s := openCookieSite(t)
		header, _ := s.good(t)
		isSecret(t, s.site, header)
	}},
	"J24": {test: forged(func(s *cookieSite, token string) []attempt {
		cache := base64.RawURLEncoding.EncodeToString([]byte(`{"session":{"session":{"token":"` + token + `"}},"signature":"x"}`))
		return []attempt{
			{name: "the cache of the session", header: cookies("better-auth.session_data=" + cache), why: nothing},
			s.cookie("the cache in its place", cache, notSigned),
			s.cookie("another cookie by the same secret", escaped(signed(s.secret, "true")), ended),
			s.cookie("a session that never was", escaped(signed(s.secret, rand.Text())), ended),
			s.cookie("the session's ID for its token", escaped(signed(s.secret, "o0AGR3OGreYYE6USW2GTUFSE2ovhSabz")), ended),
		}
	})},
	"J25": {test: func(t *testing.T) {
		s := openCookieSite(t)
		for _, p := range profiles {
			s.refused(t, attempt{name: p.ID + "'s", header: bearer(sharedSite(t, p).good()), why: nothing})
		}
	}},
	"J26": {none: "the database compares its own times, with its own clock"},
	"J27": {test: func(t *testing.T) {
		s := openCookieSite(t)
		header, _ := s.good(t)
		keysFromOutside(t, s.site, nothing, header)
	}},
}

// cookieNames: one name counts, by the origin of the Better Auth server.
func cookieNames(t *testing.T) {
	const plain, secure = "better-auth.session_token", "__Secure-better-auth.session_token"
	for origin, names := range map[string]struct{ ours, other string }{
		"http://localhost:8080":   {plain, secure},
		"https://app.example.com": {secure, plain},
	} {
		s := openCookieSite(t, "BETTER_AUTH_URL="+origin, "APP_BASE_URL="+origin)
		user, token := s.session(t, time.Hour)
		s.name = names.ours
		s.accepted(t, "the name of "+origin, s.with(s.value(token)), user)
		for _, name := range []string{names.other, "__Host-" + plain, "myapp.session_token", "session_token", plain + ".0"} {
			s.refused(t, attempt{name: name + " at " + origin, header: cookies(name + "=" + s.value(token)), why: nothing})
		}
	}
}

// formOfTheCookie: what browsers and proxies do to a cookie, and what they do not.
func formOfTheCookie(t *testing.T) {
	s := openCookieSite(t)
	user, token := s.session(t, time.Hour)
	good := s.value(token)
	for name, header := range map[string]http.Header{
		"as it was set":            s.with(good),
		"not escaped":              s.with(signed(s.secret, token)),
		"escaped in small letters": s.with(strings.NewReplacer("%2B", "%2b", "%2F", "%2f", "%3D", "%3d").Replace(good)),
		"all escaped":              s.with(everywhere(signed(s.secret, token))),
		"in quotes":                s.with(`"` + good + `"`),
		"among others":             cookies("theme=dark", s.name+"="+good, "better-auth.session_data=x"),
		"before a forged one":      cookies(s.name+"="+good, s.name+"="+token+".AAAA"),
	} {
		s.accepted(t, name, header, user)
	}
	s.refused(t,
		s.cookie("9 KB", strings.Repeat("x", 9<<10)+good, wrongSignature),
		s.cookie("100 dots", strings.Repeat(".", 100), wrongSignature),
		s.cookie("escaped twice", strings.ReplaceAll(good, "%", "%25"), wrongSignature),
		s.cookie("a broken escape", good+"%", "not escaped properly"),
		s.cookie("NUL at the end", good+"%00", wrongSignature),
		s.cookie("a line end in the signature", good+"%0A", wrongSignature),
		s.cookie("a line end before it", token+".%0A"+good[len(token)+1:], wrongSignature),
		s.cookie("a letter more", good+"A", wrongSignature),
		s.cookie("a letter before", "A"+good, wrongSignature),
		attempt{name: "nothing", why: nothing},
		attempt{name: "in the query", query: "?" + url.Values{s.name: {signed(s.secret, token)}}.Encode(), why: nothing},
	)
}

// everywhere escapes every character.
func everywhere(s string) string {
	var all strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&all, "%%%02X", c)
	}
	return all.String()
}

const (
	wrongSignature = "signature is wrong"
	notSigned      = "not signed"
	ended          = "the session has ended"
	nothing        = "no credential"
)
