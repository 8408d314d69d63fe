package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print forge's version, which is also its templates' version",
		Args:  takes(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			return a.version()
		},
	}
}

func (a *app) version() error {
	c, err := a.catalog()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.Out, "forge "+c.Version)
	return err
}
