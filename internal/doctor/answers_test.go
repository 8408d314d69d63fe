package doctor_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/internal/doctor"
)

// keys have the right shape; what serves them here knows them or not.
func keys(url string) map[string]string {
	return map[string]string{
		"INSFORGE_URL": url, "INSFORGE_ANON_KEY": "anon_abcdefgh12345678", "INSFORGE_API_KEY": "ik_abcdefgh12345678",
		"INSFORGE_JWT_SECRET": "forge-insforge-test-secret-0123456789abcdef",
	}
}

// find returns the first check of that name.
func find(t *testing.T, checks []doctor.Check, name string) doctor.Check {
	t.Helper()
	for _, c := range checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s", name)
	return doctor.Check{}
}

func answering(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

const isInsForge = `{"status": "ok", "version": "2.3.1", "service": "Insforge OSS Backend"}`

// healthy answers the health endpoint as InsForge does, and everything else with
// handler.
func healthy(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/health" {
			fmt.Fprint(w, isInsForge)
			return
		}
		handler(w, r)
	}
}

// TestRun_strangers asks what is no InsForge project.
func TestRun_strangers(t *testing.T) {
	elsewhere := answering(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a redirect was followed to %s", r.URL) })
	slow := make(chan struct{})
	t.Cleanup(func() { close(slow) })
	say := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		url     string
		handler http.HandlerFunc
		check   string
		// URL in front stands for the server's.
		detail, fix string
	}{
		"nobody": {
			url: gone.URL, check: "INSFORGE_URL",
			detail: "URL cannot be reached: dial tcp " + strings.TrimPrefix(gone.URL, "http://") + ": connect: connection refused",
			fix:    "correct INSFORGE_URL, or the network between here and it",
		},
		"slow": {
			handler: func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-slow:
				case <-r.Context().Done():
				}
			},
			check: "INSFORGE_URL", detail: "URL does not answer within 300ms",
			fix: "look at the project in the InsForge dashboard: it may be paused or starting; then run forge doctor again",
		},
		"a body that does not end": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				for range 17 << 10 {
					fmt.Fprint(w, strings.Repeat(" ", 1<<10))
				}
			},
			check: "INSFORGE_URL", detail: "URL answers /api/health with more than 16 MiB",
			fix: "correct INSFORGE_URL: it has to be the InsForge project's own address, not its dashboard's or your app's",
		},
		"a web page": {
			handler: say(http.StatusOK, "text/html; charset=utf-8", "<!doctype html>"),
			check:   "INSFORGE_URL", detail: "URL answers /api/health with 200 and text/html; charset=utf-8, which is not InsForge's API",
			fix: "correct INSFORGE_URL: it has to be the InsForge project's own address, not its dashboard's or your app's",
		},
		"another API": {
			handler: say(http.StatusOK, "application/json", `{"ok": true}`),
			check:   "INSFORGE_URL", detail: "URL answers /api/health with 200 and not as InsForge does",
			fix: "correct INSFORGE_URL: it has to be the InsForge project's own address, not its dashboard's or your app's",
		},
		"a gateway in front of nothing": {
			handler: say(http.StatusBadGateway, "text/html", "<h1>502</h1>"),
			check:   "INSFORGE_URL", detail: "URL answers 502: the project is down, or what stands in front of it is",
			fix: "look at the project in the InsForge dashboard: it may be paused or starting; then run forge doctor again",
		},
		"a redirect": {
			handler: http.RedirectHandler(elsewhere+"/login?next=1", http.StatusTemporaryRedirect).ServeHTTP,
			check:   "INSFORGE_URL", detail: "URL answers with a redirect to " + elsewhere + ", which is not followed, as it would take the keys there",
			fix: "if " + elsewhere + " is the project, write it into INSFORGE_URL; else correct INSFORGE_URL",
		},
		"a redirect of what has a key": {
			handler: healthy(http.RedirectHandler(elsewhere, http.StatusPermanentRedirect).ServeHTTP),
			check:   "INSFORGE_API_KEY", detail: "cannot be tried: the project answers with a redirect to " + elsewhere + ", which is not followed, as it would take the keys there",
			fix: "if " + elsewhere + " is the project, write it into INSFORGE_URL; else correct INSFORGE_URL",
		},
		"an API that repeats what it is told, in colour": {
			handler: healthy(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusTeapot)
				fmt.Fprintf(w, `{"error": "TEAPOT", "message": "\u001b[31m%s"}`, r.Header.Get("Authorization"))
			}),
			check: "INSFORGE_API_KEY", detail: "cannot be tried: the project answers 418: [31mBearer [redacted]",
			fix: "look at the project in the InsForge dashboard: it may be paused or starting; then run forge doctor again",
		},
		"an API that takes every token": {
			handler: healthy(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `"ada"`) }),
			check:   "forged tokens", detail: "are accepted: a token that was signed with another secret got 200 and not 401, so anybody can be any user",
			fix: "take the project off the network; update InsForge, and do not put anything in front of it that answers for it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := c.url
			if url == "" {
				url = answering(t, c.handler)
			}
			checks := examine(t, shop(t, keys(url)), nil, func(in *doctor.Input) {
				if name == "slow" {
					in.Timeout = 300 * time.Millisecond
				}
			})
			want := c.detail
			if rest, ok := strings.CutPrefix(want, "URL "); ok {
				want = url + " " + rest
			}
			got := find(t, checks, c.check)
			if diff := cmp.Diff("failed: "+want+"\n"+c.fix, string(got.Status)+": "+got.Detail+"\n"+got.Fix); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if doctor.Healthy(checks) {
				t.Error("it is healthy")
			}
		})
	}
}

