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
	var asJSON, markdown bool
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
			if asJSON && markdown {
				return usageError{errors.New("--json and --markdown are two forms of the same: give one")}
			}
			c, err := a.catalog()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				switch {
				case asJSON:
					return view.JSON(a.Out, c)
				case markdown:
					view.Features(a.Out, c)
				default:
					view.Providers(a.Out, c)
				}
				return nil
			}
			p, ok := c.Guide(args[0])
			if !ok {
				return unknownProvider(c, args[0])
			}
			switch {
			case asJSON:
				return view.JSON(a.Out, p)
			case markdown:
				view.Page(a.Out, p)
			default:
				view.Guide(a.Out, p)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the page of ID, or the tables of all providers, as forge's repository has them")
	return cmd
}

func unknownProvider(c *generator.Catalog, id string) error {
	what := fmt.Sprintf("unknown provider %q", id)
	if near := c.Suggest(id); near != "" {
		what += fmt.Sprintf(", did you mean %q?", near)
	}
	return hinted{codedError{errors.New(what), codeUnknownChoice}, "the providers are " + strings.Join(c.IDs(), ", ")}
}
