package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/env"
)

// A session that a real Better Auth 1.7 server made, with the cookie it set in the browser.
const (
	testSecret = "forge-test-vector-secret-0123456789abcdef"
	testToken  = "9aQxt7zon7g9rhA9VCcJTpe3nhMKrz0L"
	testCookie = "9aQxt7zon7g9rhA9VCcJTpe3nhMKrz0L.ue5hQ7mhOR2gSJE4SIeC0EO29dmpBk%2Fj2qkgziZ6V9M%3D"
	testUser   = "PSBVUIQej6VefL2vcbQ7JVoeUi00y40D"

	// A second one, of a user who did not want to be remembered.
	testToken2  = "QLDZVcTXkplusU0MdLLc45GBqCOP9TxL"
	testCookie2 = "QLDZVcTXkplusU0MdLLc45GBqCOP9TxL.3ELqBYklOr%2BkmC4aNJL0joe63BaWhGVXchpH59hdihg%3D"
)

var testExpiry = time.Date(2026, 11, 30, 23, 54, 53, 857e6, time.UTC)

// fakeDatabase holds the live sessions by token.
type fakeDatabase struct {
	sessions map[string]Identity
	err      error
	queries  []string
}

func (f *fakeDatabase) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	f.queries = append(f.queries, sql)
	token, _ := args[0].(string)
	id, ok := f.sessions[token]
	switch {
	case f.err != nil:
		return fakeRow{err: f.err}
	case !ok:
		return fakeRow{err: pgx.ErrNoRows}
	}
	return fakeRow{id: id}
}

func (f *fakeDatabase) Close() {}

type fakeRow struct {
	id  Identity
	err error
}

func (r fakeRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	*dest[0].(*string), *dest[1].(*time.Time) = r.id.Subject, r.id.ExpiresAt
	return nil
}

// newTestVerifier returns a Verifier for a Better Auth server at baseURL, and its database with the
// two sessions above.
func newTestVerifier(baseURL string) (*Verifier, *fakeDatabase) {
	db := &fakeDatabase{sessions: map[string]Identity{
		testToken:  {Subject: testUser, ExpiresAt: testExpiry},
		testToken2: {Subject: testUser, ExpiresAt: testExpiry},
	}}
	return &Verifier{secret: []byte(testSecret), cookie: cookieName(baseURL), db: db}, db
}

// verifyCookies sends a Cookie header.
func verifyCookies(v *Verifier, header string) (Identity, error) {
	r := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
	r.Header.Set("Cookie", header)
	return v.Verify(r)
}

func TestVerify_acceptsWhatBetterAuthAccepts(t *testing.T) {
	v, _ := newTestVerifier("http://localhost:3000")
	unescaped := strings.NewReplacer("%2F", "/", "%3D", "=", "%2B", "+")
	tests := map[string]string{
		"the cookie as it was set": testCookie,
		"slash not escaped":        unescaped.Replace(testCookie),
		"plus not escaped":         unescaped.Replace(testCookie2),
		"not remembered":           testCookie2,
		"in double quotes":         `"` + testCookie + `"`,
		"first of two":             testCookie + "; better-auth.session_token=forged.signature",
	}
	for name, value := range tests {
		id, err := verifyCookies(v, "theme=dark; better-auth.session_token="+value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if want := (Identity{Subject: testUser, ExpiresAt: testExpiry}); id != want {
			t.Errorf("%s: got %+v, want %+v", name, id, want)
		}
	}
}

func TestVerify_splitsAtTheLastDot(t *testing.T) {
	v, db := newTestVerifier("http://localhost:3000")
	db.sessions["a.b"] = Identity{Subject: testUser, ExpiresAt: testExpiry}
	value := url.PathEscape("a.b." + signature("a.b"))
	if _, err := verifyCookies(v, "better-auth.session_token="+value); err != nil {
		t.Error(err)
	}
}

func TestVerify_refusesForgedCookiesWithoutAskingTheDatabase(t *testing.T) {
	v, db := newTestVerifier("http://localhost:3000")
	urlSafe := strings.NewReplacer("%2F", "_", "%3D", "")
	tests := map[string]string{
		"token alone":               testToken,
		"empty":                     "",
		"a dot":                     ".",
		"made up":                   "x.y",
		"no token":                  strings.TrimPrefix(testCookie, testToken),
		"no signature":              testToken + ".",
		"other first of signature":  strings.Replace(testCookie, ".u", ".v", 1),
		"other last of signature":   strings.Replace(testCookie, "9M%3D", "9N%3D", 1),
		"other token":               "0" + testCookie[1:],
		"signature of another":      testToken + testCookie2[len(testToken2):],
		"url-safe, unpadded":        urlSafe.Replace(testCookie),
		"something after the value": testCookie + "A",
		"line end in the signature": testCookie + "%0A",
		"line end before it":        strings.Replace(testCookie, ".u", ".%0D%0Au", 1),
		"escaped twice":             strings.ReplaceAll(testCookie, "%", "%25"),
		"broken escape":             testCookie + "%",
		"second of two":             "forged.signature; better-auth.session_token=" + testCookie,
	}
	for name, value := range tests {
		if id, err := verifyCookies(v, "better-auth.session_token="+value); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, id, err)
		}
	}
	if len(db.queries) != 0 {
		t.Errorf("asked the database %d times", len(db.queries))
	}
}

