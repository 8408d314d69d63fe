package cli

import (
	"errors"
	"fmt"
	"io"
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
	if err == nil {
		return exitDone
	}
	switch end := endingOf(err); {
	case errors.Is(err, errDrift), errors.Is(err, errUnhealthy), errors.Is(err, errFindings):
		return end.Exit // they have printed what they found
	case end.Exit == exitInterrupted:
		reportInterrupted(w, err)
		return end.Exit
	}
	printProblems(w, err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
	return endingOf(err).Exit
}

// hintOf is what to do about err, or "".
func hintOf(err error) string {
	var h hinted
	errors.As(err, &h)
	return h.hint
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

func printProblems(w io.Writer, err error) {
	problems := flatten(err)
	if len(problems) == 1 {
		fmt.Fprintf(w, "forge: %v\n", problems[0])
		return
	}
	fmt.Fprintf(w, "forge: %d problems\n", len(problems))
	for _, p := range problems {
		fmt.Fprintf(w, "  %v\n", p)
	}
}

// flatten lists the errors that were joined into err, each text once.
func flatten(err error) []error {
	var problems []error
	said := map[string]bool{}
	for _, p := range unjoined(err) {
		if !said[p.Error()] {
			problems = append(problems, p)
		}
		said[p.Error()] = true
	}
	return problems
}

func unjoined(err error) []error {
	if err == nil {
		return nil
	}
	switch e := err.(type) { //nolint:errorlint // only the outermost wrapping is unfolded
	case interface{ Unwrap() []error }:
		var all []error
		for _, inner := range e.Unwrap() {
			all = append(all, unjoined(inner)...)
		}
		return all
	case hinted:
		return unjoined(e.error)
	case usageError:
		return each(unjoined(e.error), func(err error) error { return usageError{err} })
	case codedError:
		return each(unjoined(e.error), func(err error) error { return codedError{err, e.code} })
	}
	return []error{err}
}

// each says of every one of errs what was said of all of them.
func each(errs []error, wrap func(error) error) []error {
	for i, err := range errs {
		errs[i] = wrap(err)
	}
	return errs
}
