// Package browsertest drives Chromium in tests, as a person in front of it does.
package browsertest

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

// patience is how long a page may take on a slow machine with many tests at once.
const patience = 50 * time.Second

// Options are what is not usual about a browser.
type Options struct {
	// Flags are of Chromium's command line, without the dashes.
	Flags map[string]any
	// Ignore reports whether a message in the browser's console is none of the
	// test's business. That an answer was not 200 never is.
	Ignore func(chromedp.ConsoleMessage) bool
}

// Tab is the only one of a browser of its own. Its methods end the test when the
// browser cannot do what they say.
type Tab struct {
	t   testing.TB
	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it
}

// Open starts a browser that closes with the test, and fails it if the browser has
// complained of anything until then.
func Open(t testing.TB, o Options) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true))
	for name, value := range o.Flags {
		options = append(options, chromedp.Flag(name, value))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	messages := chromedp.Console(ctx)
	var complaints []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m, err := range messages {
			switch {
			case err != nil:
				return
			case strings.Contains(m.Text, "Failed to load resource"), o.Ignore != nil && o.Ignore(m):
			default:
				complaints = append(complaints, m.String())
			}
		}
	}()
	t.Cleanup(func() {
		closeTab()
		<-ended
		if len(complaints) > 0 {
			t.Errorf("the browser complains: %q", complaints)
		}
	})
	return &Tab{t, ctx}
}

func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium; run the tests with `make test`, which installs it")
	return ""
}

// Context is the tab as chromedp takes it.
func (b *Tab) Context() context.Context { return b.ctx }

// Run does some steps, which must not take long. The browser starts in the first.
func (b *Tab) Run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v, at %s", err, b.Address())
	}
}

// Address is where the tab is, or what keeps it from saying so.
func (b *Tab) Address() string {
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return address
}

// Visit goes to an address.
func (b *Tab) Visit(address string) {
	b.t.Helper()
	b.Run(chromedp.Navigate(address))
}

// Click clicks on the first element that selector, of CSS, finds.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Run(chromedp.Click(chromedp.CSS(selector)))
}

// Enter types a text into a field.
func (b *Tab) Enter(selector, text string) {
	b.t.Helper()
	b.Run(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Evaluate gives the value of a JavaScript expression.
func Evaluate[T any](b *Tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Attribute is an attribute's value, "" if there is none.
func (b *Tab) Attribute(selector, name string) string {
	b.t.Helper()
	a, err := chromedp.Run(b.ctx, chromedp.AttributeValue(chromedp.CSS(selector), name))
	if err != nil {
		b.t.Fatalf("%s of %s: %v", name, selector, err)
	}
	return a.Value
}

// Shows waits until an element has a text in it.
func (b *Tab) Shows(selector, text string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		got, err := chromedp.Run(ctx, chromedp.TextContent(chromedp.CSS(selector)))
		cancel()
		if err == nil && strings.Contains(got, text) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s shows %q (%v), want %q, at %s", selector, got, err, text, b.Address())
		}
	}
}

// NoScripts switches JavaScript off for the pages to come.
func (b *Tab) NoScripts() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		b.t.Fatal(err)
	}
}

// Picture saves what the page looks like on a phone and on a desk, in the light and
// in the dark, where SCREENSHOTS names a folder.
func (b *Tab) Picture(name string) {
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
			b.Run(chromedp.EmulateViewport(width, 700))
			image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, name+"-"+device+"-"+scheme+".png"), image, 0o600)
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}
