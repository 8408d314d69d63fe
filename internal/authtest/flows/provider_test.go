package flows_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/authtest/hosted"
)

// user is one of a provider's.
type user struct {
	subject string
	login   string // what they enter in the sign-in page
	email   string
}

// provider is what a test does at the provider, and how users sign in there.
type provider interface {
	host() string      // which the server asks whether a session still stands
	renewPath() string // and where, "" when the path has the session in it
	keysHost() string
	Answer(path string, handler http.HandlerFunc)
	Asked(path string) int

	newUser(verified bool) *user
	// signIn goes the whole way from the app's sign-in page, and back.
	signIn(v *visitor, u *user, returnTo string) page
	revoke(u *user)
	hand(from, to *user)
	// tokens are those that the server keeps for a user.
	tokens(u *user) []string
	// standing is how many sessions of a user stand there; -1 says that it cannot be known.
	standing(u *user) int
	// bearer is a token of a user for the API.
	bearer(u *user) string
}

func hostedBy(s *site, id string, env map[string]string) provider {
	profile := profileOf(id)
	base := env["APP_BASE_URL"]
	switch id {
	case "auth0", "kinde", "oidc":
		p := &oidcProvider{t: s.t, Tenant: oidc.Tenants[id].Handler()}
		s.net.Handle(p.Host(), p.Tenant)
		return p
	case "workos":
		p := &workosProvider{s: s, WorkOS: hosted.NewWorkOS(profile, env["WORKOS_CLIENT_ID"], env["WORKOS_API_KEY"], base)}
		s.net.Handle(p.Host(), p.WorkOS)
		return p
	case "stytch":
		p := &stytchProvider{s: s, Stytch: hosted.NewStytch(profile, env["STYTCH_PROJECT_ID"], env["STYTCH_SECRET"], base+"/authenticate")}
		s.net.Handle(p.Host(), p.Stytch)
		return p
	case "insforge":
		p := &insforgeProvider{s: s, InsForge: hosted.NewInsForge(profile, env["INSFORGE_ANON_KEY"], env["INSFORGE_JWT_SECRET"], base+"/confirmed", s.data)}
		s.net.Handle(p.Host(), p.InsForge)
		return p
	default:
		p := &clerkProvider{s: s, Clerk: hosted.NewClerk(profile, env["CLERK_SECRET_KEY"], base)}
		s.net.Handle(p.Host(), p.Clerk)
		s.net.Handle(p.FrontendHost(), p.Frontend())
		return p
	}
}

func profileOf(id string) authtest.Profile {
	all := authtest.Profiles()
	return all[slices.IndexFunc(all, func(p authtest.Profile) bool { return p.ID == id })]
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func randomAddress() string { return "ada+" + randomHex(6) + "@example.com" }

func newJar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no options
	}
	return jar
}

func login(returnTo string) string {
	if returnTo == "" {
		return "/login"
	}
	return "/login?" + url.Values{"return_to": {returnTo}}.Encode()
}

type oidcProvider struct {
	*hosted.Tenant
	t *testing.T
}

func (p *oidcProvider) host() string      { return p.Host() }
func (p *oidcProvider) keysHost() string  { return p.Host() }
func (p *oidcProvider) renewPath() string { return p.TokenPath() }

func (p *oidcProvider) newUser(verified bool) *user {
	prefix := map[string]string{"auth0": "auth0|", "kinde": "kp_", "oidc": ""}[p.ID]
	u := &user{subject: prefix + randomHex(16), email: randomAddress()}
	u.login = u.subject
	if err := p.Set(p.t.Context(), u.subject, fmt.Sprintf(`{"name":"Ada Lovelace","email":%q,"email_verified":%v}`, u.email, verified)); err != nil {
		p.t.Fatal(err)
	}
	return u
}

var action = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

func (p *oidcProvider) signIn(v *visitor, u *user, returnTo string) page {
	v.s.t.Helper()
	at := v.follow(login(returnTo))
	form := action.FindStringSubmatch(at.body)
	if form == nil || !strings.HasPrefix(at.url, "https://"+p.Host()) { // which knows the browser already
		return at
	}
	to := html.UnescapeString(form[1])
	if strings.HasPrefix(to, "/") {
		to = "https://" + p.Host() + to
	}
	return v.open(http.MethodPost, to, url.Values{"prompt": {"login"}, "login": {u.login}, "password": {"any"}})
}

