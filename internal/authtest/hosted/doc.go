// Package hosted stands in for the sign-in pages and the APIs of hosted providers, at
// their exact paths, for servers and browsers behind an authtest.Internet.
//
// # What is faithful
//
//   - Auth0, Kinde and a provider of no known make are a real OpenID provider that is
//     not ours: the npm package oidc-provider, behind their names and paths. It rotates refresh tokens, and
//     revokes all of a grant's when one is used twice.
//   - WorkOS, Stytch, Clerk and InsForge's accounts answer in the shapes of their documents and SDKs, check
//     every credential, and take codes, links and refresh tokens once.
//
// # What is not
//
//   - None of their pages looks like theirs. Who enters a name or an address is let in.
//   - Clerk's script has the few methods that the generated page calls.
package hosted

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sync"
)

// faults let a test answer in the place of a stand-in.
type faults struct {
	mu       sync.Mutex
	answers  map[string]http.HandlerFunc
	requests map[string]int
}

// Answer has a path of the stand-in answered by the handler from now on; nil gives it
// back.
func (f *faults) Answer(path string, handler http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answers == nil {
		f.answers = map[string]http.HandlerFunc{}
	}
	f.answers[path] = handler
}

// Asked is how often a path was asked for.
func (f *faults) Asked(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[path]
}

func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		if f.requests == nil {
			f.requests = map[string]int{}
		}
		f.requests[r.URL.Path]++
		answer := f.answers[r.URL.Path]
		f.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type object = map[string]any

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone
}

// JSON answers with a body.
func JSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, status, json.RawMessage(body)) }
}

// signInPage asks for one value and sends it to where the page is.
var signInPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><title>{{ . }}</title>
<link rel="icon" href="data:,">
<h1>{{ . }}</h1>
<form method="post"><label>E-mail <input name="email" required autofocus></label> <button>Continue</button></form>
</html>
`))

func showSignIn(w http.ResponseWriter, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = signInPage.Execute(w, title) // the caller has gone
}

func random(prefix string) string { return prefix + rand.Text() }

// digits are the code of a mail.
func digits() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b[:])
}

func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
