//go:build unix

package prompt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

// childVar makes TestChild a program that asks, as forge would.
const childVar = "FORGE_PROMPT_TEST_CHILD"

func TestChild(t *testing.T) {
	if os.Getenv(childVar) == "" {
		t.Skip("runs only in a process of its own")
	}
	a, err := prompt.New(os.Stdin, os.Stderr, os.Getenv, false)
	if err != nil {
		os.Exit(2)
	}
	answers, err := a.Ask(t.Context(), catalog(t), answered("name", "live"))
	switch {
	case errors.Is(err, prompt.ErrInterrupted):
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// start runs TestChild with c as its controlling terminal.
func (c *console) start(pairs ...string) (child *exec.Cmd, stdout *bytes.Buffer) {
	c.t.Helper()
	child = exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), append([]string{childVar + "=1", "CI=", "NO_COLOR=", "ACCESSIBLE=", "TERM=xterm"}, pairs...)...)
	stdout = &bytes.Buffer{}
	child.Stdin, child.Stdout, child.Stderr = c.tty, stdout, c.tty
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := child.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = child.Process.Kill() }) // only one that a failed test left
	return child, stdout
}

func TestStdoutGetsNothing(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{"TERM=xterm", "TERM=dumb"} {
		c := newConsole(t)
		child, stdout := c.start(pair)
		c.answer("Project name", "kiosk\r")
		c.answer("Is it live?", "n\r")
		if err := child.Wait(); err != nil {
			t.Fatalf("%s: %v\n%s", pair, err, c.text())
		}
		var got generator.Answers
		if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || got.Name != "kiosk" {
			t.Errorf("%s: stdout is %q: %v", pair, stdout, err)
		}
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{"TERM=xterm", "TERM=dumb"} {
		for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP, os.Interrupt} {
			c := newConsole(t)
			child, _ := c.start(pair)
			c.waitFor("Project name")
			if err := child.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait()
			if code := child.ProcessState.ExitCode(); code != 130 {
				t.Errorf("%s, %v: %v, want exit code 130", pair, sig, child.ProcessState)
			}
			c.isAsBefore(pair + ", " + sig.String())
		}
	}
}

// In plain mode the terminal itself makes Ctrl-C a signal.
func TestPlainCtrlC(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	child, stdout := c.start("ACCESSIBLE=1")
	c.answer("Project name", "kio\x03")
	_ = child.Wait()
	if code := child.ProcessState.ExitCode(); code != 130 || stdout.Len() > 0 {
		t.Errorf("%v, want exit code 130; stdout %q", child.ProcessState, stdout)
	}
}

func TestNoColor(t *testing.T) {
	t.Parallel()
	for pair, want := range map[string]bool{"NO_COLOR=1": false, "NO_COLOR=": true} {
		c := newConsole(t)
		child, _ := c.start(pair)
		c.answer("? Project name", "\r")
		c.answer("Is it live?", "\r")
		if err := child.Wait(); err != nil {
			t.Fatal(err)
		}
		if got := c.coloured(); got != want {
			t.Errorf("%s: coloured is %v:\n%s", pair, got, c.text())
		}
	}
}

// coloured reports whether anything on the screen has a colour of its own.
func (c *console) coloured() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	plain := c.screen.Cell(99, 39)
	for y := range 40 {
		for x := range 100 {
			if g := c.screen.Cell(x, y); g.FG != plain.FG {
				return true
			}
		}
	}
	return false
}
