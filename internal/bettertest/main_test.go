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
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/servertest"
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

func run(m *testing.M) (code int, err error) {
	flag.Parse()
	if servertest.Missing() != "" {
		return m.Run(), nil
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "better")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	project := filepath.Join(folder, "shop")
	answers := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: "better-auth"}
	if settings, err = servertest.Generate(ctx, project, answers); err != nil {
		return 1, err
	}
	authServer, migrations = filepath.Join(project, "auth-server"), filepath.Join(project, "migrations")
	compiled := make(chan error, 1)
	go func() { compiled <- compile(ctx) }()
	binary = filepath.Join(folder, "server.exe")
	if err := errors.Join(servertest.Build(ctx, project, binary), <-compiled); err != nil {
		return 1, err
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
