package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/authtest"
)

// leeway is what the clocks of provider and server may differ by. Tests keep a
// distance to it, for the time that a request takes.
const leeway = 10 * time.Second

// signWith signs by another method than the provider's.
func signWith(t *testing.T, method jwt.SigningMethod, key any, header, claims authtest.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	maps.Copy(token.Header, header.With("alg", method.Alg()))
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestJ01_algNone: a token that says it needs no signature.
func TestJ01_algNone(t *testing.T) {
	refuse(t, "J01", func(s *tokenSite) []attempt {
		var all []attempt
		for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
			header := s.issuer.Header().With("alg", alg).JSON()
			unsigned := authtest.Compact(header, s.fresh().JSON(), func([]byte) []byte { return nil })
			signed := s.issuer.Sign(header, s.fresh().JSON())
			all = append(all,
				token(alg+" unsigned", unsigned, "want RS256"),
				token(alg+" without the last dot", strings.TrimSuffix(unsigned, "."), notAToken(s)),
				token(alg+" signed nevertheless", signed, "want RS256"))
		}
		return append(all, token("no alg", s.issuer.Sign(s.issuer.Header().With("alg", nil).JSON(), s.fresh().JSON()), "want RS256"))
	})
}

// notAToken is the reason for what has other than three parts.
func notAToken(s *tokenSite) string {
	if s.ID == "auth0" || s.ID == "oidc" {
		return "the app must request an access token"
	}
	return "a signed JWT has 3"
}

// TestJ02_publicKeyAsSecret: HS256, with the published key for a secret.
func TestJ02_publicKeyAsSecret(t *testing.T) {
	each(t, "J02", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		public := &s.issuer.Key().PublicKey
		spki, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		pkcs1 := x509.MarshalPKCS1PublicKey(public)
		jwk := authtest.JWK(s.issuer.KeyID(), public)
		var all []attempt
		for name, secret := range map[string][]byte{
			"PEM":            pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
			"PEM, no end":    []byte(strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})))),
			"PEM of PKCS #1": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
			"DER":            spki,
			"DER of PKCS #1": pkcs1,
			"modulus":        public.N.Bytes(),
			"JWK's n":        []byte(jwk["n"].(string)),
			"JWK":            []byte(jwk.JSON()),
			"nothing":        {},
		} {
			all = append(all, token(name, signWith(t, jwt.SigningMethodHS256, secret, s.issuer.Header(), s.fresh()), `alg "HS256", want RS256`))
		}
		s.refused(t, all...)
	})
}

// TestJ03_insforgeToken: a token under InsForge's secret, which this server itself
// makes, is none of its own callers' credentials.
func TestJ03_insforgeToken(t *testing.T) {
	each(t, "J03", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		s.refused(t,
			token("claims of the provider", signWith(t, jwt.SigningMethodHS256, []byte(insforge.JWTSecret), s.issuer.Header(), s.fresh()), `alg "HS256", want RS256`),
			token("minted here", s.mint(t, bearer(s.good())).token, `alg "HS256", want RS256`),
			token("an admin's", insforge.Sign(jwt.MapClaims{"sub": s.Subject, "role": "project_admin"}), `alg "HS256", want RS256`))
	})
}

// TestJ04_otherAlgorithms: good signatures by methods the provider does not use.
func TestJ04_otherAlgorithms(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	each(t, "J04", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		var all []attempt
		for _, method := range []jwt.SigningMethod{
			jwt.SigningMethodRS384, jwt.SigningMethodRS512, jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512,
		} {
			all = append(all, token(method.Alg(), signWith(t, method, s.issuer.Key(), s.issuer.Header(), s.fresh()), `alg "`+method.Alg()+`", want RS256`))
		}
		s.refused(t, append(all,
			token("ES256", signWith(t, jwt.SigningMethodES256, curve, s.issuer.Header(), s.fresh()), `alg "ES256", want RS256`),
			token("rs256", s.issuer.Sign(s.issuer.Header().With("alg", "rs256").JSON(), s.fresh().JSON()), "want RS256"),
			token("RS256 by another key", authtest.NewIssuer("attacker").Sign(s.issuer.Header().JSON(), s.fresh().JSON()), "signature: "))...)
	})
}

// TestJ05_keyIDs: what a token calls its key leads nowhere but to the published keys.
// Each server's end shows that it asked for those alone.
func TestJ05_keyIDs(t *testing.T) {
	refuse(t, "J05", func(s *tokenSite) []attempt {
		var all []attempt
		for kid, why := range map[any]string{
			"../../etc/passwd":           "key not found",
			"/dev/null":                  "key not found",
			"file:///etc/passwd":         "key not found",
			"https://" + attacker + "/k": "key not found",
			"' or 1=1 --":                "key not found",
			strings.Repeat("k", 256):     "key not found",
			strings.Repeat("k", 257):     "no usable kid",
			strings.Repeat("k", 10<<10):  "token of",
			"":                           "no usable kid",
			7:                            "no usable kid",
			true:                         "no usable kid",
			nil:                          "no usable kid",
		} {
			header := s.issuer.Header().With("kid", kid)
			all = append(all, token(fmt.Sprintf("kid %.30v", kid), s.issuer.Sign(header.JSON(), s.fresh().JSON()), why))
		}
		return append(all,
			token("kid null", s.issuer.Sign(`{"alg":"RS256","kid":null}`, s.fresh().JSON()), "no usable kid"),
			token("kid is a list", s.issuer.Sign(s.issuer.Header().With("kid", []string{s.issuer.KeyID()}).JSON(), s.fresh().JSON()), "no usable kid"))
	})
}

