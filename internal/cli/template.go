package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
)

// checkout is the templates on disk that a contributor works on.
type checkout struct {
	// dir is the folder of the templates, as the user would write it.
	dir string
}

// templateCommand is for contributors: it works on the templates of a checkout of
// forge, never on those in the binary.
func (a *app) templateCommand() *cobra.Command {
	var c checkout
	cmd := &cobra.Command{
		Use:   "template",
		Short: "Write a provider for forge, and find out in seconds whether it is right",
		Long: "template is for contributors to forge. It works on the folder templates of the checkout that\n" +
			"the current folder is in, or on --templates DIR, and not on the templates that this forge was built with.",
		Args: commandsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&c.dir, "templates", "", "the `DIR` with the templates (default: templates, here or in a folder above)")
	cobra.CheckErr(cmd.MarkPersistentFlagDirname("templates"))
	cmd.AddCommand(a.templateNewCommand(&c), a.templateLintCommand(&c), a.templatePreviewCommand(&c), a.templateTestCommand(&c), a.templateModulesCommand())
	return cmd
}

// find sets c to the templates to work on.
func (c *checkout) find() error {
	const hint = "run it in a checkout of forge, or give --templates DIR"
	if c.dir != "" {
		if !isTemplates(c.dir) {
			return hinted{usageError{fmt.Errorf("--templates: %s has no catalog.toml, so it is no folder of templates", c.dir)}, hint}
		}
		return nil
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	for above := here; ; above = filepath.Dir(above) {
		dir := filepath.Join(above, "templates")
		if isTemplates(above) {
			dir = above
		}
		if isTemplates(dir) {
			if rel, err := filepath.Rel(here, dir); err == nil {
				dir = rel
			}
			c.dir = dir
			return nil
		}
		if above == filepath.Dir(above) {
			return hinted{usageError{errors.New("there is no folder templates here or above, with a catalog.toml in it")}, hint}
		}
	}
}

func isTemplates(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "catalog.toml"))
	return err == nil && info.Mode().IsRegular()
}

// catalog loads the templates, for what cannot be done with ones that are wrong.
func (c *checkout) catalog() (*generator.Catalog, error) {
	catalog, err := generator.Load(os.DirFS(c.dir))
	if err != nil {
		return nil, hinted{err, "the paths are below " + c.dir + "; forge template lint says more"}
	}
	return catalog, nil
}

// complete completes the IDs of the checkout's providers.
func (c *checkout) complete(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	if err := c.find(); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	catalog, err := c.catalog()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return catalog.IDs(), cobra.ShellCompDirectiveNoFileComp
}
