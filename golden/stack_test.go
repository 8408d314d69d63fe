package golden

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// TestStack runs generated servers against a whole InsForge: gateway, PostgREST and
// Postgres. Two users work with their todos, each next to the other, and the
// database is looked at after every step. The providers are one whose IDs are
// plain, one whose IDs are not, and one whose credential is no token; TestServer
// has the others.
func TestStack(t *testing.T) {
	server := startInsForge(t)
	for _, auth := range []string{"clerk", "auth0", "better-auth"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			s := startStack(t, server, auth)
			t.Run("todos", s.todos)
			t.Run("refused", s.refused)
			t.Run("upstream", s.upstream)
			if auth == "clerk" {
				t.Run("concurrent", s.concurrent)
			}
		})
	}
}

type stackTodo struct {
	ID, Title string
	Done      bool
}

type stackPage struct {
	Todos []stackTodo
	Total int
}

func (p stackPage) titles() []string {
	titles := []string{}
	for _, todo := range p.Todos {
		titles = append(titles, todo.Title)
	}
	return titles
}

// holds wants the database to have these rows: owner, title and done.
func (s *stack) holds(t *testing.T, step string, want ...string) {
	t.Helper()
	rows, err := s.db.Query(t.Context(), "select user_id || ' ' || title || case when done then ' done' else '' end from todos")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: the database holds %q, want %q", step, got, want)
	}
}

func (s *stack) lists(t *testing.T, user, query string, total int, want ...string) {
	t.Helper()
	var page stackPage
	s.as(t, user, "GET", "/v1/todos"+query, "", http.StatusOK, &page)
	if page.Total != total || !slices.Equal(page.titles(), append([]string{}, want...)) {
		t.Errorf("%s lists %s: %q of %d, want %q of %d", user, query, page.titles(), page.Total, want, total)
	}
}

func (s *stack) todos(t *testing.T) {
	a, b := s.a, s.b
	create := func(user, title string) string {
		var todo stackTodo
		header := s.as(t, user, "POST", "/v1/todos", fmt.Sprintf(`{"title":%q}`, title), http.StatusCreated, &todo)
		if header.Get("Location") != "/v1/todos/"+todo.ID || todo.Title != title || todo.Done {
			t.Errorf("created %+v at %q", todo, header.Get("Location"))
		}
		return "/v1/todos/" + todo.ID
	}
	one, two, three := create(a, "one"), create(a, "two"), create(a, "three")
	uno, dos := create(b, "uno"), create(b, "dos")
	rest := []string{a + " two", a + " three", b + " uno", b + " dos"}
	s.holds(t, "created", append([]string{a + " one"}, rest...)...)

	s.lists(t, a, "", 3, "three", "two", "one")
	s.lists(t, b, "", 2, "dos", "uno")
	s.lists(t, a, "?limit=2", 3, "three", "two")
	s.lists(t, a, "?limit=2&offset=2", 3, "one")
	s.as(t, a, "GET", "/v1/todos?offset=9", "", http.StatusBadRequest, nil)
	for _, bad := range []string{"limit=0", "limit=101", "offset=-1", "done=maybe"} {
		s.as(t, a, "GET", "/v1/todos?"+bad, "", http.StatusBadRequest, nil)
	}
	// Parameters the server does not know do not reach the data API as filters.
	s.lists(t, a, "?user_id=eq."+url.QueryEscape(b)+"&or=(user_id.not.is.null)&select=user_id", 3, "three", "two", "one")

	var todo stackTodo
	if s.as(t, a, "PATCH", one, `{"done":true}`, http.StatusOK, &todo); !todo.Done || todo.Title != "one" {
		t.Errorf("updated to %+v", todo)
	}
	s.holds(t, "done", append([]string{a + " one done"}, rest...)...)
	s.lists(t, a, "?done=true", 1, "one")
	s.lists(t, a, "?done=false&limit=1", 2, "three")
	s.lists(t, b, "?done=true", 0)

	for _, other := range []struct{ user, path string }{{a, uno}, {a, dos}, {b, one}, {b, two}} {
		s.as(t, other.user, "GET", other.path, "", http.StatusNotFound, nil)
		s.as(t, other.user, "PATCH", other.path, `{"title":"mine","done":true}`, http.StatusNotFound, nil)
		s.as(t, other.user, "DELETE", other.path, "", http.StatusNotFound, nil)
	}
	s.as(t, a, "PATCH", one, `{"user_id":"x"}`, http.StatusBadRequest, nil)
	s.as(t, a, "POST", "/v1/todos", `{"title":"x","user_id":"x"}`, http.StatusBadRequest, nil)
	s.holds(t, "others'", append([]string{a + " one done"}, rest...)...)

	s.as(t, b, "PATCH", uno, `{"title":"¡uno!"}`, http.StatusOK, &todo)
	s.as(t, b, "GET", uno, "", http.StatusOK, &todo)
	if todo.Title != "¡uno!" {
		t.Errorf("read %+v", todo)
	}
	s.as(t, a, "DELETE", three, "", http.StatusNoContent, nil)
	s.as(t, a, "DELETE", three, "", http.StatusNotFound, nil)
	s.as(t, a, "GET", three, "", http.StatusNotFound, nil)
	s.holds(t, "deleted", a+" one done", a+" two", b+" ¡uno!", b+" dos")
	s.lists(t, a, "", 2, "two", "one")
}

