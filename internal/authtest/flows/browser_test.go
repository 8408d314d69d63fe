package flows_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser is a tab of Chromium, for which the app and the provider are where they say.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium; run the tests with `make test`, which installs it")
	return ""
}

// browse opens a tab that must not complain about any page of the app's.
func browse(t *testing.T, s *site) *browser {
	t.Helper()
	s.browsed = true
	authority, err := s.net.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.ProxyServer(s.net.URL), chromedp.Flag("ignore-certificate-errors-spki-list", authority), chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{t, tab}
	messages := chromedp.Console(tab)
	var problems []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m, err := range messages {
			if err != nil {
				return
			}
			_, openID := s.hosted.(*oidcProvider)
			switch {
			case strings.Contains(m.Text, "Failed to load resource"): // which is any answer but 200
			case openID && strings.HasPrefix(m.URL, "https://"+s.hosted.host()): // its page is not ours
			default:
				problems = append(problems, m.String())
			}
		}
	}()
	t.Cleanup(func() {
		closeTab()
		<-ended
		if len(problems) > 0 {
			t.Errorf("the browser complains: %q", problems)
		}
	})
	return b
}

// run does some steps, which must not take long.
func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v, at %s", err, b.address())
	}
}

func (b *browser) address() string {
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return address
}

func (b *browser) visit(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(address))
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(selector)))
}

// enter types a text into a field.
func (b *browser) enter(selector, text string) {
	b.t.Helper()
	b.run(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// shows waits until an element has a text in it.
func (b *browser) shows(selector, text string) {
	b.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		got, err := chromedp.Run(ctx, chromedp.TextContent(chromedp.CSS(selector)))
		cancel()
		if err == nil && strings.Contains(got, text) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s shows %q (%v), want %q, at %s", selector, got, err, text, b.address())
		}
	}
}

// picture saves what the page looks like, where SCREENSHOTS names a folder.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		for device, width := range map[string]int64{"phone": 390, "desktop": 1200} {
			_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			if err != nil {
				b.t.Fatal(err)
			}
			b.run(chromedp.EmulateViewport(width, 700))
			image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name+"-"+device+"-"+scheme+".png"), image, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// signIn goes from the provider's or the app's sign-in page to the user's todos.
