package insforgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// proxyTimeout is how long PostgREST may take (database/postgrest-proxy.service.ts).
const proxyTimeout = 10 * time.Second

// records serves a table (routes/database/records.routes.ts).
func (p *Project) records(w http.ResponseWriter, r *http.Request) {
	path := "/" + url.PathEscape(r.PathValue("table"))
	if rest := r.PathValue("rest"); rest != "" {
		path += "/" + rest
	}
	p.proxy(w, r, proxied{name: r.PathValue("table"), path: path, empty: "[]", columns: true})
}

// rpc calls a function (routes/database/rpc.routes.ts).
func (p *Project) rpc(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("function")
	p.proxy(w, r, proxied{name: name, path: "/rpc/" + url.PathEscape(name), empty: "null"})
}

// proxied is what differs between a table and a function.
type proxied struct {
	name, path string
	empty      string // the answer to an empty one of PostgREST
	columns    bool   // whether the body holds columns of the table
}

func (p *Project) proxy(w http.ResponseWriter, r *http.Request, to proxied) {
	if err := p.forward(w, r, to); err != nil {
		fail(w, err)
	}
}

func (p *Project) forward(w http.ResponseWriter, r *http.Request, to proxied) error {
	caller, err := p.caller(r)
	if err != nil {
		return err
	}
	if !identifier(to.name) {
		return refuse(http.StatusBadRequest, codeDatabaseValidation, "no name for a table or function: "+to.name)
	}
	query, header, schema, err := profile(r)
	if err != nil {
		return err
	}
	var data json.RawMessage
	if slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, r.Method) {
		if data, err = body(r); err != nil {
			return err
		}
		if to.columns {
			if data, err = p.withoutEmpty(r.Context(), data, schema, to.name); err != nil {
				return err
			}
		}
		header.Set("Content-Type", "application/json")
	}
	ctx, cancel := context.WithTimeout(r.Context(), proxyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, p.PostgRESTURL+to.path+"?"+query, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header = header
	req.Header.Set("Authorization", "Bearer "+p.internalToken(caller))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err // 500: the backend does not name a timeout either
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	return relay(w, res, to.empty)
}

// relay answers as Express does after parsing PostgREST's answer: always with
// JSON, and for an error with nothing but its status and body.
func relay(w http.ResponseWriter, res *http.Response, empty string) error {
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	failed := res.StatusCode >= 300
	if !failed {
		for name, values := range res.Header {
			if !slices.Contains(notRelayed, name) && !strings.HasPrefix(name, "Access-Control-") {
				w.Header()[name] = values
			}
		}
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0 && !failed:
		data = []byte(empty)
	case json.Valid(data):
		data = compact(data)
	default: // CSV, or nothing: a JSON string
		if data, err = json.Marshal(string(data)); err != nil {
			return err
		}
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(data) // refused for 204, which has no body
	return nil
}

var notRelayed = []string{"Content-Length", "Transfer-Encoding", "Connection", "Content-Encoding", "Date"}

// identifier is the backend's rule for names (utils/validations.ts).
func identifier(name string) bool {
	return strings.TrimSpace(name) != "" && !strings.ContainsFunc(name, func(r rune) bool { return r == '"' || r < 0x20 || r == 0x7f })
}

// profile is the query and the header to forward, and the schema they select: the
// query parameter schema becomes PostgREST's profile header
// (services/database/helpers.ts).
//
// A parameter that is given twice reaches PostgREST with [] after its name: the
// backend's parser makes one of the two and its HTTP client writes them out so.
// PostgREST takes that for a column's name, but not for the word or.
func profile(r *http.Request) (query string, header http.Header, schema string, err error) {
	header = r.Header.Clone()
	for _, name := range []string{"Content-Length", "Connection", "Accept-Encoding", "Authorization"} {
		header.Del(name)
	}
	name := "Content-Profile"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		name = "Accept-Profile"
	}
	values := r.URL.Query()
	schema = strings.TrimSpace(header.Get(name))
	if given, ok := values["schema"]; ok {
		if schema = strings.TrimSpace(given[0]); len(given) > 1 || schema == "" {
			return "", nil, "", refuse(http.StatusBadRequest, codeInvalidInput, "schema takes one name")
		}
		values.Del("schema")
	}
	switch {
	case schema == "":
		schema = "public"
	case !identifier(schema), schema == "information_schema", strings.HasPrefix(schema, "pg_"):
		return "", nil, "", refuse(http.StatusBadRequest, codeInvalidInput, "schema "+schema+" is not available")
	default:
		header.Set(name, schema)
	}
	for key, list := range values {
		if len(list) > 1 {
			values[key+"[]"] = list
			delete(values, key)
		}
	}
	return values.Encode(), header, schema, nil
}
