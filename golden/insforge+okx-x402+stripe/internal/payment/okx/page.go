package okx

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// What people get: a page that pays with the wallet in their browser.
var (
	//go:embed pay.html
	payHTML string
	//go:embed pay.css
	payCSS string
	//go:embed pay.js
	payJS string

	payPage = template.Must(template.New("pay.html").Parse(payHTML))

	// The page runs its own script, talks to this server, and nothing else.
	pagePolicy = []string{"default-src 'none'; script-src " + hashOf(payJS) + "; style-src " + hashOf(payCSS) +
		"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	noReferrer = []string{"no-referrer"}
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page is the product's page.
func (p *product) page() ([]byte, error) {
	type choice struct{ Symbol, Asset, Amount string }
	var choices []choice
	for _, o := range p.offers {
		choices = append(choices, choice{o.asset.symbol, o.requirements.Asset, o.requirements.Amount})
	}
	var b bytes.Buffer
	err := payPage.Execute(&b, map[string]any{
		"Method":      p.method,
		"Description": p.resource.Description,
		"Price":       p.price,
		"Example":     p.example,
		"Choices":     choices,
		"Mock":        p.mock,
		"Style":       template.CSS(payCSS), // this package's own
		"Script":      template.JS(payJS),   // likewise
	})
	if err != nil {
		return nil, fmt.Errorf("page of %s: %w", p.resource.URL, err)
	}
	return b.Bytes(), nil
}

// open answers whoever comes to a path that is sold by another method: people
// with the page, programs with that method's name.
func (p *product) open() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wantsPage(r) {
			p.demandUnpaid(w, r)
			return
		}
		w.Header().Set("Allow", p.method)
		writeError(w, http.StatusMethodNotAllowed, "method_not_allowed", "Send "+p.method+" to this path; it costs "+p.price+".")
	})
}

// demandUnpaid answers 402 to a request without payment, with all of it made
// before.
func (p *product) demandUnpaid(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Payment-Required"] = p.unpaid
	if !wantsPage(r) {
		writeFixed(w, http.StatusPaymentRequired, mediaJSON, p.unpaidBody)
		return
	}
	h["Content-Security-Policy"] = pagePolicy
	h["Referrer-Policy"] = noReferrer
	writeFixed(w, http.StatusPaymentRequired, mediaHTML, p.unpaidPage)
}

// wantsPage says whether a browser has opened the address. Programs ask for
// anything, or for JSON.
func wantsPage(r *http.Request) bool {
	accept := r.Header["Accept"]
	return len(accept) > 0 && strings.Contains(accept[0], "text/html")
}
