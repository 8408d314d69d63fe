package cli

import (
	"github.com/spf13/cobra"
)

// templateCommand is for those who write templates.
func (a *app) templateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "template",
		Short: "Write providers of your own",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.templateModulesCommand())
	return cmd
}
