package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

// Exit codes. They are a contract with scripts and agents.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitConflicts   = 3
	exitDrift       = 4
	exitInterrupted = 130
)

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// hinted adds what to do next to an error.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// interruption is an end by the user, and how things are left.
type interruption struct{ left string }

func (i interruption) Error() string { return "interrupted; " + i.left }

func (i interruption) Unwrap() error { return prompt.ErrInterrupted }

// conflictsError is files that wait for the user.
type conflictsError struct {
	what  string
	files []string
}

func (e conflictsError) Error() string { return e.what + ":" + lines(e.files) }

// dirtyError lists files with changes that git has not committed.
type dirtyError struct{ paths []string }

func (e dirtyError) Error() string {
	const most = 10
	shown := e.paths
	if rest := len(shown) - most; rest > 1 {
		shown = append(shown[:most:most], fmt.Sprintf("and %d more", rest))
	}
	return "files that forge manages have changes that git has not committed:" + lines(shown)
}

func lines(list []string) string { return "\n  " + strings.Join(list, "\n  ") }

// errDrift is what status --check found; it has printed it already.
var errDrift = errors.New("the project has drifted, or an upgrade is available")

// report prints err for a person, all problems at once, and returns the exit
// code that stands for it.
func report(w io.Writer, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errDrift):
		return exitDrift
	case errors.Is(err, errUnhealthy), errors.Is(err, errFindings):
		return exitFailed
	case errors.Is(err, prompt.ErrInterrupted), errors.Is(err, context.Canceled):
		reportInterrupted(w, err)
		return exitInterrupted
	}
	printProblems(w, err)
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
	var conflicts conflictsError
	switch {
	case errors.As(err, &conflicts), errors.Is(err, generator.ErrPending):
		return exitConflicts
	case isUsage(err):
		return exitUsage
	}
	return exitFailed
}

func reportInterrupted(w io.Writer, err error) {
	var failed *generator.ApplyError
	if errors.As(err, &failed) && failed.Undo != nil {
		fmt.Fprintf(w, "forge: interrupted; %v\n", err)
		return
	}
	var said interruption
	if errors.As(err, &said) {
		fmt.Fprintf(w, "forge: %v\n", said)
		return
	}
	fmt.Fprintln(w, "forge: interrupted; nothing was written")
}

func isUsage(err error) bool {
	var usage usageError
	var answer *generator.AnswerError
	var missing *generator.MissingError
	return errors.As(err, &usage) || errors.As(err, &answer) || errors.As(err, &missing) ||
		strings.HasPrefix(err.Error(), "unknown command")
}

func printProblems(w io.Writer, err error) {
	var problems []string
	for _, p := range flatten(err) {
		if !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
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
	switch e := err.(type) { //nolint:errorlint // only the outermost wrapping is unfolded
	case interface{ Unwrap() []error }:
		var all []string
		for _, inner := range e.Unwrap() {
			all = append(all, flatten(inner)...)
		}
		return all
	case hinted:
		return flatten(e.error)
	case usageError:
		return flatten(e.error)
	}
	return []string{err.Error()}
}