// TestJ06_keyInTheHeader: a token that brings its key along, or says where it is.
func TestJ06_keyInTheHeader(t *testing.T) {
	each(t, "J06", func(t *testing.T, p authtest.Profile) {
		s := open(t, p, nil)
		s.accepted(t, "a good token", bearer(s.good()), s.Subject)
		before := s.net.Total()
		evil := authtest.NewIssuer("attacker")
		var all []attempt
		for name, value := range map[string]any{
			"jwk": authtest.JWK(s.issuer.KeyID(), &evil.Key().PublicKey),
			"jku": "https://" + attacker + "/jwks.json",
			"x5u": "https://" + attacker + "/cert.pem",
			"x5c": []string{"AAAA"},
		} {
			ours, own := s.issuer.Header().With(name, value), evil.Header().With(name, value)
			all = append(all,
				token(name+" and the provider's kid", evil.Sign(ours.JSON(), s.fresh().JSON()), "signature: "),
				token(name+" and its own kid", evil.Sign(own.JSON(), s.fresh().JSON()), "key not found"))
		}
		s.refused(t, all...)
		if after := s.net.Total(); after != before {
			t.Errorf("the tokens made the server ask %d times", after-before)
		}
	})
}

// TestJ07_issuer: tokens by the right key that name another issuer.
func TestJ07_issuer(t *testing.T) {
	refuse(t, "J07", func(s *tokenSite) []attempt {
		iss, ok := s.fresh()["iss"].(string)
		if !ok { // InsForge's have none: whoever is named is another
			return []attempt{
				token("InsForge", s.issuer.Token(s.fresh().With("iss", "insforge")), "issuer"),
				token("the project", s.issuer.Token(s.fresh().With("iss", s.origin())), "issuer"),
				token("another", s.issuer.Token(s.fresh().With("iss", "https://"+attacker)), "issuer"),
				token("a list", s.issuer.Token(s.fresh().With("iss", []string{"insforge"})), "it has iss"),
				token("a number", s.issuer.Token(s.fresh().With("iss", 7)), "it has iss"),
				token("empty", s.issuer.Token(s.fresh().With("iss", "")), "it has iss"),
			}
		}
		other := iss + "/"
		if strings.HasSuffix(iss, "/") {
			other = strings.TrimSuffix(iss, "/")
		}
		var all []attempt
		for name, value := range map[string]any{
			"another":          "https://" + attacker,
			"the other slash":  other,
			"http":             strings.Replace(iss, "https://", "http://", 1),
			"a longer host":    iss + ".attacker.example",
			"in a path":        "https://attacker.example/" + iss,
			"with a line end":  iss + "\n",
			"in capitals":      strings.ToUpper(iss),
			"a list":           []string{iss},
			"a number":         7,
			"empty":            "",
			"missing":          nil,
			"with credentials": "https://user@" + strings.TrimPrefix(iss, "https://"),
		} {
			if value == iss {
				continue // Stytch's has no scheme to change
			}
			all = append(all, token(name, s.issuer.Token(s.fresh().With("iss", value)), "issuer"))
		}
		return all
	})
}

