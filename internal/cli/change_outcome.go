package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// showPlan prints what is about to happen to the project.
func (a *app) showPlan(ch change, u *generator.Upgrade) {
	view.Upgrade(a.Out, u.Plan)
	if ch.eject {
		fmt.Fprintf(a.Out, "- %s/  (forge's record)\n", generator.RecordDir)
	}
	if len(u.TwoWay) > 0 {
		fmt.Fprintf(a.Out, "\nCompared with forge's directly, as the record of them is lost:%s\n", lines(u.TwoWay))
	}
}

// reportDryRun prints what a run would do. Conflicts are its error, as they
// would be the run's.
func (a *app) reportDryRun(ch change, u *generator.Upgrade) error {
	waiting := errors.Join(undecided(u.Plan), unresolved(u.Plan, false))
	if ch.json {
		doc := a.document(ch, u, false)
		doc.Error = a.failureOf(waiting)
		return errors.Join(view.JSON(a.Out, doc), waiting)
	}
	a.showPlan(ch, u)
	fmt.Fprintln(a.Out)
	view.Diff(a.Out, u.Plan, &generator.Tree{})
	a.printDeclined(ch, u.Plan)
	return waiting
}

// reportWritten prints what was done. Conflicts left in files are its error.
func (a *app) reportWritten(ch change, u *generator.Upgrade) error {
	waiting := unresolved(u.Plan, true)
	if ch.json {
		doc := a.document(ch, u, true)
		doc.Error = a.failureOf(waiting)
		return errors.Join(view.JSON(a.Out, doc), waiting)
	}
	from := ""
	if was := ch.project.Manifest.Forge; was != ch.catalog.Version {
		from = fmt.Sprintf(" from forge %s to %s", was, ch.catalog.Version)
	}
	if n := writes(u.Plan); n > 0 || ch.eject {
		fmt.Fprintf(a.Out, "\nChanged %s%s.\n", fileCount(n), from)
	} else {
		fmt.Fprintf(a.Out, "Brought forge's record up to date%s; no file had to change.\n", from)
	}
	if ch.eject && waiting == nil {
		fmt.Fprintln(a.Out, "The project is yours alone now.")
	}
	a.printNext(ch.next(u.Plan), waiting)
	a.printDeclined(ch, u.Plan)
	a.printCommand(&ch.dialog, a.changeLine(ch))
	return waiting
}

// reportNothing says why there is nothing to do.
func (a *app) reportNothing(ch change, plan *generator.Plan, why string) error {
	if ch.json {
		return view.JSON(a.Out, a.document(ch, &generator.Upgrade{Plan: plan}, false))
	}
	fmt.Fprintf(a.Out, "Nothing to do: %s.\n", why)
	a.printDeclined(ch, plan)
	return nil
}

// document is what --json prints.
func (a *app) document(ch change, u *generator.Upgrade, written bool) view.Document {
	files := view.Changes(u.Plan, &generator.Tree{})
	if ch.eject {
		files = append(files, view.Change{Path: generator.RecordDir + "/", Action: string(generator.Delete)})
	}
	return view.Document{
		Schema: view.Schema, Dir: ch.dir(), DryRun: ch.dryRun, Written: written,
		From: ch.project.Manifest.Forge, Forge: ch.catalog.Version, Packs: ch.catalog.PacksOf(ch.answers),
		Answers: ch.answers, Command: a.changeLine(ch), Files: files,
		Declined: u.Plan.Declined(), TwoWay: u.TwoWay, Next: ch.next(u.Plan),
	}
}

// next are the commands after plan was carried out.
func (ch *change) next(plan *generator.Plan) []string {
	steps := []string{}
	if ch.eject || writes(plan) == 0 {
		return steps
	}
	if dir := ch.dir(); dir != "." {
		steps = append(steps, "cd "+quote(dir))
	}
	has := func(is func(generator.Change) bool) bool {
		return slices.ContainsFunc(plan.Changes, func(c generator.Change) bool { return c.Action.Writes() && is(c) })
	}
	if has(func(c generator.Change) bool { return c.Path == ".env.example" }) {
		steps = append(steps, "diff .env.example .env   # and fill in what is new")
	}
	steps = append(steps, "go mod tidy", "make test")
	if has(func(c generator.Change) bool { return c.Path == "insforge.toml" }) {
		steps = append(steps, "npx @insforge/cli config apply")
	}
	if has(func(c generator.Change) bool { return strings.HasPrefix(c.Path, "migrations/") }) {
		steps = append(steps, "npx @insforge/cli db migrations up --all")
	}
	return steps
}

func (a *app) printDeclined(ch change, plan *generator.Plan) {
	if declined := plan.Declined(); len(declined) > 0 && !ch.eject {
		fmt.Fprintf(a.Out, "\nNot written, because you deleted them:%s\nforge upgrade --restore PATH brings one back.\n", lines(declined))
	}
}

// changeLine is the line that makes the same change without a question.
func (a *app) changeLine(ch change) string {
	words := slices.Clone(ch.words)
	for _, q := range ch.catalog.Questions(ch.answers) {
		value, answered := ch.answers.Get(q.Key)
		if recorded, ok := ch.recorded.Get(q.Key); answered && (!ok || value != recorded) {
			words = append(words, "--set", q.Key+"="+value)
		}
	}
	for _, path := range ch.restore {
		words = append(words, "--restore", path)
	}
	for _, flag := range []struct {
		name string
		on   bool
	}{{"--drop-data", ch.dropData}, {"--two-way", ch.twoWay}, {"--dirty", ch.dirty}} {
		if flag.on {
			words = append(words, flag.name)
		}
	}
	return a.commandLine(&ch.dialog, append(words, ch.sources.words()...))
}
