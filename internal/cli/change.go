package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
)

// change is one change of a project: newer templates, other answers, or both.
type change struct {
	dialog
	sources
	// words are the command's own: its name and arguments.
	words   []string
	project *generator.Project
	catalog *generator.Catalog
	// recorded are the answers on record, with what the command itself changes
	// about them; answers have the new ones too.
	recorded, answers generator.Answers
	restore           []string
	// shown is the project's folder as it is printed, if not relative to the
	// current one.
	shown           string
	dirty, twoWay   bool
	dropData, eject bool
}

// bind defines the flags of every command that changes a project.
func (ch *change) bind(cmd *cobra.Command) {
	ch.bindTemplates(cmd)
	ch.bindWriting(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&ch.dirty, "dirty", false, "go ahead although files of the project have changes that git has not committed")
	flags.BoolVar(&ch.twoWay, "two-way", false, "compare files with the templates directly where forge's record of them is lost")
}

// change is the whole pipeline from the recorded answers to a changed project.
func (a *app) change(ctx context.Context, ch change) error {
	u, err := a.prepare(ctx, &ch, "as flags")
	if err != nil {
		return err
	}
	conflicts := u.Plan.Conflicts()
	if ch.dryRun || ch.json && len(conflicts) > 0 {
		return a.reportDryRun(ch, u)
	}
	writes, err := u.Writes(ch.project.Dir)
	if err != nil {
		return err
	}
	if !writes && len(conflicts) == 0 && !ch.eject {
		return a.reportNothing(ch, u.Plan, "the project is what forge "+ch.catalog.Version+" writes, with your edits")
	}
	known := ch.catalog.Warnings(ch.recorded)
	a.printWarnings(slices.DeleteFunc(ch.warnings(), func(w string) bool { return slices.Contains(known, w) }))
	a.announcePacks(ch.catalog.PacksOf(ch.answers), ch.project.Manifest.Packs)
	return a.carryOut(ctx, ch, u)
}

// prepare answers what is open, and plans. Without anybody to ask, the error says
// to give the answers by way of flags.
func (a *app) prepare(ctx context.Context, ch *change, flags string) (*generator.Upgrade, error) {
	answers, err := carry(ch.catalog, ch.recorded, ch.set)
	if err != nil {
		return nil, err
	}
	if answers.Auth == generator.None && ch.project.Manifest.Answers.Auth != generator.None {
		return nil, keepLogin()
	}
	if ch.answers, err = a.complete(ctx, ch.catalog, answers, &ch.dialog, flags); err != nil {
		return nil, err
	}
	u, err := ch.plan()
	if err != nil {
		return nil, err
	}
	if u.Plan, err = restored(u.Plan, ch.restore); err != nil {
		return nil, err
	}
	if ch.conflict != "" {
		u.Plan = u.Plan.Decide(generator.Decision(ch.conflict), ch.labels())
	}
	return u, nil
}

// warnings are what the answers give up, and what becomes of the users there are.
func (ch *change) warnings() []string {
	found := ch.catalog.Warnings(ch.answers)
	was, is := ch.project.Manifest.Answers.Auth, ch.answers.Auth
	if was != is && was != generator.None {
		found = append(found, fmt.Sprintf("%s knows users by other IDs than %s: rows that are a user's under the old ID are "+
			"nobody's until a migration of yours writes the new one", is, was))
	}
	return found
}

// dir is the project's folder as it is printed.
func (ch *change) dir() string {
	if ch.shown != "" {
		return ch.shown
	}
	return relative(ch.project.Dir)
}

// open reads the project, and the templates that it is to be written with.
func (ch *change) open(ctx context.Context, a *app) (err error) {
	ch.project, ch.catalog, err = a.open(ctx, packUse{sources: ch.sources, consent: true})
	return err
}

// plan renders the answers and plans from the project to that.
func (ch *change) plan() (*generator.Upgrade, error) {
	spec, err := ch.catalog.Resolve(ch.answers, ch.project.Numbering)
	if err != nil {
		return nil, err
	}
	spec.Ejected, spec.DropData = ch.eject, ch.dropData
	target, err := ch.project.Render(spec)
	if err != nil {
		return nil, fmt.Errorf("rendering the templates: %w", err)
	}
	u, err := ch.project.Plan(spec, target, ch.twoWay)
	var lost *generator.LostError
	if errors.As(err, &lost) {
		return nil, hinted{err, "restore .forge from version control, or run again with --two-way: your version of " +
			"these files is then compared with forge's directly, and you decide"}
	}
	return u, readError(ch.project.Dir, err)
}

// restored is the plan that writes the files at paths again.
func restored(plan *generator.Plan, paths []string) (*generator.Plan, error) {
	plan, unknown := plan.Restore(paths)
	if len(unknown) == 0 {
		return plan, nil
	}
	hint := "you deleted none of forge's files"
	if declined := plan.Declined(); len(declined) > 0 {
		hint = "those that you deleted are " + strings.Join(declined, ", ")
	}
	return nil, hinted{
		usageError{fmt.Errorf("--restore %s: not a file of forge's that you deleted", strings.Join(unknown, ", "))}, hint,
	}
}

// carryOut shows the plan, has conflicts decided and writes.
func (a *app) carryOut(ctx context.Context, ch change, u *generator.Upgrade) error {
	if !ch.dirty {
		if err := refuseDirty(ctx, ch.project.Dir, u.Plan); err != nil {
			return err
		}
	}
	if !ch.json {
		a.showPlan(ch, u)
	}
	var err error
	if u.Plan, err = a.decide(ctx, &ch.dialog, u.Plan, ch.labels()); err != nil {
		return err
	}
	if err := ch.confirm(ctx, "Write these changes?"); err != nil {
		return err
	}
	progress := a.progress(ctx, ch.asker)
	if ch.eject {
		err = generator.Eject(ctx, ch.project.Dir, u.Plan, progress)
	} else {
		err = generator.Apply(ctx, ch.project.Dir, u.Plan, u.Record, progress)
	}
	if err != nil {
		return applyError("the project", err)
	}
	a.showUnmerged(ctx, ch.project.Dir, u.Plan)
	return a.reportWritten(ch, u)
}

// labels name the sides in conflict markers.
func (ch *change) labels() generator.Labels {
	base, target := "forge "+ch.project.Manifest.Forge, "forge "+ch.catalog.Version
	if base == target {
		target += ", " + strings.Join(ch.words, " ")
	}
	return generator.Labels{User: "yours", Base: base, Target: target}
}

// applyError adds what to do about what could not be written; what is the name
// of what it was to be written to.
func applyError(what string, err error) error {
	var failed *generator.ApplyError
	var stale *generator.StaleError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, generator.ErrBusy):
		return hinted{err, "nothing was written; wait until the other run has ended, then run again"}
	case errors.As(err, &stale):
		return hinted{err, "nothing was written; run again, and leave the files alone meanwhile"}
	case errors.As(err, &failed) && failed.Undo == nil:
		return hinted{err, "nothing was kept: " + what + " is as it was before; mend the cause and run again"}
	}
	return err
}
