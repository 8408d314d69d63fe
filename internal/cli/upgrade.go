package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insforge/forge/generator"
)

func (a *app) upgradeCommand() *cobra.Command {
	ch := change{words: []string{"upgrade"}}
	var resume, abort, discard bool
	cmd := &cobra.Command{
		Use:        "upgrade",
		SuggestFor: []string{"update"},
		Short:      "Bring newer templates into the project without losing an edit",
		Long: "upgrade merges what changed in the templates since this project was written into the\n" +
			"project as it is now. Your edits stay, files you deleted stay deleted, and where you and\n" +
			"the templates changed the same lines nothing is written until you decide.",
		Example:           "  forge upgrade --dry-run\n  forge upgrade --conflict=markers\n  forge upgrade --continue",
		Args:              projectOnly,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			switch {
			case resume:
				if err := alone(cmd, "continue"); err != nil {
					return err
				}
				return a.resume(ctx)
			case abort:
				if err := alone(cmd, "abort", "discard"); err != nil {
					return err
				}
				return a.abort(ctx, discard)
			case discard:
				return usageError{errors.New("--discard says what --abort may lose, and means nothing without it")}
			}
			return a.upgrade(ctx, ch)
		},
	}
	ch.bindAnswers(cmd)
	ch.bind(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&ch.restore, "restore", nil, "write the file at `PATH` again, which you deleted; repeatable")
	flags.BoolVar(&resume, "continue", false, "finish a run: after you have resolved its conflicts, or after it was interrupted")
	flags.BoolVar(&abort, "abort", false, "take a run back that left conflicts or was interrupted")
	flags.BoolVar(&discard, "discard", false, "with --abort: lose also what you have edited since")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("restore", completeDeleted))
	return cmd
}

// alone refuses all flags but name, which means something of its own, and
// those that go with it.
func alone(cmd *cobra.Command, name string, with ...string) error {
	var others []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != name && !slices.Contains(with, f.Name) {
			others = append(others, "--"+f.Name)
		}
	})
	if others == nil {
		return nil
	}
	return usageError{fmt.Errorf("--%s goes on with an earlier run, and takes nothing from %s", name, strings.Join(others, ", "))}
}

func (a *app) upgrade(ctx context.Context, ch change) error {
	if err := ch.check(); err != nil {
		return err
	}
	if err := ch.open(ctx, a); err != nil {
		return err
	}
	ch.recorded = ch.project.Manifest.Answers
	return a.change(ctx, ch)
}

// completeDeleted completes the files of forge's that the user has deleted.
func completeDeleted(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	dir, err := generator.FindProject(".")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	project, err := generator.OpenProject(dir)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	files, err := project.Status(nil, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var deleted []string
	for _, f := range files {
		if f.State == generator.Deleted {
			deleted = append(deleted, f.Path)
		}
	}
	return deleted, cobra.ShellCompDirectiveNoFileComp
}
