package auth

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// testNow is on a full second, as the times in tokens are.
var testNow = time.Unix(1767225600, 0)

// newTestKeys returns the issuer's key set with a clock that stands still at testNow.
func newTestKeys(t *testing.T, i *issuer) *keySet {
	t.Helper()
	keys := newKeySet(i.url)
	keys.now = func() time.Time { return testNow }
	t.Cleanup(keys.close)
	return keys
}

// rawToken signs header and claims exactly as written, valid JSON or not.
func rawToken(t *testing.T, i *issuer, header, claims string) string {
	t.Helper()
	return rawSegments(t, i, segment(header), segment(claims))
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// respelled is another spelling of a segment: of the bits that its last letter has too many, one is set.
func respelled(t *testing.T, segment string) string {
	t.Helper()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(segment) - 1
	if len(segment)%4 == 0 {
		t.Fatalf("%q has no bits left", segment)
	}
	return segment[:last] + string(letters[strings.IndexByte(letters, segment[last])+1])
}

// rawSegments signs what stands for header and claims exactly as written, base64 or not.
func rawSegments(t *testing.T, i *issuer, header, claims string) string {
	t.Helper()
	signed := header + "." + claims
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + segment(string(signature))
}

// goodJSON is the inside of the claims every test starts from, without braces.
func goodJSON(i *issuer) string {
	return fmt.Sprintf(`"iss":%q,"sub":"user_1","iat":%d,"exp":%d`, i.url, testNow.Unix(), testNow.Unix()+60)
}

func TestVerify_acceptsAndRefusesClaims(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	claims := goodClaims(i.url, testNow)
	at := func(d time.Duration) int64 { return testNow.Add(d).Unix() }

	for _, test := range []struct {
		name   string
		claims map[string]any
		ok     bool
	}{
		{"good", claims, true},
		{"issuer of another", with(claims, "iss", "https://evil.example"), false},
		{"issuer with a slash", with(claims, "iss", i.url+"/"), false},
		{"issuer in a list", with(claims, "iss", []string{i.url}), false},
		{"no issuer", with(claims, "iss", nil), false},
		{"expired within the leeway", with(claims, "exp", at(-clockLeeway+time.Second)), true},
		{"expired beyond the leeway", with(claims, "exp", at(-clockLeeway-time.Second)), false},
		{"no exp", with(claims, "exp", nil), false},
		{"exp 0", with(claims, "exp", 0), false},
		{"exp negative", with(claims, "exp", -1), false},
		{"exp is text", with(claims, "exp", "1767225660"), false},
		{"exp beyond every calendar", with(claims, "exp", 1e300), false},
		{"exp at the largest integer", with(claims, "exp", int64(math.MaxInt64)), false},
		{"exp in 30 days", with(claims, "exp", at(maxTokenLifetime)), true},
		{"exp in more than 30 days", with(claims, "exp", at(maxTokenLifetime+time.Second)), false},
		{"nbf within the leeway", with(claims, "nbf", at(clockLeeway-time.Second)), true},
		{"nbf beyond the leeway", with(claims, "nbf", at(clockLeeway+time.Second)), false},
		{"iat within the leeway", with(claims, "iat", at(clockLeeway-time.Second)), true},
		{"iat beyond the leeway", with(claims, "iat", at(clockLeeway+time.Second)), false},
		{"no sub", with(claims, "sub", nil), false},
		{"sub empty", with(claims, "sub", ""), false},
		{"sub blank", with(claims, "sub", "  "), false},
		{"sub padded", with(claims, "sub", "user_1 "), false},
		{"sub is a number", with(claims, "sub", 7), false},
		{"sub of 255 bytes", with(claims, "sub", strings.Repeat("u", 255)), true},
		{"sub of 300 bytes", with(claims, "sub", strings.Repeat("u", 300)), false},
		{"sub with NUL", with(claims, "sub", "user\x001"), false},
		{"sub with a line end", with(claims, "sub", "user\n1"), false},
		{"sub that was no text", with(claims, "sub", "user\ufffd1"), false},
		{"claims of the provider's own", with(claims, "org", map[string]any{"role": "project_admin"}), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, err := keys.verify(t.Context(), i.sign(t, test.claims), tokenRules{issuers: []string{"https://old.example", i.url}})
			if test.ok {
				if err != nil || id.Subject != test.claims["sub"] {
					t.Errorf("verify = %v, %v; want %v", id, err, test.claims["sub"])
				}
				return
			}
			if !errors.Is(err, ErrInvalid) || errors.Is(err, ErrUnavailable) || id != (Identity{}) {
				t.Errorf("verify = %v, %v; want ErrInvalid", id, err)
			}
		})
	}
}

