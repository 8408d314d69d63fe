package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/shop/internal/insforge"
)

const (
	todosTable     = "todos"
	todosColumns   = "id,title,done,created_at,updated_at"
	todosPageSize  = 50
	maxTodosPage   = 100
	maxTodosOffset = 1_000_000
	maxTitleRunes  = 500 // the table has the same limit
)

// uuidPattern is what IDs look like. Anything else is no todo's ID, and Postgres would
// call it a malformed value instead of an unknown one.
var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// todo is a row of the todos table, as this API shows it. No handler filters by owner: every call
// is made as the caller, and row level security leaves only the caller's rows.
type todo struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Done      bool      `json:"done"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// handleListTodos returns one page of the caller's todos, newest first, and how many there are in all.
func handleListTodos(d Deps) http.Handler {
	type response struct {
		Todos []todo `json:"todos"`
		Total int    `json:"total"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := todosQuery(r.URL.Query())
		if err != nil {
			writeError(w, http.StatusBadRequest, "invalid_query", err.Error()+".")
			return
		}
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		page := response{Todos: []todo{}}
		page.Total, err = d.InsForge.Select(r.Context(), as, todosTable, query, &page.Todos)
		if answer, ok := errors.AsType[*insforge.Error](err); ok && answer.Status == http.StatusRequestedRangeNotSatisfiable {
			writeError(w, http.StatusBadRequest, "invalid_query", "offset is beyond the last todo.")
			return
		}
		if err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		writeJSON(w, http.StatusOK, page)
	})
}

// todosQuery reads limit, offset and done. Its error may be shown to the caller.
func todosQuery(values url.Values) (insforge.Query, error) {
	query := insforge.Query{
		Select: todosColumns,
		Order:  "created_at.desc,id.desc",
		Limit:  todosPageSize,
		Count:  true,
	}
	if values.Has("limit") {
		limit, err := strconv.Atoi(values.Get("limit"))
		if err != nil || limit < 1 || limit > maxTodosPage {
			return insforge.Query{}, errors.New("limit must be a number from 1 to " + strconv.Itoa(maxTodosPage))
		}
		query.Limit = limit
	}
	if values.Has("offset") {
		offset, err := strconv.Atoi(values.Get("offset"))
		if err != nil || offset < 0 || offset > maxTodosOffset {
			return insforge.Query{}, errors.New("offset must be a number from 0 to " + strconv.Itoa(maxTodosOffset))
		}
		query.Offset = offset
	}
	if values.Has("done") {
		done := values.Get("done")
		if done != "true" && done != "false" {
			return insforge.Query{}, errors.New("done must be true or false")
		}
		query.Filters = []insforge.Filter{insforge.Eq("done", done)}
	}
	return query, nil
}

// handleCreateTodo adds a todo. The database makes the caller its owner.
func handleCreateTodo(d Deps) http.Handler {
	type request struct {
		Title string `json:"title"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body request
		if !decodeJSON(w, r, &body) {
			return
		}
		body.Title = strings.TrimSpace(body.Title)
		if !validTitle(body.Title) {
			writeInvalidTitle(w)
			return
		}
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		var created todo
		if err := d.InsForge.Insert(r.Context(), as, todosTable, body, &created); err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		w.Header().Set("Location", "/v1/todos/"+created.ID)
		writeJSON(w, http.StatusCreated, created)
	})
}

// handleGetTodo returns one of the caller's todos.
func handleGetTodo(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		byID, ok := todoByID(w, r)
		if !ok {
			return
		}
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		var found []todo
		if _, err := d.InsForge.Select(r.Context(), as, todosTable, byID, &found); err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		writeTodo(w, found)
	})
}

// handleUpdateTodo changes the given fields of one of the caller's todos and returns all of them.
func handleUpdateTodo(d Deps) http.Handler {
	type request struct {
		Title *string `json:"title,omitempty"`
		Done  *bool   `json:"done,omitempty"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		byID, ok := todoByID(w, r)
		if !ok {
			return
		}
		var body request
		if !decodeJSON(w, r, &body) {
			return
		}
		if body.Title == nil && body.Done == nil {
			writeError(w, http.StatusBadRequest, "nothing_to_change", "Give title, done, or both.")
			return
		}
		if body.Title != nil {
			title := strings.TrimSpace(*body.Title)
			if !validTitle(title) {
				writeInvalidTitle(w)
				return
			}
			body.Title = &title
		}
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		var changed []todo
		if err := d.InsForge.Update(r.Context(), as, todosTable, byID, body, &changed); err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		writeTodo(w, changed)
	})
}

// handleDeleteTodo removes one of the caller's todos.
func handleDeleteTodo(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		byID, ok := todoByID(w, r)
		if !ok {
			return
		}
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		var deleted []todo
		if err := d.InsForge.Delete(r.Context(), as, todosTable, byID, &deleted); err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		if len(deleted) == 0 {
			writeNoTodo(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// todoByID returns the query for the todo the path names. A false result means that 404 has been written.
func todoByID(w http.ResponseWriter, r *http.Request) (insforge.Query, bool) {
	id := r.PathValue("id")
	if !uuidPattern.MatchString(id) {
		writeNoTodo(w)
		return insforge.Query{}, false
	}
	return insforge.Query{
		Filters: []insforge.Filter{insforge.Eq("id", id)},
		Select:  todosColumns,
	}, true
}

// writeTodo answers with the one todo in rows. No row means that there is no such todo, or that it is
// somebody else's; the caller cannot tell which.
func writeTodo(w http.ResponseWriter, rows []todo) {
	if len(rows) == 0 {
		writeNoTodo(w)
		return
	}
	writeJSON(w, http.StatusOK, rows[0])
}

func writeNoTodo(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, "not_found", "There is no such todo.")
}

func writeInvalidTitle(w http.ResponseWriter) {
	writeError(w, http.StatusBadRequest, "invalid_title", "title must have 1 to "+strconv.Itoa(maxTitleRunes)+" characters.")
}

// validTitle reports whether the table takes s. Postgres text cannot hold NUL.
func validTitle(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= maxTitleRunes && !strings.ContainsRune(s, 0)
}
