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
	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/templates"
)

// Exit codes. They are a contract with scripts and agents.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitConflicts   = 3
	exitInterrupted = 130
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
	beforeWrite func(done int, path string) error
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
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return report(a.Err, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "forge",
		Short: "Scaffold a Go server for InsForge, with your auth provider and payments wired in",
		Long: "forge asks which auth provider and which payment options you want and writes a complete\n" +
			"Go server for an InsForge backend: code, SQL migrations with row level security,\n" +
			"insforge.toml and tests, wired and running.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.newCommand(), a.providersCommand(), a.versionCommand())
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

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// hinted adds what to do next to an error.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// conflictsError is a plan that waits for the user's decision.
type conflictsError struct{ conflicts []generator.Change }

func (e conflictsError) Error() string {
	if len(e.conflicts) == 1 {
		return "1 file of yours is in the way; nothing was written"
	}
	return fmt.Sprintf("%d files of yours are in the way; nothing was written", len(e.conflicts))
}

// usageArgs marks what cobra says about arguments as a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// report prints err for a person, all problems at once, and returns the exit
// code that stands for it.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, prompt.ErrInterrupted) || errors.Is(err, context.Canceled) {
		var failed *generator.ApplyError
		if errors.As(err, &failed) && failed.Undo != nil {
			fmt.Fprintf(w, "forge: interrupted; %v\n", err)
		} else {
			fmt.Fprintln(w, "forge: interrupted; nothing was written")
		}
		return exitInterrupted
	}
	var conflicts conflictsError
	switch {
	case errors.As(err, &conflicts):
		fmt.Fprintf(w, "forge: %v\n", conflicts)
		for _, c := range conflicts.conflicts {
			fmt.Fprintf(w, "  %s: %s\n", c.Path, c.Conflict.Reason)
		}
	default:
		printProblems(w, err)
	}
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
	switch {
	case conflicts.conflicts != nil:
		return exitConflicts
	case isUsage(err):
		return exitUsage
	}
	return exitFailed
}

func isUsage(err error) bool {
	var usage usageError
	var answer *generator.AnswerError
	var missing *generator.MissingError
	return errors.As(err, &usage) || errors.As(err, &answer) || errors.As(err, &missing) ||
		strings.HasPrefix(err.Error(), "unknown command")
}

func printProblems(w io.Writer, err error) {
	problems := flatten(err)
	if len(problems) == 1 {
		fmt.Fprintf(w, "forge: %s\n", problems[0])
		return
	}
	fmt.Fprintf(w, "forge: %d problems\n", len(problems))
	for _, p := range problems {
		fmt.Fprintf(w, "  %s\n", p)
	}
}

// flatten lists the errors that were joined into err.
func flatten(err error) []string {
	var h hinted
	var u usageError
	switch e := err.(type) { //nolint:errorlint // only the outermost wrapping is unfolded
	case interface{ Unwrap() []error }:
		var all []string
		for _, inner := range e.Unwrap() {
			all = append(all, flatten(inner)...)
		}
		return all
	default:
		if errors.As(err, &h) && err == error(h) { //nolint:errorlint // identity
			return flatten(h.error)
		}
		if errors.As(err, &u) && err == error(u) { //nolint:errorlint // identity
			return flatten(u.error)
		}
	}
	return []string{err.Error()}
}
