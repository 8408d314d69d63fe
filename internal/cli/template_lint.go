package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/kit/lint"
	"github.com/insforge/forge/internal/pack"
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
			"and at shared layers that are theirs alone; without, at all. With --templates, DIR may be a template\n" +
			"pack, whose providers are looked at as if forge had them.",
		Example:           "  forge template lint acme\n  forge template lint --rules",
		ValidArgsFunction: c.complete,
		RunE: func(_ *cobra.Command, args []string) error {
			if rules {
				return a.printRules(asJSON)
			}
			fsys, ids, err := a.lintable(c, args)
			if err != nil {
				return err
			}
			found, err := lint.Run(fsys, ids...)
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

// lintable is what c works on, which may be a template pack, and the IDs to look at:
// those given, or all of the pack.
func (a *app) lintable(c *checkout, ids []string) (fs.FS, []string, error) {
	if _, err := os.Stat(filepath.Join(c.dir, "pack.toml")); c.dir == "" || err != nil {
		if err := c.find(); err != nil {
			return nil, nil, err
		}
		return os.DirFS(c.dir), ids, nil
	}
	p, err := pack.Folder(c.dir, c.dir)
	if err != nil {
		return nil, nil, packError(c.dir, err)
	}
	// As forge new takes it first: that says more of what a pack must not do.
	catalog, err := generator.Load(a.templates, p)
	if err != nil {
		return nil, nil, packError(c.dir, err)
	}
	if len(ids) == 0 {
		for _, provider := range slices.Concat(catalog.Auth, catalog.Payments) {
			if provider.Pack == p.Name {
				ids = append(ids, provider.ID)
			}
		}
	}
	return pack.Over(a.templates, p.FS), ids, nil
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
