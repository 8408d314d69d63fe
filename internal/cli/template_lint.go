package cli

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/internal/kit/lint"
	"github.com/insforge/forge/internal/view"
)

// errFindings is what lint found; it has printed it already.
var errFindings = errors.New("the templates break rules")

func (a *app) templateLintCommand(c *checkout) *cobra.Command {
	var asJSON, rules bool
	cmd := &cobra.Command{
		Use:   "lint [ID…]",
		Short: "Hold templates to the rules: declarations, Go, SQL, and what they render",
		Long: "lint prints one line for each place that breaks a rule: the file, the line, the rule, what is wrong\n" +
			"and what to do. It exits with 1 if there is any. With IDs it looks at the folders of these providers,\n" +
			"and at shared layers that are theirs alone; without, at all.",
		Example:           "  forge template lint acme\n  forge template lint --rules",
		ValidArgsFunction: c.complete,
		RunE: func(_ *cobra.Command, args []string) error {
			if rules {
				return a.printRules(asJSON)
			}
			if err := c.find(); err != nil {
				return err
			}
			found, err := lint.Run(os.DirFS(c.dir), args...)
			var unknown *lint.UnknownError
			if errors.As(err, &unknown) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			for i := range found {
				found[i].File = path.Join(filepath.ToSlash(c.dir), found[i].File)
			}
			return a.printFindings(found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().BoolVar(&rules, "rules", false, "list the rules instead")
	return cmd
}

func (a *app) printFindings(found []lint.Finding, asJSON bool) error {
	var err error
	if len(found) > 0 {
		err = errFindings
	}
	if asJSON {
		if found == nil {
			found = []lint.Finding{}
		}
		return errors.Join(view.JSON(a.Out, map[string]any{"findings": found}), err)
	}
	for _, f := range found {
		fmt.Fprintln(a.Out, f)
	}
	if err != nil {
		fmt.Fprintf(a.Err, "%s\n", findings(len(found)))
	}
	return err
}

func findings(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// printRules lists the rules, which are documented nowhere else.
func (a *app) printRules(asJSON bool) error {
	if asJSON {
		list := []map[string]string{}
		for _, r := range lint.Rules() {
			list = append(list, map[string]string{"rule": string(r), "sentence": r.Sentence()})
		}
		return view.JSON(a.Out, map[string]any{"rules": list})
	}
	for _, r := range lint.Rules() {
		fmt.Fprintf(a.Out, "%-22s %s\n", r, r.Sentence())
	}
	return nil
}
