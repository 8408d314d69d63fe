package stripe

import (
	"net/http"
	"slices"
	"strings"

	"example.com/shop/internal/page"
)

// Leaving stands before what deletes a user. Whoever has a subscription that goes on being charged for ends it
// first: with the user goes all that is known of it here, and Stripe would go on charging for what nobody can
// see, or subscribe to a second time.
func (c *Checkout) Leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, as, ok := c.caller(w, r)
		if !ok {
			return
		}
		found, err := c.subscriptions(r.Context(), as)
		if slices.ContainsFunc(found, func(p Purchase) bool { return p.EndsAt == nil }) {
			err = errCharged
		}
		if err == nil {
			next.ServeHTTP(w, r)
			return
		}
		p := problemOf(err)
		if p.status >= http.StatusInternalServerError {
			p.message = "It cannot be seen right now whether you have a subscription. Nothing was deleted; try again soon."
		}
		c.noteProblem(r, p, err)
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			writeError(w, p)
			return
		}
		page.WriteMessage(w, p.status, "Nothing was deleted", p.message, page.Link{Text: "Billing", To: "/billing"})
	})
}
