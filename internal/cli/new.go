package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// newFlags are the flags of forge new.
type newFlags struct {
	dialog
	sources
	answers                  string
	name, module, auth, pays string
}

func (a *app) newCommand() *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:        "new [DIR]",
		SuggestFor: []string{"create", "generate", "init", "scaffold"},
		Short:      "Write a new server, asking for what the flags leave open",
		Long: "new writes a complete Go server into DIR, which must not exist yet or be empty.\n" +
			"`forge new .` adds it to the current folder instead, beside what is there: go.mod,\n" +
			"insforge.toml, .env.example and .gitignore are merged, and about any other file of yours\n" +
			"that is in the way you decide.\n\n" +
			"An answers file has name, module and auth as strings, payments as a list, and below [values]\n" +
			"the answers to all other questions, by the keys that --set takes:\n\n" +
			"  module = \"example.com/shop\"\n  auth = \"clerk\"\n  payments = [\"okx-x402\"]\n\n  [values]\n  price = \"0.05\"",
		Example: "  forge new\n  forge new shop --auth clerk --payments okx-x402 --module example.com/shop --defaults",
		Args:    takes(0, 1, "one folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.new(cmd, args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.auth, "auth", "", "`ID` of the auth provider, as forge providers lists them; none for a paid API without sign-in")
	flags.StringVar(&f.pays, "payments", "", "`IDS` of payment providers with commas between, or none")
	flags.StringVar(&f.module, "module", "", "`PATH` of the Go module, such as example.com/shop")
	flags.StringVar(&f.name, "name", "", "`NAME` of the project (default: the name of DIR)")
	flags.StringVar(&f.answers, "answers", "", "`FILE` with answers, in TOML; flags win over it")
	f.bindAnswers(cmd)
	f.bindTemplates(cmd)
	f.bindWriting(cmd)
	a.completeProviders(cmd)
	return cmd
}

func (a *app) completeProviders(cmd *cobra.Command) {
	for _, key := range []string{generator.KeyAuth, generator.KeyPayments} {
		complete := func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			c, err := a.completed(cmd)
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var choices []cobra.Completion
			for _, q := range c.AllQuestions() {
				if q.Key != key {
					continue
				}
				for _, choice := range q.Choices {
					choices = append(choices, cobra.CompletionWithDesc(choice.Value, choice.Label))
				}
			}
			return choices, cobra.ShellCompDirectiveNoFileComp
		}
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(key, complete))
	}
}

func completions(providers []generator.Provider) []cobra.Completion {
	var ids []cobra.Completion
	for _, p := range providers {
		ids = append(ids, cobra.CompletionWithDesc(p.ID, p.Label()))
	}
	return ids
}

// new is the whole pipeline: Load, Ask, Resolve, Render, NewPlan, Apply.
func (a *app) new(cmd *cobra.Command, args []string, f newFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if len(args) == 1 && args[0] == "" { // of a variable in a script that is not set
		return hinted{usageError{errors.New("new was given a folder with an empty name")}, "leave it out to be asked, or write . for the current folder"}
	}
	packs, err := f.read(cmd.Context(), false)
	if err != nil {
		return err
	}
	catalog, err := a.load(packs, "")
	if err != nil {
		return err
	}
	answers, err := a.given(cmd, catalog, args, f)
	if err != nil {
		return err
	}
	adopt := len(args) == 1 && filepath.Clean(args[0]) == "."
	// What can be known to fail is said before the first question, or at the one for
	// the name that the folder has, too.
	if dir := folder(args, answers); dir != "" {
		if err := checkTarget(dir, adopt); err != nil {
			return err
		}
	} else {
		f.refuse = func(key, value string) error {
			if key != generator.KeyName {
				return nil
			}
			return checkTarget(value, false)
		}
	}
	answers, err = a.complete(cmd.Context(), catalog, answers, &f.dialog, "as flags or with --answers FILE")
	if err != nil {
		return err
	}
	dir := folder(args, answers)
	if err := checkTarget(dir, adopt); err != nil { // of a default, too
		return err
	}
	if catalog, err = a.load(packs, dir); err != nil {
		return err
	}
	a.warnUnused(catalog, packs, answers)
	return a.write(cmd.Context(), job{dialog: f.dialog, sources: f.sources, dir: dir, catalog: catalog, answers: answers})
}

// folder is where the project goes, or "" if that is not known yet.
func folder(args []string, answers generator.Answers) string {
	if len(args) == 1 {
		return args[0]
	}
	return answers.Name
}

// job is one run of forge new with every answer known.
type job struct {
	dialog
	sources
	dir string
	// shown is the folder as it is printed, if that is not dir.
	shown   string
	catalog *generator.Catalog
	answers generator.Answers
}

// plan renders the answers and plans to that, with the files of the record and the
// steps that follow. It only reads.
func (j *job) plan() (plan *generator.Plan, record *generator.Tree, next []string, err error) {
	spec, err := j.catalog.Resolve(j.answers, numbering(j.dir))
	if err != nil {
		return nil, nil, nil, err
	}
	target, err := generator.Render(spec)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("rendering the templates: %w", err)
	}
	if record, err = generator.Record(spec, target); err != nil {
		return nil, nil, nil, err
	}
	if plan, err = planNew(j.dir, target); err != nil {
		return nil, nil, nil, err
	}
	if j.conflict != "" {
		plan = plan.Decide(generator.Decision(j.conflict), j.labels())
	}
	return plan, record, nextSteps(j.named(), spec), nil
}

// named is the folder as the user knows it.
func (j *job) named() string { return cmp.Or(j.shown, j.dir) }

// labels name the sides in conflict markers.
func (j *job) labels() generator.Labels {
	return generator.Labels{User: "yours", Target: "forge " + j.catalog.Version}
}

func (a *app) write(ctx context.Context, j job) error {
	plan, record, next, err := j.plan()
	if err != nil {
		return err
	}
	a.printWarnings(j.catalog.Warnings(j.answers))
	a.announcePacks(j.catalog.PacksOf(j.answers), nil)
	report := func(written bool) error { return a.reportNew(j, plan, record, next, written) }
	if j.dryRun || j.json && len(plan.Conflicts()) > 0 {
		return report(false)
	}
	if j.asker != nil {
		fmt.Fprintln(a.Err)
		view.Summary(a.Err, j.dir, plan, record)
		fmt.Fprintln(a.Err)
	}
	if plan, err = a.decide(ctx, &j.dialog, plan, j.labels()); err != nil {
		return err
	}
	if err := j.confirm(ctx, "Write these files?"); err != nil {
		return err
	}
	if err := generator.Apply(ctx, j.dir, plan, record, a.progress(ctx, j.asker)); err != nil {
		return applyError(j.dir, err)
	}
	a.showUnmerged(ctx, j.dir, plan)
	return report(true)
}
