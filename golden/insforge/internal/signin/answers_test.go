package signin

import (
	"io"
	"net/http"
	"strings"
)

// answers stand in for the provider's API: what it answers, and how often it was asked.
type answers struct {
	status int
	body   string
	asked  int
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked++
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

// outages are answers that say nothing about a session: it stands until the provider says that it does not.
var outages = []answers{
	{status: http.StatusInternalServerError, body: `{"error":"server_error","error_type":"internal_server_error"}`},
	{status: http.StatusBadGateway, body: `<!doctype html>`},
	{status: http.StatusNotFound, body: `<!doctype html>`},
	{status: http.StatusTooManyRequests, body: `{"error":"too_many_requests","error_type":"too_many_requests"}`},
	{status: http.StatusUnauthorized, body: `{"error":"invalid_client","error_type":"unauthorized_credentials"}`},
	{status: http.StatusOK, body: `<!doctype html>`},
	{status: http.StatusOK, body: `null`},
	{status: http.StatusOK, body: `{}`},
}
