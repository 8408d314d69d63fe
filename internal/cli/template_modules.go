package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/internal/modlock"
	"github.com/insforge/forge/internal/pack"
)

func (a *app) templateModulesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "modules DIR",
		Short: "Resolve the Go modules that a template pack imports, and write its modules.lock files",
		Long: "modules has the Go tool resolve what the Go templates of the pack in DIR import, together with what\n" +
			"forge's own templates import, and writes a modules.lock into each folder that needs one. Run it after\n" +
			"a change of a [[require]] or of an import. It needs go, and the network for modules that are not cached.",
		Example: "  forge template modules ./acme",
		Args:    takes(1, 1, "the folder of one pack"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := args[0]
			if _, err := os.Stat(filepath.Join(dir, "pack.toml")); err != nil {
				return hinted{
					usageError{fmt.Errorf("%s: is no template pack: it has no pack.toml", dir)},
					"give the folder that has pack.toml in it",
				}
			}
			// What is wrong otherwise is said first: the Go tool would say less.
			if _, err := pack.Folder(dir, dir); err != nil {
				return packError(dir, err)
			}
			err := modlock.Pack(a.templates, dir)
			var newer *modlock.NewerError
			if errors.As(err, &newer) {
				return hinted{err, "one version serves all providers of a project: require what gets by with forge's"}
			}
			return err
		},
	}
}
