package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

// dialog is how the questions of one run are answered: by its flags, or by the
// user where they leave something open.
type dialog struct {
	set             []string
	defaults, plain bool
	conflict        string
	dryRun, json    bool

	// refuse, if it is set, says why an answer cannot be taken at this place.
	refuse func(key, value string) error
	// asker is nil until something has to be asked.
	asker *prompt.Asker
	// oneByOne is set once conflicts were decided in ways that no flag says.
	oneByOne bool
}

// bindAnswers defines the flags that answer the catalog's questions.
func (d *dialog) bindAnswers(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&d.set, "set", nil, "answer to a question, as `KEY=VALUE`; repeatable")
	flags.BoolVar(&d.defaults, "defaults", false, "accept the default of every question left open")
}

// bindWriting defines the flags of every command that writes a project.
func (d *dialog) bindWriting(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&d.conflict, "conflict", "", "`HOW` to settle what cannot be merged: keep (yours), take (forge's) "+
		"or markers (both, for you to resolve)")
	flags.BoolVar(&d.dryRun, "dry-run", false, "print what would change, with a diff, and write nothing")
	flags.BoolVar(&d.json, "json", false, "print one JSON document")
	flags.BoolVar(&d.plain, "plain", false, "ask with plain numbered lines, also on a pipe")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("conflict",
		cobra.FixedCompletions(decisions(), cobra.ShellCompDirectiveNoFileComp)))
}

func decisions() []string {
	var names []string
	for _, d := range generator.Decisions() {
		names = append(names, string(d))
	}
	return names
}

// check refuses values that no flag can have.
func (d *dialog) check() error {
	if d.conflict == "" || slices.Contains(decisions(), d.conflict) {
		return nil
	}
	return usageError{fmt.Errorf("--conflict: unknown %q (choices: %s)", d.conflict, strings.Join(decisions(), ", "))}
}

// complete answers what is left open: by the defaults if the user said so, else
// by asking. Without a terminal the error says to give the answers by way of
// flags.
func (a *app) complete(ctx context.Context, c *generator.Catalog, answers generator.Answers, d *dialog, flags string) (generator.Answers, error) {
	if d.defaults {
		answers = acceptDefaults(c, answers)
	}
	missing := unanswered(c, answers)
	if len(missing) == 0 {
		return answers, c.Check(answers)
	}
	var err error
	if d.asker, err = prompt.New(a.In, a.Err, a.getenv, d.plain); err != nil {
		return answers, hinted{missingAnswersError(missing), "give them " + flags + "; --defaults accepts every default"}
	}
	d.asker.Refuse = d.refuse
	return d.asker.Ask(ctx, c, answers)
}

// missingAnswersError are questions that nobody could be asked.
type missingAnswersError []generator.Question

// Error lists every flag that would have answered a question.
func (missing missingAnswersError) Error() string {
	var b strings.Builder
	b.WriteString("there is no terminal to ask on, and these answers are missing:")
	for _, q := range missing {
		fmt.Fprintf(&b, "\n  %s", generator.Flag(q.Key))
		if strings.HasPrefix(generator.Flag(q.Key), "--set") {
			b.WriteString("=VALUE")
		}
		fmt.Fprintf(&b, "  %s", q.Message)
		var about []string
		switch {
		case q.Type == "confirm":
			about = append(about, "choices: true, false")
		case len(q.Choices) > 0:
			var values []string
			for _, choice := range q.Choices {
				values = append(values, choice.Value)
			}
			about = append(about, "choices: "+strings.Join(values, ", "))
		}
		if q.Default != "" {
			about = append(about, "default: "+q.Default)
		}
		if len(about) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(about, "; "))
		}
	}
	return b.String()
}

// confirm asks whether to go ahead, if the user was asked anything before:
// they may have thought better of it.
func (d *dialog) confirm(ctx context.Context, message string) error {
	if d.asker == nil {
		return nil
	}
	yes, err := d.asker.Confirm(ctx, message, true)
	if err == nil && !yes {
		err = prompt.ErrInterrupted
	}
	return err
}
