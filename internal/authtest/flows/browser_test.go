package flows_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/insforge/forge/internal/browsertest"
)

// browser is a tab for which the app and the provider are where they say.
type browser struct{ *browsertest.Tab }

// browse opens a tab that must not complain about any page of the app's.
func browse(t *testing.T, s *site) browser {
	t.Helper()
	s.browsed = true
	authority, err := s.net.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return browser{browsertest.Open(t, browsertest.Options{
		Flags: map[string]any{"proxy-server": s.net.URL, "ignore-certificate-errors-spki-list": authority},
		Ignore: func(m chromedp.ConsoleMessage) bool {
			_, openID := s.hosted.(*oidcProvider)
			return openID && strings.HasPrefix(m.URL, "https://"+s.hosted.host()) // whose page is not ours
		},
	})}
}

// signIn goes from the provider's or the app's sign-in page to the user's todos.
func (b browser) signIn(s *site, u *user) {
	switch p := s.hosted.(type) {
	case *oidcProvider:
		b.Enter(`input[name="login"]`, u.login)
		b.Enter(`input[name="password"]`, "any")
		b.Click(`button[type="submit"]`)
	case *workosProvider:
		b.Enter(`input[name="email"]`, u.login)
		b.Click("button")
	case *stytchProvider:
		b.Shows("h1", "Sign in")
		b.Picture("stytch-login")
		b.Enter("#email", u.login)
		b.Click("button")
		b.Shows("h1", "Look into your mail")
		b.Picture("stytch-sent")
		mails := p.Mails(u.email)
		b.Visit(mails[len(mails)-1])
		b.Shows("h1", "Sign in here?")
		b.Picture("stytch-link")
		b.Click("button")
	case *insforgeProvider:
		b.Shows("h1", "Sign in")
		b.Enter("#email", u.login)
		b.Enter("#password", insforgePassword)
		b.Click("main form button")
	case *clerkProvider:
		b.Run(chromedp.WaitVisible(chromedp.CSS(`input[name="identifier"]`)))
		b.Picture("clerk-login")
		b.Enter(`input[name="identifier"]`, u.login)
		b.Click("#sign-in button")
	}
	b.Shows("h1", "Your todos")
}

// TestBrowser does by hand what there is to do, and is put out when the provider says so.
func TestBrowser(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 2)
		b := browse(t, s)
		u := s.hosted.newUser(true)
		first := id == "auth0" // whose pictures are enough
		picture := func(name string) {
			if first {
				b.Picture(name)
			}
		}
		b.Visit(app)
		b.Shows("h1", "Welcome to shop")
		picture("home")
		b.Click("a.button")
		b.signIn(s, u)
		if at := b.Address(); at != app+"/todos" {
			t.Errorf("signed in at %s", at)
		}
		b.Shows("main", "Ada Lovelace")
		picture("todos-empty")

		for _, title := range []string{"Read the logs", "Water the plants", "Send the parcel to the address with a name that is very long and has no-place-to-break-at-all-whatever-the-width-of-the-window-is"} {
			b.Enter("#title", title)
			b.Click("main form[action='/todos'] button")
			b.Shows("ul", title)
		}
		b.Click(`button[aria-label="Done: Water the plants"]`)
		b.Shows("li .done", "Water the plants")
		b.Click(`button[aria-label="Remove: Read the logs"]`)
		b.Run(chromedp.WaitNotPresent(chromedp.CSS(`button[aria-label="Remove: Read the logs"]`)))
		picture("todos")
		b.Enter("#title", "   ")
		b.Click("main form[action='/todos'] button")
		b.Shows(".problem", "A todo has 1 to")
		picture("todos-problem")
		var left string
		s.query(&left, `select string_agg(title || '=' || done, ',' order by created_at) from public.todos where user_id = $1`, u.subject)
		if !strings.HasPrefix(left, "Water the plants=true,Send the parcel") || strings.Contains(left, "Read") {
			t.Errorf("there are %s", left)
		}

		b.Click(`form[action="/logout"] button`)
		b.Shows("h1", "Welcome to shop") // behind the provider's own sign-out
		if count := s.sessions(u); count != 0 {
			t.Errorf("there are %d sessions", count)
		}
		if standing := s.hosted.standing(u); standing > 0 {
			t.Errorf("there are %d sessions at the provider", standing)
		}
		b.Visit(app + "/todos?offset=0")
		b.signIn(s, u)

		if p, ok := s.hosted.(*oidcProvider); ok {
			if err := p.Block(t.Context(), u.subject); err != nil {
				t.Fatal(err)
			}
		} else {
			s.hosted.revoke(u)
		}
		s.due(u)
		b.Run(chromedp.Reload())
		at := b.Address()
		if strings.HasPrefix(at, app+"/todos") {
			t.Error("the page is still there")
		}
		if count := s.sessions(u); count != 0 {
			t.Errorf("there are %d sessions", count)
		}
	})
}

