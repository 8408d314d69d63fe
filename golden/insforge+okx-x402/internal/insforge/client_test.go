package insforge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/shop/internal/insforge"
)

const user = insforge.Credential("user-token")

type note struct {
	ID    int    `json:"id"`
	Title string `json:"title"`
}

// client returns a Client whose project is answered for by handler.
func client(t *testing.T, handler http.HandlerFunc) *insforge.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return insforge.New(insforge.Config{URL: server.URL, AnonKey: "anon_key", APIKey: "ik_server"})
}

// seen is what a call sent.
type seen struct {
	request, auth, prefer, contentType, body string
}

// answering records the last call and answers every one alike.
func answering(t *testing.T, last *seen, status int, header, body string) *insforge.Client {
	return client(t, func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if key := r.Header.Get("X-Api-Key"); key != "" {
			t.Errorf("X-Api-Key was sent: %s", key)
		}
		*last = seen{
			request:     r.Method + " " + r.URL.RequestURI(),
			auth:        r.Header.Get("Authorization"),
			prefer:      r.Header.Get("Prefer"),
			contentType: r.Header.Get("Content-Type"),
			body:        string(sent),
		}
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestSelect(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusPartialContent, "Content-Range: 20-21/57", `[{"id":1,"title":"a"},{"id":2,"title":"b"}]`)

	var rows []note
	total, err := c.Select(t.Context(), user, "notes", insforge.Query{
		Filters: []insforge.Filter{insforge.Eq("title", "a&b=c"), {Column: "id", Op: "gt", Value: "0"}},
		Order:   "id.asc", Select: "id,title", Limit: 2, Offset: 20, Count: true,
	}, &rows)
	if err != nil {
		t.Fatal(err)
	}
	if total != 57 || len(rows) != 2 || rows[1].Title != "b" {
		t.Errorf("total %d, rows %v", total, rows)
	}
	want := seen{
		request: "GET /api/database/records/notes?id=gt.0&limit=2&offset=20&order=id.asc&select=id%2Ctitle&title=eq.a%26b%3Dc",
		auth:    "Bearer user-token",
		prefer:  "count=exact",
	}
	if last != want {
		t.Errorf("sent %+v\nwant %+v", last, want)
	}
}

func TestSelectWithoutCount(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusOK, "Content-Range: 0-0/*", `[{"id":1}]`)
	var rows []note
	total, err := c.Select(t.Context(), c.ServerKey(), "notes", insforge.Query{}, &rows)
	if err != nil || total != -1 {
		t.Errorf("total %d, %v", total, err)
	}
	if last.auth != "Bearer ik_server" || last.request != "GET /api/database/records/notes" {
		t.Errorf("sent %+v", last)
	}
}

func TestSelectReadsTotals(t *testing.T) {
	tests := []struct {
		header string
		want   int
	}{
		{"Content-Range: */0", 0},
		{"Content-Range: 0-9/10", 10},
		{"Content-Range: 0-9/*", -1},
		{"Content-Range: 0-9/-3", -1},
		{"", -1},
	}
	for _, tt := range tests {
		var last seen
		var rows []note
		c := answering(t, &last, http.StatusOK, tt.header, `[]`)
		total, err := c.Select(t.Context(), user, "notes", insforge.Query{Count: true}, &rows)
		if total != tt.want || (err == nil) != (tt.want >= 0) {
			t.Errorf("%q: total %d, %v", tt.header, total, err)
		}
	}
}

func TestInsert(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusCreated, "", `[{"id":7,"title":"a"}]`)
	var stored note
	if err := c.Insert(t.Context(), user, "notes", map[string]string{"title": "a"}, &stored); err != nil {
		t.Fatal(err)
	}
	want := seen{
		request:     "POST /api/database/records/notes",
		auth:        "Bearer user-token",
		prefer:      "return=representation",
		contentType: "application/json",
		body:        `[{"title":"a"}]`,
	}
	if last != want {
		t.Errorf("sent %+v\nwant %+v", last, want)
	}
	if stored.ID != 7 {
		t.Errorf("stored %+v", stored)
	}
}