func TestVerify_namesTheSession(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	for want, sid := range map[string]any{"sess_1": "sess_1", "": nil} {
		id, err := keys.verify(t.Context(), i.sign(t, with(goodClaims(i.url, testNow), "sid", sid)), tokenRules{issuers: []string{i.url}})
		if err != nil || id.Session != want {
			t.Errorf("sid %v: verify = %+v, %v", sid, id, err)
		}
	}
}

func TestVerify_namesTheActor(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	for _, test := range []struct {
		act  any
		want string
	}{
		{map[string]any{"sub": "ada@support.example", "iss": "x"}, "ada@support.example"},
		{nil, ""}, // there is no act
		{map[string]any{}, "unknown"},
		{map[string]any{"sub": ""}, "unknown"},
		{map[string]any{"sub": "a\nlevel=error"}, "unknown"},
		{map[string]any{"sub": 7}, "unknown"},
		{"ada", "unknown"},
	} {
		id, err := keys.verify(t.Context(), i.sign(t, with(goodClaims(i.url, testNow), "act", test.act)), tokenRules{issuers: []string{i.url}})
		if err != nil || id.Actor != test.want || id.Subject == test.want {
			t.Errorf("act %v: verify = %+v, %v", test.act, id, err)
		}
	}
}

func TestVerify_clockOff(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	for off, ok := range map[time.Duration]bool{
		10 * time.Second:              true,
		-10 * time.Second:             true,
		61 * time.Second:              false,
		-61*time.Second - clockLeeway: false,
	} {
		token := i.sign(t, goodClaims(i.url, testNow.Add(off)))
		if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); (err == nil) != ok {
			t.Errorf("provider's clock off by %s: error %v, want ok = %v", off, err, ok)
		}
	}
}

func TestVerify_audience(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	rules := tokenRules{issuers: []string{i.url}, audience: "our-api"}
	for name, test := range map[string]struct {
		audience any
		ok       bool
	}{
		"ours":            {"our-api", true},
		"ours among more": {[]string{"other", "our-api"}, true},
		"missing":         {nil, false},
		"other":           {"other", false},
		"longer":          {"our-api2", false},
		"empty list":      {[]string{}, false},
		"object":          {map[string]any{"our-api": true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			token := i.sign(t, with(goodClaims(i.url, testNow), "aud", test.audience))
			if _, err := keys.verify(t.Context(), token, rules); (err == nil) != test.ok || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want ok = %v", err, test.ok)
			}
		})
	}
}

func TestVerify_maxAge(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	rules := tokenRules{issuers: []string{i.url}, maxAge: 5 * time.Minute}
	claims := goodClaims(i.url, testNow)
	for name, test := range map[string]struct {
		issued any
		ok     bool
	}{
		"young":   {testNow.Unix(), true},
		"limit":   {testNow.Add(-5*time.Minute - clockLeeway).Unix(), true},
		"old":     {testNow.Add(-5*time.Minute - clockLeeway - time.Second).Unix(), false},
		"missing": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := keys.verify(t.Context(), i.sign(t, with(claims, "iat", test.issued)), rules); (err == nil) != test.ok {
				t.Errorf("error %v, want ok = %v", err, test.ok)
			}
		})
	}
}

