package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
)

// TestJ12_formOfTheRequest: too much, too often, or in the wrong place.
func TestJ12_formOfTheRequest(t *testing.T) {
	refuse(t, "J12", func(s *tokenSite) []attempt {
		good := s.good()
		parts := strings.Split(good, ".")
		authorization := func(name, why string, values ...string) attempt {
			return attempt{name: name, header: http.Header{"Authorization": values}, why: why}
		}
		form := `Authorization is not "Bearer" and one token`
		return []attempt{
			token("9 KB", s.issuer.Token(s.fresh().With("fill", strings.Repeat("x", 9<<10))), "token of"),
			token("100 dots", strings.Repeat(".", 100), notAToken(s)),
			token("a part more", good+".e30", notAToken(s)),
			token("encrypted, five parts", good+".e30.e30", notAToken(s)),
			token("two parts", parts[0]+"."+parts[1], notAToken(s)),
			token("no signature", parts[0]+"."+parts[1]+".", "signature: "),
			token("padded", good+"=", "illegal base64"),
			token("claims in standard base64", parts[0]+"."+parts[1]+"=."+parts[2], "claims: illegal base64"),
			authorization("two headers", "2 Authorization headers", "Bearer "+good, "Bearer "+good),
			authorization("another beside it", "2 Authorization headers", "Bearer "+good, "Basic dXNlcjpwYXNz"),
			authorization("Bearer twice", form, "Bearer Bearer "+good),
			authorization("two tokens", form, "Bearer "+good+" "+good),
			authorization("two with a comma", form, "Bearer "+good+", Bearer "+good),
			authorization("two blanks", form, "Bearer  "+good),
			authorization("a tab", form, "Bearer\t"+good),
			authorization("no scheme", form, good),
			authorization("another scheme", form, "Basic "+good),
			authorization("DPoP", form, "DPoP "+good),
			authorization("no token", form, "Bearer"),
			authorization("empty", form, ""),
			{name: "nothing", why: "no credential"},
			{name: "in the query", query: "?access_token=" + good + "&token=" + good, why: "no credential"},
			{name: "in cookies", header: http.Header{"Cookie": {
				"token=" + good + "; __session=" + good + "; session=" + good + "; stytch_session_jwt=" + good + "; appSession=" + good + "; better-auth.session_token=" + good,
			}}, why: "no credential"},
			{name: "in other headers", header: http.Header{
				"X-Access-Token": {good}, "Proxy-Authorization": {"Bearer " + good}, "X-Forwarded-Access-Token": {good}, "X-Authorization": {"Bearer " + good},
			}, why: "no credential"},
		}
	})
}

// TestJ13_twoReadings: tokens that say one thing to one reader and another to the next.
func TestJ13_twoReadings(t *testing.T) {
	refuse(t, "J13", func(s *tokenSite) []attempt {
		header, claims := s.issuer.Header().JSON(), s.fresh().JSON()
		more := func(object, field string) string { return strings.TrimSuffix(object, "}") + "," + field + "}" }
		claim := func(field string) string { return s.issuer.Sign(header, more(claims, field)) }
		field := func(field string) string { return s.issuer.Sign(more(header, field), claims) }
		return []attempt{
			token("sub twice", claim(`"sub":"`+s.Subject+`x"`), "a name occurs twice"),
			token("the same sub twice", claim(`"sub":"`+s.Subject+`"`), "a name occurs twice"),
			token("sub twice, once escaped", claim(`"\u0073ub":"victim"`), "a name occurs twice"),
			token("exp twice", claim(`"exp":99999999999`), "a name occurs twice"),
			token("iss twice", claim(`"iss":"https://attacker.example","iss":"`+fmt.Sprint(s.fresh()["iss"])+`"`), "a name occurs twice"),
			token("a claim of his own twice", claim(`"plan":"free","plan":"paid"`), "a name occurs twice"),
			token("ROLE", claim(`"ROLE":"project_admin"`), `stands for "role"`),
			token("Sub", claim(`"Sub":"victim"`), `stands for "sub"`),
			token("AUD", claim(`"AUD":"other"`), `stands for "aud"`),
			token("ſub, which folds to sub", claim(`"ſub":"victim"`), `stands for "sub"`),
			token("a second object", s.issuer.Sign(header, claims+`{"sub":"victim"}`), "claims: invalid character"),
			token("a brace more", s.issuer.Sign(header, claims+`}`), "claims"),
			token("a list", s.issuer.Sign(header, `[`+claims+`]`), "claims: "),
			token("no claims", s.issuer.Sign(header, ``), "claims: "),
			token("null", s.issuer.Sign(header, `null`), "not a JSON object"),
			token("crit", field(`"crit":["b64"],"b64":false`), "crit"),
			token("crit of what is there", field(`"crit":["exp"]`), "crit"),
			token("crit is empty", field(`"crit":[]`), "crit"),
			token("crit is null", field(`"crit":null`), "crit"),
			token("alg twice", field(`"alg":"none"`), "a name occurs twice"),
			token("ALG", field(`"ALG":"none"`), `stands for "alg"`),
			token("kid twice", field(`"kid":"other"`), "a name occurs twice"),
		}
	})
}

