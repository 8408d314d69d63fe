//go:build unix

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/term"
)

// session is a command of forge's on a terminal of 100 by 40.
type session struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	cooked *term.State // the modes of the terminal at the beginning
	mu     sync.Mutex  // vt10x draws and is read from two goroutines
	screen vt10x.Terminal
	stdout bytes.Buffer
	drew   chan struct{} // something, since the last look
	drawn  chan struct{} // all of it
}

// start gives cmd a terminal for everything but standard output.
func start(t *testing.T, cmd *exec.Cmd) *session {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, cmd: cmd, master: master, drew: make(chan struct{}, 1), drawn: make(chan struct{})}
	s.screen = vt10x.New(vt10x.WithSize(100, 40), vt10x.WithWriter(master))
	s.cooked = s.modes()
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, &s.stdout, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	go s.draw()
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = master.Close() })
	return s
}

func (s *session) draw() {
	defer close(s.drawn)
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		_, _ = s.screen.Write(buf[:n])
		s.mu.Unlock()
		select {
		case s.drew <- struct{}{}:
		default: // nobody has looked since the last time
		}
		if err != nil {
			return
		}
	}
}

func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

func (s *session) modes() *term.State {
	s.t.Helper()
	modes, err := term.GetState(int(s.master.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	return modes
}

// sees waits until text is on the screen.
func (s *session) sees(text string) {
	s.t.Helper()
	for timeout := time.After(10 * time.Second); !strings.Contains(s.text(), text); {
		select {
		case <-s.drew:
		case <-timeout:
			s.t.Fatalf("no %q on the screen:\n%s", text, s.text())
		}
	}
}

// types has keys typed.
func (s *session) types(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// answer waits for a prompt of forge's and types keys. Prompts are drawn before
// they read key by key; until then Ctrl-D means something else to the terminal,
// and nothing tells when that changes.
func (s *session) answer(prompt, keys string) {
	s.t.Helper()
	s.sees(prompt)
	for deadline := time.Now().Add(10 * time.Second); reflect.DeepEqual(s.modes(), s.cooked); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("nobody reads the answer to %q:\n%s", prompt, s.text())
		}
	}
	s.types(keys)
}

// wait returns the exit code.
func (s *session) wait() int {
	s.t.Helper()
	timer := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.cmd.Wait() // the exit code is what counts
	return s.cmd.ProcessState.ExitCode()
}

const (
	down  = "\x1b[B"
	ctrlC = "\x03"
	ctrlD = "\x04"
)

func TestNew_onATerminal(t *testing.T) {
	dir := t.TempDir()
	s := start(t, command(t, dir, "forge", "new"))
	s.answer("Project name", "Bad Name\r")
	s.answer(`"Bad Name" is not lower-case letters`, strings.Repeat("\x7f", len("Bad Name"))+"corner\r")
	s.answer("Go module path", "\r")
	s.answer("Who signs your users in?", down+down+"\r")
	s.answer("How do callers pay?", " \r")
	s.answer("production address of your app already?", "y\r")
	s.answer("Production address", "https://corner.example\r")
	s.answer("Switch off InsForge's own sign-up form?", "\r")
	s.answer("Who makes the tokens for InsForge?", down+"\r")
	s.answer("What does one report cost", "0.25\r")
	s.answer("Show all payments to everybody?", "\r")
	s.answer("Which stablecoin do callers pay in?", "\r")
	s.sees("warning: with a JWT template Clerk holds the InsForge secret")
	s.sees("corner gets")
	s.answer("Write these files?", "y\r")
	if code := s.wait(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, s.text())
	}
	out := s.stdout.String()
	for _, want := range []string{
		"Wrote ", "make run",
		"forge new corner --name corner --module example.com/corner --auth clerk --payments okx-x402" +
			" --set production=true --set production_url=https://corner.example --set disable_signup=true --set clerk_insforge_token=template --set price=0.25 --set public_ledger=false --set asset=USDG",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("standard output leaves out %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "?") || strings.Contains(out, "\x1b") {
		t.Errorf("a prompt went to standard output:\n%q", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "corner", "cmd", "server", "main.go")); err != nil {
		t.Error(err)
	}
}

func TestNew_interrupted(t *testing.T) {
	for name, keys := range map[string]string{"Ctrl-C": ctrlC, "Ctrl-D": ctrlD, "no": "n\r"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := start(t, command(t, dir, "forge", "new", "shop", "--auth", "clerk", "--payments", "none", "--module", "example.com/shop"))
			s.answer("production address", "\r")
			s.answer("Switch off InsForge's own sign-up form?", "\r")
			s.answer("Who makes the tokens for InsForge?", "\r")
			s.answer("Write these files?", keys)
			if code := s.wait(); code != 130 {
				t.Errorf("exit code %d, want 130\n%s", code, s.text())
			}
			<-s.drawn
			if !strings.Contains(s.text(), "forge: interrupted; nothing was written") {
				t.Errorf("the screen does not say so:\n%s", s.text())
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 0 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
}

// build makes the binary that users run.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "forge")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/forge").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// TestNew_readOnlyFolder runs as nobody when the tests run as root, who may
// write anywhere.
func TestNew_readOnlyFolder(t *testing.T) {
	bin := build(t)
	locked := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	// The folder that all of this test's temporary folders stand in.
	if err := os.Chmod(filepath.Dir(filepath.Dir(locked)), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "new", "shop", "--auth", "clerk", "--defaults")
	cmd.Dir = locked
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "permission denied") {
		t.Errorf("%v: %s\nwant exit code 1 and permission denied", err, out)
	}
	if !strings.HasPrefix(string(out), "forge: ") || !strings.Contains(string(out), locked) && !strings.Contains(string(out), "shop") {
		t.Errorf("the error does not say where:\n%s", out)
	}
	t.Logf("%s", out)
	if entries, err := os.ReadDir(locked); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
