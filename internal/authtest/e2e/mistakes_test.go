package e2e_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/servertest"
)

// The mistakes that projects with each provider make most, as far as they are about
// credentials and settings. Those about sign-in pages have no number here.

// mistake runs beside the others, on a provider's shared server.
func mistake(t *testing.T, provider string) *tokenSite {
	t.Helper()
	servertest.Need(t)
	t.Parallel()
	return sharedSite(t, profile(provider))
}

// refusesToStart wants the server of a provider's project to end at once and name the
// setting.
func refusesToStart(t *testing.T, provider, setting string, lines ...string) {
	t.Helper()
	servertest.Need(t)
	t.Parallel()
	s, err := start(provider, lines...)
	if err == nil {
		_ = s.stop()
		t.Fatalf("it starts with %q", lines)
	}
	_, problems, _ := strings.Cut(err.Error(), "configuration:\n")
	if problems = strings.TrimSpace(problems); !strings.HasPrefix(problems, setting) || strings.Contains(problems, "\n") {
		t.Errorf("with %q it says %v, want one problem, %s", lines, err, setting)
	}
}

func TestClerk_1_PageOnAnotherPort(t *testing.T) {
	s := mistake(t, "clerk")
	at := attempt{name: "port 3000", header: bearer(s.issuer.Token(s.fresh().With("azp", "http://localhost:3000"))), why: "http://localhost:3000"}
	s.refused(t, at)
	if why := s.reason(t, s.me(t, at.header)); !strings.Contains(why, `"http://localhost:8080"`) {
		t.Errorf("the log says %q, and not which origin is right", why)
	}
}

func TestClerk_2_TokenOfTheBackendAPI(t *testing.T) {
	s := mistake(t, "clerk")
	s.refused(t, token("no azp", s.issuer.Token(s.fresh().With("azp", nil)), "no azp: not a session token made in a browser"))
}

func TestClerk_3_TokenKeptTooLong(t *testing.T) {
	s := mistake(t, "clerk")
	s.refused(t, token("70 s old, which is 10 s too much, and the leeway", s.issuer.Token(s.Claims(time.Now().Add(-71*time.Second))), "expired"))
}

func TestClerk_4_DevelopmentKeyInProduction(t *testing.T) {
	refusesToStart(t, "clerk", "CLERK_PUBLISHABLE_KEY", append(inProduction(), profile("clerk").Env...)...)
}