func TestInsertReadsNothingBack(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusCreated, "", "")
	if err := c.Insert(t.Context(), user, "notes", note{}, nil); err != nil {
		t.Fatal(err)
	}
	if last.prefer != "return=minimal" {
		t.Errorf("sent %+v", last)
	}
}

func TestInsertWantsOneRow(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusCreated, "", "[]")
	if err := c.Insert(t.Context(), user, "notes", note{}, &note{}); err == nil {
		t.Error("an insert that returned no row passed")
	}
}

func TestUpdateAndDelete(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusOK, "", `[{"id":7,"title":"b"}]`)
	one := insforge.Query{Filters: []insforge.Filter{insforge.Eq("id", "7")}}

	var rows []note
	if err := c.Update(t.Context(), user, "notes", one, map[string]string{"title": "b"}, &rows); err != nil {
		t.Fatal(err)
	}
	if last.request != "PATCH /api/database/records/notes?id=eq.7" || last.body != `{"title":"b"}` || len(rows) != 1 {
		t.Errorf("sent %+v, rows %v", last, rows)
	}
	rows = nil
	if err := c.Delete(t.Context(), user, "notes", one, &rows); err != nil {
		t.Fatal(err)
	}
	if last.request != "DELETE /api/database/records/notes?id=eq.7" || last.body != "" || len(rows) != 1 {
		t.Errorf("sent %+v, rows %v", last, rows)
	}
	if err := c.Delete(t.Context(), user, "notes", one, nil); err != nil || last.prefer != "return=minimal" {
		t.Errorf("sent %+v, %v", last, err)
	}
}

func TestWritesWantAFilter(t *testing.T) {
	c := client(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.Method) })
	if err := c.Update(t.Context(), user, "notes", insforge.Query{}, note{}, nil); err == nil {
		t.Error("an update of the whole table passed")
	}
	if err := c.Delete(t.Context(), user, "notes", insforge.Query{Limit: 1}, nil); err == nil {
		t.Error("a delete of the whole table passed")
	}
}

func TestCall(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusOK, "", `42`)
	var result int
	if err := c.Call(t.Context(), user, "answer", map[string]int{"to": 1}, &result); err != nil || result != 42 {
		t.Errorf("result %d, %v", result, err)
	}
	if last.request != "POST /api/database/rpc/answer" || last.body != `{"to":1}` {
		t.Errorf("sent %+v", last)
	}
	if err := c.Call(t.Context(), user, "answer", nil, nil); err != nil || last.body != `{}` {
		t.Errorf("sent %+v, %v", last, err)
	}
}

func TestNamesCannotLeaveTheirPath(t *testing.T) {
	var last seen
	c := answering(t, &last, http.StatusOK, "", `[]`)
	if _, err := c.Select(t.Context(), user, "../../secrets?x=", insforge.Query{}, nil); err != nil {
		t.Fatal(err)
	}
	if last.request != "GET /api/database/records/..%2F..%2Fsecrets%3Fx=" {
		t.Errorf("sent %s", last.request)
	}
}

func TestHealth(t *testing.T) {
	var last seen
	if err := answering(t, &last, http.StatusOK, "", `{"status":"ok"}`).Health(t.Context()); err != nil {
		t.Error(err)
	}
	if last.request != "GET /api/health" || last.auth != "Bearer anon_key" {
		t.Errorf("sent %+v", last)
	}
	if err := answering(t, &last, http.StatusInternalServerError, "", "").Health(t.Context()); err == nil {
		t.Error("a failing project is healthy")
	}
}