// TestJ14_subjects: who cannot be the owner of a row.
func TestJ14_subjects(t *testing.T) {
	refuse(t, "J14", func(s *tokenSite) []attempt {
		var all []attempt
		for name, sub := range map[string]any{
			"empty": "", "blank": "  ", "tab": "\t", "padded": s.Subject + " ", "padded in front": " " + s.Subject,
			"300 characters": s.Subject + strings.Repeat("0", 300-len(s.Subject)), "NUL": s.Subject + "\x00", "NUL inside": s.Subject[:9] + "\x00" + s.Subject[9:],
			"line end": s.Subject + "\n", "escape": s.Subject + "\x1b[2J", "control of C1": s.Subject + "\u0085", "no text": s.Subject + "\ufffd",
			"a number": 7, "a list": []string{s.Subject}, "an object": authtest.Claims{"id": s.Subject}, "true": true, "missing": nil,
		} {
			all = append(all, token(name, s.issuer.Token(s.fresh().With("sub", sub)), "sub"))
		}
		return all
	})
}

// TestJ24_tokensForOtherUses: what the same provider signs for something else than calls
// of this API.
func TestJ24_tokensForOtherUses(t *testing.T) {
	refuse(t, "J24", func(s *tokenSite) []attempt {
		fresh := s.fresh()
		switch s.ID {
		case "auth0":
			client := "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1"
			return []attempt{
				token("ID token", s.issuer.Token(fresh.With("aud", client).With("azp", nil).With("scope", nil).With("nonce", "n").With("sid", "s").With("email", "ada@example.com")), "aud"),
				token("of the Management API", s.issuer.Token(fresh.With("aud", "https://tenant.us.auth0.com/api/v2/")), "aud"),
				token("for /userinfo alone", s.issuer.Token(fresh.With("aud", "https://tenant.us.auth0.com/userinfo")), "aud"),
				token("a machine's", s.issuer.Token(fresh.With("sub", client+"@clients").With("gty", "client-credentials")), "not the ID of an Auth0 user"),
			}
		case "clerk":
			return []attempt{
				token("ID token of Clerk as a provider", s.issuer.Token(fresh.With("azp", nil).With("aud", "client_1").With("nonce", "n")), "no azp"),
				token("the same with azp", s.issuer.Token(fresh.With("azp", "client_1").With("aud", "client_1").With("nonce", "n")), "none of the authorized parties"),
				token("of a template, HS256", s.issuer.Sign(s.issuer.Header().With("alg", "HS256").JSON(), fresh.JSON()), `alg "HS256", want RS256`),
				token("a machine's", s.issuer.Token(fresh.With("azp", nil).With("sub", "mch_2xPnG8KxVQrLb3Fq0uWcYtR1aZe")), "no azp"),
			}
		case "kinde":
			client := fresh["azp"].(string)
			return []attempt{
				token("ID token", s.issuer.Token(fresh.With("aud", []string{client}).With("scp", nil).With("email", "ada@example.com")), "an ID token"),
				token("ID token, aud is text", s.issuer.Token(fresh.With("aud", client)), "an ID token"),
				token("a machine's", s.issuer.Token(fresh.With("sub", nil).With("gty", []string{"client_credentials"})), "sub"),
				token("a machine's with a sub", s.issuer.Token(fresh.With("sub", client)), "not the ID of a Kinde user"),
			}
		case "oidc":
			client := fresh["client_id"].(string)
			idToken := fresh.With("aud", client).With("client_id", nil).With("scope", nil).With("azp", client)
			typed := func(typ string, claims authtest.Claims) string {
				return s.issuer.Sign(s.issuer.Header().With("typ", typ).JSON(), claims.JSON())
			}
			return []attempt{
				token("ID token", s.issuer.Token(idToken.With("nonce", "n")), "aud"),
				token("ID token that is for the API as well", s.issuer.Token(idToken.With("aud", []string{client, "https://api.example.com"}).With("nonce", "n")), "an ID token"),
				token("ID token without a nonce", s.issuer.Token(idToken.With("aud", []string{client, "https://api.example.com"})), "nothing says that it is an access token"),
				token("of Keycloak's kind ID", s.issuer.Token(fresh.With("typ", "ID")), "want Bearer"),
				token("of Keycloak's kind Refresh", s.issuer.Token(fresh.With("typ", "Refresh")), "want Bearer"),
				token("logout token", typed("logout+jwt", fresh), "want an access token"),
				token("bound to a key", typed("at+jwt", fresh.With("cnf", authtest.Claims{"jkt": "x"})), "cnf"),
				token("another application's", s.issuer.Token(fresh.With("client_id", "other")), "client_id"),
				token("another application's, by azp", s.issuer.Token(fresh.With("azp", "other")), "azp"),
				token("a machine's", s.issuer.Token(fresh.With("sub", client)), "the token of a machine"),
			}
		case "insforge":
			return []attempt{
				token("refresh token", s.issuer.Token(fresh.With("type", "refresh").With("iss", "insforge")), "issuer"),
				token("refresh token without an issuer", s.issuer.Token(fresh.With("type", "refresh")), "it has type"),
				token("of another kind", s.issuer.Token(fresh.With("type", "access")), "it has type"),
				token("the administrator's", s.issuer.Token(fresh.With("role", "project_admin").With("sub", "local")), "role"),
				token("anonymous", s.issuer.Token(fresh.With("role", "anon").With("sub", "anon")), "role"),
				token("no role, which InsForge reads as a user's", s.issuer.Token(fresh.With("role", nil)), "role"),
				token("a list of roles", s.issuer.Token(fresh.With("role", []string{"authenticated"})), "role"),
				token("minted for the data API", s.issuer.Token(fresh.With("aud", "insforge-api")), "it has aud"),
			}
		case "workos":
			return []attempt{
				token("a machine's", s.issuer.Token(fresh.With("sub", "client_01HBEQKA6K4QJAS93VPE39W1JT")), "not the ID of a WorkOS user"),
				token("an organization's", s.issuer.Token(fresh.With("sub", "org_01HRDMC6CM357W30QMHMQ96Q0S")), "not the ID of a WorkOS user"),
				token("ID token of WorkOS Connect", s.issuer.Token(fresh.With("iss", "https://friendly-name.authkit.app").With("aud", "client_1").With("nonce", "n")), "issuer"),
			}
		default: // Stytch
			return []attempt{
				token("access token of a connected app", s.issuer.Token(fresh.With("https://stytch.com/session", nil).With("scope", "openid")), "not a session JWT"),
				token("ID token", s.issuer.Token(fresh.With("https://stytch.com/session", nil).With("aud", "connected-app-test-1").With("nonce", "n")), "aud"),
				token("the session is null", s.issuer.Sign(s.issuer.Header().JSON(), strings.TrimSuffix(fresh.With("https://stytch.com/session", nil).JSON(), "}")+`,"https://stytch.com/session":null}`), "not a session JWT"),
				token("a member's, of B2B", s.issuer.Token(fresh.With("sub", "member-test-16d9ba61-97a1-4ba4-9720-b03761dc50c6")), "not the ID of a Stytch user"),
				token("a machine's", s.issuer.Token(fresh.With("sub", "m2m-client-test-16d9ba61-97a1-4ba4-9720-b03761dc50c6")), "not the ID of a Stytch user"),
			}
		}
	})
}

// TestJ26_clocks: clocks differ a little. A minute is not a little.
func TestJ26_clocks(t *testing.T) {
	each(t, "J26", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		by := func(off time.Duration) string { return s.issuer.Token(s.Claims(time.Now().Add(off))) }
		s.accepted(t, "the provider's is 10 s ahead", bearer(by(10*time.Second)), s.Subject)
		s.accepted(t, "the provider's is 10 s behind", bearer(by(-10*time.Second)), s.Subject)
		s.refused(t, token("the provider's is 61 s ahead", by(61*time.Second), "token used before issued"))
		// A token's own time is over by then if there is no more than the leeway left.
		expired := s.Claims(time.Now().Add(-61*time.Second - s.Lifetime))
		s.refused(t, token("ours is 61 s ahead", s.issuer.Token(expired), "expired"))
	})
}

// sum is an HMAC.
func sum(key, message string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}
