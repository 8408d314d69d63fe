package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

func (a *app) providersCommand() *cobra.Command {
	var asJSON, markdown bool
	var from sources
	cmd := &cobra.Command{
		Use:        "providers [ID]",
		SuggestFor: []string{"guide", "list"},
		Short:      "List the providers, or print one provider's guide: dashboard steps, variables, URLs",
		Args:       takes(0, 1, "the ID of one provider"),
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			c, err := a.completed(cmd)
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return c.IDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON && markdown {
				return usageError{errors.New("--json and --markdown are two forms of the same: give one")}
			}
			c, err := a.everyProvider(cmd.Context(), from)
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
	from.bindTemplates(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the page of ID, or the tables of all providers, as forge's repository has them")
	return cmd
}

// everyProvider is the catalog with the packs of the command line and, in a
// project, with those that it has. One that cannot be had hides no other.
func (a *app) everyProvider(ctx context.Context, from sources) (*generator.Catalog, error) {
	packs, err := from.read(ctx, false)
	if err != nil {
		return nil, err
	}
	dir, err := generator.FindProject(".")
	if err != nil {
		return a.load(packs, "")
	}
	if project, err := generator.OpenProject(dir); err == nil {
		more, err := recorded(ctx, dir, project.Manifest.Packs, packs, packUse{})
		for _, problem := range flatten(err) {
			fmt.Fprintf(a.Err, "warning: %s\n", problem)
		}
		packs = more
	}
	return a.load(packs, dir)
}

func unknownProvider(c *generator.Catalog, id string) error {
	what := fmt.Sprintf("unknown provider %q", id)
	if near := c.Suggest(id); near != "" {
		what += fmt.Sprintf(", did you mean %q?", near)
	}
	return hinted{codedError{errors.New(what), codeUnknownChoice}, "the providers are " + strings.Join(c.IDs(), ", ")}
}
