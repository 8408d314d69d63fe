// Package page writes the server's pages for people: plain HTML that works without scripts, under a
// policy that lets nothing in from elsewhere.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

var (
	//go:embed layout.html
	layout string
	//go:embed style.css
	style string
)

// A Page is one page in the layout that all share.
type Page struct {
	html   *template.Template
	policy string
}

// New returns the page whose text defines the templates "title" and "main". Allow has directives of its
// Content-Security-Policy, for a page that needs more than this server's own style and forms. New
// panics when the text is no template: it is part of the program.
func New(text string, allow ...string) *Page {
	policy := slices.Clone(allow)
	for _, own := range []string{"default-src 'none'", "style-src " + Hash(style), "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		name, _, _ := strings.Cut(own, " ")
		// The first directive of a name would count, and browsers complain about a second.
		if !slices.ContainsFunc(allow, func(s string) bool { return strings.HasPrefix(s, name+" ") }) {
			policy = append(policy, own)
		}
	}
	return &Page{
		html:   template.Must(template.Must(template.New("page").Parse(layout)).Parse(text)),
		policy: strings.Join(policy, "; "),
	}
}

// Hash names a script or style of ours in a Content-Security-Policy.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Write answers with the page. The view is what its templates show.
func (p *Page) Write(w http.ResponseWriter, status int, view any) {
	var body bytes.Buffer
	shown := map[string]any{"Style": template.CSS(style), "View": view} // the style is this package's own
	if err := p.html.Execute(&body, shown); err != nil {
		panic(err) // the page and what it shows are ours
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", p.policy)
	// Other sites learn nothing, and forms still say where they come from.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the caller has gone; there is nobody to tell
}

//go:embed message.html
var messageHTML string

var message = New(messageHTML)

// WriteMessage answers with a page that says one thing, and may lead on with a link.
func WriteMessage(w http.ResponseWriter, status int, title, text string, links ...Link) {
	message.Write(w, status, struct {
		Title, Text string
		Links       []Link
	}{title, text, links})
}

// Link leads to a page.
type Link struct{ Text, To string }