func (p *oidcProvider) revoke(u *user) {
	if err := p.Revoke(p.t.Context(), u.subject); err != nil {
		p.t.Fatal(err)
	}
}

// idToken is one of a user's, and as it should be but for the nonce.
func (p *oidcProvider) idToken(u *user) authtest.Claims {
	now := time.Now().Unix()
	return authtest.Claims{"iss": p.Issuer, "aud": p.Client.ID, "sub": u.subject, "iat": now, "exp": now + 60}
}

// issue has the keys published in the place of the provider's own, and the ID token
// handed out, which the real provider would never do.
func (p *oidcProvider) issue(keys *authtest.Issuer, idToken string) {
	p.Answer(p.KeysPath(), keys.ServeHTTP)
	p.Answer(p.renewPath(), hosted.JSON(http.StatusOK, fmt.Sprintf(`{"access_token":"a","token_type":"Bearer","refresh_token":"r","id_token":%q}`, idToken)))
}

// hand has another user's ID token come back with the next refresh token.
func (p *oidcProvider) hand(_, to *user) {
	keys := authtest.NewIssuer("oidc")
	p.issue(keys, keys.Token(p.idToken(to)))
}

func (p *oidcProvider) tokens(*user) []string { return p.RefreshTokens() }
func (p *oidcProvider) standing(*user) int    { return -1 }

func (p *oidcProvider) bearer(*user) string { return "" }

type workosProvider struct {
	*hosted.WorkOS
	s *site
}

func (p *workosProvider) host() string      { return p.Host() }
func (p *workosProvider) keysHost() string  { return p.Host() }
func (p *workosProvider) renewPath() string { return "/user_management/authenticate" }

func (p *workosProvider) newUser(verified bool) *user {
	email := randomAddress()
	made := p.User(email)
	made.Verified = verified
	return &user{subject: made.ID, login: email, email: email}
}

func (p *workosProvider) signIn(v *visitor, u *user, returnTo string) page {
	v.s.t.Helper()
	at := v.follow(login(returnTo))
	if !strings.Contains(at.body, "AuthKit</h1>") {
		return at
	}
	return v.open(http.MethodPost, at.url, url.Values{"email": {u.login}})
}

func (p *workosProvider) revoke(u *user)          { p.Revoke(p.User(u.email)) }
func (p *workosProvider) hand(from, to *user)     { p.Hand(p.User(from.email), p.User(to.email)) }
func (p *workosProvider) tokens(u *user) []string { return p.RefreshTokens(p.User(u.email)) }
func (p *workosProvider) standing(u *user) int    { return p.Sessions(p.User(u.email)) }

func (p *workosProvider) bearer(u *user) string { return signedFor(p.Keys(), "workos", u) }

type stytchProvider struct {
	*hosted.Stytch
	s *site
}

func (p *stytchProvider) host() string      { return p.Host() }
func (p *stytchProvider) keysHost() string  { return p.Host() }
func (p *stytchProvider) renewPath() string { return "/v1/sessions/authenticate" }

func (p *stytchProvider) newUser(verified bool) *user {
	email := randomAddress()
	made := p.User(email)
	made.Verified = verified
	return &user{subject: made.ID, login: email, email: email}
}

var token = regexp.MustCompile(`name="token" value="([^"]+)"`)

func (p *stytchProvider) signIn(v *visitor, u *user, returnTo string) page {
	v.s.t.Helper()
	link, at := p.link(v, u, returnTo)
	if link == "" {
		return at
	}
	return p.use(v, link)
}

// link asks for a link and returns it.
func (p *stytchProvider) link(v *visitor, u *user, returnTo string) (string, page) {
	v.s.t.Helper()
	if at := v.follow(login(returnTo)); at.status != http.StatusOK {
		return "", at
	}
	at := v.open(http.MethodPost, "/login", url.Values{"email": {u.login}, "return_to": {returnTo}})
	mails := p.Mails(u.email)
	if len(mails) == 0 || at.status != http.StatusOK {
		return "", at
	}
	return mails[len(mails)-1], at
}

