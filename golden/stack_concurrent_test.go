package golden

import (
	"encoding/json"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// concurrent lets 50 users make 500 requests, 100 and then 400 at once: they create,
// then they list, read their own and try for each other's, in any order. Every
// title begins with its owner, so every answer can be told to be the right one's.
func (s *stack) concurrent(t *testing.T) {
	const users, each, workers = 50, 2, 500
	if _, err := s.db.Exec(t.Context(), "truncate todos"); err != nil {
		t.Fatal(err)
	}
	subject := func(user int) string { return fmt.Sprintf("user_%02d", user) }
	speak := make([]func(*http.Request), users)
	for user := range users {
		speak[user] = s.sign.user(t, subject(user), nil)
	}
	var todos [users][each]stackTodo
	call := func(user int, method, path, body string, status int, into any) {
		got, _, answer := s.request(t, speak[user], method, path, body)
		if got != status {
			t.Errorf("%s %s %s: %d %s, want %d", subject(user), method, path, got, answer, status)
		} else if err := json.Unmarshal([]byte(answer), into); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
	}
	var creating, using []func()
	for user := range users {
		own := func(todo stackTodo) {
			if !strings.HasPrefix(todo.Title, subject(user)+" ") {
				t.Errorf("%s got %+v", subject(user), todo)
			}
		}
		for n := range each {
			creating = append(creating, func() {
				todo := &todos[user][n]
				call(user, "POST", "/v1/todos", fmt.Sprintf(`{"title":"%s %d"}`, subject(user), n), http.StatusCreated, todo)
				own(*todo)
			})
			using = append(using, func() {
				var todo stackTodo
				call(user, "GET", "/v1/todos/"+todos[user][n].ID, "", http.StatusOK, &todo)
				own(todo)
				if todo != todos[user][n] {
					t.Errorf("%s read %+v, want %+v", subject(user), todo, todos[user][n])
				}
			})
		}
		for query, want := range map[string]int{"": each, "?limit=1": 1} {
			using = append(using, func() {
				var page stackPage
				call(user, "GET", "/v1/todos"+query, "", http.StatusOK, &page)
				if page.Total != each || len(page.Todos) != want {
					t.Errorf("%s lists %d of %d, want %d of %d", subject(user), len(page.Todos), page.Total, want, each)
				}
				for _, todo := range page.Todos {
					own(todo)
				}
			})
		}
		for step := 1; step <= 4; step++ {
			using = append(using, func() {
				var problem struct{ Error struct{ Code string } }
				call(user, "GET", "/v1/todos/"+todos[(user+step*7)%users][step%each].ID, "", http.StatusNotFound, &problem)
				if problem.Error.Code != "not_found" {
					t.Errorf("%s got %+v", subject(user), problem)
				}
			})
		}
	}
	shuffled := mrand.New(mrand.NewPCG(1, 2))
	shuffled.Shuffle(len(using), func(i, j int) { using[i], using[j] = using[j], using[i] })
	if total := len(creating) + len(using); total != 500 {
		t.Fatalf("%d requests, want 500", total)
	}
	begin := time.Now()
	for _, phase := range [][]func(){creating, using} {
		jobs := make(chan func())
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for job := range jobs {
					job()
				}
			})
		}
		for _, job := range phase {
			jobs <- job
		}
		close(jobs)
		wg.Wait()
	}
	t.Logf("500 requests in %v", time.Since(begin).Round(time.Millisecond))

	came := map[string]int{}
	for _, subject := range s.take(t) {
		came[subject]++
	}
	var rows, owners, strangers int
	if err := s.db.QueryRow(t.Context(), `select count(*), count(distinct user_id), count(*) filter (where title not like user_id || ' _') from todos`).Scan(&rows, &owners, &strangers); err != nil {
		t.Fatal(err)
	}
	if rows != users*each || owners != users || strangers != 0 {
		t.Errorf("the database holds %d todos of %d users, %d of them somebody else's", rows, owners, strangers)
	}
	for user := range users {
		if came[subject(user)] != 10 {
			t.Errorf("%d requests reached the gateway as %s, want 10", came[subject(user)], subject(user))
		}
	}
	if len(came) != users {
		t.Errorf("%d users reached the gateway, want %d", len(came), users)
	}
}
