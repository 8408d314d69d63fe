package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// staged is a route whose handler asks the test, and answers when it is answered.
const staged = "/v1/staged"

// openStaged is open with such a route: play is called in each run of its handler.
func openStaged(t *testing.T, play func()) *shop {
	t.Helper()
	s := prepare(t)
	stage := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { play() }))
	t.Cleanup(stage.Close)
	s.env["STAGE"] = stage.URL
	s.server = s.start()
	return s
}
