package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// reportNew prints what forge new has written, or would write. Conflicts that
// nobody decided, or that are left in files, are its error.
func (a *app) reportNew(j job, plan *generator.Plan, record *generator.Tree, next []string, written bool) error {
	waiting := errors.Join(undecided(plan), unresolved(plan, written))
	switch {
	case j.json:
		return errors.Join(view.JSON(a.Out, a.newDocument(j, plan, record, next, written)), waiting)
	case !written:
		view.Plan(a.Out, plan, record)
		fmt.Fprintln(a.Out)
		view.Diff(a.Out, plan, record)
		return waiting
	}
	fmt.Fprintf(a.Out, "Wrote %s to %s\n", fileCount(writes(plan)), j.dir)
	a.printNext(next, waiting)
	a.printCommand(&j.dialog, a.newLine(j))
	return waiting
}

// newDocument is what --json prints. Conflicts that nobody decided, or that are
// left in files, are its error.
func (a *app) newDocument(j job, plan *generator.Plan, record *generator.Tree, next []string, written bool) view.Document {
	return view.Document{
		Schema: view.Schema, Dir: j.named(), DryRun: j.dryRun, Written: written, Forge: j.catalog.Version,
		Packs: j.catalog.PacksOf(j.answers), Answers: j.answers,
		Command: a.newLine(j), Files: view.Changes(plan, record), Next: next,
		Error: a.failureOf(errors.Join(undecided(plan), unresolved(plan, written))),
	}
}

// nextSteps are the commands from a written project to a running one.
func nextSteps(dir string, spec *generator.Spec) []string {
	var steps []string
	about := []string{"Set up InsForge"}
	if filepath.Clean(dir) != "." {
		steps = append(steps, "cd "+quote(dir))
	}
	for _, p := range spec.Providers {
		about = append(about, "Set up "+p.Name)
	}
	return append(steps,
		"cp .env.example .env   # and fill it in: README.md, "+strings.Join(about, ", "),
		"make test",
		"make run")
}

// newLine is the line that gives the same answers without a question.
func (a *app) newLine(j job) string {
	words := []string{"new", j.named()}
	for _, q := range j.catalog.Questions(j.answers) {
		value, ok := j.answers.Get(q.Key)
		switch {
		case !ok:
		case strings.HasPrefix(generator.Flag(q.Key), "--set"):
			words = append(words, "--set", q.Key+"="+value)
		default:
			words = append(words, generator.Flag(q.Key), value)
		}
	}
	return a.commandLine(&j.dialog, append(words, j.words()...))
}
