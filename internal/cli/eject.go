package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) ejectCommand() *cobra.Command {
	ch := change{words: []string{"eject"}, eject: true}
	cmd := &cobra.Command{
		Use:   "eject",
		Short: "Leave an ordinary Go project with no trace of forge",
		Long: "eject removes .forge/ and what the project's own files say about forge. Your code stays as\n" +
			"it is. There is no way back: an ejected project cannot be upgraded.",
		Args:              projectOnly,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.eject(cmd.Context(), ch)
		},
	}
	ch.bind(cmd)
	return cmd
}

func (a *app) eject(ctx context.Context, ch change) error {
	if err := ch.check(); err != nil {
		return err
	}
	if err := ch.open(ctx, a); err != nil {
		return err
	}
	// Ejecting would bring newer templates along, which nobody asked for.
	if was := ch.project.Manifest.Forge; was != ch.catalog.Version {
		return hinted{
			codedError{fmt.Errorf("the project is what forge %s writes, and this is forge %s", was, ch.catalog.Version), codeUpgradeFirst},
			fmt.Sprintf("run forge upgrade first, or eject with that forge: go run %s@v%s eject", module, was),
		}
	}
	for _, p := range ch.catalog.PacksOf(ch.project.Manifest.Answers) {
		for _, r := range ch.project.Manifest.Packs {
			if p.Name == r.Name && p.Hash != r.Hash {
				return hinted{
					fmt.Errorf("the project is what the pack %s %s writes (%s), and this is %s (%s)", r.Name, r.Version, r.Hash, p.Version, p.Hash),
					"run forge upgrade first, or give the pack that it was written with",
				}
			}
		}
	}
	ch.recorded = ch.project.Manifest.Answers
	return a.change(ctx, ch)
}
