package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/page"
	"example.com/shop/internal/signin"
)

// visitors is auth.Require for pages: people who are not signed in are led to the sign-in page, and
// from there back.
func visitors(d Deps) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := d.SignIn.Verify(r)
			switch {
			case err == nil:
				next.ServeHTTP(w, r.WithContext(auth.ContextWith(r.Context(), id)))
			case !strings.Contains(r.Header.Get("Accept"), "text/html"):
				auth.Refuse(w, r, d.Log, err)
			case errors.Is(err, auth.ErrUnavailable):
				d.Log.ErrorContext(r.Context(), "page", "error", err)
				page.WriteMessage(w, http.StatusServiceUnavailable, "Please try again in a moment", "Who you are cannot be checked right now.")
			case errors.Is(err, auth.ErrForbidden):
				d.Log.WarnContext(r.Context(), "page", "error", err)
				page.WriteMessage(w, http.StatusForbidden, "You may not do this", "This account may not use this page.")
			default:
				to := r.URL.RequestURI()
				if r.Method != http.MethodGet {
					to = "" // what was sent is lost, and its address shows nothing
				}
				w.Header().Set("Cache-Control", "no-store")
				http.Redirect(w, r, signin.LoginPath(to), http.StatusSeeOther)
			}
		})
	}
}

// pageError answers a person for a call to InsForge that failed.
func pageError(w http.ResponseWriter, r *http.Request, d Deps, err error) {
	status, _, text := upstreamProblem(err)
	d.Log.ErrorContext(r.Context(), "InsForge", "error", err)
	page.WriteMessage(w, status, "This did not work", text, page.Link{Text: "Back to your todos", To: "/todos"})
}
