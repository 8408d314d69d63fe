package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

func (a *app) providersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "providers [ID]",
		Short: "List the providers, or print one provider's guide: dashboard steps, variables, URLs",
		Args:  usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			c, err := a.catalog()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return c.IDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.catalog()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if asJSON {
					return view.JSON(a.Out, c)
				}
				view.Providers(a.Out, c)
				return nil
			}
			p, ok := c.Guide(args[0])
			if !ok {
				return unknownProvider(c, args[0])
			}
			if asJSON {
				return view.JSON(a.Out, p)
			}
			view.Guide(a.Out, p)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func unknownProvider(c *generator.Catalog, id string) error {
	what := fmt.Sprintf("unknown provider %q", id)
	if near := c.Suggest(id); near != "" {
		what += fmt.Sprintf(", did you mean %q?", near)
	}
	return hinted{usageError{errors.New(what)}, "the providers are " + strings.Join(c.IDs(), ", ")}
}
