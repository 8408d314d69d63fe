// Package cli is forge's command line: flags, commands and exit codes, one
// file for each command. It decides what is asked and printed; what is written
// is decided by the generator package.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/templates"
)

// Stdio is where forge reads answers and prints. Prompts, progress and errors
// go to Err, so that Out stays readable by machines.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is what every command needs.
type app struct {
	Stdio
	// name is how the user calls forge.
	name      string
	getenv    func(string) string
	templates fs.FS
	// beforeWrite is told before every write; tests make it fail.
	beforeWrite func(ctx context.Context, done int, path string) error
}

// Main runs forge with args and returns the exit code of the process.
func Main(args []string, stdio Stdio) int {
	return run(args, newApp(stdio))
}

func newApp(stdio Stdio) *app {
	name := "forge"
	if strings.Contains(os.Args[0], "go-build") { // where go run puts it
		name = "go run ./cmd/forge"
	}
	return &app{Stdio: stdio, name: name, getenv: os.Getenv, templates: templates.FS}
}

func run(args []string, a *app) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var out *remembering
	if wantsJSON(args) {
		out = &remembering{Writer: a.Out}
		a.Out = out
	}
	root := a.root()
	root.SetArgs(longUpdate(args))
	err := root.ExecuteContext(ctx)
	if out != nil {
		err = errors.Join(err, a.printFailure(err, out))
	}
	return report(a.Err, err)
}

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "forge",
		Short: "Scaffold a Go server for InsForge, with your auth provider and payments wired in",
		Long: "forge asks which auth provider and which payment options you want and writes a complete\n" +
			"Go server for an InsForge backend: code, SQL migrations with row level security,\n" +
			"insforge.toml and tests, wired and running. Later it brings newer templates, another\n" +
			"provider or one provider less into the project you have edited, without losing an edit.",
		Example:       "  forge new\n  forge providers clerk",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          commandsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				return a.version()
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, "the same as forge version")
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(wrongFlag)
	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"A new server:", []*cobra.Command{a.newCommand(), a.providersCommand()}},
		{"In a server's folder, later:", []*cobra.Command{
			a.statusCommand(), a.diffCommand(), a.upgradeCommand(), a.addCommand(), a.removeCommand(), a.ejectCommand(),
			a.doctorCommand(), a.tokenCommand(),
		}},
		{"As a buyer:", []*cobra.Command{a.payCommand()}},
		{"For programs and coding agents:", []*cobra.Command{a.schemaCommand(), a.mcpCommand()}},
		{"For contributors:", []*cobra.Command{a.templateCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(a.versionCommand())
	refuseUnknown(root)
	return root
}

// catalog loads the embedded templates. They are tested, so an error here is a
// broken build and not the user's.
func (a *app) catalog() (*generator.Catalog, error) {
	c, err := generator.Load(a.templates)
	if err != nil {
		return nil, fmt.Errorf("loading the templates: %w", err)
	}
	return c, nil
}
