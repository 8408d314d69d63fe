package httpapi

import (
	_ "embed"
	"net/http"

	"example.com/shop/internal/page"
)

//go:embed home.html
var homeHTML string

var homePage = page.New(homeHTML)

// handleHome is the front page. It is the same for everybody, so it needs nothing that could be down.
func handleHome() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		homePage.Write(w, http.StatusOK, nil)
	})
}
