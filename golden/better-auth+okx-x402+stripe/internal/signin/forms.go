package signin

import (
	_ "embed"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"example.com/shop/internal/page"
)

// maxForm is longer than any form of sign-in.
const maxForm = 16 << 10

//go:embed form.html
var formHTML string

var formPage = page.New(formHTML)

// kind is one of the two forms.
type kind struct{ path, upstream string }

var (
	signIn = kind{"/login", "/api/auth/sign-in/email"}
	signUp = kind{"/signup", "/api/auth/sign-up/email"}
)

// form is what a form shows. The password is never shown again.
type form struct {
	SignUp      bool
	Name, Email string
	Remember    bool
	ReturnTo    string
	Problem     string
}

// Other is the address of the other form.
func (f form) Other() string {
	path := signUp.path
	if f.SignUp {
		path = signIn.path
	}
	if f.ReturnTo == home {
		return path
	}
	return path + "?" + url.Values{"return_to": {f.ReturnTo}}.Encode()
}

// handleForm shows a form to those who are not signed in.
func (s *Service) handleForm(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		to := returnPath(r.URL.Query().Get("return_to"))
		if _, err := s.Verify(r); err == nil {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		formPage.Write(w, http.StatusOK, form{SignUp: k == signUp, Remember: true, ReturnTo: to})
	}
}

// handleSubmit signs in or up with what a form says.
func (s *Service) handleSubmit(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			page.WriteMessage(w, http.StatusBadRequest, "This did not work", "The form did not arrive whole.",
				page.Link{Text: "Try again", To: k.path})
			return
		}
		f := form{
			SignUp:   k == signUp,
			Name:     strings.TrimSpace(r.PostForm.Get("name")),
			Email:    strings.TrimSpace(r.PostForm.Get("email")),
			Remember: r.PostForm.Get("remember") == "yes",
			ReturnTo: returnPath(r.PostForm.Get("return_to")),
		}
		fail := func(status int, problem string) {
			f.Problem = problem
			formPage.Write(w, status, f)
		}
		question := map[string]any{"email": f.Email, "password": r.PostForm.Get("password"), "rememberMe": f.Remember}
		if f.SignUp {
			question["name"] = f.Name
		}
		if problem := f.check(r.PostForm.Get("password")); problem != "" {
			fail(http.StatusUnprocessableEntity, problem)
			return
		}
		answer, err := s.upstream.ask(r, k.upstream, question)
		switch {
		case err != nil:
			s.log.ErrorContext(r.Context(), "Better Auth server", "error", err)
			fail(http.StatusServiceUnavailable, "Signing in is not possible right now. Please try again in a moment.")
			return
		case answer.status != http.StatusOK:
			s.log.WarnContext(r.Context(), "sign-in failed", "status", answer.status, "code", shorten(answer.code))
			status, problem := explain(answer)
			if status == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", answer.retryAfter())
			}
			fail(status, problem)
			return
		case answer.user.ID == "" || len(answer.cookies) == 0:
			// A plugin, or a setting such as requireEmailVerification, wants one more step first.
			s.log.WarnContext(r.Context(), "sign-in is not complete: this page does not know the step that is missing")
			fail(http.StatusOK, "One more step is needed. Please look into your e-mail.")
			return
		}
		s.log.InfoContext(r.Context(), "signed in", "subject", answer.user.ID)
		s.greet(r.Context(), answer.user)
		answer.passCookies(w)
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, f.ReturnTo, http.StatusSeeOther)
	}
}

// check finds what need not be asked.
func (f form) check(password string) string {
	switch {
	case f.SignUp && f.Name == "":
		return "Please enter your name."
	case f.SignUp && len(f.Name) > 200:
		return "This name is too long."
	case f.Email == "" || len(f.Email) > 320:
		return notAnEmail
	case password == "":
		return "Please enter a password."
	}
	return ""
}

const notAnEmail = "This does not look like an e-mail address."

// explain says in words for people why the Better Auth server refused. Signing in, it does not say whether
// there is an account: for an address that has none, the answer is the same as for a wrong password.
func explain(a answer) (status int, text string) {
	switch a.code {
	case "INVALID_EMAIL_OR_PASSWORD":
		return http.StatusUnprocessableEntity, "The e-mail address or the password is wrong."
	case "INVALID_EMAIL", "VALIDATION_ERROR":
		return http.StatusUnprocessableEntity, notAnEmail
	case "PASSWORD_TOO_SHORT":
		return http.StatusUnprocessableEntity, "This password is too short. Please choose one with at least 8 characters."
	case "PASSWORD_TOO_LONG":
		return http.StatusUnprocessableEntity, "This password is too long. Please choose one with at most 128 characters."
	case "USER_ALREADY_EXISTS", "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL":
		return http.StatusUnprocessableEntity, "There is an account with this e-mail address already. Please sign in."
	case "EMAIL_NOT_VERIFIED":
		return http.StatusForbidden, "Please confirm your e-mail address first, with the link that was sent to you."
	case "BANNED_USER":
		return http.StatusForbidden, "This account may not sign in."
	}
	if a.status == http.StatusTooManyRequests {
		return a.status, "These were too many attempts. Please wait " + a.retryAfter() + " seconds, then try again."
	}
	return http.StatusBadGateway, "Signing in did not work, for a reason on our side. Please try again later."
}

// retryAfter is the seconds to wait after too many attempts.
func (a answer) retryAfter() string {
	if n, err := strconv.Atoi(a.wait); err == nil && n > 0 && n < 3600 {
		return strconv.Itoa(n)
	}
	return "60"
}

// handleLogout ends the session of the browser. Only the Better Auth server can do that.
func (s *Service) handleLogout(w http.ResponseWriter, r *http.Request) {
	answer, err := s.upstream.ask(r, "/api/auth/sign-out", struct{}{})
	if err == nil && answer.status != http.StatusOK {
		err = errors.New("status " + strconv.Itoa(answer.status) + " " + shorten(answer.code))
	}
	if err != nil {
		// The cookie stays: without it nobody could end the session any more.
		s.log.ErrorContext(r.Context(), "sign out", "error", err)
		page.WriteMessage(w, http.StatusServiceUnavailable, "You are still signed in",
			"Signing out did not work just now. Please try again in a moment.", page.Link{Text: "Back", To: home})
		return
	}
	answer.passCookies(w)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// shorten makes what came from outside fit for the log.
func shorten(s string) string {
	const longest = 100
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