func TestVerify_oneCookieNamePerMode(t *testing.T) {
	plain, secure := "better-auth.session_token="+testCookie, "__Secure-better-auth.session_token="+testCookie
	for baseURL, cookies := range map[string]struct{ good, ignored string }{
		"http://localhost:3000":   {plain, secure},
		"https://app.example.com": {secure, plain},
	} {
		v, _ := newTestVerifier(baseURL)
		if _, err := verifyCookies(v, cookies.good); err != nil {
			t.Errorf("%s: %v", baseURL, err)
		}
		if _, err := verifyCookies(v, cookies.ignored); !errors.Is(err, ErrNoCredential) {
			t.Errorf("%s: the other cookie: got %v, want ErrNoCredential", baseURL, err)
		}
	}
}

func TestVerify_takesNothingButTheCookie(t *testing.T) {
	v, _ := newTestVerifier("http://localhost:3000")
	r := httptest.NewRequest(http.MethodGet, "/v1/me?token="+testCookie, nil)
	r.Header.Set("Authorization", "Bearer "+testToken)
	r.Header.Set("Cookie", "better-auth.session_data="+testCookie)
	if _, err := v.Verify(r); !errors.Is(err, ErrNoCredential) {
		t.Errorf("got %v, want ErrNoCredential", err)
	}
}

func TestVerify_endsWithTheRow(t *testing.T) {
	v, db := newTestVerifier("http://localhost:3000")
	delete(db.sessions, testToken)
	if _, err := verifyCookies(v, "better-auth.session_token="+testCookie); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

// A user ID becomes the owner of rows, so what cannot be one is refused.
func TestVerify_userIDs(t *testing.T) {
	v, db := newTestVerifier("http://localhost:3000")
	for name, id := range map[string]string{
		"empty": "", "blank": " ", "padded": testUser + " ", "300 bytes": strings.Repeat("u", 300), "line end": testUser + "\n",
		"NUL": testUser + "\x00", "no text": testUser + "\ufffd",
	} {
		db.sessions[testToken] = Identity{Subject: id, ExpiresAt: testExpiry}
		if got, err := verifyCookies(v, "better-auth.session_token="+testCookie); !errors.Is(err, ErrInvalid) || got != (Identity{}) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, got, err)
		}
	}
}

func TestVerify_databaseFailure(t *testing.T) {
	v, db := newTestVerifier("http://localhost:3000")
	db.err = errors.New("connection reset")
	_, err := verifyCookies(v, "better-auth.session_token="+testCookie)
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if err := v.Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Ready: got %v, want ErrUnavailable", err)
	}
	db.err = nil
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("Ready after recovery: %v", err)
	}
}

func TestVerify_query(t *testing.T) {
	v, db := newTestVerifier("http://localhost:3000")
	if _, err := verifyCookies(v, "better-auth.session_token="+testCookie); err != nil {
		t.Fatal(err)
	}
	if len(db.queries) != 1 {
		t.Fatalf("asked the database %d times, want once", len(db.queries))
	}
	for _, part := range []string{"better_auth.session ", `better_auth."user"`, "token = $1", `"expiresAt" > now()`} {
		if !strings.Contains(db.queries[0], part) {
			t.Errorf("the query lacks %s:\n%s", part, db.queries[0])
		}
	}
}

// loadConfig reads a complete environment in which some lines differ.
func loadConfig(lines ...string) (Config, error) {
	vars := map[string]string{}
	for _, line := range append([]string{
		"BETTER_AUTH_SECRET=" + testSecret,
		"BETTER_AUTH_URL=https://app.example.com",
		"DATABASE_URL=postgres://shop:secret@db.example.com:5432/insforge?sslmode=require",
		"INSFORGE_JWT_SECRET=forge-insforge-test-secret-0123456789abcdef",
	}, lines...) {
		name, value, _ := strings.Cut(line, "=")
		vars[name] = value
	}
	r := env.NewReader(func(name string) string { return vars[name] })
	cfg := LoadConfig(r)
	return cfg, r.Err()
}

