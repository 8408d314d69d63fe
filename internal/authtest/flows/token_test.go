package flows_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/authtest/hosted"
)

// TestIDToken_refuses ID tokens that are not this application's, this sign-in's or this
// provider's.
func TestIDToken_refuses(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		p := s.hosted.(*oidcProvider)
		keys, others := authtest.NewIssuer("oidc"), authtest.NewIssuer("attacker")
		secret := p.Client.Secret
		now := time.Now()
		mac := func(signed []byte) []byte {
			h := hmac.New(sha256.New, []byte(secret))
			h.Write(signed)
			return h.Sum(nil)
		}
		issuer := fmt.Sprint(p.idToken(&user{})["iss"])
		slashed := issuer + "/"
		if id == "auth0" {
			slashed = issuer[:len(issuer)-1]
		}
		for name, sign := range map[string]func(c authtest.Claims) string{
			"good":            keys.Token,
			"for another app": func(c authtest.Claims) string { return keys.Token(c.With("aud", "another")) },
			"for nobody":      func(c authtest.Claims) string { return keys.Token(c.With("aud", nil)) },
			"an access token": func(c authtest.Claims) string {
				return keys.Token(c.With("aud", "https://api.example.com").With("azp", c["aud"]).With("scope", "openid").With("nonce", nil))
			},
			"another issuer":     func(c authtest.Claims) string { return keys.Token(c.With("iss", "https://evil.example/")) },
			"the slash":          func(c authtest.Claims) string { return keys.Token(c.With("iss", slashed)) },
			"expired":            func(c authtest.Claims) string { return keys.Token(c.With("exp", now.Add(-time.Hour).Unix())) },
			"without an end":     func(c authtest.Claims) string { return keys.Token(c.With("exp", nil)) },
			"without a user":     func(c authtest.Claims) string { return keys.Token(c.With("sub", nil)) },
			"an odd user":        func(c authtest.Claims) string { return keys.Token(c.With("sub", " "+fmt.Sprint(c["sub"]))) },
			"a user number":      func(c authtest.Claims) string { return keys.Token(c.With("sub", 7)) },
			"without a nonce":    func(c authtest.Claims) string { return keys.Token(c.With("nonce", nil)) },
			"another's nonce":    func(c authtest.Claims) string { return keys.Token(c.With("nonce", "bm9uY2U")) },
			"other keys":         others.Token,
			"other keys, our ID": func(c authtest.Claims) string { return others.Sign(keys.Header().JSON(), c.JSON()) },
			"unsigned": func(c authtest.Claims) string {
				return authtest.Compact(`{"alg":"none"}`, c.JSON(), func([]byte) []byte { return nil })
			},
			"the client's secret": func(c authtest.Claims) string { return authtest.Compact(`{"alg":"HS256","typ":"JWT"}`, c.JSON(), mac) },
			"no token":            func(authtest.Claims) string { return "" },
		} {
			v, u := s.visitor(), s.hosted.newUser(true)
			v.detour = atProvider(func(q url.Values) {
				p.issue(keys, sign(p.idToken(u).With("nonce", q.Get("nonce"))))
			})
			at := s.hosted.signIn(v, u, "")
			if name == "good" {
				if at.status != http.StatusOK {
					t.Errorf("a good one: %v", at)
				}
				v.in(u)
				continue
			}
			if at.status != http.StatusUnauthorized || s.sessions(u) != 0 {
				t.Errorf("%s: %v", name, at)
			}
			v.out()
		}
	}, openID...)
}

// TestAnswer_refuses what WorkOS or Stytch would say about a user with a token that does
// not fit.
func TestAnswer_refuses(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1)
		u, other := s.hosted.newUser(true), s.hosted.newUser(true)
		issuer := authtest.NewIssuer(id) // whose keys the stand-in has
		claims := profileOf(id).Claims(time.Now()).With("sub", u.subject)
		path, form := "/user_management/authenticate", `{"user":{"id":%[2]q},"access_token":%[1]q,"refresh_token":"r"}`
		if id == "stytch" {
			path, form = "/v1/magic_links/authenticate", `{"status_code":200,"user":{"user_id":%[2]q},"session_jwt":%[1]q,"session_token":"s"}`
		}
		for name, token := range map[string]string{
			"good":           issuer.Token(claims),
			"another user's": issuer.Token(claims.With("sub", other.subject)),
			"without a user": issuer.Token(claims.With("sub", nil)),
			"other keys":     authtest.NewIssuer("attacker").Sign(issuer.Header().JSON(), claims.JSON()),
			"another issuer": issuer.Token(claims.With("iss", "https://evil.example")),
			"expired":        issuer.Token(profileOf(id).Claims(time.Now().Add(-time.Hour)).With("sub", u.subject)),
			"none":           "",
		} {
			v := s.visitor()
			s.hosted.Answer(path, hosted.JSON(http.StatusOK, fmt.Sprintf(form, token, u.subject)))
			p := s.hosted.signIn(v, u, "")
			if name == "good" {
				if p.status != http.StatusOK {
					t.Errorf("a good one: %v", p)
				}
				v.in(u)
				v.leave()
				continue
			}
			if p.status != http.StatusUnauthorized || s.sessions(u)+s.sessions(other) != 0 {
				t.Errorf("%s: %v", name, p)
			}
			v.out()
		}
	}, "workos", "stytch")
}
