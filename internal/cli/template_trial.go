package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/kit/cases"
	"github.com/insforge/forge/internal/kit/lint"
	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/internal/view"
)

// longUpdate takes -update of forge template test for --update, as go test has it.
func longUpdate(args []string) []string {
	if len(args) < 2 || args[0] != "template" || args[1] != "test" {
		return args
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "-update" {
			args[i] = "--update"
		}
	}
	return args
}

func (a *app) templateTestCommand(c *checkout) *cobra.Command {
	t := trialRun{checkout: c}
	cmd := &cobra.Command{
		Use:   "test [ID…]",
		Short: "Render, compile, vet, test and lint every project that the providers are part of",
		Long: "test holds the templates to the rules, the cases to what they expect, and the golden projects to what\n" +
			"is rendered; then it has the Go tool and the linter build, vet, test and lint each of them. With IDs it\n" +
			"looks at what these providers are part of; without, at everything. --update writes the golden projects\n" +
			"and the cases anew, those that compile: read the diff as a colleague's server.",
		Example:           "  forge template test acme --update\n  forge template test",
		ValidArgsFunction: c.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.find(); err != nil {
				return err
			}
			return a.templateTest(cmd.Context(), t, args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&t.update, "update", false, "write golden projects and cases anew")
	flags.StringVar(&t.golden, "golden", "", "the `DIR` with the golden projects (default: golden, beside the templates)")
	flags.BoolVar(&t.json, "json", false, "print one JSON document")
	cobra.CheckErr(cmd.MarkFlagDirname("golden"))
	return cmd
}

// trialRun is one run of forge template test.
type trialRun struct {
	*checkout
	golden       string
	update, json bool

	providers *generator.Catalog
	steps     []step
}

// step is one thing that was tried.
type step struct {
	Name    string  `json:"name"`
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds"`
	// Note says what there was to do, Problem what went wrong.
	Note    string `json:"note,omitempty"`
	Problem string `json:"problem,omitempty"`
}

func (a *app) templateTest(ctx context.Context, t trialRun, ids []string) error {
	if t.golden == "" {
		t.golden = filepath.Join(t.dir, "..", "golden")
	}
	began := time.Now()
	if err := a.try(&t, "lint", func() (string, error) { return t.lint(ids) }); isUsageError(err) {
		return err
	}
	catalog, err := t.catalog()
	if err != nil {
		return err
	}
	t.providers = catalog
	if len(ids) == 0 {
		ids = catalog.IDs()
	}
	_ = a.try(&t, "cases", func() (string, error) { return t.cases(ctx, ids) })
	tools := trial.NewTools(t.linter(a.getenv))
	for _, combo := range trial.Combinations(catalog) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if slices.ContainsFunc(ids, combo.Has) {
			_ = a.try(&t, combo.String(), func() (string, error) { return t.combination(ctx, tools, combo) })
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.printTrial(t, time.Since(began))
}

func isUsageError(err error) bool {
	var usage usageError
	return errors.As(err, &usage)
}

// try runs a step and remembers how it went, showing which one it is.
func (a *app) try(t *trialRun, name string, do func() (note string, err error)) error {
	began := time.Now()
	note, err := do()
	s := step{Name: name, OK: err == nil, Seconds: time.Since(began).Seconds(), Note: note}
	if err != nil {
		s.Problem = messages(err)
	}
	t.steps = append(t.steps, s)
	if !t.json && !isUsageError(err) {
		word := "ok"
		if !s.OK {
			word = "FAIL"
		}
		fmt.Fprintf(a.Err, "%-4s %6.1fs  %s", word, s.Seconds, name)
		if note != "" {
			fmt.Fprintf(a.Err, "  (%s)", note)
		}
		fmt.Fprintln(a.Err)
	}
	return err
}

// messages are those of the errors joined into err, a line or more for each.
func messages(err error) string {
	var all []string
	for _, e := range flatten(err) {
		all = append(all, e.Error())
	}
	return strings.Join(all, "\n")
}

func (t *trialRun) lint(ids []string) (string, error) {
	found, err := lint.Run(os.DirFS(t.dir), ids...)
	var unknown *lint.UnknownError
	if errors.As(err, &unknown) {
		return "", usageError{err}
	}
	errs := []error{err}
	for _, f := range found {
		f.File = filepath.ToSlash(filepath.Join(t.dir, filepath.FromSlash(f.File)))
		errs = append(errs, errors.New(f.String()))
	}
	return "", errors.Join(errs...)
}

// cases checks the cases of the providers, or writes them anew.
func (t *trialRun) cases(ctx context.Context, ids []string) (string, error) {
	var errs []error
	checked, written := 0, 0
	for _, id := range ids {
		all, err := cases.Load(os.DirFS(t.dir), t.providers, id)
		errs = append(errs, err)
		for _, c := range all {
			checked++
			if t.update {
				changed, err := t.updateCase(ctx, c)
				errs = append(errs, err)
				if changed {
					written++
				}
				if err != nil {
					continue
				}
				again, err := cases.Load(os.DirFS(t.dir), t.providers, id)
				errs = append(errs, err)
				if i := slices.IndexFunc(again, func(d cases.Case) bool { return d.File == c.File }); i >= 0 {
					c = again[i]
				}
			}
			errs = append(errs, c.Check(t.providers))
		}
	}
	note := fmt.Sprintf("%d of them", checked)
	if t.update {
		note += fmt.Sprintf(", %d written", written)
	}
	return note, errors.Join(errs...)
}

// updateCase writes a case anew if what it expects has changed.
func (t *trialRun) updateCase(ctx context.Context, c cases.Case) (bool, error) {
	data, changed, err := c.Updated(t.providers)
	if err != nil || !changed {
		return false, err
	}
	dir, name := filepath.Split(filepath.Join(t.dir, filepath.FromSlash(c.File)))
	actual, err := generator.ReadActual(dir, []string{name})
	if err != nil {
		return false, err
	}
	target, err := generator.NewTree([]generator.File{{Path: name, Mode: 0o644, Data: data}})
	if err != nil {
		return false, err
	}
	return true, generator.Eject(ctx, dir, generator.NewPlan(actual, actual, target), nil)
}

// combination holds one golden project to its rendering and to its tools.
func (t *trialRun) combination(ctx context.Context, tools *trial.Tools, combo trial.Combination) (string, error) {
	dir := filepath.Join(t.golden, combo.String())
	if t.update {
		if err := trial.Update(ctx, t.providers, dir, combo); err != nil {
			return "", err
		}
		return "written", tools.HoldsUp(ctx, dir)
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("there is no golden project %s: --update writes it", filepath.ToSlash(dir))
	}
	diff, err := trial.Compare(t.providers, dir, combo)
	if err == nil && diff != "" {
		err = fmt.Errorf("%s differs from its rendering; if that is meant, --update writes it anew (-disk +rendered):\n%s", filepath.ToSlash(dir), diff)
	}
	if err != nil {
		return "", err
	}
	return "", tools.HoldsUp(ctx, dir)
}

// linter finds golangci-lint: where GOLANGCI_LINT says, where make tools puts it, or
// nowhere.
func (t *trialRun) linter(getenv func(string) string) string {
	if linter := getenv("GOLANGCI_LINT"); linter != "" {
		return linter
	}
	found, err := filepath.Glob(filepath.Join(t.dir, "..", ".bin", "golangci-lint-*"))
	if err != nil || len(found) == 0 {
		return ""
	}
	linter, err := filepath.Abs(found[len(found)-1])
	if err != nil {
		return ""
	}
	return linter
}

func (a *app) printTrial(t trialRun, took time.Duration) error {
	failed := slices.ContainsFunc(t.steps, func(s step) bool { return !s.OK })
	var err error
	if failed {
		err = errFindings
	}
	if t.json {
		return errors.Join(view.JSON(a.Out, map[string]any{"ok": !failed, "seconds": took.Seconds(), "steps": t.steps}), err)
	}
	for _, s := range t.steps {
		if !s.OK {
			fmt.Fprintf(a.Out, "\n%s:\n%s\n", s.Name, strings.TrimRight(s.Problem, "\n"))
		}
	}
	if t.linter(a.getenv) == "" {
		fmt.Fprintln(a.Err, "golangci-lint was not found and left out; make tools installs it")
	}
	word := "ok"
	if failed {
		word = "FAIL"
	}
	fmt.Fprintf(a.Out, "%s: %d steps in %.1fs\n", word, len(t.steps), took.Seconds())
	return err
}
