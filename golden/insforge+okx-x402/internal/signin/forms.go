package signin

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"example.com/shop/internal/page"
)

// maxForm is longer than any form of sign-in.
const maxForm = 16 << 10

var (
	//go:embed form.html
	formHTML string
	//go:embed confirm.html
	confirmHTML string

	formPage    = page.New(formHTML)
	confirmPage = page.New(confirmHTML)
)

// Routes adds the routes of sign-in to mux.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.handleForm(false))
	mux.HandleFunc("POST /login", s.handleSubmit(false))
	mux.HandleFunc("GET /signup", s.handleForm(true))
	mux.HandleFunc("POST /signup", s.handleSubmit(true))
	mux.HandleFunc("POST /confirm", s.handleConfirm)
	mux.HandleFunc("GET "+confirmedPath, handleConfirmed)
	mux.HandleFunc("POST /logout", s.handleLogout)
}

// form is what a form shows. The password is never shown again.
type form struct {
	SignUp      bool
	Name, Email string
	ReturnTo    string
	Problem     string
}

// Other is the address of the other form.
func (f form) Other() string {
	path := "/signup"
	if f.SignUp {
		path = "/login"
	}
	if f.ReturnTo == home {
		return path
	}
	return path + "?" + url.Values{"return_to": {f.ReturnTo}}.Encode()
}

// handleForm shows a form to those who are not signed in.
func (s *Service) handleForm(signUp bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		to := returnPath(r.URL.Query().Get("return_to"))
		if _, err := s.Verify(r); err == nil {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		formPage.Write(w, http.StatusOK, form{SignUp: signUp, ReturnTo: to})
	}
}

// readForm reports whether the form arrived. If not, the answer has been written.
func readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		page.WriteMessage(w, http.StatusBadRequest, "This did not work", "The form did not arrive whole.",
			page.Link{Text: "Try again", To: "/login"})
		return false
	}
	return true
}

// handleSubmit signs in or up with what a form says.
func (s *Service) handleSubmit(signUp bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !readForm(w, r) {
			return
		}
		f := form{
			SignUp:   signUp,
			Name:     strings.TrimSpace(r.PostForm.Get("name")),
			Email:    strings.TrimSpace(r.PostForm.Get("email")),
			ReturnTo: returnPath(r.PostForm.Get("return_to")),
		}
		password := r.PostForm.Get("password")
		if f.Problem = f.check(password); f.Problem != "" {
			formPage.Write(w, http.StatusUnprocessableEntity, f)
			return
		}
		if !s.provider.tries.try(w, r, f.Email) {
			f.Problem = tooMany
			formPage.Write(w, http.StatusTooManyRequests, f)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
		defer cancel()
		var answer opened
		var err error
		if signUp {
			answer, err = s.provider.signUp(ctx, f.Name, f.Email, password)
		} else {
			answer, err = s.provider.signIn(ctx, f.Email, password)
		}
		if refusal, ok := errors.AsType[*refusal](err); ok && (refusal.code == mailFailed || !signUp && refusal.status == http.StatusForbidden) {
			// The account is there, and its address has to be confirmed: with the mail of back then, or another.
			answer, err = opened{Unconfirmed: true}, nil
		}
		if !signUp {
			s.forgive(r, f.Email, err)
		}
		if err != nil {
			var status int
			status, f.Problem = explain(err)
			s.log.WarnContext(r.Context(), "sign-in failed", "status", status, "error", err)
			formPage.Write(w, status, f)
			return
		}
		if answer.AccessToken == "" {
			confirmPage.Write(w, http.StatusOK, confirmation{Email: f.Email, ReturnTo: f.ReturnTo})
			return
		}
		s.open(ctx, w, r, answer, f.ReturnTo)
	}
}

// forgive takes an attempt back unless err says that it was a wrong guess.
func (s *Service) forgive(r *http.Request, email string, err error) {
	if _, refused := errors.AsType[*refusal](err); !refused {
		s.provider.tries.forgive(r, email)
	}
}

