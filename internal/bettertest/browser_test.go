package bettertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// tab is a browser with one page open, and without JavaScript in it.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func browse(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &tab{t, ctx}
	// The browser starts in the first call, and ends with that call's context.
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	return b
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

// run does some steps, which must not take long.
func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.run(chromedp.Navigate(url))
}

// fill types into the fields of a form and sends it.
func (b *tab) fill(form string, fields ...string) {
	b.t.Helper()
	var steps []chromedp.Action[chromedp.Void]
	for i := 0; i < len(fields); i += 2 {
		steps = append(steps, chromedp.SetValue(chromedp.CSS(form+" [name="+fields[i]+"]"), fields[i+1]))
	}
	b.run(append(steps, chromedp.Click(chromedp.CSS(form+" button")))...)
}

// shows waits until an element has a text in it.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(b.ctx, 3*time.Second)
		got, err := chromedp.Run(ctx, chromedp.TextContent(chromedp.CSS(selector)))
		cancel()
		if err == nil && strings.Contains(got, text) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s shows %q (%v), want %q", selector, got, err, text)
		}
	}
}

// picture saves what the page looks like, where SCREENSHOTS names a folder.
func (b *tab) picture(name string) {
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
			b.run(chromedp.EmulateViewport(width, 800))
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

// TestBrowser signs up, out and in as people do, with JavaScript switched off.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := browse(t)
	const form, email = "main form", "grace@example.com"

	b.open(s.base + "/todos")
	b.shows("h1", "Sign in")
	b.picture("sign-in")
	b.run(chromedp.Click(chromedp.CSS("main p a")))
	b.shows("h1", "Create an account")
	b.picture("sign-up")
	b.fill(form, "name", "Grace Hopper", "email", email, "password", password)
	b.shows("h1", "Your todos")
	b.shows("main", "Signed in as Grace Hopper")
	b.fill(`form[action="/todos"]`, "title", "Find the moth")
	b.shows("li", "Find the moth")
	b.picture("signed-in")

	b.run(chromedp.Click(chromedp.CSS(`form[action="/logout"] button`)))
	b.shows("h1", "Welcome to shop")
	b.picture("welcome")
	b.open(s.base + "/todos?offset=0")
	b.shows("h1", "Sign in")
	b.fill(form, "email", email, "password", "not the password")
	b.shows("#problem", "The e-mail address or the password is wrong.")
	b.picture("wrong")
	b.fill(form, "password", password) // the address is still there
	b.shows("li", "Find the moth")
	location, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil || !strings.HasSuffix(location, "/todos?offset=0") {
		t.Errorf("signing in led to %q (%v)", location, err)
	}

	change(t, `delete from better_auth.session where "userId" = (select id from better_auth."user" where email = $1)`, email)
	b.open(s.base + "/todos")
	b.shows("h1", "Sign in")
}
