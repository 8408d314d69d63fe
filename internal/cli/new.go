package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/internal/view"
)

// newFlags are the flags of forge new.
type newFlags struct {
	answers                  string
	name, module, auth, pays string
	set                      []string
	conflict                 string
	defaults, dryRun         bool
	json, plain              bool
}

func (a *app) newCommand() *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:   "new [DIR]",
		Short: "Write a new server, asking for what the flags leave open",
		Long: "new writes a complete Go server into DIR, which must not exist yet or be empty.\n" +
			"`forge new .` adds it to the current folder instead, beside what is there: go.mod,\n" +
			"insforge.toml, .env.example and .gitignore are merged, nothing is overwritten.",
		Example: "  forge new\n  forge new shop --auth clerk --payments okx-x402 --module example.com/shop --defaults",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.new(cmd, args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.auth, "auth", "", "auth provider, an ID of forge providers")
	flags.StringVar(&f.pays, "payments", "", "payment providers, comma separated, or none")
	flags.StringVar(&f.module, "module", "", "Go module path, such as example.com/shop")
	flags.StringVar(&f.name, "name", "", "project name (default: the name of DIR)")
	flags.StringArrayVar(&f.set, "set", nil, "answer to another question, as KEY=VALUE; repeatable")
	flags.StringVar(&f.answers, "answers", "", "file with answers (TOML); flags win over it")
	flags.BoolVar(&f.defaults, "defaults", false, "accept the default of every question left open")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be written, with a diff, and write nothing")
	flags.StringVar(&f.conflict, "conflict", "", "what to do about files of yours in the way: keep (yours stay, the rest is written)")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVar(&f.plain, "plain", false, "ask with plain numbered lines, also on a pipe")
	a.completeProviders(cmd)
	return cmd
}

func (a *app) completeProviders(cmd *cobra.Command) {
	for flag, of := range map[string]func(*generator.Catalog) []generator.Provider{
		"auth":     func(c *generator.Catalog) []generator.Provider { return c.Auth },
		"payments": func(c *generator.Catalog) []generator.Provider { return c.Payments },
	} {
		complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			c, err := a.catalog()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var ids []string
			for _, p := range of(c) {
				ids = append(ids, cobra.CompletionWithDesc(p.ID, p.Summary))
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		}
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(flag, complete))
	}
}

// new is the whole pipeline: Load, Ask, Resolve, Render, NewPlan, Apply.
func (a *app) new(cmd *cobra.Command, args []string, f newFlags) error {
	if f.conflict != "" && f.conflict != "keep" {
		return usageError{fmt.Errorf("--conflict: unknown %q (choices: keep)", f.conflict)}
	}
	catalog, err := a.catalog()
	if err != nil {
		return err
	}
	answers, err := a.given(cmd, catalog, args, f)
	if err != nil {
		return err
	}
	adopt := len(args) == 1 && filepath.Clean(args[0]) == "."
	// What can be known to fail is said before the first question.
	if len(args) == 1 {
		if err := checkTarget(args[0], adopt); err != nil {
			return err
		}
	}
	answers, asker, err := a.complete(cmd.Context(), catalog, answers, f)
	if err != nil {
		return err
	}
	dir := answers.Name
	if len(args) == 1 {
		dir = args[0]
	} else if err := checkTarget(dir, adopt); err != nil {
		return err
	}
	return a.write(cmd.Context(), catalog, job{dir: dir, answers: answers, asker: asker, flags: f})
}

// checkTarget refuses a folder that forge must not write into.
func checkTarget(dir string, adopt bool) error {
	// A run that was killed in here is undone before anything is judged.
	if _, err := generator.Recover(dir); err != nil {
		return fmt.Errorf("undoing an interrupted run in %s: %w", dir, err)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return hinted{fmt.Errorf("%s is a file, not a folder", dir), "choose another folder, or move the file away"}
	}
	if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(generator.ManifestPath))); err == nil {
		return hinted{
			fmt.Errorf("%s is a forge project already: it has %s", dir, generator.ManifestPath),
			"choose another folder",
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 && !adopt {
		return hinted{
			fmt.Errorf("%s is not empty: it has %s", dir, some(entries)),
			"choose another folder, or run `forge new .` in there to add the server beside what you have",
		}
	}
	return nil
}

func some(entries []os.DirEntry) string {
	var names []string
	for _, e := range entries[:min(3, len(entries))] {
		names = append(names, e.Name())
	}
	if rest := len(entries) - len(names); rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", ")
}

