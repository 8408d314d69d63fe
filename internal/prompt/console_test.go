//go:build unix

package prompt_test

import (
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/term"

	"github.com/insforge/forge/internal/prompt"
)

// console is a pseudo-terminal with a screen. The screen answers cursor
// queries until mute is set.
type console struct {
	t      *testing.T
	master *os.File
	tty    *os.File
	cooked *term.State // the modes of the terminal at the beginning
	mu     sync.Mutex  // vt10x reads its state without a lock
	screen vt10x.Terminal
	mute   atomic.Bool
	asked  atomic.Int32 // how many cursor queries came
}

func newConsole(t *testing.T) *console {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("no pseudo-terminal here: %v", err)
	}
	c := &console{t: t, master: master, tty: tty}
	c.cooked = c.modes()
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	c.screen = vt10x.New(vt10x.WithSize(100, 40), vt10x.WithWriter(replies{c}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(c, master) // ends when the terminal is closed
	}()
	t.Cleanup(func() {
		// Ends a read that an interrupted prompt has left under way.
		_, _ = io.WriteString(master, "\n")
		_ = tty.Close()
		<-done
		_ = master.Close()
	})
	return c
}

// Write draws on the screen.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.screen.Write(p)
}

// replies is how the screen answers cursor queries.
type replies struct{ *console }

func (r replies) Write(p []byte) (int, error) {
	r.asked.Add(1)
	if r.mute.Load() {
		return len(p), nil
	}
	return r.master.Write(p)
}

// answer waits until the screen shows a prompt, then types.
func (c *console) answer(prompt, keys string) {
	c.t.Helper()
	c.waitFor(prompt)
	c.typeKeys(keys)
}

func (c *console) waitFor(text string) {
	c.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(c.text(), text); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("no %q on the screen:\n%s", text, c.text())
		}
	}
}

// text is what the screen shows, without the empty rest of each line.
func (c *console) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for line := range strings.SplitSeq(c.screen.String(), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func (c *console) typeKeys(keys string) {
	c.t.Helper()
	if _, err := io.WriteString(c.master, keys); err != nil {
		c.t.Fatal(err)
	}
}

func (c *console) asker(pairs ...string) *prompt.Asker {
	c.t.Helper()
	a, err := prompt.New(c.tty, c.tty, env(pairs...), false)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *console) cursorVisible() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.screen.CursorVisible()
}

func (c *console) modes() *term.State {
	c.t.Helper()
	state, err := term.GetState(int(c.tty.Fd()))
	if err != nil {
		c.t.Fatal(err)
	}
	return state
}

// waitForKeys waits until keys come as they are: survey shows a prompt a moment
// before, and until then the terminal acts on Ctrl-C and backspace itself.
func (c *console) waitForKeys(prompt string) {
	c.t.Helper()
	c.waitFor(prompt)
	for deadline := time.Now().Add(5 * time.Second); reflect.DeepEqual(c.modes(), c.cooked); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatal("the terminal still edits lines")
		}
	}
}

// isAsBefore checks what an interrupted prompt could leave behind.
func (c *console) isAsBefore(when string) {
	c.t.Helper()
	if !reflect.DeepEqual(c.modes(), c.cooked) {
		c.t.Errorf("%q: the modes of the terminal are not as before", when)
	}
	// The screen may not have caught up yet.
	for deadline := time.Now().Add(time.Second); !c.cursorVisible(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Errorf("%q: the cursor is hidden", when)
			return
		}
	}
}