// TestJ08_audience: tokens for somebody else. Providers that set no audience bind a
// token to its receiver in another way.
func TestJ08_audience(t *testing.T) {
	each(t, "J08", func(t *testing.T, p authtest.Profile) {
		lines := []string{}
		if p.ID == "kinde" {
			lines = append(lines, "KINDE_AUDIENCE=https://api.example.com")
		}
		s := open(t, p, nil, lines...)
		switch p.ID {
		case "clerk": // the page that the token was made on
			for name, azp := range map[string]any{
				"another": "https://attacker.example", "with a slash": "http://localhost:8080/", "longer": "http://localhost:80800", "empty": "",
			} {
				s.refused(t, token(name, s.issuer.Token(s.fresh().With("azp", azp)), "none of the authorized parties"))
			}
			for name, azp := range map[string]any{"missing": nil, "a list": []string{"http://localhost:8080"}} {
				s.refused(t, token(name, s.issuer.Token(s.fresh().With("azp", azp)), "no azp"))
			}
			s.accepted(t, "ours", bearer(s.good()), s.Subject)
		case "workos": // the keys, which WorkOS has for each client
			s.refused(t, token("another client's", authtest.NewIssuer("workos of another client").Token(s.fresh()), "key not found"))
			s.accepted(t, "ours", bearer(s.good()), s.Subject)
		case "insforge": // the keys, which each project has for itself
			s.refused(t, token("another project's", authtest.NewIssuer("insforge of another project").Token(s.fresh()), "key not found"))
			for name, aud := range map[string]any{
				"that of what is minted": "insforge-api", "another": "https://attacker.example", "the project": s.origin(), "empty": "", "an empty list": []string{}, "a number": 7,
			} {
				s.refused(t, token(name, s.issuer.Token(s.fresh().With("aud", aud)), "it has aud"))
			}
			s.accepted(t, "ours", bearer(s.good()), s.Subject)
		default:
			ours := map[string]string{"auth0": "https://api.example.com", "kinde": "https://api.example.com", "oidc": "https://api.example.com", "stytch": "project-test-00000000-0000-4000-8000-000000000000"}[p.ID]
			for name, aud := range map[string]any{
				"another": "https://attacker.example", "missing": nil, "an empty list": []string{}, "longer": ours + "2",
				"with a slash": ours + "/", "in capitals": strings.ToUpper(ours),
				"an object": authtest.Claims{ours: true}, "a number": 7,
			} {
				s.refused(t, token(name, s.issuer.Token(s.fresh().With("aud", aud)), "aud"))
			}
			for name, aud := range map[string]any{"ours": ours, "ours in a list": []string{ours}, "ours among others": []string{"https://other.example", ours}} {
				s.accepted(t, name, bearer(s.issuer.Token(s.fresh().With("aud", aud))), s.Subject)
			}
		}
	})
}

// TestJ09_expiry: a token ends when it says, give or take the leeway. What is minted
// from it ends with it, so from then on nothing is.
func TestJ09_expiry(t *testing.T) {
	each(t, "J09", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		ended := func(ago time.Duration) string {
			issued := time.Now().Add(-ago - time.Minute)
			return s.issuer.Token(s.Claims(issued).With("exp", time.Now().Add(-ago).Unix()))
		}
		s.refused(t, token("beyond the leeway", ended(leeway+time.Second), "token is expired"))
		within := bearer(ended(leeway / 2))
		if s.Accounts != "" { // InsForge's own clock knows no leeway, and it is asked
			s.refused(t, attempt{name: "within the leeway", header: within, why: "InsForge says"})
			return
		}
		s.accepted(t, "within the leeway", within, s.Subject)
		for _, path := range routes[1:] {
			if a := s.ask(t, path, within); a.status != http.StatusUnauthorized || a.body != unauthorized {
				t.Errorf("within the leeway: GET %s: %d %s", path, a.status, a.body)
			}
		}
	})
}

// TestJ10_strangeExpiry: a token without an end, or with none that can be meant.
func TestJ10_strangeExpiry(t *testing.T) {
	refuse(t, "J10", func(s *tokenSite) []attempt {
		with := func(exp any) string { return s.issuer.Token(s.fresh().With("exp", exp)) }
		raw := func(exp string) string {
			return s.issuer.Sign(s.issuer.Header().JSON(), strings.TrimSuffix(s.fresh().With("exp", nil).JSON(), "}")+`,"exp":`+exp+"}")
		}
		in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		return []attempt{
			token("missing", with(nil), "exp claim is required"),
			token("null", raw("null"), "is invalid"),
			token("0", with(0), "exp"),
			token("negative", with(-1), "expired"),
			token("a number as text", with(fmt.Sprint(in(time.Minute))), "exp is invalid"),
			token("a date", with(time.Now().Add(time.Minute).Format(time.RFC3339)), "exp is invalid"),
			token("true", with(true), "exp is invalid"),
			token("a list", with([]int64{in(time.Minute)}), "exp is invalid"),
			token("1e300", raw("1e300"), "exp"),
			token("1e400", raw("1e400"), "claims"),
			token("NaN", raw("NaN"), "claims"),
			token("the largest integer", with(int64(math.MaxInt64)), "exp"),
			token("milliseconds", with(in(time.Minute)*1000), "exp is more than 720h0m0s ahead"),
			token("31 days ahead", with(in(31*24*time.Hour)), "exp is more than 720h0m0s ahead"),
		}
	})
}

// TestJ11_notYet: tokens from the future.
func TestJ11_notYet(t *testing.T) {
	refuse(t, "J11", func(s *tokenSite) []attempt {
		in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		fresh := s.fresh().With("exp", in(3*time.Minute))
		return []attempt{
			token("nbf", s.issuer.Token(fresh.With("nbf", in(time.Minute))), "not valid yet"),
			token("nbf is text", s.issuer.Token(fresh.With("nbf", fmt.Sprint(in(0)))), "nbf is invalid"),
			token("iat", s.issuer.Token(fresh.With("iat", in(time.Minute))), "used before issued"),
			token("iat is text", s.issuer.Token(fresh.With("iat", fmt.Sprint(in(0)))), "iat is invalid"),
		}
	})
}

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