// refused wants 401 for every credential that is not a provider's, and nothing of
// it at the gateway.
func (s *stack) refused(t *testing.T) {
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	bad := s.sign.bad(t, s.a)
	bad["nothing"] = func(*http.Request) {}
	bad["an InsForge token"] = bearer(s.p.Token(s.a))
	bad["an InsForge admin's token"] = bearer(s.p.Sign(jwt.MapClaims{"sub": s.a, "role": "project_admin"}))
	bad["the API key"] = bearer(s.p.APIKey)
	bad["the API key aside"] = func(r *http.Request) { r.Header.Set("X-Api-Key", s.p.APIKey) }
	bad["the anon key"] = bearer(s.p.AnonKey)
	for name, speak := range bad {
		for _, request := range [][2]string{{"GET", "/v1/todos"}, {"POST", "/v1/todos"}} {
			if status, _, body := s.request(t, speak, request[0], request[1], `{"title":"x"}`); status != http.StatusUnauthorized {
				t.Errorf("%s: %s %s: %d %s, want 401", name, request[0], request[1], status, body)
			}
		}
		if seen := s.take(t); len(seen) > 0 {
			t.Errorf("%s reached the gateway as %q", name, seen)
		}
	}
	// A claim of the provider's that InsForge would obey gives nobody a role, and an
	// admin key beside a good credential is not passed on: take has looked at both.
	loud := s.sign.user(t, s.a, map[string]any{"role": "project_admin", "is_admin": true})
	status, _, body := s.request(t, func(r *http.Request) { loud(r); r.Header.Set("X-Api-Key", s.p.APIKey) }, "GET", "/v1/todos", "")
	if seen := s.take(t); status != http.StatusOK || !slices.Equal(seen, []string{s.a}) || !strings.Contains(body, `"total":2`) {
		t.Errorf("with a claim role: %d %s, as %q", status, body, seen)
	}
}

// upstream makes the gateway refuse the server itself. That is never 401 for the
// caller, who would sign in again and again.
func (s *stack) upstream(t *testing.T) {
	for _, test := range []struct {
		name, credential string
		status           int
	}{
		{"401 with 42501", s.p.AnonKey, http.StatusForbidden},
		{"401 for a bad token", "x.y.z", http.StatusBadGateway},
		{"401 for an old key", "anon_old", http.StatusBadGateway},
		{"403 for a foreign role", s.p.Sign(jwt.MapClaims{"sub": "x", "role": "service_role"}), http.StatusBadGateway},
	} {
		s.front.mu.Lock()
		s.front.instead = test.credential
		s.front.mu.Unlock()
		for _, request := range [][3]string{{"GET", "/v1/todos"}, {"GET", "/v1/todos/" + idA}, {"POST", "/v1/todos", `{"title":"x"}`}, {"PATCH", "/v1/todos/" + idA, `{"done":true}`}, {"DELETE", "/v1/todos/" + idA}} {
			if status, header, body := s.request(t, s.sign.user(t, s.a, nil), request[0], request[1], request[2]); status != test.status || header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s: %s %s: %d %s, want %d", test.name, request[0], request[1], status, body, test.status)
			}
		}
	}
	s.front.mu.Lock()
	s.front.instead = ""
	s.front.mu.Unlock()
	s.take(t)
}
