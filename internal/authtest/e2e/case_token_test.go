package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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