func TestVerify_providersOwnCheck(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	token := i.sign(t, goodClaims(i.url, testNow))
	for _, test := range []struct{ refusal, want error }{
		{nil, nil},
		{errors.New("no azp"), ErrInvalid},
		{fmt.Errorf("%w: pending", ErrForbidden), ErrForbidden},
	} {
		var seen map[string]any
		_, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}, check: func(token decodedToken) error {
			seen = token.claims
			return test.refusal
		}})
		if !errors.Is(err, test.want) || errors.Is(err, ErrForbidden) && errors.Is(err, ErrInvalid) || seen["sub"] == nil {
			t.Errorf("error %v after %v, want %v; claims %v", err, test.refusal, test.want, seen)
		}
	}
}

func TestVerify_algorithmConfusion(t *testing.T) {
	i := newIssuer(t)
	// Without alg in the key set, it is up to us alone which algorithms pass.
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		writeKeys(w, with(publicJWK(i.kid, &i.key.PublicKey), "alg", nil))
	})
	keys := newTestKeys(t, i)
	claims := goodClaims(i.url, testNow)
	header := map[string]any{"kid": i.kid}

	spki, err := x509.MarshalPKIXPublicKey(&i.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{
		"HS256 by the public key, PEM":     signWith(t, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), header, claims),
		"HS256 by the public key, DER":     signWith(t, jwt.SigningMethodHS256, spki, header, claims),
		"HS256 by the public key, modulus": signWith(t, jwt.SigningMethodHS256, i.key.N.Bytes(), header, claims),
		"HS256 by the InsForge secret":     signWith(t, jwt.SigningMethodHS256, []byte(vectorSecret), header, claims),
	}
	for _, alg := range []string{"none", "None", "NONE", "rs256", ""} {
		full := strings.Split(rawToken(t, i, fmt.Sprintf(`{"alg":%q,"kid":%q}`, alg, i.kid), "{"+goodJSON(i)+"}"), ".")
		tokens["alg "+alg] = strings.Join(full, ".")
		tokens["alg "+alg+", no signature"] = full[0] + "." + full[1] + "."
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
		})
	}
}

// The key is chosen from the provider's set alone: nothing in the token leads to another one.
func TestVerify_headerCannotChooseTheKey(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	if err := keys.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	attacker, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		t.Fatal(err)
	}
	hits := make(chan string, 100)
	trap := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hits <- r.URL.Path }))
	defer trap.Close()

	for name, header := range map[string]map[string]any{
		"own jwk":        {"kid": i.kid, "jwk": publicJWK(i.kid, &attacker.PublicKey)},
		"own jku":        {"kid": i.kid, "jku": trap.URL},
		"own x5u":        {"kid": i.kid, "x5u": trap.URL},
		"own x5c":        {"kid": i.kid, "x5c": []string{"AAAA"}},
		"kid is a path":  {"kid": "../../etc/passwd"},
		"kid is SQL":     {"kid": "' or 1=1 --"},
		"kid is a URL":   {"kid": trap.URL},
		"kid is huge":    {"kid": strings.Repeat("k", 5000)},
		"kid is empty":   {"kid": ""},
		"kid is missing": {},
		"kid is 1":       {"kid": 1},
	} {
		t.Run(name, func(t *testing.T) {
			for signer, key := range map[string]*rsa.PrivateKey{"attacker": attacker, "provider": i.key} {
				if signer == "provider" && header["kid"] == i.kid {
					continue // a good token: unknown header fields alone do no harm
				}
				token := signWith(t, jwt.SigningMethodRS256, key, header, goodClaims(i.url, testNow))
				if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); !errors.Is(err, ErrInvalid) {
					t.Errorf("signed by %s: error %v, want ErrInvalid", signer, err)
				}
			}
		})
	}
	select {
	case path := <-hits:
		t.Errorf("the token made us ask the attacker's server for %s", path)
	default:
	}
}

