package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

func (a *app) diffCommand() *cobra.Command {
	var asJSON, upgrade bool
	var use packUse
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show your edits against what forge wrote, or what an upgrade would do",
		Long: "diff prints a unified diff from what forge last wrote to what the project has now. With\n" +
			"--upgrade it prints what forge upgrade would change instead: new questions answered by\n" +
			"their defaults, and conflicts as the markers they would leave.",
		Args:              projectOnly,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, state, err := readState()
			if err != nil {
				return err
			}
			project, catalog, err := a.openIn(cmd.Context(), dir, state, use)
			if err != nil {
				return err
			}
			diffs := a.edits
			if upgrade {
				diffs = a.upgradeDiffs
			}
			found, err := diffs(project, catalog)
			if err != nil {
				return err
			}
			if asJSON {
				return view.JSON(a.Out, found)
			}
			for _, d := range found {
				if _, err := io.WriteString(a.Out, d.Diff); err != nil {
					return err
				}
			}
			return nil
		},
	}
	use.bindTemplates(cmd)
	cmd.Flags().BoolVar(&upgrade, "upgrade", false, "show what forge upgrade would change")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// edits are the user's.
func (a *app) edits(p *generator.Project, c *generator.Catalog) ([]view.FileDiff, error) {
	edits, lost, err := p.Edits(c)
	if err != nil {
		return nil, readError(p.Dir, err)
	}
	for _, path := range lost {
		fmt.Fprintf(a.Err, "forge: %s: edited, but forge's record of what it wrote there is lost\n", path)
	}
	return view.Edits(edits), nil
}

func (a *app) upgradeDiffs(p *generator.Project, c *generator.Catalog) ([]view.FileDiff, error) {
	answers, err := carry(c, p.Manifest.Answers, nil)
	if err != nil {
		return nil, err
	}
	answers = acceptDefaults(c, answers)
	if missing := unanswered(c, answers); len(missing) > 0 {
		return nil, hinted{
			errors.New("newer templates ask questions that have no default"),
			"forge upgrade --dry-run asks them, or takes --set " + missing[0].Key + "=VALUE",
		}
	}
	ch := change{words: []string{"upgrade"}, project: p, catalog: c, answers: answers}
	u, err := ch.plan()
	if err != nil {
		return nil, err
	}
	return view.Diffs(u.Plan.Decide(generator.DecideMarkers, ch.labels())), nil
}