// use opens a link and presses the button behind it.
func (p *stytchProvider) use(v *visitor, link string) page {
	v.s.t.Helper()
	at := v.follow(link)
	field := token.FindStringSubmatch(at.body)
	if field == nil {
		return at
	}
	v.s.secret(field[1])
	return v.open(http.MethodPost, "/authenticate", url.Values{"token": {field[1]}})
}

func (p *stytchProvider) revoke(u *user)          { p.Revoke(p.User(u.email)) }
func (p *stytchProvider) hand(from, to *user)     { p.Hand(p.User(from.email), p.User(to.email)) }
func (p *stytchProvider) tokens(u *user) []string { return p.Tokens(p.User(u.email)) }
func (p *stytchProvider) standing(u *user) int    { return len(p.tokens(u)) }

func (p *stytchProvider) bearer(u *user) string { return signedFor(p.Keys(), "stytch", u) }

type clerkProvider struct {
	*hosted.Clerk
	s *site
}

func (p *clerkProvider) host() string      { return p.Host() }
func (p *clerkProvider) keysHost() string  { return p.FrontendHost() }
func (p *clerkProvider) renewPath() string { return "" }

func (p *clerkProvider) newUser(verified bool) *user {
	email := randomAddress()
	made := p.User(email)
	made.Verified = verified
	return &user{subject: made.ID, login: email, email: email}
}

func (p *clerkProvider) signIn(v *visitor, u *user, returnTo string) page {
	v.s.t.Helper()
	if at := v.follow(login(returnTo)); at.status != http.StatusOK {
		return at
	}
	signed := p.SignIn(p.User(u.email))
	v.s.secret(signed)
	return v.open(http.MethodPost, "/auth/session", url.Values{"token": {signed}, "return_to": {returnTo}})
}

func (p *clerkProvider) revoke(u *user)          { p.SetStatus(p.User(u.email), "revoked") }
func (p *clerkProvider) hand(from, to *user)     { p.Hand(p.User(from.email), p.User(to.email)) }
func (p *clerkProvider) tokens(u *user) []string { return p.SessionIDs(p.User(u.email)) }
func (p *clerkProvider) standing(u *user) int    { return p.Active(p.User(u.email)) }

func (p *clerkProvider) bearer(u *user) string { return p.SignIn(p.User(u.email)) }

// insforgePassword is every user's.
const insforgePassword = "correct horse battery staple"

type insforgeProvider struct {
	*hosted.InsForge
	s *site
}

func (p *insforgeProvider) host() string      { return p.Host() }
func (p *insforgeProvider) keysHost() string  { return p.Host() }
func (p *insforgeProvider) renewPath() string { return "/api/auth/refresh" }

func (p *insforgeProvider) newUser(verified bool) *user {
	email := randomAddress()
	p.s.secret(insforgePassword)
	made := p.Add(email, "Ada Lovelace", insforgePassword, verified)
	return &user{subject: made.ID, login: email, email: email}
}

func (p *insforgeProvider) signIn(v *visitor, u *user, returnTo string) page {
	v.s.t.Helper()
	// Who is signed in already is led on, and may still have the form in another tab.
	if at := v.ask(http.MethodGet, login(returnTo), nil, nil); at.status >= 400 {
		return at
	}
	return v.open(http.MethodPost, "/login", url.Values{"email": {u.login}, "password": {insforgePassword}, "return_to": {returnTo}})
}

func (p *insforgeProvider) revoke(u *user)          { p.Delete(u.email) }
func (p *insforgeProvider) hand(from, to *user)     { p.Hand(from.email, to.email) }
func (p *insforgeProvider) tokens(u *user) []string { return p.RefreshTokens(u.subject) }
func (p *insforgeProvider) standing(*user) int      { return -1 }

func (p *insforgeProvider) bearer(u *user) string { return signedFor(p.Keys(), "insforge", u) }

// signedFor is an access token of a user.
func signedFor(keys *authtest.Issuer, id string, u *user) string {
	return keys.Token(profileOf(id).Claims(time.Now()).With("sub", u.subject))
}