func TestNewVerifier_connectsLate(t *testing.T) {
	cfg, err := loadConfig("DATABASE_URL=postgres://shop:secret@127.0.0.1:1/insforge") // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := v.Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	} else if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error holds the password: %v", err)
	}
}

func TestNewVerifier_refusesAnAddressOfAnotherKind(t *testing.T) {
	if _, err := NewVerifier(Config{DatabaseURL: "postgres://shop@db.example.com:port/insforge"}); err == nil {
		t.Error("no error")
	}
}

func TestLoadConfig_production(t *testing.T) {
	if _, err := loadConfig("APP_ENV=production"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"BETTER_AUTH_URL=http://localhost:3000",
		"DATABASE_URL=postgres://shop:secret@localhost:5432/insforge",
		"DATABASE_URL=postgres://shop:secret@127.0.0.1/insforge",
		"DATABASE_URL=postgres://shop:secret@[::1]/insforge",
		"DATABASE_URL=postgres://shop:secret@db.example.com/insforge?host=/var/run/postgresql",
	} {
		name, _, _ := strings.Cut(line, "=")
		if _, err := loadConfig(line); err != nil {
			t.Errorf("%s in development: %v", line, err)
		}
		if _, err := loadConfig("APP_ENV=production", line); err == nil || !strings.HasPrefix(err.Error(), name+" ") {
			t.Errorf("%s: got %v, want a problem with %s", line, err, name)
		}
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	for _, line := range []string{
		"BETTER_AUTH_SECRET=",
		"BETTER_AUTH_SECRET=short",
		"BETTER_AUTH_SECRET=" + testSecret[:minSecretLength-1],
		"BETTER_AUTH_SECRET=better-auth-secret-12345678901234567890",
		"BETTER_AUTH_SECRET=" + strings.Repeat("a", 64),
		"BETTER_AUTH_SECRET=" + strings.Repeat("abc", 20),
		`BETTER_AUTH_SECRET="` + testSecret + `"`,
		"BETTER_AUTH_SECRET=forge-insforge-test-secret-0123456789abcdef", // InsForge's
		"BETTER_AUTH_URL=",
		"BETTER_AUTH_URL=https://app.example.com/api/auth",
		"BETTER_AUTH_URL=http://app.example.com",
		"DATABASE_URL=",
		"DATABASE_URL=mysql://shop:secret@db.example.com/insforge",
		"DATABASE_URL=host=db.example.com user=shop",
		"DATABASE_URL=postgres://shop:secret@db.example.com:port/insforge",
	} {
		name, value, _ := strings.Cut(line, "=")
		_, err := loadConfig(line)
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one problem with %s", line, err, name)
		} else if value != "" && strings.Contains(err.Error(), value) {
			t.Errorf("%s: the error holds the value: %v", name, err)
		}
	}
}

// A cookie's value passes exactly if it is the escaped form of a token, a dot and the one signature
// of that token.
func FuzzSessionToken(f *testing.F) {
	for _, value := range []string{
		testCookie, testCookie2, testToken, "", ".", "x.y", "%", "a.b." + testCookie, testCookie + "%0A", testCookie + "%3D",
		strings.ReplaceAll(testCookie, "%", "%25"), strings.ToLower(testCookie), `"` + testCookie + `"`,
	} {
		f.Add(value)
	}
	v, _ := newTestVerifier("http://localhost:3000")
	f.Fuzz(func(t *testing.T, value string) {
		// What a fuzzer makes up is never signed; what it makes of a token is, after this.
		for _, value := range []string{value, url.PathEscape(value + "." + signature(value)), value + "." + signature(value)} {
			token, err := v.sessionToken(value)
			plain, escape := url.PathUnescape(value)
			if err != nil {
				if token != "" {
					t.Errorf("%q: token %q and %v", value, token, err)
				}
				continue
			}
			if token == "" || escape != nil || plain != token+"."+signature(token) {
				t.Errorf("%q passes as %q", value, token)
			}
		}
		if value != "" {
			if token, err := v.sessionToken(url.PathEscape(value + "." + signature(value))); err != nil || token != value {
				t.Errorf("%q, signed and escaped: %q, %v", value, token, err)
			}
		}
	})
}

// signature is how Better Auth signs a token.
func signature(token string) string {
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(token))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
