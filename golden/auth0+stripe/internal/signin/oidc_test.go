package signin

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"example.com/shop/internal/auth"
)

// newTestProvider returns a provider whose API gives the answers, and the key of its ID tokens.
func newTestProvider(t *testing.T, a *answers) (*provider, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := newProvider(testConfig, nil)
	p.http.Transport = a
	published := oidc.ProviderConfig{IssuerURL: p.cfg.issuer(), AuthURL: "https://idp.example/authorize", TokenURL: "https://idp.example/token"}
	keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}}
	p.discovered = &discovery{
		Provider: published.NewProvider(t.Context()), keys: keys, algorithms: []string{oidc.RS256},
		authStyle: oauth2.AuthStyleInParams, namesIssuer: true,
	}
	return p, key
}

// tokens is an answer with an ID token of the claims.
func tokens(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	encoded := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := encoded(map[string]any{"alg": "RS256"}) + "." + encoded(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"access_token": "a", "token_type": "Bearer", "refresh_token": "next",
		"id_token": signed + "." + base64.RawURLEncoding.EncodeToString(signature),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// tokenIn is the refresh token that a session keeps.
func tokenIn(g grant) string {
	refreshToken, _ := kept(g.secret)
	return refreshToken
}

func TestExchange(t *testing.T) {
	api := &answers{status: http.StatusOK}
	p, key := newTestProvider(t, api)
	a := attempt{newKey(), home}
	good := map[string]any{
		"iss": p.cfg.issuer(), "aud": "client", "sub": user1, "exp": time.Now().Add(time.Hour).Unix(), "nonce": a.nonce(),
		"name": "Ada", "email": "ada@example.com", "email_verified": false,
	}
	answer := url.Values{"code": {"1"}, "iss": {p.cfg.issuer()}}
	api.body = tokens(t, key, good)
	g, err := p.exchange(t.Context(), a, answer)
	if err != nil || g.subject != user1 || g.name != "Ada" || g.email != "" || tokenIn(g) != "next" || g.renewAt.IsZero() {
		t.Errorf("exchange = %+v, %v", g, err)
	}
	for _, verified := range []any{true, "true", false, "false", nil, 1, []any{true}} {
		good["email_verified"] = verified
		api.body = tokens(t, key, good)
		g, err := p.exchange(t.Context(), a, answer)
		if err != nil || (g.email == "ada@example.com") != (verified == true || verified == "true") {
			t.Errorf("an address that is verified: %#v is %q, %v", verified, g.email, err)
		}
	}
	for name, value := range map[string]any{
		"iss": "https://evil.example/", "aud": "another", "sub": " ", "exp": time.Now().Add(-time.Hour).Unix(), "nonce": newKey().String(), "name": 7,
	} {
		wrong := map[string]any{}
		for n, v := range good {
			wrong[n] = v
		}
		wrong[name] = value
		api.body = tokens(t, key, wrong)
		if _, err := p.exchange(t.Context(), a, answer); !errors.Is(err, errRefused) {
			t.Errorf("another %s: %v, want refused", name, err)
		}
	}
	api.asked = 0
	for _, iss := range []string{"", "https://evil.example/"} {
		if _, err := p.exchange(t.Context(), a, url.Values{"code": {"1"}, "iss": {iss}}); !errors.Is(err, errRefused) || api.asked > 0 {
			t.Errorf("an answer of %q: %v, after %d questions", iss, err, api.asked)
		}
	}
	*api = answers{status: http.StatusForbidden, body: `{"error":"invalid_grant"}`}
	if _, err := p.exchange(t.Context(), a, answer); !errors.Is(err, errRefused) || api.asked != 1 {
		t.Errorf("a code that is used up: %v, after %d questions, want refused after one", err, api.asked)
	}
	for _, outage := range outages {
		*api = outage
		if _, err := p.exchange(t.Context(), a, answer); err == nil || errors.Is(err, errRefused) {
			t.Errorf("an outage, %d %s: %v", outage.status, outage.body, err)
		}
	}
}

// TestVerify_asksTheProvider: what the provider says about a session that is due decides, and what it says about
// somebody else's ends it.
func TestVerify_asksTheProvider(t *testing.T) {
	api := &answers{}
	p, key := newTestProvider(t, api)
	claims := map[string]any{"iss": p.cfg.issuer(), "aud": "client", "exp": time.Now().Add(time.Hour).Unix()}
	idToken := func(user string) string {
		claims["sub"] = user
		return tokens(t, key, claims)
	}
	for name, test := range map[string]struct {
		status int
		body   string
		broken string // the call to the database that does not work
		want   error
		left   int // sessions
	}{
		"stands":         {http.StatusOK, idToken(user1), "", nil, 1},
		"ended":          {http.StatusBadRequest, `{"error":"invalid_grant"}`, "", auth.ErrInvalid, 0},
		"somebody else":  {http.StatusOK, idToken(user2), "", auth.ErrInvalid, 0},
		"out of order":   {http.StatusBadGateway, "<html>", "", auth.ErrUnavailable, 1},
		"cannot be kept": {http.StatusOK, idToken(user1), "PATCH records/sign_in_sessions", auth.ErrUnavailable, 1},
	} {
		s, db := newTestService(t)
		s.provider = p
		cookie := enter(t, s, grant{subject: user1, secret: keep("token", ""), renewAt: time.Now().Add(-time.Second), expires: inAnHour()})
		api.status, api.body, db.broken = test.status, test.body, test.broken
		id, err := s.Verify(visit(http.MethodGet, cookie))
		if !errors.Is(err, test.want) || err == nil && id.Subject != user1 || len(db.sessions) != test.left {
			t.Errorf("%s: Verify = %+v, %v, and %d sessions are left", name, id, err, len(db.sessions))
		}
	}
}

// TestProvider_undiscovered: while the provider does not say where it is, nobody is signed in, and nobody is out.
func TestProvider_undiscovered(t *testing.T) {
	p := newProvider(testConfig, nil)
	p.http.Transport = &answers{status: http.StatusInternalServerError}
	a := attempt{newKey(), home}
	if to, err := p.authorizeURL(t.Context(), a); err == nil {
		t.Errorf("a sign-in begins at %q", to)
	}
	if g, err := p.exchange(t.Context(), a, url.Values{"code": {"1"}}); err == nil || errors.Is(err, errRefused) {
		t.Errorf("exchange = %+v, %v", g, err)
	}
	if g, err := p.renew(t.Context(), user1, "token"); err == nil || errors.Is(err, errEnded) {
		t.Errorf("renew = %+v, %v", g, err)
	}
	p = newProvider(testConfig, nil)
	if res, err := p.http.Get("http://127.0.0.1:1"); err == nil { // where nobody listens
		_ = res.Body.Close()
		t.Errorf("nobody answers with %s", res.Status)
	}
}

// TestProvider_boundsAnswers: however much the provider sends, no more than so much is read.
func TestProvider_boundsAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(rand.Reader, 2*maxProviderAnswer))
	}))
	t.Cleanup(server.Close)
	res, err := newProvider(testConfig, nil).http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if data, err := io.ReadAll(res.Body); err != nil || len(data) != maxProviderAnswer {
		t.Errorf("%d bytes are read, %v", len(data), err)
	}
}

