package flows_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/authtest/hosted"
	"github.com/insforge/forge/internal/servertest"
)

// The mistakes that projects with each provider make most, as far as they are about
// signing in with a browser. Package e2e has those about credentials and settings, by
// the same numbers.

func mistake(t *testing.T, id string) *site {
	t.Helper()
	need(t, id)
	t.Parallel()
	return open(t, id, 2)
}

// ID tokens are for the application, so an API of its name would take them.
func TestAuth0_3_AudienceIsTheApplication(t *testing.T) {
	need(t, "auth0")
	refusesToStart(t, "auth0", "AUTH0_AUDIENCE", "AUTH0_AUDIENCE="+servers["auth0"].settings["AUTH0_CLIENT_ID"])
}

// The provider may not lead back: our session must have ended by then.
func TestAuth0_5_LogoutNotOnTheList(t *testing.T) {
	s := mistake(t, "auth0")
	v, u := s.signedIn()
	cookie := v.session()
	v.detour = func(to *url.URL) {
		if to.Path == "/v2/logout" {
			q := to.Query()
			q.Set("returnTo", "https://other.example.com")
			to.RawQuery = q.Encode()
		}
	}
	if p := v.open(http.MethodPost, "/logout", nil); strings.HasPrefix(p.url, app) {
		t.Errorf("the provider leads to %s", p.url)
	}
	if len(v.cookies) != 0 || s.sessions(u) != 0 {
		t.Errorf("there are %d sessions, and the cookies %v", s.sessions(u), v.cookies)
	}
	v.cookies[cookie.Name] = cookie
	v.out()
}

// A provider of OpenID Connect asks whoever comes to be signed out, since any site could have sent them, unless
// the application says by the ID token whose session it means. So also after the tokens were renewed.
func TestOIDC_6_LogoutSaysWhose(t *testing.T) {
	s := mistake(t, "oidc")
	for _, renewed := range []bool{false, true} {
		v, u := s.signedIn()
		if renewed {
			s.due(u)
			v.in(u)
		}
		if p := v.leave(); p.url != app && p.url != app+"/" || p.status != http.StatusOK {
			t.Errorf("renewed %v: signing out leads to %v", renewed, p)
		}
		if p := v.follow("/login"); !strings.Contains(p.body, `name="password"`) {
			t.Errorf("renewed %v: the provider still knows the browser: %v", renewed, p)
		}
	}
	// Without it the provider asks.
	v, _ := s.signedIn()
	v.detour = func(to *url.URL) {
		q := to.Query()
		q.Del("id_token_hint")
		to.RawQuery = q.Encode()
	}
	if p := v.leave(); !strings.Contains(p.body, "Yes, sign me out") {
		t.Errorf("without the ID token, signing out leads to %v", p)
	}
}

func TestAuth0_6_UnverifiedMail(t *testing.T) {
	s := mistake(t, "auth0")
	v, u := s.visitor(), s.hosted.newUser(false)
	if p := s.hosted.signIn(v, u, ""); !strings.Contains(p.body, "Ada Lovelace") || strings.Contains(p.body, u.email) {
		t.Errorf("the page: %v", p)
	}
	var known int
	s.query(&known, `select count(*) from public.profiles where email = $1`, u.email)
	if known != 0 {
		t.Error("the profile has an address that nobody has verified")
	}
}

// The loser of two that use one refresh token must not sign the user out.
func TestWorkOS_4_RefreshTokenUsedTwice(t *testing.T) {
	s := mistake(t, "workos")
	v, u := s.signedIn()
	s.due(u)
	first, second := v.clone(), v.clone()
	first.server, second.server = 1, 2
	var together sync.WaitGroup
	together.Go(func() { first.in(u) })
	together.Go(func() { second.in(u) })
	together.Wait()
	s.due(u)
	second.in(u)
	if s.hosted.standing(u) != 1 || s.sessions(u) != 1 {
		t.Errorf("%d sessions at WorkOS, %d here", s.hosted.standing(u), s.sessions(u))
	}
}