func TestVerify_ambiguousTokens(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	header := fmt.Sprintf(`{"alg":"RS256","kid":%q}`, i.kid)
	good := goodJSON(i)

	for name, token := range map[string]string{
		"sub twice":                rawToken(t, i, header, `{`+good+`,"sub":"user_2"}`),
		"sub twice, once escaped":  rawToken(t, i, header, `{`+good+`,"\u0073ub":"user_2"}`),
		"SUB beside sub":           rawToken(t, i, header, `{`+good+`,"SUB":"user_2"}`),
		"ROLE":                     rawToken(t, i, header, `{`+good+`,"ROLE":"project_admin"}`),
		"Exp":                      rawToken(t, i, header, `{`+good+`,"Exp":9999999999}`),
		"ſub, which folds to sub":  rawToken(t, i, header, `{`+good+`,"ſub":"user_2"}`),
		"own claim twice":          rawToken(t, i, header, `{`+good+`,"plan":"free","plan":"paid"}`),
		"claims followed by more":  rawToken(t, i, header, `{`+good+`}{}`),
		"claims with a brace more": rawToken(t, i, header, `{`+good+`}}`),
		"claims are a list":        rawToken(t, i, header, `[]`),
		"claims cut off":           rawToken(t, i, header, `{`+good),
		"claims are empty":         rawToken(t, i, header, ``),
		"header field twice":       rawToken(t, i, fmt.Sprintf(`{"alg":"none","alg":"RS256","kid":%q}`, i.kid), `{`+good+`}`),
		"header field in capitals": rawToken(t, i, fmt.Sprintf(`{"alg":"RS256","ALG":"none","kid":%q}`, i.kid), `{`+good+`}`),
		"crit":                     rawToken(t, i, fmt.Sprintf(`{"alg":"RS256","kid":%q,"crit":["b64"],"b64":false}`, i.kid), `{`+good+`}`),
		"crit is empty":            rawToken(t, i, fmt.Sprintf(`{"alg":"RS256","kid":%q,"crit":[]}`, i.kid), `{`+good+`}`),
		"over 8 KiB":               rawToken(t, i, header, `{`+good+`,"fill":"`+strings.Repeat("x", maxTokenBytes)+`"}`),
		"100 dots":                 strings.Repeat(".", 100),
		"five parts":               rawToken(t, i, header, `{`+good+`}`) + ".a.b",
		"no dots":                  "ik_0123456789abcdef",
		"nothing":                  "",
		"claims are null":          rawToken(t, i, header, `null`),
		"line end":                 rawToken(t, i, header, `{`+good+`}`) + "\n",
		"line end inside":          strings.Replace(rawToken(t, i, header, `{`+good+`}`), ".", ".\r\n", 1),
		"padded base64":            rawToken(t, i, header, `{`+good+`}`) + "=",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
		})
	}
	if _, err := keys.verify(t.Context(), rawToken(t, i, header, `{`+good+`}`), tokenRules{issuers: []string{i.url}}); err != nil {
		t.Errorf("the token all these differ from: %v", err)
	}
}

// A name that differs in case only is another claim to us, and the same to others.
func TestVerify_lookAlikes(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	header := fmt.Sprintf(`{"alg":"RS256","kid":%q`, i.kid)
	for _, name := range []string{"alg", "kid", "crit", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "sid", "sts", "role"} {
		alike := fmt.Sprintf(`,%q:"x"}`, strings.ToUpper(name[:1])+name[1:])
		for where, token := range map[string]string{
			"header": rawToken(t, i, header+alike, "{"+goodJSON(i)+"}"),
			"claims": rawToken(t, i, header+"}", "{"+goodJSON(i)+alike),
		} {
			_, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}})
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), where+": ") {
				t.Errorf("%s in the %s: error %v", alike, where, err)
			}
		}
	}
}

