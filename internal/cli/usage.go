package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insforge/forge/internal/spelling"
)

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// takes checks how many arguments a command is given, which are called what.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		given := "nothing"
		for i, arg := range args {
			if i == 0 {
				given = strconv.Quote(arg)
				continue
			}
			given += ", " + strconv.Quote(arg)
		}
		return hinted{
			usageError{fmt.Errorf("%s takes %s, and was given %s", cmd.Name(), what, given)},
			"it is called as " + cmd.UseLine(),
		}
	}
}

// commandsOnly refuses the arguments of a command that only has others below it.
func commandsOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return noCommand(cmd, args[0])
}

// refuseUnknown has the commands that cobra adds to root refuse names that mean
// nothing, where they would print what root can do.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, names []string) error {
				found, rest, err := root.Find(names)
				if err == nil && len(rest) > 0 && found.HasSubCommands() {
					return noCommand(found, rest[0])
				}
				return err
			}
		case "completion":
			cmd.Args = commandsOnly
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// noCommand is that parent has no command of that name.
func noCommand(parent *cobra.Command, name string) error {
	what := fmt.Sprintf("unknown command %q for %q", name, parent.CommandPath())
	parent.SuggestionsMinimumDistance = 2
	if meant := parent.SuggestionsFor(name); len(meant) > 0 {
		what += fmt.Sprintf(", did you mean %q?", meant[0])
	}
	return hinted{usageError{errors.New(what)}, parent.CommandPath() + " --help lists the commands"}
}

// wrongFlag is what cobra says about the flags of cmd, with what may have been meant.
func wrongFlag(cmd *cobra.Command, err error) error {
	// The flags of a command that there is not are none of its parent's.
	if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 {
		return noCommand(cmd, args[0])
	}
	hint := cmd.CommandPath() + " --help lists the flags"
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return hinted{usageError{err}, hint}
	}
	typed := cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName())
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	typed, _, _ = strings.Cut(typed, "=")
	if meant := spelling.Nearest(typed, names); meant != "" && len(typed) > 1 {
		err = fmt.Errorf("%w, did you mean --%s?", err, meant)
	}
	return hinted{usageError{err}, hint}
}

// projectOnly refuses arguments of a command that works on the project that
// the current folder is in.
func projectOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return hinted{
		usageError{fmt.Errorf("%s takes no argument, and was given %q", cmd.Name(), args[0])},
		"run it in the project's folder, or anywhere below",
	}
}
