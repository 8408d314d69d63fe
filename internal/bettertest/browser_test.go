package bettertest

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/insforge/forge/internal/browsertest"
)

// tab is a browser with one page open, and without JavaScript in it.
type tab struct{ *browsertest.Tab }

func browse(t *testing.T) tab {
	t.Helper()
	b := tab{browsertest.Open(t, browsertest.Options{})}
	b.NoScripts()
	return b
}

// fill types into the fields of a form and sends it.
func (b tab) fill(form string, fields ...string) {
	var steps []chromedp.Action[chromedp.Void]
	for i := 0; i < len(fields); i += 2 {
		steps = append(steps, chromedp.SetValue(chromedp.CSS(form+" [name="+fields[i]+"]"), fields[i+1]))
	}
	b.Run(append(steps, chromedp.Click(chromedp.CSS(form+" button")))...)
}

// TestBrowser signs up, out and in as people do, with JavaScript switched off.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := browse(t)
	const form, email = "main form", "grace@example.com"

	b.Visit(s.base + "/todos")
	b.Shows("h1", "Sign in")
	b.Picture("sign-in")
	b.Click("main p a")
	b.Shows("h1", "Create an account")
	b.Picture("sign-up")
	b.fill(form, "name", "Grace Hopper", "email", email, "password", password)
	b.Shows("h1", "Your todos")
	b.Shows("main", "Signed in as Grace Hopper")
	b.fill(`form[action="/todos"]`, "title", "Find the moth")
	b.Shows("li", "Find the moth")
	b.Picture("signed-in")

	b.Click(`form[action="/logout"] button`)
	b.Shows("h1", "Welcome to shop")
	b.Picture("welcome")
	b.Visit(s.base + "/todos?offset=0")
	b.Shows("h1", "Sign in")
	b.fill(form, "email", email, "password", "not the password")
	b.Shows("#problem", "The e-mail address or the password is wrong.")
	b.Picture("wrong")
	b.fill(form, "password", password) // the address is still there
	b.Shows("li", "Find the moth")
	if at := b.Address(); at != s.base+"/todos?offset=0" {
		t.Errorf("signing in led to %s", at)
	}

	change(t, `delete from better_auth.session where "userId" = (select id from better_auth."user" where email = $1)`, email)
	b.Visit(s.base + "/todos")
	b.Shows("h1", "Sign in")
}