// TestRun_clock tells a clock that is wrong from a secret that is.
func TestRun_clock(t *testing.T) {
	url := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
		healthy(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error": "AUTH_UNAUTHORIZED", "message": "not valid yet"}`)
		})(w, r)
	})
	got := find(t, examine(t, shop(t, keys(url)), nil), "INSFORGE_JWT_SECRET")
	if !strings.HasPrefix(got.Detail, "cannot be tried: this machine's clock and the project's are 2h0m") || got.Fix != "set this machine's clock" {
		t.Errorf("%+v", got)
	}
}

// TestRun_variables wants a word for each wrong value, and never the value.
func TestRun_variables(t *testing.T) {
	const adminJWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicHJvamVjdF9hZG1pbiJ9.c2lnbmF0dXJl"
	for _, c := range []struct{ name, value, detail string }{
		{"INSFORGE_URL", "", "is not set, neither in the environment nor in .env"},
		{"INSFORGE_URL", "shop.insforge.app", "is not an address such as https://abc12345.us-east.insforge.app"},
		{"INSFORGE_URL", "https://shop.insforge.app/", "has more in it than https:// and a host: no path, no /api, no final slash"},
		{"INSFORGE_URL", "https://shop.insforge.app/api", "has more in it than https:// and a host: no path, no /api, no final slash"},
		{"INSFORGE_URL", "https://ada:secret@shop.insforge.app", "has more in it than https:// and a host: no path, no /api, no final slash"},
		{"INSFORGE_URL", "http://shop.insforge.app", "begins with http://, which would send the keys in the clear"},
		{"INSFORGE_URL", `"https://shop.insforge.app"`, "is in quotes, and they count as part of it"},
		{"INSFORGE_URL", "https://shop.insforge.app\r", "begins or ends in white space (lines that end as on Windows count too)"},
		{"INSFORGE_ANON_KEY", "ik_abcdefgh12345678", "holds an API key, which is admin of the project and no anon key"},
		{"INSFORGE_ANON_KEY", "password", "is no anon key: one is anon_ and 64 hex digits, or a JWT in old projects"},
		{"INSFORGE_ANON_KEY", adminJWT, "is a JWT whose role is not anon"},
		{"INSFORGE_API_KEY", "anon_abcdefgh12345678", "holds an anon key, which may do next to nothing"},
		{"INSFORGE_API_KEY", "password", "is no API key: one begins with ik_"},
		{"INSFORGE_JWT_SECRET", "JWT_SECRET=" + strings.Repeat("x", 40), "begins with JWT_SECRET=, which is not part of the secret"},
		{"INSFORGE_JWT_SECRET", "short-secret", "is shorter than 32 characters"},
		{"INSFORGE_JWT_SECRET", "dev-secret-please-change-in-production", "is a published example, with which anybody can sign tokens"},
		{"INSFORGE_JWT_SECRET", strings.Repeat("secret", 8), "is easy to guess: it is made of 5 different characters"},
		{"INSFORGE_JWT_SECRET", "ik_" + strings.Repeat("0123456789abcdef", 4), "holds a key and not the secret that signs tokens"},
	} {
		env := keys("http://127.0.0.1:9")
		env[c.name] = c.value
		got := find(t, examine(t, shop(t, env), nil), c.name)
		if got.Status != doctor.Failed || got.Detail != c.detail || !strings.HasPrefix(got.Fix, "set "+c.name+" in .env to ") {
			t.Errorf("%s=%q: %+v, want %q", c.name, c.value, got, c.detail)
		}
		if c.value != "" && c.name != "INSFORGE_URL" && strings.Contains(printed(t, []doctor.Check{got}), c.value) {
			t.Errorf("%s=%q is repeated: %+v", c.name, c.value, got)
		}
	}

	files := shop(t, nil)
	delete(files, ".env")
	got := find(t, examine(t, files, nil), "INSFORGE_URL")
	if got.Detail != "is not set, and there is no .env" ||
		got.Fix != "cp .env.example .env, and set INSFORGE_URL in it to the project's address, as its dashboard shows it, without /api or a final slash" {
		t.Errorf("without .env: %+v", got)
	}
}

