package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
)

const (
	todoID  = "0b2f7a9e-1c3d-4e5f-8a9b-0c1d2e3f4a5b"
	todoRow = `{"id":"` + todoID + `","user_id":"user_1","title":"Buy milk","done":false,` +
		`"created_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00"}`
	todoJSON = `{"id":"` + todoID + `","title":"Buy milk","done":false,` +
		`"created_at":"2026-01-02T03:04:05.678901Z","updated_at":"2026-01-02T03:04:05.678901Z"}`
)

// fakeInsForge answers every call in the same way and remembers the last one.
type fakeInsForge struct {
	status int
	body   string
	total  int // for Content-Range

	calls         int
	method, path  string
	query         url.Values
	authorization string
	apiKey        string
	sent          string
}

func (f *fakeInsForge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls++
	f.method, f.path, f.query = r.Method, r.URL.Path, r.URL.Query()
	f.authorization, f.apiKey = r.Header.Get("Authorization"), r.Header.Get("x-api-key")
	body, _ := io.ReadAll(r.Body)
	f.sent = string(body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Range", fmt.Sprintf("*/%d", f.total))
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.body)
}

// callTodos sends one request of user_1 through the todo handlers.
func callTodos(t *testing.T, upstream *fakeInsForge, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	server := httptest.NewServer(upstream)
	defer server.Close()
	d := Deps{
		Log:      slog.New(slog.DiscardHandler),
		InsForge: insforge.New(insforge.Config{URL: server.URL, AnonKey: "anon_key", APIKey: "ik_server_key"}),
		Minter:   newTestMinter(),
	}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/todos", handleListTodos(d))
	mux.Handle("POST /v1/todos", handleCreateTodo(d))
	mux.Handle("GET /v1/todos/{id}", handleGetTodo(d))
	mux.Handle("PATCH /v1/todos/{id}", handleUpdateTodo(d))
	mux.Handle("DELETE /v1/todos/{id}", handleDeleteTodo(d))

	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	id := auth.Identity{Subject: "user_1", ExpiresAt: time.Now().Add(time.Minute)}
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, req.WithContext(auth.ContextWith(req.Context(), id)))
	return rec
}

// assertJSON compares two JSON documents by meaning.
func assertJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%q is not JSON: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("JSON %s\nwant %s", bytes.TrimSpace(got), want)
	}
}

// assertAsCaller checks that a call to InsForge had the caller's rights, and none of the server's.
func assertAsCaller(t *testing.T, upstream *fakeInsForge) {
	t.Helper()
	token, ok := strings.CutPrefix(upstream.authorization, "Bearer ")
	if !ok {
		t.Fatalf("Authorization %q, want a bearer token", upstream.authorization)
	}
	claims := mintedClaims(t, token)
	if claims["sub"] != "user_1" || claims["role"] != "authenticated" {
		t.Errorf("called as %v, want sub user_1 and role authenticated", claims)
	}
	if upstream.apiKey != "" {
		t.Error("an API key was sent along; InsForge would let it win over the token")
	}
}

