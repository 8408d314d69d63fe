package prompt

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"

	"golang.org/x/term"
)

// Password asks for what must not be seen while it is typed. The caller clears
// what it returns.
func (a *Asker) Password(ctx context.Context, message string) (password []byte, err error) {
	if a.tty == nil {
		return nil, ErrNotTerminal
	}
	err = a.session(ctx, func(ctx context.Context) error {
		if _, err := fmt.Fprintf(a.out, "%s: ", message); err != nil {
			return fmt.Errorf("asking for %s: %w", message, err)
		}
		// Raw, so that nothing is echoed; session puts the terminal back.
		state, err := term.MakeRaw(int(a.tty.Fd()))
		if err != nil {
			return ErrNotTerminal
		}
		defer func() {
			_ = term.Restore(int(a.tty.Fd()), state) // the terminal may be gone
			_, _ = fmt.Fprintln(a.out)               // as Enter would have
		}()
		password, err = a.in.secret(ctx)
		return err
	})
	return password, err
}

// secret reads a line that was typed in raw mode, and wipes it from the input.
func (in *input) secret(ctx context.Context) ([]byte, error) {
	var word []byte
	for {
		for i, b := range in.pending {
			rest := in.pending[i+1:]
			switch b {
			case '\r', '\n':
				clear(in.pending[:i+1])
				in.pending = bytes.TrimPrefix(rest, []byte("\n"))
				return word, nil
			case ctrlC, ctrlD:
				clear(word)
				clear(in.pending[:i+1])
				in.pending = rest
				return nil, ErrInterrupted
			case '\b', 0x7f:
				_, size := utf8.DecodeLastRune(word)
				word = word[:len(word)-size]
			case 0x15: // Ctrl-U
				clear(word)
				word = word[:0]
			default:
				word = append(word, b)
			}
		}
		clear(in.pending)
		in.pending = nil
		if err := in.fill(ctx); err != nil {
			clear(word)
			return nil, ErrInterrupted
		}
	}
}