// TestRun_differ warns when make run would see something else.
func TestRun_differ(t *testing.T) {
	env := keys("http://127.0.0.1:9")
	other := maps.Clone(env)
	other["INSFORGE_API_KEY"] = "ik_another12345678"
	var found bool
	for _, c := range examine(t, shop(t, env), other) {
		found = found || c.Status == doctor.Warning && c.Name == "INSFORGE_API_KEY" && c.Fix == "unset INSFORGE_API_KEY, or take its line out of .env"
	}
	if !found {
		t.Error("no warning")
	}
}

// TestRun_unreachable tells once why, and of what builds on it only whose answer is lacking.
func TestRun_unreachable(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	skipped := 0
	for _, c := range examine(t, shop(t, keys(gone.URL)), nil, func(in *doctor.Input) { in.Section = doctor.Database }) {
		if c.Status != doctor.Skipped {
			continue
		}
		skipped++
		if want := "needs INSFORGE_URL, and " + gone.URL + " cannot be reached"; c.Detail != want {
			t.Errorf("%s: %q, want %q", c.Name, c.Detail, want)
		}
	}
	if skipped < 5 {
		t.Errorf("%d checks were skipped", skipped)
	}
}

// TestRun_unset makes the checks that need nobody, and says what the others need.
func TestRun_unset(t *testing.T) {
	checks := examine(t, shop(t, nil), nil)
	status := map[doctor.Status]int{}
	for _, c := range checks {
		status[c.Status]++
		if c.Status == doctor.Skipped && !strings.HasPrefix(c.Detail, "needs INSFORGE_") {
			t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff(map[doctor.Status]int{doctor.OK: 2, doctor.Failed: 4, doctor.Skipped: 8}, status); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if doctor.Healthy(checks) {
		t.Error("it is healthy")
	}
	settings := examine(t, shop(t, nil), nil, func(in *doctor.Input) { in.Section = doctor.Settings })
	if len(settings) != 2 || doctor.Healthy(settings) {
		t.Errorf("settings alone: %+v", settings)
	}
}

// TestRun_unpaid asks for no ledger where there is none.
func TestRun_unpaid(t *testing.T) {
	for _, c := range examine(t, shop(t, nil), nil, func(in *doctor.Input) { in.Paid = false }) {
		if c.Name == "payment ledger" {
			t.Errorf("%+v", c)
		}
	}
}

// TestRun_interrupted ends soon.
func TestRun_interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	url := answering(t, func(http.ResponseWriter, *http.Request) {})
	set := keys(url)
	checks := doctor.Run(ctx, doctor.Input{Files: fstest.MapFS{}, Getenv: func(name string) string { return set[name] }})
	if doctor.Healthy(checks) {
		t.Errorf("%+v", checks)
	}
}
