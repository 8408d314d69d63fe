package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// What status --check looks for.
const (
	checkAll     = "all"
	checkDrift   = "drift"
	checkUpgrade = "upgrade"
)

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	var check string
	var use packUse
	checks := []string{checkAll, checkDrift, checkUpgrade}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which files were edited, and whether an upgrade is available",
		Long: "status compares the project with what forge last wrote and with what it would write now.\n" +
			"With --check it exits with 4 if a file was edited, deleted or is in conflict, or if an\n" +
			"upgrade is available; --check=drift and --check=upgrade look at one of the two.",
		Args:              projectOnly,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if check != "" && !slices.Contains(checks, check) {
				return usageError{fmt.Errorf("--check: unknown %q (choices: %s)", check, strings.Join(checks, ", "))}
			}
			return a.status(cmd.Context(), use, check, asJSON)
		},
	}
	use.bindTemplates(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print one JSON document")
	flags.StringVar(&check, "check", "", "exit with 4 if it finds `WHAT`: drift (edits), upgrade (newer templates), or all, which is either")
	flags.Lookup("check").NoOptDefVal = checkAll
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("check", cobra.FixedCompletions(checks, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) status(ctx context.Context, use packUse, check string, asJSON bool) error {
	dir, state, err := readState()
	if err != nil {
		return err
	}
	doc, drift, err := a.statusOf(ctx, dir, relative(dir), state, use)
	if err != nil {
		return err
	}
	if asJSON {
		err = view.JSON(a.Out, doc)
	} else {
		view.Status(a.Out, doc)
	}
	if drift && (check == checkAll || check == checkDrift) || doc.Upgrade && (check == checkAll || check == checkUpgrade) {
		return errors.Join(err, errDrift)
	}
	return err
}

// statusOf compares the project in dir with what forge last wrote and would write
// now. drift says that a file is not as it was written.
func (a *app) statusOf(ctx context.Context, dir, shown string, state generator.State, use packUse) (doc view.StatusDocument, drift bool, err error) {
	project, catalog, err := a.openIn(ctx, dir, state, use)
	if err != nil {
		return doc, false, err
	}
	doc = view.StatusDocument{
		Schema: view.Schema, Dir: shown, Forge: project.Manifest.Forge, Available: catalog.Version,
		Answers: project.Manifest.Answers, Conflicts: state.Conflicts,
	}
	target, questions, err := available(project, catalog)
	if err != nil {
		return doc, false, err
	}
	if doc.Files, err = project.Status(target, state.Conflicts); err != nil {
		return doc, false, readError(dir, err)
	}
	doc.New, doc.Unknown = added(project, target), target == nil
	for _, q := range questions {
		doc.Questions = append(doc.Questions, q.Key)
	}
	outdated := false
	for _, f := range doc.Files {
		drift = drift || f.State != generator.Pristine && f.State != generator.Detached
		outdated = outdated || f.Outdated
	}
	doc.Packs = packStatus(project, catalog)
	doc.Upgrade = doc.Forge != doc.Available || slices.ContainsFunc(doc.Packs, view.PackStatus.Changed) || len(doc.New) > 0 || outdated
	return doc, drift, nil
}

// packStatus is each pack of the project, as recorded and as it is now.
func packStatus(p *generator.Project, c *generator.Catalog) []view.PackStatus {
	var list []view.PackStatus
	for _, r := range p.Manifest.Packs {
		s := view.PackStatus{PackRecord: r}
		for _, now := range c.Packs {
			if now.Name == r.Name {
				s.Now = now.PackRecord
			}
		}
		list = append(list, s)
	}
	return list
}

// available renders what an upgrade would write if every new question got its
// default. It is nil if that cannot be known: a question has none, or an answer
// on record has become wrong. questions are the new ones.
func available(p *generator.Project, c *generator.Catalog) (target *generator.Tree, questions []generator.Question, err error) {
	answers, _ := c.Carry(p.Manifest.Answers)
	questions = unanswered(c, answers)
	spec, err := c.Resolve(acceptDefaults(c, answers), p.Numbering)
	if err != nil {
		return nil, questions, nil //nolint:nilerr // it is for upgrade to say, which can do something about it
	}
	if target, err = p.Render(spec); err != nil {
		return nil, nil, fmt.Errorf("rendering the templates: %w", err)
	}
	return target, questions, nil
}

// added lists the files that an upgrade would write for the first time.
func added(p *generator.Project, target *generator.Tree) []string {
	recorded := map[string]bool{}
	for _, f := range p.Manifest.Files {
		recorded[f.Path] = true
	}
	var paths []string
	for f := range target.All() {
		if !recorded[f.Path] {
			paths = append(paths, f.Path)
		}
	}
	return paths
}
