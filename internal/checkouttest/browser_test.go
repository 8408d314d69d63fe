package checkouttest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browser is a tab of Chromium in which a user is signed in, and for which Stripe's
// hosts are a server of the test's.
type browser struct {
	*shop
	tab context.Context //nolint:containedctx // chromedp keeps the tab in it

	mu   sync.Mutex
	went []string // to which of Stripe's pages
}

func browse(s *shop, user string) *browser {
	s.Helper()
	b := &browser{shop: s}
	stripe := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/favicon.ico" {
			b.mu.Lock()
			b.went = append(b.went, r.Host+r.URL.Path+" "+r.Referer())
			b.mu.Unlock()
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<title>Stripe</title><h1>Stripe</h1>")
	}))
	s.Cleanup(stripe.Close)
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		s.Fatal("there is no Chromium; run the tests with `make test`, which installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(s.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP *.stripe.com "+strings.TrimPrefix(stripe.URL, "https://")),
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stop := chromedp.NewExecAllocator(s.Context(), options...)
	s.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	b.tab = tab
	messages := chromedp.Console(tab)
	var problems []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m, err := range messages {
			if err != nil {
				return
			}
			if !strings.Contains(m.Text, "Failed to load resource") { // which is any answer but 200
				problems = append(problems, m.String())
			}
		}
	}()
	s.Cleanup(func() {
		closeTab()
		<-ended
		if len(problems) > 0 {
			s.Errorf("the browser complains: %q", problems)
		}
	})
	if _, err := chromedp.Call(tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Authorization": s.credential(user)},
	}); err != nil {
		s.Fatal(err)
	}
	return b
}

// run does some steps, which must not take long.
func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.tab, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

func (b *browser) visit() {
	b.Helper()
	b.run(chromedp.Navigate(b.server.URL + "/billing"))
}

// shows waits until an element has a text in it.
func (b *browser) shows(selector, text string) {
	b.Helper()
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(b.tab, 5*time.Second)
		got, err := chromedp.Run(ctx, chromedp.TextContent(chromedp.CSS(selector)))
		cancel()
		if err == nil && strings.Contains(got, text) {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s shows %q (%v), want %q", selector, got, err, text)
		}
	}
}

// picture saves what the page looks like, where SCREENSHOTS names a folder.
func (b *browser) picture(name string) {
	b.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		for device, width := range map[string]int64{"phone": 390, "desktop": 1200} {
			if _, err := chromedp.Call(b.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			}); err != nil {
				b.Fatal(err)
			}
			b.run(chromedp.EmulateViewport(width, 700))
			image, err := chromedp.Run(b.tab, chromedp.FullScreenshot(100))
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name+"-"+device+"-"+scheme+".png"), image, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestBrowser buys on the page, without scripts of ours: its forms lead to Stripe's
// pages, past the page's own policy, and what was bought is on the page.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := browse(open(t), "ada")
	b.visit()
	b.shows("h1", "Billing")
	b.shows("main", "You have not bought anything yet.")
	b.picture("billing-empty")
	b.run(chromedp.Click(chromedp.CSS(`button[aria-label="Buy Ten reports"]`)))
	b.shows("h1", "Stripe")
	var session string
	if err := b.db.QueryRow(t.Context(), "select checkout_session_id from payments.stripe_checkout_sessions").Scan(&session); err != nil {
		t.Fatal(err)
	}
	b.tell("checkout.session.completed", b.session(session, "paid"))
	paid := b.session(b.order("ada", "pro", "one"), "paid")
	b.tell("customer.subscription.created", map[string]any{
		"id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_ada", "currency": "usd", "created": 1_700_000_000, "metadata": paid["metadata"],
		"items": map[string]any{"data": []any{map[string]any{
			"quantity": 1, "current_period_end": 1_800_000_000, "price": map[string]any{"id": prices["pro"], "unit_amount": 900},
		}}},
	})
	b.visit()
	b.shows("main", "paid until 15 January 2027")
	b.picture("billing")
	b.run(chromedp.Click(chromedp.CSS(`form[action="/billing/portal"] button`)))
	b.shows("h1", "Stripe")
	b.mu.Lock()
	defer b.mu.Unlock()
	want := "checkout.stripe.com/c/pay/" + session + " \nbilling.stripe.com/p/session/cus_ada "
	if got := strings.Join(b.went, "\n"); got != want {
		t.Errorf("went to\n%s\nwant, with no word of where from,\n%s", got, want)
	}
}