func TestDecodeObject(t *testing.T) {
	for text, ok := range map[string]bool{
		`{}`: true,
		` { "a" : { "b" : [ 1 , { "c" : 2 } ] } , "d" : ":" } `: true,
		`{"a\"":1,"b":"\":{"}`: true,
		`{"a\\":1,"b":"\\"}`:   true,
		`{"a":{"b":1,"b":2}}`:  true, // nobody decides by what is inside
		`{"a":1,"a":2}`:        false,
		`{"a":"\"","a":2}`:     false,
		`{"a\"":1,"a\"":2}`:    false,
		`{"a":[{}],"a":[{}]}`:  false,
		`{"a":1e400}`:          false,
		`{"a":1}x`:             false,
		`{"a":1`:               false,
		`null`:                 false,
		`[]`:                   false,
		`"a"`:                  false,
		``:                     false,
	} {
		object, err := decodeObject(segment(text))
		if (err == nil) != ok || (object != nil) != ok {
			t.Errorf("%s: %v, %v, want ok = %v", text, object, err, ok)
		}
	}
}

// What can be refused without keys is: nobody makes this server ask for them with a token that is none.
func TestVerify_badFormAsksForNoKeys(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	claims := "{" + goodJSON(i) + "}"
	padded := goodJSON(i)
	for len(segment("{"+padded+"}"))%4 == 0 {
		padded += " "
	}
	for name, token := range map[string]string{
		"no token":            "x",
		"over 8 KiB":          rawToken(t, i, `{"alg":"RS256","kid":"key-1"}`, claims+strings.Repeat(" ", maxTokenBytes)),
		"alg":                 rawToken(t, i, `{"alg":"none","kid":"key-1"}`, claims),
		"no kid":              rawToken(t, i, `{"alg":"RS256"}`, claims),
		"empty kid":           rawToken(t, i, `{"alg":"RS256","kid":""}`, claims),
		"kid is a number":     rawToken(t, i, `{"alg":"RS256","kid":1}`, claims),
		"long kid":            rawToken(t, i, `{"alg":"RS256","kid":"`+strings.Repeat("k", maxKeyIDBytes+1)+`"}`, claims),
		"crit":                rawToken(t, i, `{"alg":"RS256","kid":"key-1","crit":[]}`, claims),
		"header is a list":    rawToken(t, i, `[]`, claims),
		"claims are a list":   rawToken(t, i, `{"alg":"RS256","kid":"key-1"}`, `[]`),
		"header padded":       rawSegments(t, i, segment(`{"alg":"RS256","kid":"key-1"} `)+"=", segment(claims)),
		"header respelled":    rawSegments(t, i, respelled(t, segment(`{"alg":"RS256","kid":"key-1"}`)), segment(claims)),
		"claims respelled":    rawSegments(t, i, segment(`{"alg":"RS256","kid":"key-1"}`), respelled(t, segment("{"+padded+"}"))),
		"signature respelled": respelled(t, rawToken(t, i, `{"alg":"RS256","kid":"key-1"}`, claims)),
		"line end":            rawToken(t, i, `{"alg":"RS256","kid":"key-1"}`, claims) + "\n",
		"carriage return":     rawToken(t, i, `{"alg":"RS256","kid":"key-1"}`, claims) + "\r",
	} {
		if _, err := keys.verify(t.Context(), token, tokenRules{issuers: []string{i.url}}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", name, err)
		}
	}
	if n := i.fetches.Load(); n != 0 {
		t.Errorf("asked for keys %d times", n)
	}
}

func TestVerify_errorsDoNotHoldTheToken(t *testing.T) {
	i := newIssuer(t)
	keys := newTestKeys(t, i)
	token := i.sign(t, with(goodClaims(i.url, testNow), "iss", "https://evil.example"))
	for _, broken := range []string{token, token + "x", token + ".x", "x" + token, strings.ToLower(token)} {
		_, err := keys.verify(t.Context(), broken, tokenRules{issuers: []string{i.url}})
		if err == nil {
			t.Fatal("accepted")
		}
		for part := range strings.SplitSeq(broken, ".") {
			if len(part) > 8 && strings.Contains(err.Error(), part) {
				t.Errorf("error %q holds a part of the token", err)
			}
		}
	}
}

