package cli

import (
	"context"
	"fmt"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/merge"
	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/internal/view"
)

// What can be chosen besides the decisions: to merge in the user's editor, and
// to decide about each file alone.
const (
	edit     = "edit"
	oneByOne = "one-by-one"
)

// undecided is the error about the conflicts that nobody has decided, or nil.
func undecided(plan *generator.Plan) error {
	var files []string
	for _, c := range plan.Conflicts() {
		files = append(files, c.Path+": "+c.Conflict.Reason)
	}
	if files == nil {
		return nil
	}
	return hinted{
		conflictsError{"your decision is needed about " + fileCount(len(files)) + ", and nothing was written", files},
		"run again with --conflict=markers to merge by hand, --conflict=keep to keep yours, or --conflict=take to take " +
			"forge's; --dry-run shows the rest",
	}
}

// unresolved is the error about the conflicts that a plan leaves in files, or
// nil if it leaves none. A plan that is not written would leave them.
func unresolved(plan *generator.Plan, written bool) error {
	var files []string
	for _, c := range plan.Unresolved() {
		files = append(files, c.Path)
	}
	switch {
	case files == nil:
		return nil
	case written:
		return pending(files)
	}
	return conflictsError{"conflicts would be left for you to resolve in " + fileCount(len(files)), files}
}

// pending is the error about conflicts that wait in files, with what to do.
func pending(files []string) error {
	return hinted{
		codedError{conflictsError{"conflicts wait for you to resolve them in " + fileCount(len(files)), files}, codeConflictsWait},
		"resolve them, then run forge upgrade --continue; forge upgrade --abort takes everything back",
	}
}

// decide has the user decide what the flags left open, on a terminal. Without
// one the conflicts are the error.
func (a *app) decide(ctx context.Context, d *dialog, plan *generator.Plan, l generator.Labels) (*generator.Plan, error) {
	conflicts := plan.Conflicts()
	if len(conflicts) == 0 {
		return plan, nil
	}
	if d.asker == nil {
		var err error
		if d.asker, err = prompt.New(a.In, a.Err, a.getenv, d.plain); err != nil {
			return plan, undecided(plan)
		}
	}
	if len(conflicts) > 1 {
		all, err := a.decideAll(ctx, d.asker, conflicts)
		if err != nil {
			return plan, err
		}
		if all != oneByOne {
			d.conflict = all
			return plan.Decide(generator.Decision(all), l), nil
		}
	}
	for i, c := range conflicts {
		fmt.Fprintf(a.Err, "\n%s (%d of %d): %s\n", c.Path, i+1, len(conflicts), c.Conflict.Reason)
		view.Conflict(a.Err, c)
		decided, how, err := a.decideOne(ctx, d.asker, plan, c, l)
		if err != nil {
			return plan, err
		}
		plan = decided
		d.remember(i, how)
	}
	return plan, nil
}

// decideAll asks for one decision about all conflicts, which may be to take them
// one by one.
func (a *app) decideAll(ctx context.Context, asker *prompt.Asker, conflicts []generator.Change) (string, error) {
	fmt.Fprintln(a.Err)
	for _, c := range conflicts {
		fmt.Fprintf(a.Err, "%s: %s\n", c.Path, c.Conflict.Reason)
	}
	return asker.Select(ctx, fmt.Sprintf("%d files need your decision", len(conflicts)), []generator.Choice{
		{Value: oneByOne, Label: "see and decide each"},
		{Value: string(generator.DecideMarkers), Label: "write both into every one, and resolve them afterwards"},
		{Value: string(generator.DecideKeep), Label: "leave all of yours as they are"},
		{Value: string(generator.DecideTake), Label: "replace all of yours by forge's"},
	}, oneByOne)
}

// remember keeps how conflict i was decided, if one flag says it for all.
func (d *dialog) remember(i int, how string) {
	if i > 0 && how != d.conflict || how == edit {
		d.oneByOne = true
	}
	d.conflict = how
	if d.oneByOne {
		d.conflict = ""
	}
}

// decideOne also returns which choice was made.
func (a *app) decideOne(ctx context.Context, asker *prompt.Asker, plan *generator.Plan, c generator.Change, l generator.Labels) (*generator.Plan, string, error) {
	choices := []generator.Choice{
		{Value: string(generator.DecideMarkers), Label: "write both into the file, and resolve it afterwards"},
		{Value: string(generator.DecideKeep), Label: "leave yours as it is"},
		{Value: string(generator.DecideTake), Label: "replace yours by forge's"},
		{Value: edit, Label: "merge it in your editor now"},
	}
	if c.Conflict.Kind == generator.BothReplaced {
		choices = choices[:3]
		choices[0].Label = "leave yours, and write forge's beside it as " + c.Path + generator.BesideSuffix
	}
	merged := c.Marked(l)
	for {
		how, err := asker.Select(ctx, "What about "+c.Path+"?", choices, string(generator.DecideMarkers))
		if err != nil {
			return plan, "", err
		}
		if how != edit {
			return plan.DecideOne(c.Path, generator.Decision(how), l), how, nil
		}
		edited, err := a.inEditor(ctx, c.Path, merged)
		switch {
		case err != nil:
			fmt.Fprintf(a.Err, "forge: %v\n", err)
		case merge.HasMarkers(edited):
			merged = edited // to go on from there
			fmt.Fprintln(a.Err, "There are conflict markers left.")
		default:
			return plan.Resolve(c.Path, edited), how, nil
		}
	}
}
