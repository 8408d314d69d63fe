// Package prompt asks on a terminal what flags and files left open. Everything
// it writes goes to the writer it is given, which is standard error: standard
// output stays for what a program reads.
package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/term"

	"github.com/insforge/forge/generator"
)

var (
	// ErrInterrupted is Ctrl-C, Ctrl-D, the end of the input, a cancelled
	// context, or SIGINT, SIGTERM or SIGHUP while asking. The terminal is
	// already as it was before the first question.
	ErrInterrupted = errors.New("interrupted")
	// ErrNotTerminal is that there is nobody to ask.
	ErrNotTerminal = errors.New("not a terminal")
)

// Asker asks questions, one at a time. It reads ahead of what it needs, so a
// process makes one and keeps it. It is not for concurrent use.
type Asker struct {
	// Refuse, if it is set, says why a value that is an answer to the question with
	// that key cannot be taken all the same.
	Refuse func(key, value string) error

	in      *input
	out     io.Writer
	tty     *os.File // the terminal on in, or nil
	outFile *os.File // the terminal on out, or nil
	redraw  bool     // ask through survey, which draws with escape codes
	probed  bool     // whether the terminal has shown that it can redraw
}

// New decides how to ask. When in and out are terminals, prompts are drawn by
// survey; with plain, TERM=dumb or a true ACCESSIBLE they are plain lines and
// numbered choices: nothing is redrawn and no escape code written. Only plain,
// being explicit, also works in CI and with an in or out that is no terminal:
// answers may then be piped, one a line. Everything else is ErrNotTerminal.
func New(in io.Reader, out io.Writer, getenv func(string) string, plain bool) (*Asker, error) {
	a := &Asker{in: newInput(in), out: out, tty: terminalOn(in), outFile: terminalOn(out)}
	if plain {
		return a, nil
	}
	if a.tty == nil || a.outFile == nil || isOn(getenv("CI")) {
		return nil, ErrNotTerminal
	}
	a.redraw = getenv("TERM") != "dumb" && !isOn(getenv("ACCESSIBLE"))
	if getenv("NO_COLOR") != "" {
		disableColor()
	}
	return a, nil
}

// terminalOn returns the terminal that v is, or nil.
func terminalOn(v any) *os.File {
	if f, ok := v.(*os.File); ok && f != nil && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// IsTerminal reports whether somebody sees what is written to v.
func IsTerminal(v any) bool { return terminalOn(v) != nil }

// isOn reads a variable that is a switch: anything but empty, 0 and false.
func isOn(value string) bool {
	on, err := strconv.ParseBool(value)
	return on || err != nil && value != ""
}

// Ask asks every question of c that applies and that given does not answer,
// in order. An answer that cannot stand is asked again. Interrupted, it also
// returns what was answered so far.
func (a *Asker) Ask(ctx context.Context, c *generator.Catalog, given generator.Answers) (generator.Answers, error) {
	answers := given
	err := a.session(ctx, func(ctx context.Context) error {
		for {
			q, ok := firstOpen(c, answers)
			if !ok {
				return nil
			}
			value, err := a.ask(ctx, q, a.fits(c, answers, q))
			if err != nil {
				return err
			}
			answers = answers.Set(q.Key, value)
			if _, ok := answers.Get(q.Key); !ok {
				return fmt.Errorf("%s: %q is no answer", generator.Flag(q.Key), value)
			}
		}
	})
	return answers, err
}

// firstOpen looks again after every answer, because an answer can open or
// close later questions and fill their defaults.
func firstOpen(c *generator.Catalog, answers generator.Answers) (generator.Question, bool) {
	for _, q := range c.Questions(answers) {
		if _, ok := answers.Get(q.Key); !ok {
			return q, true
		}
	}
	return generator.Question{}, false
}

// fits checks a value as an answer to q, alone and beside the answers so far.
func (a *Asker) fits(c *generator.Catalog, answers generator.Answers, q generator.Question) func(string) error {
	// What was wrong before cannot be put right by another answer to q.
	alreadyWrong := c.Check(answers) != nil
	return func(value string) error {
		if err := q.Check(value); err != nil {
			return err
		}
		if a.Refuse != nil {
			if err := a.Refuse(q.Key, value); err != nil {
				return err
			}
		}
		if alreadyWrong {
			return nil
		}
		err := c.Check(answers.Set(q.Key, value))
		if wrong := (*generator.AnswerError)(nil); errors.As(err, &wrong) {
			return errors.New(wrong.Reason) // without the flag, which the user did not type
		}
		return err
	}
}

// Confirm asks a question that is answered by yes or no.
func (a *Asker) Confirm(ctx context.Context, message string, def bool) (bool, error) {
	q := generator.Question{Type: "confirm", Message: message, Default: strconv.FormatBool(def)}
	value, err := a.one(ctx, q)
	return value == "true", err
}

// Select asks for the Value of one of the choices.
func (a *Asker) Select(ctx context.Context, message string, choices []generator.Choice, def string) (string, error) {
	return a.one(ctx, generator.Question{Type: "select", Message: message, Choices: choices, Default: def})
}

// Question asks one question that belongs to no catalog.
func (a *Asker) Question(ctx context.Context, q generator.Question) (string, error) {
	return a.one(ctx, q)
}

func (a *Asker) one(ctx context.Context, q generator.Question) (value string, err error) {
	err = a.session(ctx, func(ctx context.Context) error {
		value, err = a.ask(ctx, q, q.Check)
		return err
	})
	return value, err
}

// session runs f so that a signal or a cancelled ctx ends it and, however it
// ends, the terminal is left as it was found.
func (a *Asker) session(ctx context.Context, f func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if a.tty != nil {
		fd := int(a.tty.Fd())
		if state, err := term.GetState(fd); err == nil {
			defer func() { _ = term.Restore(fd, state) }() // the terminal may be gone
		}
	}
	if a.redraw && !a.probed {
		a.probed = true
		// Without an answer survey would wait for ever.
		a.redraw = canLocateCursor(ctx, a.tty, a.in, a.out)
	}
	err := f(ctx)
	if ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
}

// ask asks q until check accepts the answer, which is in the form Check takes.
func (a *Asker) ask(ctx context.Context, q generator.Question, check func(string) error) (string, error) {
	if len(q.Choices) == 0 {
		switch q.Type {
		case "select":
			return "", fmt.Errorf("%s: there is nothing to choose from", q.Message)
		case "multiselect":
			return generator.None, nil
		}
	}
	if a.redraw && (q.Type != "confirm" || !endOfInputConfirms) {
		value, err := a.askSurvey(ctx, q, check)
		if !errors.Is(err, errSurvey) {
			return value, err
		}
		// The terminal or survey let us down: lines work everywhere.
		a.redraw = false
	}
	return a.askPlain(ctx, q, check)
}