func TestTodos(t *testing.T) {
	const columns = "id,title,done,created_at,updated_at"
	for _, test := range []struct {
		name, method, target, body string
		upstream                   fakeInsForge

		path   string
		query  url.Values
		sent   string
		status int
		answer string // "" means no body
	}{
		{
			name: "list", method: http.MethodGet, target: "/v1/todos",
			upstream: fakeInsForge{status: 200, body: "[" + todoRow + "]", total: 7},
			path:     "/api/database/records/todos",
			query:    url.Values{"select": {columns}, "order": {"created_at.desc,id.desc"}, "limit": {"50"}},
			status:   200, answer: `{"todos":[` + todoJSON + `],"total":7}`,
		},
		{
			name: "list a page of the open ones", method: http.MethodGet, target: "/v1/todos?limit=2&offset=4&done=false",
			upstream: fakeInsForge{status: 200, body: "[]", total: 4},
			path:     "/api/database/records/todos",
			query: url.Values{
				"select": {columns}, "order": {"created_at.desc,id.desc"},
				"limit": {"2"}, "offset": {"4"}, "done": {"eq.false"},
			},
			status: 200, answer: `{"todos":[],"total":4}`,
		},
		{
			name: "list beyond the end", method: http.MethodGet, target: "/v1/todos?offset=9",
			upstream: fakeInsForge{status: 416, body: `{"code":"PGRST103","message":"Requested range not satisfiable"}`},
			path:     "/api/database/records/todos",
			query: url.Values{
				"select": {columns}, "order": {"created_at.desc,id.desc"}, "limit": {"50"}, "offset": {"9"},
			},
			status: 400, answer: `{"error":{"code":"invalid_query","message":"offset is beyond the last todo."}}`,
		},
		{
			name: "create", method: http.MethodPost, target: "/v1/todos", body: `{"title":"  Buy milk "}`,
			upstream: fakeInsForge{status: 201, body: "[" + todoRow + "]"},
			path:     "/api/database/records/todos", query: url.Values{},
			sent: `[{"title":"Buy milk"}]`, status: 201, answer: todoJSON,
		},
		{
			name: "get", method: http.MethodGet, target: "/v1/todos/" + todoID,
			upstream: fakeInsForge{status: 200, body: "[" + todoRow + "]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			status: 200, answer: todoJSON,
		},
		{
			name: "get one of somebody else", method: http.MethodGet, target: "/v1/todos/" + todoID,
			upstream: fakeInsForge{status: 200, body: "[]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			status: 404, answer: `{"error":{"code":"not_found","message":"There is no such todo."}}`,
		},
		{
			name: "update one field", method: http.MethodPatch, target: "/v1/todos/" + todoID, body: `{"done":false}`,
			upstream: fakeInsForge{status: 200, body: "[" + todoRow + "]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			sent: `{"done":false}`, status: 200, answer: todoJSON,
		},
		{
			name: "update both", method: http.MethodPatch, target: "/v1/todos/" + todoID, body: `{"title":" Buy milk","done":true}`,
			upstream: fakeInsForge{status: 200, body: "[" + todoRow + "]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			sent: `{"title":"Buy milk","done":true}`, status: 200, answer: todoJSON,
		},
		{
			name: "update one of somebody else", method: http.MethodPatch, target: "/v1/todos/" + todoID, body: `{"done":true}`,
			upstream: fakeInsForge{status: 200, body: "[]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			sent: `{"done":true}`, status: 404, answer: `{"error":{"code":"not_found","message":"There is no such todo."}}`,
		},
		{
			name: "delete", method: http.MethodDelete, target: "/v1/todos/" + todoID,
			upstream: fakeInsForge{status: 200, body: "[" + todoRow + "]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			status: 204,
		},
		{
			name: "delete one of somebody else", method: http.MethodDelete, target: "/v1/todos/" + todoID,
			upstream: fakeInsForge{status: 200, body: "[]"},
			path:     "/api/database/records/todos", query: url.Values{"id": {"eq." + todoID}, "select": {columns}},
			status: 404, answer: `{"error":{"code":"not_found","message":"There is no such todo."}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			rec := callTodos(t, &test.upstream, test.method, test.target, test.body)

			assertAsCaller(t, &test.upstream)
			if test.upstream.method != test.method || test.upstream.path != test.path || !reflect.DeepEqual(test.upstream.query, test.query) {
				t.Errorf("called %s %s %v\nwant %s %s %v", test.upstream.method, test.upstream.path, test.upstream.query,
					test.method, test.path, test.query)
			}
			if test.sent != "" {
				assertJSON(t, []byte(test.upstream.sent), test.sent)
			}
			if rec.Code != test.status {
				t.Errorf("status %d, want %d: %s", rec.Code, test.status, rec.Body)
			}
			if test.answer == "" {
				if rec.Body.Len() != 0 {
					t.Errorf("body %s, want none", rec.Body)
				}
				return
			}
			assertJSON(t, rec.Body.Bytes(), test.answer)
		})
	}
}

func TestTodos_createSaysWhere(t *testing.T) {
	rec := callTodos(t, &fakeInsForge{status: 201, body: "[" + todoRow + "]"}, http.MethodPost, "/v1/todos", `{"title":"Buy milk"}`)
	if got, want := rec.Header().Get("Location"), "/v1/todos/"+todoID; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
}

func TestTodos_refusesBeforeCallingInsForge(t *testing.T) {
	long := strings.Repeat("ä", maxTitleRunes+1)
	for _, test := range []struct {
		method, target, body string
		status               int
		code                 string
	}{
		{http.MethodGet, "/v1/todos?limit=0", "", 400, "invalid_query"},
		{http.MethodGet, "/v1/todos?limit=101", "", 400, "invalid_query"},
		{http.MethodGet, "/v1/todos?limit=ten", "", 400, "invalid_query"},
		{http.MethodGet, "/v1/todos?limit=", "", 400, "invalid_query"},
		{http.MethodGet, "/v1/todos?offset=-1", "", 400, "invalid_query"},
		{http.MethodGet, "/v1/todos?done=yes", "", 400, "invalid_query"},
		{http.MethodPost, "/v1/todos", `{"title":"  "}`, 400, "invalid_title"},
		{http.MethodPost, "/v1/todos", `{"title":"` + long + `"}`, 400, "invalid_title"},
		{http.MethodPost, "/v1/todos", `{"title":"a\u0000b"}`, 400, "invalid_title"},
		{http.MethodPost, "/v1/todos", `{"title":"a","user_id":"user_2"}`, 400, "invalid_json"},
		{http.MethodGet, "/v1/todos/1", "", 404, "not_found"},
		{http.MethodGet, "/v1/todos/" + todoID + "0", "", 404, "not_found"},
		{http.MethodDelete, "/v1/todos/eq.x", "", 404, "not_found"},
		{http.MethodPatch, "/v1/todos/1", `{"done":true}`, 404, "not_found"},
		{http.MethodPatch, "/v1/todos/" + todoID, `{}`, 400, "nothing_to_change"},
		{http.MethodPatch, "/v1/todos/" + todoID, `{"title":""}`, 400, "invalid_title"},
		{http.MethodPatch, "/v1/todos/" + todoID, `{"user_id":"user_2"}`, 400, "invalid_json"},
	} {
		t.Run(test.method+" "+test.target+" "+test.code, func(t *testing.T) {
			upstream := &fakeInsForge{status: 200, body: "[]"}
			rec := callTodos(t, upstream, test.method, test.target, test.body)
			if rec.Code != test.status || !strings.Contains(rec.Body.String(), `"`+test.code+`"`) {
				t.Errorf("status %d, want %d with code %s: %s", rec.Code, test.status, test.code, rec.Body)
			}
			if upstream.calls != 0 {
				t.Errorf("InsForge was called: %s %s", upstream.method, upstream.path)
			}
		})
	}
}

func TestTodos_upstreamFailure(t *testing.T) {
	for _, request := range []struct{ method, target, body string }{
		{http.MethodGet, "/v1/todos", ""},
		{http.MethodPost, "/v1/todos", `{"title":"a"}`},
		{http.MethodGet, "/v1/todos/" + todoID, ""},
		{http.MethodPatch, "/v1/todos/" + todoID, `{"done":true}`},
		{http.MethodDelete, "/v1/todos/" + todoID, ""},
	} {
		t.Run(request.method+" "+request.target, func(t *testing.T) {
			upstream := &fakeInsForge{status: 500, body: `{"error":"INTERNAL","message":"stack of our secrets"}`}
			rec := callTodos(t, upstream, request.method, request.target, request.body)
			if rec.Code != http.StatusBadGateway || strings.Contains(rec.Body.String(), "secrets") {
				t.Errorf("status %d, want 502 without details: %s", rec.Code, rec.Body)
			}
		})
	}
}
