package servertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// startTimeout is generous: other tests may want the machine at the same time.
const startTimeout = 20 * time.Second

// Process is a running server.
type Process struct {
	URL string // its origin

	cmd  *exec.Cmd
	read chan struct{} // closed when its log has ended

	once sync.Once
	err  error // how it ended

	mu   sync.Mutex
	logs bytes.Buffer
}

// Start starts a server with this environment, NAME=value lines, and no more of ours.
// It returns when the server listens. If it ends before, the error has its log.
func Start(binary string, env []string) (*Process, error) {
	cmd := exec.Command(binary) //nolint:noctx // ended by a signal
	cmd.Env = env
	return StartCommand(cmd)
}

// StartCommand is Start for a server that is not a binary alone. Whatever it prints
// is its log.
func StartCommand(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, read: make(chan struct{})}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout = p.cmd.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	addr := make(chan string, 1)
	go func() {
		defer close(p.read)
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadBytes('\n')
			p.mu.Lock()
			p.logs.Write(line)
			p.mu.Unlock()
			var entry struct{ Msg, Addr string }
			if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
				addr <- entry.Addr
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case a := <-addr:
		p.URL = "http://" + a
		return p, nil
	case <-p.read:
		_ = p.Wait()
		return nil, fmt.Errorf("the server did not start: %s", p.Log())
	case <-time.After(startTimeout):
		p.Kill()
		return nil, fmt.Errorf("the server did not start within %s: %s", startTimeout, p.Log())
	}
}

// Log is what it has logged so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

// Interrupt asks it to stop, and does not wait for that.
func (p *Process) Interrupt() error { return p.cmd.Process.Signal(os.Interrupt) }

// Stop asks it to stop, unless it has ended, and says how it did: nil if by itself and
// without a failure, or by Kill.
func (p *Process) Stop() error {
	_ = p.Interrupt() // a dead one is fine too
	return p.Wait()
}

// Kill ends it without a warning.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	p.once.Do(func() {
		<-p.read
		_ = p.cmd.Wait()
	})
}

// Wait returns when it has ended, and says how as Stop does.
func (p *Process) Wait() error {
	p.once.Do(func() {
		<-p.read
		p.err = p.cmd.Wait()
	})
	return p.err
}