// TestBrowser_messages has a look at what is said when something is wrong.
func TestBrowser_messages(t *testing.T) {
	each(t, func(t *testing.T, _ string) {
		s := open(t, "stytch", 1)
		b := browse(t, s)
		u := s.hosted.newUser(true)
		b.Visit(app + "/login")
		b.Enter("#email", "ada@nowhere.invalid")
		b.Click("button")
		b.Shows(".problem", "cannot receive mail")
		b.Picture("stytch-problem")
		b.Visit(app + "/authenticate?token=x&stytch_token_type=magic_links")
		b.Shows("main", "not asked for in this browser")
		b.Picture("stytch-link-elsewhere")
		b.Click("button")
		b.Shows("h1", "Signing in did not work")
		b.Picture("failed")
		b.Visit(app + "/login")
		b.signIn(s, u)
		s.databaseDown.Store(true)
		b.Click(`form[action="/logout"] button`)
		b.Shows("h1", "You are still signed in")
		b.Picture("still-signed-in")
		b.Visit(app + "/todos")
		b.Shows("h1", "Please try again in a moment")
		b.Picture("unavailable")
		s.databaseDown.Store(false)
		b.Visit(app + "/todos")
		b.Click("summary")
		b.Picture("delete")
		b.Click("input[name=confirm]")
		b.Click(".danger")
		b.Shows("h1", "Everything here is deleted")
		b.Picture("deleted")
		if p := s.visitor().ask(http.MethodGet, "/v1/me", nil, nil); p.status != http.StatusUnauthorized {
			t.Errorf("somebody else: %v", p)
		}
	}, "stytch")
}

// TestBrowser_accounts makes an account where the server has the forms itself, with a mistake on each, confirms the
// address, and is out when the account is gone. No page needs JavaScript, so there is none.
func TestBrowser_accounts(t *testing.T) {
	each(t, func(t *testing.T, _ string) {
		s := open(t, "insforge", 2)
		accounts := s.hosted.(*insforgeProvider)
		accounts.Confirm()
		b := browse(t, s)
		b.NoScripts()
		email := randomAddress()
		b.Visit(app + "/todos?offset=0")
		b.Shows("h1", "Sign in")
		b.Picture("insforge-sign-in")
		b.Click("main p a")
		b.Shows("h1", "Create an account")
		b.Enter("#name", "Ada Lovelace")
		b.Enter("#email", email)
		b.Enter("#password", "short")
		b.Click("main form button")
		b.Shows(".problem", "Password must be at least 6 characters long")
		b.Picture("insforge-sign-up")
		b.Enter("#password", insforgePassword)
		b.Click("main form button")

		b.Shows("h1", "Look into your mail")
		b.Picture("insforge-confirm")
		first := accounts.Code(email)
		b.Click(`button[name="again"]`)
		b.Shows(`[role="status"]`, "another mail is on its way")
		b.Enter("#code", first) // the code of the last mail counts
		b.Click("main form button")
		b.Shows(".problem", "This code is wrong, or too old.")
		b.Picture("insforge-confirm-problem")
		b.Enter("#code", accounts.Code(email))
		b.Click("main form button")
		b.Shows("h1", "Your todos")
		if at := b.Address(); at != app+"/todos?offset=0" {
			t.Errorf("signed up at %s", at)
		}
		b.Shows("main", "Ada Lovelace")

		b.Click(`form[action="/logout"] button`)
		b.Shows("h1", "Welcome to shop")
		b.Visit(app + "/login")
		b.Enter("#email", email)
		b.Enter("#password", "not the password")
		b.Click("main form button")
		b.Shows(".problem", "The e-mail address or the password is wrong.")
		b.Picture("insforge-problem")
		b.Enter("#password", insforgePassword) // the address is still there
		b.Click("main form button")
		b.Shows("h1", "Your todos")
		b.Visit(accounts.Confirmed())
		b.Shows("h1", "Your address is confirmed")
		b.Picture("insforge-confirmed")

		accounts.Delete(email)
		s.exec(`update public.sign_in_sessions set renew_at = now() - interval '1 minute' where user_id = (select user_id from public.profiles where email = $1)`, email)
		b.Visit(app + "/todos")
		b.Shows("h1", "Sign in")
	}, "insforge")
}
