package prompt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/core"
	"github.com/AlecAivazis/survey/v2/terminal"

	"github.com/insforge/forge/generator"
)

// errSurvey is that survey cannot go on, though the user can.
var errSurvey = errors.New("survey failed")

// endOfInputConfirms is whether survey takes Ctrl-D for Enter, so for Yes,
// with no way to stop it: on Windows it reads keys past our reader.
const endOfInputConfirms = runtime.GOOS == "windows"

// pageSize is how many choices show at once on a screen of 24 lines.
const pageSize = 10

func disableColor() { core.DisableColor = true }

func (a *Asker) askSurvey(ctx context.Context, q generator.Question, check func(string) error) (string, error) {
	prompt, read := surveyPrompt(q)
	keys := &keyboard{ctx: ctx, in: a.in, tty: a.tty}
	var value string
	err := recovered(func() error {
		return survey.AskOne(prompt, ignored{},
			survey.WithStdio(keys, screen{a.outFile, keys}, a.out),
			survey.WithPageSize(pageSize),
			survey.WithShowCursor(true),
			survey.WithValidator(func(answer any) error {
				value = read(answer)
				return check(value)
			}))
	})
	switch {
	case err == nil:
		return value, nil
	case errors.Is(err, terminal.InterruptErr): // survey has ended the line
		return "", ErrInterrupted
	}
	if _, err := io.WriteString(a.out, "\r\n"); err != nil {
		return "", ErrInterrupted
	}
	if ctx.Err() != nil || a.in.err != nil {
		return "", ErrInterrupted
	}
	return "", fmt.Errorf("%w: %w", errSurvey, err)
}

// ignored takes the answer from survey, which the validator has taken already
// in a form that is the same for every type of question.
type ignored struct{}

// WriteAnswer implements core.Settable.
func (ignored) WriteAnswer(string, any) error { return nil }

// surveyPrompt returns the prompt for q and what makes its answers ours.
func surveyPrompt(q generator.Question) (survey.Prompt, func(any) string) {
	values := make([]string, len(q.Choices))
	for i, c := range q.Choices {
		values[i] = c.Value
	}
	describe := func(_ string, i int) string {
		if q.Choices[i].Label == q.Choices[i].Value {
			return ""
		}
		return q.Choices[i].Label
	}
	filter := func(filter, value string, i int) bool {
		return strings.Contains(strings.ToLower(value+" "+q.Choices[i].Label), strings.ToLower(filter))
	}
	switch q.Type {
	case "select":
		return &survey.Select{
			Message: q.Message, Help: q.Help, Options: values, Description: describe, Filter: filter,
			Default: max(0, slices.Index(values, q.Default)),
		}, func(answer any) string { return answer.(core.OptionAnswer).Value }
	case "multiselect":
		return &survey.MultiSelect{
			Message: q.Message, Help: q.Help, Options: values, Description: describe, Filter: filter,
			Default: generator.SplitList(q.Default),
		}, func(answer any) string { return joined(answer.([]core.OptionAnswer)) }
	case "confirm":
		return &survey.Confirm{Message: q.Message, Help: q.Help, Default: q.Default == "true"},
			func(answer any) string { return fmt.Sprint(answer) }
	}
	return &survey.Input{Message: q.Message, Help: q.Help, Default: q.Default},
		func(answer any) string { return strings.TrimSpace(answer.(string)) }
}

func joined(chosen []core.OptionAnswer) string {
	if len(chosen) == 0 {
		return generator.None
	}
	values := make([]string, len(chosen))
	for i, c := range chosen {
		values[i] = c.Value
	}
	return strings.Join(values, ",")
}

// recovered runs f and makes its panic an error: survey indexes past its lists
// after keys that nothing matches, and uses a cursor position it did not get.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// screen is where survey draws. It tells the keyboard to expect a reply.
type screen struct {
	*os.File
	keys *keyboard
}

func (s screen) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(cursorQuery)) {
		s.keys.asked = true
	}
	return s.File.Write(p)
}

// keyboard is what survey reads. Unlike a bare terminal it ends with the
// context, gives the reply to a cursor query to who asked for it, keeps for
// the next prompt what was typed ahead, and knows no Ctrl-D.
type keyboard struct {
	ctx   context.Context // io.Reader has no place for it
	in    *input
	tty   *os.File
	asked bool  // survey waits for a cursor reply
	err   error // why it got none
}

// Fd is for the modes of the terminal, which survey sets itself.
func (k *keyboard) Fd() uintptr { return k.tty.Fd() }

func (k *keyboard) Read(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	if k.asked {
		k.asked = false
		reply, err := k.in.reply(k.ctx, replyWait)
		k.err = err // survey drops this error: it must come back
		return copy(p, reply), err
	}
	for {
		k.in.pending = escapeCode.ReplaceAllFunc(k.in.pending, knownKey)
		if len(k.in.pending) > 0 {
			break
		}
		if err := k.in.fill(k.ctx); err != nil {
			return 0, err
		}
	}
	// No further than the end of this answer: survey throws away what it has
	// read when it is done.
	n := len(k.in.pending)
	if i := bytes.IndexAny(k.in.pending, "\r\n\x03\x04"); i >= 0 {
		n = i + 1
	}
	n = copy(p, k.in.pending[:n])
	k.in.pending = k.in.pending[n:]
	if p[n-1] == ctrlD {
		p[n-1] = ctrlC // survey would take it for Enter, so for Yes
	}
	return n, nil
}

// knownKey drops the keys that survey does not know: it would type half of
// their codes into the answer, or fail.
func knownKey(code []byte) []byte {
	switch string(code) {
	case esc, esc + "[A", esc + "[B", esc + "[C", esc + "[D", esc + "[F", esc + "[H", esc + "[3~",
		esc + "OA", esc + "OB", esc + "OC", esc + "OD", esc + "OF", esc + "OH":
		return code
	}
	return nil
}
