// Package servertest makes generated projects into running servers, as their users do:
// it writes them, builds their binary and starts it with an environment of its own.
package servertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/templates"
)

// Missing says why tests that start servers and an InsForge cannot run here, "" if they
// can. Where make test is run they can. It needs flags to be parsed.
func Missing() string {
	switch {
	case testing.Short():
		return "compiles servers and starts Postgres; make test runs it"
	case runtime.GOOS+runtime.GOARCH != "linuxamd64" && os.Getenv("POSTGREST") == "":
		return "needs PostgREST, named by POSTGREST"
	}
	return ""
}

// Need skips a test that starts servers and an InsForge where it cannot run, saying why.
func Need(t testing.TB) {
	t.Helper()
	if why := Missing(); why != "" {
		t.Skip(why)
	}
}

// Generate writes a project to dir as forge new does, with the default answer to each
// question that the answers leave open. It returns the required settings of its
// .env.example with their sample values.
func Generate(ctx context.Context, dir string, answers generator.Answers) (map[string]string, error) {
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		return nil, err
	}
	for _, q := range catalog.Questions(answers) {
		if _, ok := answers.Get(q.Key); !ok {
			answers = answers.Set(q.Key, q.Default)
		}
	}
	spec, err := catalog.Resolve(answers, generator.Numbering{})
	if err != nil {
		return nil, err
	}
	target, err := generator.Render(spec)
	if err != nil {
		return nil, err
	}
	record, err := generator.Record(spec, target)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for _, e := range spec.Env {
		if e.Required {
			env[e.Name] = e.Example
		}
	}
	plan := generator.NewPlan(&generator.Tree{}, &generator.Tree{}, target)
	return env, generator.Apply(ctx, dir, plan, record, nil)
}

// Build compiles the server of the project in dir, without what only debuggers read:
// that is half of the time of linking.
func Build(ctx context.Context, dir, binary string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/server")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return nil
}
