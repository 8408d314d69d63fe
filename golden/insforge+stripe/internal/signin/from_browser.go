package signin

import (
	"fmt"
	"net/http"

	"example.com/shop/internal/auth"
)

// errNowhere refuses a cookie whose request fromBrowser does not believe.
var errNowhere = fmt.Errorf("%w: a cookie on a request that does not say where it comes from", auth.ErrForbidden)

// fromBrowser reports whether a request that changes something says which page it comes from. All
// browsers do, and those from other sites have been refused by then. One that says nothing could be
// from anywhere, and a cookie comes along by itself.
func fromBrowser(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
}
