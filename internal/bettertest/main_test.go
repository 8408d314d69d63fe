package bettertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/templates"
)

// What all tests share: the generated project with both of its servers compiled,
// one Postgres, and in it one InsForge project with Better Auth's tables.
var (
	binary     string // of the Go server
	authServer string // its folder
	migrations string // their folder
	settings   map[string]string
	insforge   *insforgetest.Server
	shop       *insforgetest.Project
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// needs skips a test where the servers cannot run.
func needs(t *testing.T) {
	t.Helper()
	if why := missing(); why != "" {
		t.Skip(why)
	}
}

func missing() string {
	switch {
	case testing.Short():
		return "compiles two servers and starts Postgres; make test runs it"
	case runtime.GOOS+runtime.GOARCH != "linuxamd64" && os.Getenv("POSTGREST") == "":
		return "needs PostgREST, named by POSTGREST"
	}
	return ""
}

func run(m *testing.M) (code int, err error) {
	flag.Parse()
	if missing() != "" {
		return m.Run(), nil
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "better")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	project := filepath.Join(folder, "shop")
	if err := generate(ctx, project); err != nil {
		return 1, err
	}
	authServer, migrations = filepath.Join(project, "auth-server"), filepath.Join(project, "migrations")
	compiled := make(chan error, 1)
	go func() { compiled <- compile(ctx) }()
	binary = filepath.Join(folder, "server.exe")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/server")
	build.Dir = project
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err := errors.Join(err, <-compiled); err != nil {
		return 1, fmt.Errorf("build the servers: %w\n%s", err, out)
	}
	if insforge, err = insforgetest.Start(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, insforge.Stop()) }()
	if shop, err = insforge.NewProject(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	if err := prepare(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// generate writes a project as forge new does.
func generate(ctx context.Context, dir string) error {
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		return err
	}
	answers := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: "better-auth", Payments: []string{}}
	for _, q := range catalog.Questions(answers) {
		if _, ok := answers.Get(q.Key); !ok {
			answers = answers.Set(q.Key, q.Default)
		}
	}
	spec, err := catalog.Resolve(answers, generator.Numbering{})
	if err != nil {
		return err
	}
	target, err := generator.Render(spec)
	if err != nil {
		return err
	}
	record, err := generator.Record(spec, target)
	if err != nil {
		return err
	}
	settings = map[string]string{}
	for _, e := range spec.Env {
		if e.Required {
			settings[e.Name] = e.Example
		}
	}
	plan := generator.NewPlan(&generator.Tree{}, &generator.Tree{}, target)
	return generator.Apply(ctx, dir, plan, record, nil)
}

// compile makes JavaScript of the Better Auth server, whose types have to be right.
func compile(ctx context.Context) error {
	packages, err := filepath.Abs(filepath.Join("..", "..", ".bin", "better-auth", "node_modules"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(packages); err != nil {
		return fmt.Errorf("the packages of the Better Auth server are not installed; run the tests with `make test`: %w", err)
	}
	if err := os.Symlink(packages, filepath.Join(authServer, "node_modules")); err != nil {
		return err
	}
	tsc := exec.CommandContext(ctx, "node", filepath.Join("node_modules", "typescript", "bin", "tsc"))
	tsc.Dir = authServer
	if out, err := tsc.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the Better Auth server: %w\n%s", err, out)
	}
	return nil
}

// prepare does what the README says, in its order: migrations, roles, tables.
func prepare(ctx context.Context) error {
	if err := shop.MigrateAll(ctx, os.DirFS(migrations)); err != nil {
		return err
	}
	if err := makeRoles(ctx, shop.DatabaseURL); err != nil {
		return err
	}
	settings["INSFORGE_URL"] = shop.URL
	settings["INSFORGE_API_KEY"] = shop.APIKey
	settings["INSFORGE_JWT_SECRET"] = shop.JWTSecret
	settings["DATABASE_URL"] = as("better_auth_reader", shop.DatabaseURL)
	settings["BETTER_AUTH_DATABASE_URL"] = as("better_auth_server", shop.DatabaseURL)
	settings["CLIENT_IP_HEADER"] = "X-Real-IP"
	out, err := node(ctx, "migrate.js", settings)
	if err != nil {
		return fmt.Errorf("make Better Auth's tables: %w\n%s", err, out)
	}
	return nil
}

// as is the address of a database for another role.
func as(role, database string) string {
	u, err := url.Parse(database)
	if err != nil {
		panic(err) // pgtest made it
	}
	u.User = url.User(role)
	return u.String()
}

// node runs a program of the Better Auth server to its end.
func node(ctx context.Context, program string, env map[string]string) (output string, err error) {
	cmd := exec.CommandContext(ctx, "node", filepath.Join("dist", program))
	cmd.Dir, cmd.Env = authServer, environment(env)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func environment(env map[string]string) []string {
	list := []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}