func TestErrors(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   insforge.Error
		text   string
	}{
		"data API": {
			http.StatusConflict, `{"code":"23505","message":"duplicate key","details":"Key (email)=(a@b.c) exists","hint":null}`,
			insforge.Error{Status: 409, Code: "23505", Message: "duplicate key", Details: "Key (email)=(a@b.c) exists"},
			"409 Conflict (23505): duplicate key",
		},
		"backend": {
			http.StatusUnauthorized, `{"error":"AUTH_INVALID","message":"Invalid token","statusCode":401}`,
			insforge.Error{Status: 401, Code: "AUTH_INVALID", Message: "Invalid token"},
			"401 Unauthorized (AUTH_INVALID): Invalid token",
		},
		"no JSON": {http.StatusBadGateway, "<h1>Bad Gateway</h1>", insforge.Error{Status: 502}, "502 Bad Gateway"},
		"more than one line": {
			http.StatusBadRequest, `{"code":"X","message":"a\nb"}`,
			insforge.Error{Status: 400, Code: "X", Message: "a b"},
			"400 Bad Request (X): a b",
		},
		"redirect": {http.StatusFound, "", insforge.Error{Status: 302}, "302 Found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var last seen
			c := answering(t, &last, tt.status, "Location: /elsewhere", tt.body)
			err := c.Insert(t.Context(), user, "notes", note{}, nil)
			var got *insforge.Error
			if !errors.As(err, &got) || *got != tt.want {
				t.Fatalf("got %#v, want %#v", got, tt.want)
			}
			if want := "insforge: POST /api/database/records/notes: " + tt.text; err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
		})
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	c := client(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	query := insforge.Query{Filters: []insforge.Filter{insforge.Eq("email", "a@example.com")}}
	_, err := c.Select(t.Context(), "user-token", "notes", query, nil)
	if err == nil {
		t.Fatal("a broken connection passed")
	}
	for _, private := range []string{"user-token", "example.com", "email"} {
		if strings.Contains(err.Error(), private) {
			t.Errorf("the error holds %q: %v", private, err)
		}
	}
}

func TestOnlyReadsAreRetried(t *testing.T) {
	tests := []struct {
		method string
		status int
		want   int32
	}{
		{http.MethodGet, http.StatusBadGateway, 2},
		{http.MethodGet, http.StatusServiceUnavailable, 2},
		{http.MethodGet, http.StatusGatewayTimeout, 2},
		{http.MethodGet, http.StatusInternalServerError, 1},
		{http.MethodGet, http.StatusNotFound, 1},
		{http.MethodPost, http.StatusBadGateway, 1},
		{http.MethodPost, http.StatusServiceUnavailable, 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.method, tt.status), func(t *testing.T) {
			var calls atomic.Int32
			c := client(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.WriteHeader(tt.status)
			})
			var err error
			if tt.method == http.MethodGet {
				_, err = c.Select(t.Context(), user, "notes", insforge.Query{}, nil)
			} else {
				err = c.Insert(t.Context(), user, "notes", note{}, nil)
			}
			if err == nil || calls.Load() != tt.want {
				t.Errorf("%d calls, want %d; error %v", calls.Load(), tt.want, err)
			}
		})
	}
}

func TestASecondAttemptCanSucceed(t *testing.T) {
	var calls atomic.Int32
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `[{"id":1}]`)
	})
	var rows []note
	if _, err := c.Select(t.Context(), user, "notes", insforge.Query{}, &rows); err != nil || len(rows) != 1 {
		t.Errorf("rows %v, %v", rows, err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var calls atomic.Int32
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = io.WriteString(w, `"`+strings.Repeat("x", 1<<20)+`"`)
	})
	var rows json.RawMessage
	if _, err := c.Select(t.Context(), user, "notes", insforge.Query{}, &rows); err == nil || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	c := client(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.Method) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Health(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestACallWantsACredential(t *testing.T) {
	c := client(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.Method) })
	if err := c.Call(t.Context(), "", "answer", nil, nil); err == nil {
		t.Error("a call without a credential passed")
	}
}

func TestCredentialIsNeverPrinted(t *testing.T) {
	if printed := fmt.Sprintf("%v %s %#v %q", user, user, user, user); strings.Contains(printed, string(user)) {
		t.Errorf("printed: %s", printed)
	}
}