// WorkOS asks for more than the user has shown: they have to sign in again.
func TestWorkOS_moreToProve(t *testing.T) {
	s := mistake(t, "workos")
	for _, kind := range []string{"sso_required", "mfa_enrollment"} {
		v, u := s.signedIn()
		s.due(u)
		s.hosted.Answer(s.hosted.renewPath(), hosted.JSON(http.StatusForbidden, `{"error":"`+kind+`","error_description":"More is needed."}`))
		v.out()
		s.hosted.Answer(s.hosted.renewPath(), nil)
		if count := s.sessions(u); count != 0 {
			t.Errorf("%s: there are %d sessions", kind, count)
		}
	}
}

// Somebody of support who signs in as a user is named in the log.
func TestWorkOS_impersonation(t *testing.T) {
	s := mistake(t, "workos")
	v, u := s.visitor(), s.hosted.newUser(true)
	keys := s.hosted.(*workosProvider).Keys()
	token := keys.Token(profileOf("workos").Claims(time.Now()).With("sub", u.subject).With("act", authtest.Claims{"sub": "admin@example.com"}))
	s.hosted.Answer("/user_management/authenticate", hosted.JSON(http.StatusOK, fmt.Sprintf(`{"user":{"id":%q},"access_token":%q,"refresh_token":"r"}`, u.subject, token)))
	s.hosted.signIn(v, u, "")
	v.in(u)
	s.logged(`"msg":"somebody signed in as a user","subject":"` + u.subject + `","actor":"admin@example.com"`)
}

// A page leads to signing in; the API says 401 and never redirects.
func TestWorkOS_5_PageOrAPI(t *testing.T) {
	s := mistake(t, "workos")
	for _, path := range []string{"/todos", "/todos?offset=20"} {
		p := s.visitor().ask(http.MethodGet, path, nil, nil)
		if to := p.header.Get("Location"); p.status != http.StatusSeeOther || !strings.HasPrefix(to, "/login") {
			t.Errorf("GET %s: %v, to %s", path, p, to)
		}
	}
	for _, path := range []string{"/v1/me", "/v1/todos", "/v1/insforge-token"} {
		for _, header := range []http.Header{nil, {"Accept": {"application/json"}}, {"Accept": {"*/*"}}} {
			p := s.visitor().ask(http.MethodGet, path, nil, header)
			if p.status != http.StatusUnauthorized || p.header.Get("Location") != "" || !strings.HasPrefix(p.body, `{"error":`) {
				t.Errorf("GET %s: %v", path, p)
			}
		}
	}
	// What a script asks of a page is the API's answer too.
	if p := s.visitor().ask(http.MethodGet, "/todos", nil, http.Header{"Accept": {"*/*"}}); p.status != http.StatusUnauthorized {
		t.Errorf("GET /todos by a script: %v", p)
	}
}

// A second use of a link must not end what the first began. And what looks through mail
// opens links.
func TestStytch_2_LinkUsedTwice(t *testing.T) {
	s := mistake(t, "stytch")
	v, u := s.visitor(), s.hosted.newUser(true)
	stytch := s.hosted.(*stytchProvider)
	link, _ := stytch.link(v, u, "/todos?offset=0")
	for range 3 {
		if p := s.visitor().follow(link); p.status != http.StatusOK || !strings.Contains(p.body, "not asked for in this browser") {
			t.Errorf("a scanner: %v", p)
		}
	}
	if p := stytch.use(v, link); p.status != http.StatusOK || p.url != app+"/todos?offset=0" {
		t.Errorf("the first use: %v", p)
	}
	v.in(u)
	if p := stytch.use(v, link); p.status != http.StatusOK || p.url != app+"/todos" {
		t.Errorf("the second use: %v", p)
	}
	v.in(u)
	stranger := s.visitor()
	if p := stytch.use(stranger, link); p.status != http.StatusUnauthorized || !strings.Contains(p.body, "has been used") {
		t.Errorf("the second use, elsewhere: %v", p)
	}
	stranger.out()
}

