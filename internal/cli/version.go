package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print forge's version, which is also its templates' version",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Out, "forge "+generator.Version)
			return err
		},
	}
}
