package golden

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/browsertest"
	"github.com/insforge/forge/internal/trial"
)

// TestOperator watches payments in a browser where nobody signs in: it is asked for
// the token, and then the page lives by it. The front page is what is for sale.
func TestOperator(t *testing.T) {
	server := startInsForge(t)
	combo := trial.Of(generator.None, "okx-x402")
	c := load(t)
	spec, target, rec := render(t, c, combo.Answers(c))
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, target, rec)
	project := serveInsForge(t, server, combo.String())
	env := sampleEnv(t, spec, dir)
	env["INSFORGE_URL"], env["INSFORGE_ANON_KEY"], env["INSFORGE_API_KEY"] = project.URL, project.AnonKey, project.APIKey
	origin := serve(t, dir, env)

	tab, end := context.WithTimeout(browsertest.Open(t, browsertest.Options{}).Context(), 2*time.Minute)
	t.Cleanup(end)
	see := func(url, want string) {
		t.Helper()
		_, err := chromedp.Run(tab, chromedp.Navigate(url))
		if err != nil {
			t.Fatal(strings.ReplaceAll(err.Error(), env["OPERATOR_TOKEN"], "[token]"))
		}
		if text, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS("body"))); err != nil || !strings.Contains(text, want) {
			t.Fatalf("%s shows %q (%v), want %q", strings.ReplaceAll(url, env["OPERATOR_TOKEN"], "[token]"), text, err, want)
		}
	}
	see(origin, "A report about a text")
	// Typed into the address, the token is what the browser would have asked for.
	see(strings.Replace(origin, "http://", "http://me:"+env["OPERATOR_TOKEN"]+"@", 1)+"/payments", "There are no payments yet.")
	see(origin+"/payments", "There are no payments yet.")
	if status, _, body := buy(t, origin, sign(t, challenge(t, origin))); status != http.StatusOK {
		t.Fatalf("paid request: %d %s", status, body)
	}
	if _, err := chromedp.Run(tab, chromedp.WaitVisible(chromedp.CSS(".state.settled"))); err != nil {
		t.Errorf("the page does not live: %v", err)
	}
	expect(t, origin+"/payments", "GET", nil, http.StatusUnauthorized)
}
