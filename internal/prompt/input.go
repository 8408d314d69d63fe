package prompt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"time"

	"golang.org/x/term"
)

const (
	ctrlC = 0x03
	ctrlD = 0x04
	esc   = "\x1b"

	// cursorQuery asks the terminal where its cursor is.
	cursorQuery = esc + "[6n"

	// probeWait is how long the first answer may take. A terminal answers
	// within a millisecond, a distant one within a round trip.
	probeWait = 250 * time.Millisecond
	// replyWait is how long later answers may take. The terminal has shown
	// that it answers, so only a broken line makes it late.
	replyWait = time.Second
)

var (
	cursorReply = regexp.MustCompile(esc + `\[[0-9]+;[0-9]+R`)
	// escapeCode is what a key other than a character sends; Alt and a key
	// send ESC and that key.
	escapeCode = regexp.MustCompile(esc + `(\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O])?`)
)

// input reads so that waiting can end before the reading does. A read that
// was given up stays under way, and the next caller gets what it brings.
type input struct {
	src     io.Reader
	chunks  chan chunk
	reading bool
	pending []byte // read, not used yet
	err     error  // why nothing more will come
}

type chunk struct {
	data []byte
	err  error
}

func newInput(src io.Reader) *input {
	return &input{src: src, chunks: make(chan chunk, 1)}
}

// fill waits until there is more pending.
func (in *input) fill(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if in.err != nil {
		return in.err
	}
	if !in.reading {
		in.reading = true
		go func() {
			buf := make([]byte, 1024)
			n, err := in.src.Read(buf)
			in.chunks <- chunk{buf[:n], err}
		}()
	}
	select {
	case c := <-in.chunks:
		in.reading = false
		in.pending = append(in.pending, c.data...)
		in.err = c.err
		if len(c.data) > 0 {
			return nil
		}
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reply waits for the terminal's answer to cursorQuery. What was typed before
// it stays pending.
func (in *input) reply(ctx context.Context, wait time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		if at := cursorReply.FindIndex(in.pending); at != nil {
			found := bytes.Clone(in.pending[at[0]:at[1]])
			in.pending = append(in.pending[:at[0]:at[0]], in.pending[at[1]:]...)
			return found, nil
		}
		if err := in.fill(ctx); err != nil {
			return nil, err
		}
	}
}

// line reads up to the end of a line, which it leaves off. The raw mode of
// canLocateCursor makes Enter a carriage return and Ctrl-C and Ctrl-D bytes,
// so typed ahead they come as such. partial says whether the end of the input
// ends a line too.
func (in *input) line(ctx context.Context, partial bool) (string, error) {
	for {
		if i := bytes.IndexAny(in.pending, "\r\n\x03\x04"); i >= 0 {
			line, end := in.pending[:i], in.pending[i]
			in.pending = in.pending[i+1:]
			if end == ctrlC || end == ctrlD {
				return "", ErrInterrupted
			}
			if end == '\r' && len(in.pending) > 0 && in.pending[0] == '\n' {
				in.pending = in.pending[1:]
			}
			return typed(line), nil
		}
		if err := in.fill(ctx); err != nil {
			if errors.Is(err, io.EOF) && partial && len(in.pending) > 0 {
				line := in.pending
				in.pending = nil
				return typed(line), nil
			}
			return "", ErrInterrupted
		}
	}
}

// typed returns the characters of a line, without what arrow keys and a late
// cursor reply leave in it.
func typed(line []byte) string {
	line = escapeCode.ReplaceAll(line, nil)
	return string(bytes.TrimSpace(bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, line)))
}

// canLocateCursor reports whether the terminal says where its cursor is.
// Windows has a call for it, which always answers.
func canLocateCursor(ctx context.Context, tty *os.File, in *input, out io.Writer) bool {
	if runtime.GOOS == "windows" {
		return true
	}
	// Raw, or the reply would be echoed and wait for Enter.
	state, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return false
	}
	defer func() { _ = term.Restore(int(tty.Fd()), state) }() // the terminal may be gone
	if _, err := io.WriteString(out, cursorQuery); err != nil {
		return false
	}
	_, err = in.reply(ctx, probeWait)
	return err == nil
}
