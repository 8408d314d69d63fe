package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insforge/forge/internal/insforgetest"
)

// reply is an answer on any way: status is 0 for SQL.
type reply struct {
	status int
	code   string // of an error
	rows   []map[string]any
	body   string
	header http.Header
}

// String is the form of the tables: 1 row or 42501 for SQL, 200/1 or 403/42501.
func (r reply) String() string {
	text := r.code
	if text == "" {
		text = fmt.Sprint(len(r.rows))
	}
	if r.status != 0 {
		text = fmt.Sprintf("%d/%s", r.status, text)
	}
	return text
}

// errorCode is what the database or the backend calls an error.
func errorCode(err error) string {
	var pg *pgconn.PgError
	var api *insforgetest.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &pg):
		return pg.Code
	case errors.As(err, &api):
		return api.Code
	}
	return err.Error()
}

// ask sends a request to PostgREST or, by way of "gateway", to the gateway. Path
// is below the data API: a table with its query, or rpc/ and a function.
func (who person) ask(t *testing.T, p *insforgetest.Project, way, method, path string, body any, headers ...string) reply {
	t.Helper()
	address, credential := p.PostgRESTURL+"/"+path, who.minted
	if way == "gateway" {
		if !strings.HasPrefix(path, "rpc/") {
			path = "records/" + path
		}
		address, credential = p.URL+"/api/database/"+path, who.credential
	}
	var data []byte
	if text, ok := body.(string); ok {
		data = []byte(text)
	} else if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if req.URL.RawQuery, err = escaped(req.URL.RawQuery); err != nil {
		t.Fatal(err)
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	if len(data) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if data, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	r := reply{status: res.StatusCode, body: string(data), header: res.Header}
	if res.StatusCode < 300 {
		_ = json.Unmarshal(data, &r.rows) // a function's answer is no rows
		return r
	}
	var problem struct{ Code, Error string }
	if err := json.Unmarshal(data, &problem); err != nil && len(data) > 0 {
		t.Errorf("%s %s: %d %s", method, path, res.StatusCode, data)
	}
	r.code = problem.Code + problem.Error
	return r
}

// escaped lets the tables have queries as they are read.
func escaped(query string) (string, error) {
	values, err := url.ParseQuery(query)
	return values.Encode(), err
}
