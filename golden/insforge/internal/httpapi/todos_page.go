package httpapi

import (
	_ "embed"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"example.com/shop/internal/account"
	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
	"example.com/shop/internal/page"
)

//go:embed todos.html
var todosHTML string

var todosPage = page.New(todosHTML)

// handleTodosPage shows who is signed in, and their todos.
func handleTodosPage(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		showTodos(w, r, d, http.StatusOK, "", "")
	})
}

// showTodos writes the page of todos. Title and problem are of one that could not be added.
func showTodos(w http.ResponseWriter, r *http.Request, d Deps, status int, title, problem string) {
	as, ok := actAs(d, w, r)
	if !ok {
		return
	}
	// A profile is missing until the first visit has been noted; then the ID has to do.
	profile, err := d.Accounts.Profile(r.Context(), as)
	if err != nil && !errors.Is(err, account.ErrNoProfile) {
		pageError(w, r, d, err)
		return
	}
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	offset = min(max(offset, 0), maxTodosOffset)
	var todos []todo
	total, err := d.InsForge.Select(r.Context(), as, todosTable, insforge.Query{
		Select: todosColumns,
		Order:  "created_at.desc,id.desc",
		Limit:  todosPageSize,
		Offset: offset,
		Count:  true,
	}, &todos)
	if answer, ok := errors.AsType[*insforge.Error](err); ok && answer.Status == http.StatusRequestedRangeNotSatisfiable {
		http.Redirect(w, r, "/todos", http.StatusSeeOther) // there are fewer by now
		return
	}
	if err != nil {
		pageError(w, r, d, err)
		return
	}
	view := map[string]any{
		"Subject": auth.Subject(r.Context()),
		"Profile": profile,
		"Todos":   todos,
		"Total":   total,
		"Title":   title,
		"Problem": problem,
	}
	if offset > 0 {
		view["Newer"] = "/todos?offset=" + strconv.Itoa(max(offset-todosPageSize, 0))
	}
	if offset+len(todos) < total {
		view["Older"] = "/todos?offset=" + strconv.Itoa(offset+todosPageSize)
	}
	todosPage.Write(w, status, view)
}

// handleAddTodo adds the todo of the page's form.
func handleAddTodo(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		title := strings.TrimSpace(r.PostFormValue("title"))
		if !validTitle(title) {
			showTodos(w, r, d, http.StatusUnprocessableEntity, title, "A todo has 1 to "+strconv.Itoa(maxTitleRunes)+" characters.")
			return
		}
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		if err := d.InsForge.Insert(r.Context(), as, todosTable, map[string]any{"title": title}, nil); err != nil {
			pageError(w, r, d, err)
			return
		}
		http.Redirect(w, r, "/todos", http.StatusSeeOther)
	})
}

// handleCheckTodo marks a todo as done, or as not done.
func handleCheckTodo(d Deps) http.Handler {
	return onTodo(d, func(r *http.Request, as insforge.Credential, byID insforge.Query) error {
		done := r.PostFormValue("done") == "true"
		return d.InsForge.Update(r.Context(), as, todosTable, byID, map[string]any{"done": done}, nil)
	})
}

// handleRemoveTodo removes a todo.
func handleRemoveTodo(d Deps) http.Handler {
	return onTodo(d, func(r *http.Request, as insforge.Credential, byID insforge.Query) error {
		return d.InsForge.Delete(r.Context(), as, todosTable, byID, nil)
	})
}

// onTodo does something to the todo that the path names and shows the page again. One that is not there,
// any more or for this user, is not on the page either, so that nothing needs to be said.
func onTodo(d Deps, do func(*http.Request, insforge.Credential, insforge.Query) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		as, ok := actAs(d, w, r)
		if !ok {
			return
		}
		if uuidPattern.MatchString(id) {
			if err := do(r, as, insforge.Query{Filters: []insforge.Filter{insforge.Eq("id", id)}}); err != nil {
				pageError(w, r, d, err)
				return
			}
		}
		http.Redirect(w, r, "/todos", http.StatusSeeOther)
	})
}

// handleDeleteAccount is handleDeleteMe for people, who confirm it first.
func handleDeleteAccount(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("confirm") != "yes" {
			showTodos(w, r, d, http.StatusUnprocessableEntity, "", "Tick the box first if everything is to be deleted.")
			return
		}
		if err := d.Accounts.Delete(r.Context(), auth.Subject(r.Context())); err != nil {
			pageError(w, r, d, err)
			return
		}
		d.SignIn.Forget(w, r)
		page.WriteMessage(w, http.StatusOK, "Everything here is deleted",
			"Your account at InsForge Auth stays until you delete it there.", page.Link{Text: "To the front page", To: "/"})
	})
}