// open starts a session with InsForge's answer, and leads on.
func (s *Service) open(ctx context.Context, w http.ResponseWriter, r *http.Request, answer opened, to string) {
	g, err := s.provider.grant(ctx, answer)
	switch {
	case errors.Is(err, errRefused):
		s.problem(w, r, http.StatusUnauthorized, "InsForge did not confirm who you are. Please start again.", err)
		return
	case err != nil:
		s.problem(w, r, http.StatusServiceUnavailable, "Signing in is not possible right now. Please try again in a moment.", err)
		return
	}
	if err := s.enter(w, r, g); err != nil {
		s.problem(w, r, http.StatusServiceUnavailable, "Your sign-in could not be kept. Please start again in a moment.", err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// check finds what need not be asked.
func (f form) check(password string) string {
	switch {
	case f.SignUp && f.Name == "":
		return "Please enter your name."
	case len([]rune(f.Name)) > 100:
		return "This name is too long."
	case f.Email == "" || len(f.Email) > maxEmail:
		return "This does not look like an e-mail address."
	case password == "":
		return "Please enter a password."
	}
	return ""
}

// explain says in words for people why InsForge refused. Signing in, it does not say whether there is an
// account: for an address that has none, the answer is the same as for a wrong password.
func explain(err error) (status int, text string) {
	refusal, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return http.StatusServiceUnavailable, "Signing in is not possible right now. Please try again in a moment."
	case refusal.status == http.StatusTooManyRequests:
		return refusal.status, tooMany
	case refusal.code == unauthorized:
		return http.StatusUnprocessableEntity, "The e-mail address or the password is wrong."
	case refusal.code == "AUTH_EMAIL_EXISTS":
		return http.StatusUnprocessableEntity, "There is an account with this e-mail address already. Please sign in."
	case refusal.code == "AUTH_SIGNUP_DISABLED":
		return http.StatusForbidden, "New accounts cannot be made here."
	case refusal.code == "INVALID_INPUT" && strings.Contains(refusal.message, "assword"):
		return http.StatusUnprocessableEntity, shorten(refusal.message) // which says what a password needs
	case refusal.code == "INVALID_INPUT" && strings.Contains(refusal.message, "email"):
		return http.StatusUnprocessableEntity, "This does not look like an e-mail address."
	}
	return http.StatusBadGateway, "Signing in did not work, for a reason on our side. Please try again later."
}

// confirmation is what the page for the code of a mail shows.
type confirmation struct{ Email, ReturnTo, Problem, Note string }

// handleConfirm uses the code of a mail, or has another mail sent.
func (s *Service) handleConfirm(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	view := confirmation{Email: strings.TrimSpace(r.PostForm.Get("email")), ReturnTo: returnPath(r.PostForm.Get("return_to"))}
	if !s.provider.tries.try(w, r, view.Email) {
		view.Problem = tooMany
		confirmPage.Write(w, http.StatusTooManyRequests, view)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	if r.PostForm.Get("again") != "" {
		if err := s.provider.mailAgain(ctx, view.Email); err != nil {
			s.log.WarnContext(r.Context(), "mail for sign-in", "error", err)
			view.Problem = "The mail could not be sent. Please try again in some minutes."
			confirmPage.Write(w, http.StatusServiceUnavailable, view)
			return
		}
		view.Note = "If there is an account with this address, another mail is on its way."
		confirmPage.Write(w, http.StatusOK, view)
		return
	}
	answer, err := s.provider.confirm(ctx, view.Email, strings.TrimSpace(r.PostForm.Get("code")))
	s.forgive(r, view.Email, err)
	if err != nil {
		status, text := http.StatusUnprocessableEntity, "This code is wrong, or too old."
		if refusal, ok := errors.AsType[*refusal](err); !ok || refusal.status == http.StatusTooManyRequests {
			status, text = explain(err)
		}
		s.log.WarnContext(r.Context(), "sign-in failed", "status", status, "error", err)
		view.Problem = text
		confirmPage.Write(w, status, view)
		return
	}
	s.open(ctx, w, r, answer, view.ReturnTo)
}

// handleConfirmed is where the link in a mail leads, after InsForge has confirmed the address or has not. It
// signs nobody in: whoever opens the link may not be who asked for it.
func handleConfirmed(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("insforge_status") != "success" {
		page.WriteMessage(w, http.StatusBadRequest, "This link does not work any more",
			"It has been used, or is too old. Sign in to have another mail sent.", page.Link{Text: "Sign in", To: "/login"})
		return
	}
	page.WriteMessage(w, http.StatusOK, "Your address is confirmed", "You can sign in now.", page.Link{Text: "Sign in", To: "/login"})
}

// handleLogout ends the session. InsForge keeps none of its own: with the refresh token that was stored here,
// nothing is left that opens it.
func (s *Service) handleLogout(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.leave(w, r); ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}