func TestRenew(t *testing.T) {
	api := &answers{status: http.StatusOK, body: `{"access_token":"a","token_type":"Bearer","refresh_token":"next"}`}
	p, key := newTestProvider(t, api)
	if g, err := p.renew(t.Context(), user1, "token"); err != nil || g.subject != user1 || tokenIn(g) != "next" {
		t.Errorf("renew = %+v, %v", g, err)
	}
	claims := map[string]any{"iss": p.cfg.issuer(), "aud": "client", "sub": user2, "exp": time.Now().Add(time.Hour).Unix()}
	api.body = tokens(t, key, claims)
	if g, err := p.renew(t.Context(), user1, "token"); err != nil || g.subject != user2 {
		t.Errorf("another user's ID token: %+v, %v", g, err)
	}
	// The token that was used is gone, so the next one must not be lost.
	claims["aud"] = "another"
	api.body = tokens(t, key, claims)
	if g, err := p.renew(t.Context(), user1, "token"); err == nil || errors.Is(err, errEnded) || tokenIn(g) != "next" {
		t.Errorf("an ID token that does not fit: %+v, %v", g, err)
	}
	*api = answers{status: http.StatusForbidden, body: `{"error":"invalid_grant","error_description":"user is blocked"}`}
	if _, err := p.renew(t.Context(), user1, "token"); !errors.Is(err, errEnded) {
		t.Errorf("a user who is locked out: %v, want ended", err)
	}
	for _, outage := range outages {
		*api = outage
		if _, err := p.renew(t.Context(), user1, "token"); err == nil || errors.Is(err, errEnded) || api.asked != 1 {
			t.Errorf("an outage, %d %s: %v, after %d questions", outage.status, outage.body, err, api.asked)
		}
	}
}

// TestOutage_logged: a page of a proxy's fills no log.
func TestOutage_logged(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, strings.Repeat("<p>Bad gateway</p>", 10_000))
	}))
	t.Cleanup(proxy.Close)
	p := newProvider(testConfig, nil)
	published := oidc.ProviderConfig{IssuerURL: p.cfg.issuer(), AuthURL: proxy.URL, TokenURL: proxy.URL}
	p.discovered = &discovery{Provider: published.NewProvider(t.Context()), authStyle: oauth2.AuthStyleInParams}
	if _, err := p.exchange(t.Context(), attempt{newKey(), home}, url.Values{"code": {"1"}}); err == nil || len(err.Error()) > 2*maxProviderError {
		t.Errorf("the code: an error of %d bytes", len(fmt.Sprint(err)))
	}
	if _, err := p.renew(t.Context(), user1, "token"); err == nil || len(err.Error()) > 2*maxProviderError {
		t.Errorf("the refresh token: an error of %d bytes", len(fmt.Sprint(err)))
	}
}