// A double click sends the form twice at once.
func TestStytch_2_DoubleClick(t *testing.T) {
	s := mistake(t, "stytch")
	v, u := s.visitor(), s.hosted.newUser(true)
	link, _ := s.hosted.(*stytchProvider).link(v, u, "")
	to, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"token": {to.Query().Get("token")}}
	var together sync.WaitGroup
	clicks := []*visitor{v.clone(), v.clone()}
	for _, c := range clicks {
		together.Go(func() { _, _ = c.send(http.MethodPost, "/authenticate", form, nil) }) // one of them fails
	}
	together.Wait()
	signedIn := 0
	for _, c := range clicks {
		if c.me().status == http.StatusOK {
			signedIn++
		}
	}
	if signedIn != 1 || s.sessions(u) != 1 {
		t.Errorf("%d are signed in, and there are %d sessions", signedIn, s.sessions(u))
	}
}

// Stytch's JWT is over after five minutes: then Stytch is asked, and when it does not
// answer, that is no 401.
func TestStytch_3_SixMinutesLater(t *testing.T) {
	s := mistake(t, "stytch")
	v, u := s.signedIn()
	s.due(u)
	s.net.Fail("test.stytch.com", authtest.Refuse)
	if p := v.me(); p.status != http.StatusServiceUnavailable {
		t.Errorf("Stytch is away: %v", p)
	}
	s.net.Fail("test.stytch.com", authtest.None)
	v.in(u)
	var later bool
	s.query(&later, `select renew_at > now() + interval '4 minutes' from public.sign_in_sessions where user_id = $1`, u.subject)
	if !later {
		t.Error("Stytch will be asked again at once")
	}
}

// Stytch answers for addresses it knows and others alike, and so does the page.
func TestStytch_addresses(t *testing.T) {
	s := mistake(t, "stytch")
	stytch := s.hosted.(*stytchProvider)
	known := s.hosted.newUser(true)
	unknown := randomAddress()
	pages := map[string]string{}
	for _, address := range []string{known.email, unknown} {
		p := s.visitor().ask(http.MethodPost, "/login", url.Values{"email": {address}}, nil)
		if p.status != http.StatusOK || len(stytch.Mails(address)) != 1 {
			t.Errorf("%s: %v", address, p)
		}
		pages[strings.ReplaceAll(p.String(), strings.ReplaceAll(address, "+", "&#43;"), "")] = address
	}
	if len(pages) != 1 {
		t.Errorf("the page tells who has an account: %v", pages)
	}
	for _, address := range []string{"", "ada", "Ada <ada@example.com>", "ada@example.com, eve@example.com", "ada@example.com\r\nBcc: eve@example.com", strings.Repeat("a", 400) + "@example.com", "ada@nowhere.invalid"} {
		p := s.visitor().ask(http.MethodPost, "/login", url.Values{"email": {address}}, nil)
		if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, `role="alert"`) {
			t.Errorf("%q: %v", address, p)
		}
	}
}