func (b *browser) signIn(s *site, u *user) {
	b.t.Helper()
	switch p := s.hosted.(type) {
	case *oidcProvider:
		b.enter(`input[name="login"]`, u.login)
		b.enter(`input[name="password"]`, "any")
		b.click(`button[type="submit"]`)
	case *workosProvider:
		b.enter(`input[name="email"]`, u.login)
		b.click("button")
	case *stytchProvider:
		b.shows("h1", "Sign in")
		b.picture("stytch-login")
		b.enter("#email", u.login)
		b.click("button")
		b.shows("h1", "Look into your mail")
		b.picture("stytch-sent")
		mails := p.Mails(u.email)
		b.visit(mails[len(mails)-1])
		b.shows("h1", "Sign in here?")
		b.picture("stytch-link")
		b.click("button")
	case *insforgeProvider:
		b.shows("h1", "Sign in")
		b.enter("#email", u.login)
		b.enter("#password", insforgePassword)
		b.click("main form button")
	case *clerkProvider:
		b.run(chromedp.WaitVisible(chromedp.CSS(`input[name="identifier"]`)))
		b.picture("clerk-login")
		b.enter(`input[name="identifier"]`, u.login)
		b.click("#sign-in button")
	}
	b.shows("h1", "Your todos")
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
				b.picture(name)
			}
		}
		b.visit(app)
		b.shows("h1", "Welcome to shop")
		picture("home")
		b.click("a.button")
		b.signIn(s, u)
		if at := b.address(); at != app+"/todos" {
			t.Errorf("signed in at %s", at)
		}
		b.shows("main", "Ada Lovelace")
		picture("todos-empty")

		for _, title := range []string{"Read the logs", "Water the plants", "Send the parcel to the address with a name that is very long and has no-place-to-break-at-all-whatever-the-width-of-the-window-is"} {
			b.enter("#title", title)
			b.click("main form[action='/todos'] button")
			b.shows("ul", title)
		}
		b.click(`button[aria-label="Done: Water the plants"]`)
		b.shows("li .done", "Water the plants")
		b.click(`button[aria-label="Remove: Read the logs"]`)
		b.run(chromedp.WaitNotPresent(chromedp.CSS(`button[aria-label="Remove: Read the logs"]`)))
		picture("todos")
		b.enter("#title", "   ")
		b.click("main form[action='/todos'] button")
		b.shows(".problem", "A todo has 1 to")
		picture("todos-problem")
		var left string
		s.query(&left, `select string_agg(title || '=' || done, ',' order by created_at) from public.todos where user_id = $1`, u.subject)
		if !strings.HasPrefix(left, "Water the plants=true,Send the parcel") || strings.Contains(left, "Read") {
			t.Errorf("there are %s", left)
		}

		b.click(`form[action="/logout"] button`)
		b.shows("h1", "Welcome to shop") // behind the provider's own sign-out
		if count := s.sessions(u); count != 0 {
			t.Errorf("there are %d sessions", count)
		}
		if standing := s.hosted.standing(u); standing > 0 {
			t.Errorf("there are %d sessions at the provider", standing)
		}
		b.visit(app + "/todos?offset=0")
		b.signIn(s, u)

		if p, ok := s.hosted.(*oidcProvider); ok {
			if err := p.Block(t.Context(), u.subject); err != nil {
				t.Fatal(err)
			}
		} else {
			s.hosted.revoke(u)
		}
		s.due(u)
		b.run(chromedp.Reload())
		at := b.address()
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
		b.visit(app + "/login")
		b.enter("#email", "ada@nowhere.invalid")
		b.click("button")
		b.shows(".problem", "cannot receive mail")
		b.picture("stytch-problem")
		b.visit(app + "/authenticate?token=x&stytch_token_type=magic_links")
		b.shows("main", "not asked for in this browser")
		b.picture("stytch-link-elsewhere")
		b.click("button")
		b.shows("h1", "Signing in did not work")
		b.picture("failed")
		b.visit(app + "/login")
		b.signIn(s, u)
		s.databaseDown.Store(true)
		b.click(`form[action="/logout"] button`)
		b.shows("h1", "You are still signed in")
		b.picture("still-signed-in")
		b.visit(app + "/todos")
		b.shows("h1", "Please try again in a moment")
		b.picture("unavailable")
		s.databaseDown.Store(false)
		b.visit(app + "/todos")
		b.click("summary")
		b.picture("delete")
		b.click("input[name=confirm]")
		b.click(".danger")
		b.shows("h1", "Everything here is deleted")
		b.picture("deleted")
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
		if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			t.Fatal(err)
		}
		email := randomAddress()
		b.visit(app + "/todos?offset=0")
		b.shows("h1", "Sign in")
		b.picture("insforge-sign-in")
		b.click("main p a")
		b.shows("h1", "Create an account")
		b.enter("#name", "Ada Lovelace")
		b.enter("#email", email)
		b.enter("#password", "short")
		b.click("main form button")
		b.shows(".problem", "Password must be at least 6 characters long")
		b.picture("insforge-sign-up")
		b.enter("#password", insforgePassword)
		b.click("main form button")

		b.shows("h1", "Look into your mail")
		b.picture("insforge-confirm")
		first := accounts.Code(email)
		b.click(`button[name="again"]`)
		b.shows(`[role="status"]`, "another mail is on its way")
		b.enter("#code", first) // the code of the last mail counts
		b.click("main form button")
		b.shows(".problem", "This code is wrong, or too old.")
		b.picture("insforge-confirm-problem")
		b.enter("#code", accounts.Code(email))
		b.click("main form button")
		b.shows("h1", "Your todos")
		if at := b.address(); at != app+"/todos?offset=0" {
			t.Errorf("signed up at %s", at)
		}
		b.shows("main", "Ada Lovelace")

		b.click(`form[action="/logout"] button`)
		b.shows("h1", "Welcome to shop")
		b.visit(app + "/login")
		b.enter("#email", email)
		b.enter("#password", "not the password")
		b.click("main form button")
		b.shows(".problem", "The e-mail address or the password is wrong.")
		b.picture("insforge-problem")
		b.enter("#password", insforgePassword) // the address is still there
		b.click("main form button")
		b.shows("h1", "Your todos")
		b.visit(accounts.Confirmed())
		b.shows("h1", "Your address is confirmed")
		b.picture("insforge-confirmed")

		accounts.Delete(email)
		s.exec(`update public.sign_in_sessions set renew_at = now() - interval '1 minute' where user_id = (select user_id from public.profiles where email = $1)`, email)
		b.visit(app + "/todos")
		b.shows("h1", "Sign in")
	}, "insforge")
}