func TestClerk_5_TokenOfTheTemplate(t *testing.T) {
	s := mistake(t, "clerk")
	claims := authtest.Claims{
		"sub": s.Subject, "role": "authenticated", "aud": "insforge-api", "iss": s.fresh()["iss"], "azp": "http://localhost:8080",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	s.refused(t, token("HS256 under InsForge's secret", signWith(t, jwt.SigningMethodHS256, []byte(insforge.JWTSecret), authtest.Claims{"kid": "ins_1"}, claims), `alg "HS256", want RS256`))
}

// Not on Clerk's list, but its SDK takes such a token: a user with tasks left is known,
// and not let in.
func TestClerk_pendingSession(t *testing.T) {
	s := mistake(t, "clerk")
	a := s.me(t, bearer(s.issuer.Token(s.fresh().With("sts", "pending"))))
	if why := s.reason(t, a); a.status != http.StatusForbidden || !strings.Contains(why, "pending") || strings.Contains(a.body, "pending") {
		t.Errorf("%d %s because of %q", a.status, a.body, why)
	}
	s.accepted(t, "without a status, as older ones are", bearer(s.issuer.Token(s.fresh().With("sts", nil))), s.Subject)
}

func TestAuth0_1_IssuerWithoutSlash(t *testing.T) {
	s := mistake(t, "auth0")
	s.refused(t, token("no slash", s.issuer.Token(s.fresh().With("iss", "https://tenant.us.auth0.com")), "issuer"))
}

func TestAuth0_2_OpaqueAccessToken(t *testing.T) {
	s := mistake(t, "auth0")
	why := `the app must request an access token with audience "https://api.example.com"`
	s.refused(t,
		token("opaque", "hq1Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1Xo0", why),
		token("encrypted", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"dir","enc":"A256GCM"}`))+"..aXY.Y2lwaGVy.dGFn", why))
}

func TestAuth0_3_IDToken(t *testing.T) {
	s := mistake(t, "auth0")
	claims := s.fresh().With("aud", "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1").With("scope", nil).With("azp", nil).With("nonce", "n").With("sid", "s")
	s.refused(t, token("for the application", s.issuer.Token(claims), "aud"))
}

func TestAuth0_4_DomainWithScheme(t *testing.T) {
	for _, domain := range []string{"https://tenant.us.auth0.com/", "https://tenant.us.auth0.com", "tenant.us.auth0.com/", "Tenant.us.auth0.com"} {
		t.Run(domain, func(t *testing.T) {
			refusesToStart(t, "auth0", "AUTH0_DOMAIN is not valid; want the bare host", "AUTH0_DOMAIN="+domain)
		})
	}
}

func TestAuth0_6_UnverifiedMail(t *testing.T) {
	s := mistake(t, "auth0")
	header := bearer(s.issuer.Token(s.fresh().With("email", "victim@example.com").With("email_verified", false)))
	s.mint(t, header).isUsers(t, s.Subject) // which has no email
}

// An access token of the profile RFC 9068 says so in its header.
func TestAuth0_profileOfRFC9068(t *testing.T) {
	s := mistake(t, "auth0")
	s.accepted(t, "at+jwt", bearer(s.issuer.Sign(s.issuer.Header().With("typ", "at+jwt").JSON(), s.fresh().JSON())), s.Subject)
}

func TestWorkOS_1_BothIssuers(t *testing.T) {
	s := mistake(t, "workos")
	for _, issuer := range []string{"https://api.workos.com", "https://api.workos.com/user_management/client_01HBEQKA6K4QJAS93VPE39W1JT"} {
		s.accepted(t, issuer, bearer(s.issuer.Token(s.fresh().With("iss", issuer))), s.Subject)
	}
	s.refused(t,
		token("another client's issuer", s.issuer.Token(s.fresh().With("iss", "https://api.workos.com/user_management/client_01HBEQKA6K4QJAS93VPE39W1JS")), "issuer"),
		token("a slash", s.issuer.Token(s.fresh().With("iss", "https://api.workos.com/")), "issuer"))
}

func TestWorkOS_2_AnotherClientOfTheAccount(t *testing.T) {
	s := mistake(t, "workos")
	s.refused(t, token("its keys", authtest.NewIssuer("workos of another client").Token(s.fresh().With("iss", "https://api.workos.com")), "key not found"))
}

func TestWorkOS_3_RoleOfAnOrganization(t *testing.T) {
	s := mistake(t, "workos")
	s.mint(t, bearer(s.issuer.Token(s.fresh().With("role", "admin").With("roles", []string{"admin"})))).isUsers(t, s.Subject)
}

// Somebody of support sees what the user sees, and it is known who that was.
func TestWorkOS_impersonation(t *testing.T) { impersonation(t, "workos", "admin@example.com") }

func TestClerk_impersonation(t *testing.T) {
	impersonation(t, "clerk", "user_2xPnG8KxVQrLb3Fq0uWcYtR1bCd")
}

func impersonation(t *testing.T, id, actor string) {
	s := mistake(t, id)
	header := bearer(s.issuer.Token(s.fresh().With("act", authtest.Claims{"sub": actor})))
	s.accepted(t, "as the user", header, s.Subject)
	s.mint(t, header).isUsers(t, s.Subject)
	for _, path := range []string{"/v1/me", "/v1/insforge-token"} {
		s.logged(t, `"path":"`+path+`","subject":"`+s.Subject+`","actor":"`+actor+`"`)
	}
	s.accepted(t, "the user", bearer(s.good()), s.Subject)
}

func TestWorkOS_5_APIDoesNotRedirect(t *testing.T) {
	s := mistake(t, "workos")
	browser := http.Header{"Accept": {"text/html,application/xhtml+xml"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"none"}}
	s.refused(t, attempt{name: "a browser without a token", header: browser, why: "no credential"})
}

func TestKinde_1_AudienceNotRequested(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	s := open(t, profile("kinde"), nil, "KINDE_AUDIENCE=https://api.example.com")
	s.refused(t, token("aud is empty", s.good(), "register the API in Kinde, authorize the application for it, and pass audience when signing in"))
}

func TestKinde_2_SentToInsForge(t *testing.T) {
	s := mistake(t, "kinde")
	a, err := fetch(t.Context(), http.MethodGet, insforge.URL+"/api/database/records/todos", bearer(s.good()), "")
	if err != nil || a.status != http.StatusUnauthorized {
		t.Errorf("InsForge answers Kinde's token with %d, %v", a.status, err)
	}
	// So if this server forwarded it, it had nothing to show.
	if a := s.ask(t, "/v1/todos", bearer(s.good())); a.status != http.StatusOK {
		t.Errorf("GET /v1/todos: %d %s", a.status, a.body)
	}
}

func TestKinde_3_IssuerWithSlash(t *testing.T) {
	s := mistake(t, "kinde")
	s.refused(t, token("a slash", s.issuer.Token(s.fresh().With("iss", "https://yourbusiness.kinde.com/")), "issuer"))
	slash := open(t, profile("kinde"), nil, "KINDE_ISSUER_URL=https://yourbusiness.kinde.com/")
	slash.accepted(t, "a slash in the setting", bearer(slash.good()), slash.Subject)
}

func TestKinde_4_SecondAudience(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	s := open(t, profile("kinde"), nil, "KINDE_AUDIENCE=https://api.example.com")
	s.accepted(t, "ours is second", bearer(s.issuer.Token(s.fresh().With("aud", []string{"https://other.example", "https://api.example.com"}))), s.Subject)
}

func TestKinde_5_AnotherApplication(t *testing.T) {
	s := mistake(t, "kinde")
	for name, azp := range map[string]any{"another": "fedcba9876543210fedcba9876543210", "none": nil, "a list": []string{s.fresh()["azp"].(string)}} {
		s.refused(t, token(name, s.issuer.Token(s.fresh().With("azp", azp)), "azp"))
	}
}

func TestStytch_1_IDInAnotherClaim(t *testing.T) {
	s := mistake(t, "stytch")
	s.refused(t, token("userId for sub", s.issuer.Token(s.fresh().With("sub", nil).With("userId", s.Subject)), "sub"))
	s.mint(t, bearer(s.issuer.Token(s.fresh().With("userId", "somebody else")))).isUsers(t, s.Subject)
}

// A stale token is the app's to renew: this server has no secret to do so with.
func TestStytch_3_SixMinutesOld(t *testing.T) {
	s := mistake(t, "stytch")
	stale := s.Claims(time.Now().Add(-6 * time.Minute))
	s.refused(t,
		token("expired", s.issuer.Token(stale), "expired"),
		token("old, and said to hold longer", s.issuer.Token(stale.With("exp", time.Now().Add(time.Hour).Unix())), "at most 5m0s allowed"),
		token("of unknown age", s.issuer.Token(s.fresh().With("iat", nil)), "iat"))
}

func TestStytch_4_LiveAndTest(t *testing.T) {
	s := mistake(t, "stytch")
	s.refused(t, token("a live user in a test project", s.issuer.Token(s.fresh().With("sub", strings.Replace(s.Subject, "test", "live", 1))), "the test environment"))
	t.Run("in production", func(t *testing.T) {
		refusesToStart(t, "stytch", "STYTCH_PROJECT_ID", append(inProduction(), s.Env...)...)
	})
}

func TestStytch_5_IssuerWithoutScheme(t *testing.T) {
	s := mistake(t, "stytch")
	s.accepted(t, "no scheme", bearer(s.good()), s.Subject)
	s.accepted(t, "the API's origin", bearer(s.issuer.Token(s.fresh().With("iss", "https://test.stytch.com"))), s.Subject)
	s.refused(t, token("a scheme", s.issuer.Token(s.fresh().With("iss", "https://"+s.fresh()["iss"].(string))), "issuer"))
}

func TestStytch_6_ASecondAhead(t *testing.T) {
	s := mistake(t, "stytch")
	s.accepted(t, "nbf and iat are ahead", bearer(s.issuer.Token(s.Claims(time.Now().Add(2*time.Second)))), s.Subject)
}

// mistakeOfCookies is mistake for Better Auth.
func mistakeOfCookies(t *testing.T, lines ...string) *cookieSite {
	t.Helper()
	servertest.Need(t)
	t.Parallel()
	return openCookieSite(t, lines...)
}

func TestBetterAuth_1_PresenceIsNoSignIn(t *testing.T) {
	s := mistakeOfCookies(t)
	s.refused(t, s.cookie("x.y", "x.y", wrongSignature), s.cookie("anything", "1", notSigned))
}

func TestBetterAuth_2_NameBehindHTTPS(t *testing.T) {
	s := mistakeOfCookies(t, "BETTER_AUTH_URL=https://app.example.com", "APP_BASE_URL=https://app.example.com")
	user, token := s.session(t, time.Hour)
	s.accepted(t, "with the prefix", cookies("__Secure-better-auth.session_token="+s.value(token)), user)
	s.refused(t, attempt{name: "the bare name", header: s.with(s.value(token)), why: nothing})
}

// The session is one that Better Auth 1.7 itself made, and the cookie as it set it.
func TestBetterAuth_3_EscapedValue(t *testing.T) {
	const secret, session = "forge-test-vector-secret-0123456789abcdef", "9aQxt7zon7g9rhA9VCcJTpe3nhMKrz0L"
	s := mistakeOfCookies(t, "BETTER_AUTH_SECRET="+secret)
	s.sessionOf(t, "PSBVUIQej6VefL2vcbQ7JVoeUi00y40D", session, "now() + interval '7 days'")
	s.accepted(t, "the vector", s.with(session+".ue5hQ7mhOR2gSJE4SIeC0EO29dmpBk%2Fj2qkgziZ6V9M%3D"), "PSBVUIQej6VefL2vcbQ7JVoeUi00y40D")
}

func TestBetterAuth_4_SignedOutWithCache(t *testing.T) {
	s := mistakeOfCookies(t)
	user, token := s.session(t, time.Hour)
	cache := "better-auth.session_data=" + base64.RawURLEncoding.EncodeToString([]byte(`{"session":{"user":{"id":"`+user+`"}}}`))
	header := cookies(s.name+"="+s.value(token), cache)
	s.accepted(t, "signed in", header, user)
	if _, err := s.db.Exec(t.Context(), `delete from better_auth.session where token = $1`, token); err != nil {
		t.Fatal(err)
	}
	s.refused(t, attempt{name: "signed out, the cookies are still there", header: header, why: ended})
}

// Unquoted, user is the name of the database's role, which is shop_sessions here.
func TestBetterAuth_5_UserIsAReservedWord(t *testing.T) {
	s := mistakeOfCookies(t)
	header, user := s.good(t)
	s.accepted(t, "a session", header, user)
	if a := s.me(t, header); strings.Contains(a.body, lookups) {
		t.Errorf("the user is the database's: %s", a.body)
	}
}

func TestBetterAuth_6_TimeZones(t *testing.T) {
	for _, zone := range []string{"Asia/Tokyo", "America/Los_Angeles"} {
		t.Run(zone, func(t *testing.T) {
			s := mistakeOfCookies(t, "DATABASE_URL="+lookupURLOf(t)+"&timezone="+zone, "TZ="+zone)
			user, token := s.session(t, time.Minute)
			s.accepted(t, "a minute left", s.with(s.value(token)), user)
			_, token = s.session(t, -time.Minute)
			s.refused(t, s.cookie("a minute over", s.value(token), ended))
		})
	}
}

// lookupURLOf skips before it asks for what is not there.
func lookupURLOf(t *testing.T) string {
	t.Helper()
	servertest.Need(t)
	return lookupURL(t)
}

// The mistakes of a provider of no known make.

func TestOIDC_1_IssuerWithAnotherEnd(t *testing.T) {
	s := mistake(t, "oidc")
	s.refused(t, token("a slash", s.issuer.Token(s.fresh().With("iss", s.Issuer+"/")), "issuer"))
	// With the slash in the setting, it is found as soon as the issuer is asked.
	slash := open(t, profile("oidc"), nil, "OIDC_ISSUER_URL="+s.Issuer+"/")
	a := slash.me(t, bearer(slash.good()))
	if why := slash.reason(t, a); a.status != http.StatusServiceUnavailable || !strings.Contains(why, `the issuer is "`+s.Issuer+`" there, and "`+s.Issuer+`/" in OIDC_ISSUER_URL`) {
		t.Errorf("%d because of %q", a.status, why)
	}
	if ready, err := slash.get(t.Context(), "/readyz", nil); err != nil || ready.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d, %v", ready.status, err)
	}
}

func TestOIDC_2_NoAudience(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	s := open(t, profile("oidc"), nil, "OIDC_AUDIENCE=")
	s.refused(t, token("whoever it is for", s.good(), "no bearer tokens are taken while OIDC_AUDIENCE is not set"))
}

func TestOIDC_3_AudienceIsTheClient(t *testing.T) {
	refusesToStart(t, "oidc", "OIDC_AUDIENCE is OIDC_CLIENT_ID", append(profile("oidc").Env, "OIDC_AUDIENCE=shop-web")...)
}

func TestOIDC_4_TokenOfAnApplicationOfItsOwn(t *testing.T) {
	s := mistake(t, "oidc")
	phone := s.issuer.Token(s.fresh().With("client_id", "shop-phone"))
	s.refused(t, token("a front end's", phone, `client_id "shop-phone", want one of ["shop-web"]`))
	both := open(t, profile("oidc"), nil, "OIDC_AUTHORIZED_PARTIES=shop-web, shop-phone")
	both.accepted(t, "a front end's that is listed", bearer(phone), s.Subject)
	both.accepted(t, "this server's", bearer(s.good()), s.Subject)
}

func TestOIDC_5_OpaqueAccessToken(t *testing.T) {
	s := mistake(t, "oidc")
	s.refused(t, token("opaque", "ya29.hq1Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1Xo0", `the app must request an access token for "https://api.example.com"`))
}

// The issuer says where everything is, and nobody else may: neither in the clear, nor
// somebody with another name.
func TestOIDC_configurationThatCannotBeTrusted(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	for name, value := range map[string]any{
		"issuer": "https://" + attacker, "jwks_uri": "http://" + attacker + "/keys", "token_endpoint": "http://id.example.com/token",
		"authorization_endpoint": "", "id_token_signing_alg_values_supported": []string{"HS256", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := profile("oidc")
			s := open(t, p, func(s *tokenSite) {
				s.net.Handle(p.IssuerHost(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write([]byte(p.Configuration().With(name, value).JSON()))
				}))
			})
			a := s.me(t, bearer(s.good()))
			if why := s.reason(t, a); a.status != http.StatusServiceUnavailable || !strings.Contains(why, p.Issuer+"/.well-known/openid-configuration: ") {
				t.Errorf("%d because of %q", a.status, why)
			}
			s.fetched(t, 0)
		})
	}
}

// The mistakes of a project with InsForge's own users. Two kinds of keys sign there, three
// kinds of callers have tokens, and InsForge alone knows which accounts still stand.

// inProduction are the settings a server needs there besides its provider's.
func inProduction() []string {
	return []string{"APP_ENV=production", "APP_BASE_URL=https://app.example.com", "INSFORGE_URL=https://shop.insforge.example"}
}

// TestKinde_publishedToken: a token and keys that Kinde's own SDK is tested with. The
// signature is right; its end, in the year 38993, is not.
func TestKinde_publishedToken(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	published := func(name string) string {
		data, err := os.ReadFile("testdata/kinde-" + name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	keys := published("keys.json")
	p := profile("kinde")
	p.KeysURL = "https://testing.kinde.com/.well-known/jwks"
	s := open(t, p, func(s *tokenSite) {
		s.net.Handle("testing.kinde.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(keys)) }))
	}, "KINDE_ISSUER_URL=https://testing.kinde.com", "KINDE_CLIENT_ID=b9da18c441b44d81bab3e8232de2e18d", "KINDE_AUDIENCE=http://my.api.com/api")
	signed := published("token.txt")
	s.refused(t,
		token("as it was published", signed, "exp is more than 720h0m0s ahead"),
		token("with another signature", withSignatureOf(signed, signed[:len(signed)-8]+"AAAAAAAA"), "signature: "))
}