// job is one run of forge new with every answer known.
type job struct {
	dir     string
	answers generator.Answers
	asker   *prompt.Asker
	flags   newFlags
}

func (a *app) write(ctx context.Context, c *generator.Catalog, j job) error {
	spec, err := c.Resolve(j.answers, numbering(j.dir))
	if err != nil {
		return err
	}
	target, err := generator.Render(spec)
	if err != nil {
		return fmt.Errorf("rendering the templates: %w", err)
	}
	record, err := generator.Record(spec, target)
	if err != nil {
		return err
	}
	plan, err := planNew(j.dir, target)
	if err != nil {
		return err
	}
	if j.flags.conflict == "keep" {
		plan = plan.KeepConflicts()
	}
	doc := view.Document{
		Dir: j.dir, DryRun: j.flags.dryRun, Forge: c.Version, Answers: j.answers,
		Command: a.command(c, j), Files: view.Changes(plan, record), Next: nextSteps(j.dir, spec),
	}
	switch {
	case j.flags.dryRun && j.flags.json:
		return errors.Join(view.JSON(a.Out, doc), conflictsOf(plan))
	case j.flags.dryRun:
		view.Plan(a.Out, plan, record)
		fmt.Fprintln(a.Out)
		view.Diff(a.Out, plan, record)
		return conflictsOf(plan)
	}
	if j.asker != nil {
		if plan, err = a.confirm(ctx, j, plan, record); err != nil {
			return err
		}
	}
	if err := conflictsOf(plan); err != nil {
		return err
	}
	if err := generator.Apply(ctx, j.dir, plan, record, a.progress(j)); err != nil {
		return applyError(j.dir, err)
	}
	if j.flags.json {
		return view.JSON(a.Out, doc)
	}
	a.printDone(j, doc, plan)
	return nil
}

// numbering reads the migrations that are there already.
func numbering(dir string) generator.Numbering {
	entries, err := os.ReadDir(filepath.Join(dir, "migrations"))
	if err != nil {
		return generator.Numbering{}
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return generator.NumberingOf(names)
}

// planNew plans against an empty base: forge has written nothing here yet.
func planNew(dir string, target *generator.Tree) (*generator.Plan, error) {
	var paths []string
	for f := range target.All() {
		paths = append(paths, f.Path)
	}
	actual, err := generator.ReadActual(dir, paths)
	if err != nil {
		return nil, readError(dir, err)
	}
	return generator.NewPlan(&generator.Tree{}, actual, target), nil
}

func readError(dir string, err error) error {
	var link *generator.LinkError
	if errors.As(err, &link) {
		return hinted{err, "forge does not write through links; replace it by a real file or folder in " + dir}
	}
	return err
}

func conflictsOf(plan *generator.Plan) error {
	conflicts := plan.Conflicts()
	if len(conflicts) == 0 {
		return nil
	}
	return hinted{conflictsError{conflicts}, "move them away, or run again with --conflict=keep: yours stay as they are and the rest is written"}
}

// confirm shows what is about to happen and asks whether it should.
func (a *app) confirm(ctx context.Context, j job, plan *generator.Plan, record *generator.Tree) (*generator.Plan, error) {
	fmt.Fprintln(a.Err)
	view.Summary(a.Err, j.dir, plan, record)
	fmt.Fprintln(a.Err)
	if n := len(plan.Conflicts()); n > 0 {
		yes, err := j.asker.Confirm(ctx, fmt.Sprintf("%d files of yours are in the way. Keep yours and write the rest?", n), false)
		if err != nil || !yes {
			return plan, err
		}
		return plan.KeepConflicts(), nil
	}
	yes, err := j.asker.Confirm(ctx, "Write these files?", true)
	if err == nil && !yes {
		err = prompt.ErrInterrupted
	}
	return plan, err
}

func applyError(dir string, err error) error {
	var failed *generator.ApplyError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &failed) && failed.Undo == nil:
		return hinted{err, fmt.Sprintf("nothing was kept: %s is as it was before; mend the cause and run again", dir)}
	}
	return err
}