// Whatever else a token claims, an InsForge token made from it has the same role.
func TestVerify_claimsDoNotReachTheMintedRole(t *testing.T) {
	i := newIssuer(t)
	claims := with(with(goodClaims(i.url, testNow), "role", "project_admin"), "is_admin", true)
	id, err := newTestKeys(t, i).verify(t.Context(), i.sign(t, claims), tokenRules{issuers: []string{i.url}})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := newTestMinter(mintedTTL).Mint(id)
	if err != nil {
		t.Fatal(err)
	}
	_, minted := parseMinted(t, token)
	if minted["role"] != "authenticated" || minted["is_admin"] != nil {
		t.Errorf("minted claims %v", minted)
	}
}

func TestBearerToken(t *testing.T) {
	for name, test := range map[string]struct {
		headers []string
		token   string
		err     error
	}{
		"none":           {nil, "", ErrNoCredential},
		"one":            {[]string{"Bearer abc"}, "abc", nil},
		"lower case":     {[]string{"bearer abc"}, "abc", nil},
		"two headers":    {[]string{"Bearer abc", "Bearer abc"}, "", ErrInvalid},
		"two tokens":     {[]string{"Bearer abc def"}, "", ErrInvalid},
		"Bearer twice":   {[]string{"Bearer Bearer abc"}, "", ErrInvalid},
		"joined headers": {[]string{"Bearer abc, Bearer def"}, "", ErrInvalid},
		"no token":       {[]string{"Bearer "}, "", ErrInvalid},
		"only scheme":    {[]string{"Bearer"}, "", ErrInvalid},
		"empty":          {[]string{""}, "", ErrInvalid},
		"other scheme":   {[]string{"Basic dXNlcjpwYXNz"}, "", ErrInvalid},
		"two spaces":     {[]string{"Bearer  abc"}, "", ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/v1/me?access_token=abc", nil)
			r.Header["Authorization"] = test.headers
			token, err := bearerToken(r)
			if token != test.token || !errors.Is(err, test.err) {
				t.Errorf("bearerToken = %q, %v; want %q, %v", token, err, test.token, test.err)
			}
		})
	}
}

// What is decoded must mean the same to the decoder that every JWT library uses, and nothing may be
// in it twice.
func FuzzDecode(f *testing.F) {
	header := `{"alg":"RS256","kid":"key-1"}`
	for _, claims := range []string{
		`{"sub":"user_1"}`, `{"sub":"a","sub":"b"}`, `{"sub":"a","\u0073ub":"b"}`, `{"a\"":{"b":1,"b":2},"c":[{"d":":"}]}`,
		`{"a\\":1,"b":"\"}"}`, `{"SUB":1}`, `{}`, `[]`, `null`, `{"a":1}{}`, "{\"a\xff\":1,\"a\xfe\":2}", ` { "a" : [ ] } `,
	} {
		f.Add(segment(header) + "." + segment(claims) + ".")
	}
	f.Add(vectorToken)
	f.Add("..")
	f.Add(segment(`{"alg":"RS256","alg":"none","kid":"k"}`) + ".e30.AA")
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := decode(raw)
		if err != nil {
			return
		}
		parts := strings.Split(raw, ".")
		if token.signed != parts[0]+"."+parts[1] || segment(string(token.signature)) != parts[2] {
			t.Errorf("%q is signed by %x over %q", raw, token.signature, token.signed)
		}
		for n, object := range []map[string]any{token.header, token.claims} {
			data, err := base64.RawURLEncoding.DecodeString(parts[n])
			if err != nil {
				t.Fatalf("%q passes and is no base64: %v", raw, err)
			}
			var same map[string]any
			if err := json.Unmarshal(data, &same); err != nil || !reflect.DeepEqual(same, object) {
				t.Errorf("%q reads %v, %v to others and %v to us", raw, same, err, object)
			}
			if twice := repeated(t, data); twice != "" {
				t.Errorf("%q has %q twice", raw, twice)
			}
		}
	})
}

// repeated returns a name that occurs twice in a JSON object, found by reading it piece by piece.
func repeated(t *testing.T, data []byte) string {
	t.Helper()
	seen := map[string]bool{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		t.Fatalf("%q begins with %v, %v", data, start, err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if seen[name.(string)] {
			return name.(string)
		}
		seen[name.(string)] = true
	}
	return ""
}
