package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

// progress shows how far the writing is, when there is somebody to see it.
func (a *app) progress(ctx context.Context, asker *prompt.Asker) generator.Progress {
	return func(done, total int, path string) error {
		if asker != nil {
			a.showProgress(asker, done+1, total)
		}
		if a.beforeWrite != nil {
			return a.beforeWrite(ctx, done, path)
		}
		return nil
	}
}

func (a *app) showProgress(asker *prompt.Asker, number, total int) {
	switch {
	case !asker.Redraws():
		if number == total {
			fmt.Fprintf(a.Err, "writing %d files\n", total)
		}
	case number == total:
		fmt.Fprintf(a.Err, "\rwriting %d/%d\n", number, total)
	default:
		fmt.Fprintf(a.Err, "\rwriting %d/%d", number, total)
	}
}

// writes is how many files plan changes.
func writes(plan *generator.Plan) int {
	n := 0
	for _, c := range plan.Changes {
		if c.Action.Writes() {
			n++
		}
	}
	return n
}

func fileCount(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// printWarnings prints what the answers give up. It goes to the errors, where
// it is seen even if the rest is read by a program.
func (a *app) printWarnings(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(a.Err, "warning: %s\n", w)
	}
}

// printNext prints what to do next. If conflicts are left in files, they come first.
func (a *app) printNext(steps []string, conflicts error) {
	if len(steps) == 0 {
		return
	}
	if conflicts == nil {
		fmt.Fprintln(a.Out, "\nNext:")
	} else {
		fmt.Fprintln(a.Out, "\nNext, once the conflicts are resolved:")
		into := 0
		if strings.HasPrefix(steps[0], "cd ") {
			into = 1
		}
		steps = slices.Insert(slices.Clone(steps), into, "forge upgrade --continue")
	}
	for _, step := range steps {
		fmt.Fprintf(a.Out, "  %s\n", step)
	}
}

// printCommand ends a run that asked questions.
func (a *app) printCommand(d *dialog, command string) {
	switch {
	case d.asker == nil:
	case d.oneByOne:
		fmt.Fprintf(a.Out, "\nThe same without questions, but for what you decided file by file:\n  %s\n", command)
	default:
		fmt.Fprintf(a.Out, "\nThe same without questions:\n  %s\n", command)
	}
}

// commandLine is forge with words, for a shell.
func (a *app) commandLine(d *dialog, words []string) string {
	if d.conflict != "" {
		words = append(words, "--conflict="+d.conflict)
	}
	line := a.name
	for _, w := range words {
		line += " " + quote(w)
	}
	return line
}

// quote makes one word of a POSIX shell command.
func quote(word string) string {
	plain := strings.IndexFunc(word, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+", r)
	}) < 0
	if plain && word != "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