// A token of another page's, one that is used up, and one that is no session's start no
// session.
func TestClerk_sessionOfAnotherPage(t *testing.T) {
	s := mistake(t, "clerk")
	clerk := s.hosted.(*clerkProvider)
	u := s.hosted.newUser(true)
	good := profileOf("clerk").Claims(time.Now()).With("sub", u.subject).With("azp", app)
	ended := clerk.SignIn(clerk.User(u.email))
	clerk.revoke(u)
	other := s.hosted.newUser(true)
	clerk.SignIn(clerk.User(other.email))
	for name, token := range map[string]string{
		"of another page": clerk.Keys().Token(good.With("azp", "https://evil.example")),
		"without session": clerk.Keys().Token(good.With("sid", nil)),
		"unknown session": clerk.Keys().Token(good),
		"ended":           ended,
		"other's session": clerk.Keys().Token(good.With("sid", clerk.SessionIDs(clerk.User(other.email))[0])),
		"a path":          clerk.Keys().Token(good.With("sid", "../users/"+u.subject)),
		"none":            "",
	} {
		v := s.visitor()
		if p := v.ask(http.MethodPost, "/auth/session", url.Values{"token": {token}}, nil); p.status != http.StatusUnauthorized {
			t.Errorf("%s: %v", name, p)
		}
		v.out()
	}
	v := s.visitor()
	support := clerk.Keys().Token(good.With("sid", clerk.SessionIDs(clerk.User(other.email))[0]).With("sub", other.subject).With("act", authtest.Claims{"sub": "user_2support"}))
	if p := v.open(http.MethodPost, "/auth/session", url.Values{"token": {support}}); p.status != http.StatusOK {
		t.Errorf("support: %v", p)
	}
	s.logged(`"msg":"somebody signed in as a user","subject":"` + other.subject + `","actor":"user_2support"`)
	v = s.visitor()
	pending := clerk.Keys().Token(good.With("sts", "pending"))
	if p := v.ask(http.MethodPost, "/auth/session", url.Values{"token": {pending}}, nil); p.status != http.StatusForbidden {
		t.Errorf("pending: %v", p)
	}
	// Another site's page cannot sign its visitors in as somebody.
	p := v.ask(http.MethodPost, "/auth/session", url.Values{"token": {clerk.SignIn(clerk.User(u.email))}},
		http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}})
	if p.status != http.StatusForbidden {
		t.Errorf("from another site: %v", p)
	}
	v.out()
}

// Settings of two environments at once are found at the start.
func TestStytch_4_SecretOfAnotherEnvironment(t *testing.T) {
	refusesToStart(t, "stytch", "STYTCH_SECRET", "STYTCH_SECRET=secret-live-0123456789abcdef0123456789abcdef=")
}

func TestClerk_4_SecretKeyOfAnotherInstance(t *testing.T) {
	refusesToStart(t, "clerk", "CLERK_SECRET_KEY", "CLERK_SECRET_KEY=sk_live_0000000000000000000000000000000000000000")
}

// refusesToStart wants the server of a provider's project to end at once, name the
// setting and keep its value to itself.
func refusesToStart(t *testing.T, id, setting, line string) {
	t.Helper()
	need(t, id)
	t.Parallel()
	env := []string{
		"ADDR=127.0.0.1:0", "INSFORGE_URL=" + insforge.URL, "INSFORGE_ANON_KEY=" + insforge.AnonKey,
		"INSFORGE_API_KEY=" + insforge.APIKey, "INSFORGE_JWT_SECRET=" + insforge.JWTSecret,
	}
	for name, value := range servers[id].settings {
		if !strings.HasPrefix(name, "INSFORGE_") && name != "ADDR" && name != setting {
			env = append(env, name+"="+value)
		}
	}
	server, err := servertest.Start(servers[id].binary, append(env, line))
	if err == nil {
		_ = server.Stop()
		t.Fatal("it starts")
	}
	_, value, _ := strings.Cut(line, "=")
	if !strings.Contains(err.Error(), setting) || strings.Contains(err.Error(), value) {
		t.Errorf("it says %v", err)
	}
}

// Another site's page cannot use a link for its visitors, which would sign them in as
// somebody else.
func TestStytch_linkUsedByAnotherSite(t *testing.T) {
	s := mistake(t, "stytch")
	attacker := s.hosted.newUser(true)
	link, _ := s.hosted.(*stytchProvider).link(s.visitor(), attacker, "")
	to, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	victim := s.visitor()
	p := victim.ask(http.MethodPost, "/authenticate", url.Values{"token": {to.Query().Get("token")}},
		http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}})
	if p.status != http.StatusForbidden || s.hosted.standing(attacker) != 0 {
		t.Errorf("from another site: %v", p)
	}
	victim.out()
}
