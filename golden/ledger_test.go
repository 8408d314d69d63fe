package golden

import (
	"bufio"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/trial"
)

// TestLedger watches payments as they are made, on the page of a generated server
// with a whole InsForge behind it: as an operator, who is a user or, where nobody
// signs in, shows a token; and as anybody where that was chosen.
func TestLedger(t *testing.T) {
	server := startInsForge(t)
	for _, tt := range []struct{ auth, public string }{{"clerk", "false"}, {"clerk", "true"}, {generator.None, "false"}, {generator.None, "true"}} {
		t.Run(tt.auth+", public "+tt.public, func(t *testing.T) {
			t.Parallel()
			public := tt.public
			c := load(t)
			combo := trial.Of(tt.auth, "okx-x402")
			spec, target, rec := render(t, c, combo.Answers(c).Set("public_ledger", public))
			dir := filepath.Join(t.TempDir(), "shop")
			write(t, dir, target, rec)
			project := serveInsForge(t, server, combo.String())
			env := sampleEnv(t, spec, dir)
			env["INSFORGE_URL"], env["INSFORGE_ANON_KEY"] = project.URL, project.AnonKey
			env["INSFORGE_API_KEY"] = project.APIKey
			speak := func(*http.Request) {}
			strangers := map[int]func(*http.Request){http.StatusUnauthorized: speak}
			if tt.auth == generator.None {
				speak = func(r *http.Request) { r.SetBasicAuth("operator", env["OPERATOR_TOKEN"]) }
			} else {
				env["INSFORGE_JWT_SECRET"] = project.JWTSecret
				users, operator := newSigner(t, combo.Auth, env)
				env["OPERATOR_SUBJECTS"] = operator
				speak = users.user(t, operator, nil)
				strangers[http.StatusForbidden] = users.user(t, neighbour(operator), nil)
			}
			db, err := pgxpool.New(t.Context(), project.DatabaseURL)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			l := &ledger{serve(t, dir, env), func(*http.Request) {}}
			if public == "false" {
				for _, path := range []string{"/payments", "/payments/events", "/v1/payments"} {
					for status, stranger := range strangers {
						expect(t, l.origin+path, "GET", stranger, status)
					}
				}
				l.speak = speak
			}
			page, list := l.watch(t)

			var payer, nonce, claim string
			if err := db.QueryRow(t.Context(), `select payer, nonce, claim::text from public.payments`).Scan(&payer, &nonce, &claim); err != nil {
				t.Fatal(err)
			}
			closed := public == "false"
			for _, tt := range []struct {
				what, value, where, text string
				shown                    bool
			}{
				{"payer", payer, "page", page, closed},
				{"payer", payer, "list", list, closed},
				{"nonce", nonce, "page", page, false},
				{"nonce", nonce, "list", list, closed},
				{"claim", claim, "page", page, false},
				{"claim", claim, "list", list, false},
			} {
				if shown := strings.Contains(tt.text, tt.value); shown != tt.shown {
					t.Errorf("the %s shows the %s: %t, want %t\n%s", tt.where, tt.what, shown, tt.shown, tt.text)
				}
			}
		})
	}
}

// ledger is a server that sells, and somebody who may see what was sold.
type ledger struct {
	origin string
	speak  func(*http.Request)
}

// watch buys something and returns what is shown of it in the end.
func (l *ledger) watch(t *testing.T) (page, list string) {
	t.Helper()
	versions := l.versions(t)
	empty, header := expect(t, l.origin+"/payments", "GET", l.speak, http.StatusOK)
	if before := next(t, versions); !strings.Contains(string(empty), `data-version="`+before+`"`) || !strings.Contains(string(empty), "There are no payments yet.") {
		t.Errorf("version %q is not that of the page:\n%s", before, empty)
	}
	if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("the policy of the page is %q", policy)
	}
	if status, _, body := buy(t, l.origin, sign(t, challenge(t, l.origin))); status != http.StatusOK {
		t.Fatalf("paid request: %d %s", status, body)
	}
	for { // each step of a payment is a change
		version := next(t, versions)
		body, _ := expect(t, l.origin+"/payments", "GET", l.speak, http.StatusOK)
		if page = string(body); strings.Contains(page, `data-version="`+version+`"`) && strings.Contains(page, ">settled</span>") {
			break
		}
	}
	for _, want := range []string{
		"Payments 1 to 1 of 1",
		"X Layer <span class=\"mock\">mock: no money moved</span></th>\n<td class=\"number\">1</td>\n<td class=\"number\">0.01 USDG</td>\n<td class=\"number\">0</td>",
		`<span class="state settled">settled</span> <span class="mock">mock</span>`,
		`<td class="number">0.01 USDG</td>`,
		"/v1/report</td>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<a ") {
		t.Errorf("a mock's transaction is linked:\n%s", page)
	}
	body, _ := expect(t, l.origin+"/v1/payments", "GET", l.speak, http.StatusOK)
	for _, path := range []string{"/payments", "/v1/payments"} {
		expect(t, l.origin+path+"?offset=2", "GET", l.speak, http.StatusBadRequest)
	}
	return page, string(body)
}

// versions are those that the server's events tell of.
func (l *ledger) versions(t *testing.T) <-chan string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.origin+"/payments/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.speak(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("events: %d, %v", res.StatusCode, res.Header)
	}
	versions := make(chan string, 100)
	go func() {
		defer close(versions)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if version, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				versions <- version
			}
		}
	}()
	return versions
}

func next(t *testing.T, versions <-chan string) string {
	t.Helper()
	select {
	case version, ok := <-versions:
		if !ok {
			t.Fatal("the events ended")
		}
		return version
	case <-time.After(30 * time.Second):
		t.Fatal("no event came within 30 s")
	}
	return ""
}
