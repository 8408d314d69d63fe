//go:build unix

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// session is forge, as its own process on a terminal of 100 by 40.
type session struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	mu     sync.Mutex // vt10x draws and is read from two goroutines
	screen vt10x.Terminal
	stdout bytes.Buffer
	drawn  chan struct{}
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

func start(t *testing.T, dir string, args ...string) *session {
	t.Helper()
	bin := build(t)
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, master: master, drawn: make(chan struct{})}
	s.screen = vt10x.New(vt10x.WithSize(100, 40), vt10x.WithWriter(master))
	s.cmd = exec.Command(bin, args...) //nolint:noctx // ended by wait
	s.cmd.Dir = dir
	s.cmd.Env = []string{"TERM=xterm", "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, &s.stdout, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	go func() {
		defer close(s.drawn)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			s.mu.Lock()
			_, _ = s.screen.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = master.Close() })
	return s
}

func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// answer waits for a prompt and types.
func (s *session) answer(prompt, keys string) {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.text(), prompt); {
		if time.Now().After(deadline) {
			s.t.Fatalf("no %q on the screen:\n%s", prompt, s.text())
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
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
	s := start(t, dir, "new")
	s.answer("Project name", "Bad Name\r")
	s.answer(`"Bad Name" is not lower-case letters`, strings.Repeat("\x7f", len("Bad Name"))+"corner\r")
	s.answer("Go module path", "\r")
	s.answer("Who signs your users in?", down+down+"\r")
	s.answer("How do callers pay?", " \r")
	s.answer("production address of your app already?", "y\r")
	s.answer("Production address", "https://corner.example\r")
	s.answer("Price of one report", "0.25\r")
	s.answer("corner gets", "")
	s.answer("Write these files?", "y\r")
	if code := s.wait(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, s.text())
	}
	out := s.stdout.String()
	for _, want := range []string{
		"Wrote ", "make run",
		"forge new corner --name corner --module example.com/corner --auth clerk --payments okx-x402" +
			" --set production=true --set production_url=https://corner.example --set price=0.25",
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
			s := start(t, dir, "new", "shop", "--auth", "clerk", "--payments", "none", "--module", "example.com/shop")
			s.answer("production address", "\r")
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
