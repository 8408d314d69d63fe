package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/insforge/forge/internal/doctor"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/view"
)

// golden is a generated project that takes payments.
const golden = "../../golden/clerk+okx-x402"

// shop is a copy of the golden project's files that doctor reads, with an .env.
func shop(t *testing.T, env map[string]string) fstest.MapFS {
	t.Helper()
	return shopOf(t, golden, env)
}

func shopOf(t *testing.T, golden string, env map[string]string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS(golden)
	names, err := fs.Glob(root, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has %d migrations: %v", golden, len(names), err)
	}
	for _, name := range append(names, "insforge.toml", ".env.example") {
		data, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	var lines strings.Builder
	lines.WriteString("# Filled in.\n\n")
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines.WriteString(name + "=" + env[name] + "\n")
	}
	files[".env"] = &fstest.MapFile{Data: []byte(lines.String())}
	return files
}

// examine runs doctor on files with nothing in the environment but env, and holds
// what it prints against the secrets, whatever else a test looks at.
func examine(t *testing.T, files fs.FS, env map[string]string, change ...func(*doctor.Input)) []doctor.Check {
	t.Helper()
	in := doctor.Input{Files: files, Paid: true, Getenv: func(name string) string { return env[name] }, Timeout: 20 * time.Second}
	for _, c := range change {
		c(&in)
	}
	checks := slices.DeleteFunc(doctor.Run(t.Context(), in), func(c doctor.Check) bool {
		return c.Section == doctor.Payments // which TestRun_payments looks at
	})
	secret := []string{"eyJ"} // every token begins so
	for _, from := range []map[string]string{env, dotEnv(files)} {
		for _, name := range []string{"INSFORGE_API_KEY", "INSFORGE_JWT_SECRET", "INSFORGE_ANON_KEY"} {
			if len(from[name]) > 3 {
				secret = append(secret, from[name])
			}
		}
	}
	printed := printed(t, checks)
	for _, s := range secret {
		if strings.Contains(printed, s) {
			t.Errorf("the report has the secret %s in it:\n%s", s, printed)
		}
	}
	for _, c := range checks {
		if (c.Status == doctor.OK) != (c.Fix == "") {
			t.Errorf("%s: %s is %s and its fix %q", c.Section, c.Name, c.Status, c.Fix)
		}
	}
	return checks
}

// dotEnv is the .env of a test, which has no odd lines.
func dotEnv(files fs.FS) map[string]string {
	data, _ := fs.ReadFile(files, ".env") // some have none
	set := map[string]string{}
	for line := range strings.SplitSeq(string(data), "\n") {
		name, value, _ := strings.Cut(line, "=")
		set[name] = strings.Trim(value, "\"\r ")
	}
	return set
}

// printed is a report for people and one for machines.
func printed(t *testing.T, checks []doctor.Check) string {
	t.Helper()
	var out bytes.Buffer
	doc := view.DoctorDocument{Checks: checks, OK: doctor.Healthy(checks)}
	view.Doctor(&out, doc)
	if err := view.JSON(&out, doc); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// unwell lists what is not ok, a line for each check.
func unwell(checks []doctor.Check) string {
	var lines strings.Builder
	for _, c := range checks {
		if c.Status != doctor.OK {
			lines.WriteString(string(c.Status) + " " + c.Name + ": " + c.Detail + "\n\t" + c.Fix + "\n")
		}
	}
	return lines.String()
}

// serve starts a project to which the golden migrations and settings are applied.
func serve(t *testing.T) (p *insforgetest.Project, env map[string]string) {
	t.Helper()
	return serveOf(t, golden)
}

func serveOf(t *testing.T, golden string) (p *insforgetest.Project, env map[string]string) {
	t.Helper()
	switch {
	case testing.Short():
		t.Skip("starts Postgres; make test runs it")
	case runtime.GOOS+runtime.GOARCH != "linuxamd64" && os.Getenv("POSTGREST") == "":
		t.Skip("needs PostgREST, named by POSTGREST")
	}
	server, err := insforgetest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	d, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.MigrateAll(t.Context(), os.DirFS(golden+"/migrations")); err != nil {
		t.Fatal(err)
	}
	if p, err = d.Serve(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	put(t, p, "/api/auth/config", map[string]any{"allowedRedirectUrls": []string{"http://localhost:8080"}, "disableSignup": true})
	return p, map[string]string{
		"INSFORGE_URL": p.URL, "INSFORGE_ANON_KEY": p.AnonKey, "INSFORGE_API_KEY": p.APIKey, "INSFORGE_JWT_SECRET": p.JWTSecret,
	}
}

func put(t *testing.T, p *insforgetest.Project, path string, body any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.APIKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("PUT %s: %s", path, res.Status)
	}
}

func apply(t *testing.T, p *insforgetest.Project, sql string) {
	t.Helper()
	if err := p.Apply(context.WithoutCancel(t.Context()), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
