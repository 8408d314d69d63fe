package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// server is one process.
type server struct {
	url  string
	cmd  *exec.Cmd
	read chan struct{} // closed when its log has ended

	mu   sync.Mutex
	logs bytes.Buffer
}

// start starts another server of the shop. Unless it is killed, it must stop by
// itself when it is asked to.
func (s *shop) start() *server {
	s.t.Helper()
	server, err := s.launch()
	if err != nil {
		s.t.Fatal(err)
	}
	return server
}

func (s *shop) launch() (*server, error) {
	p := &server{cmd: exec.Command(binary), read: make(chan struct{})} //nolint:noctx // ended by a signal
	for name, value := range s.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
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
	s.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Signal(os.Interrupt)
			<-p.read
			if err := p.cmd.Wait(); err != nil {
				s.t.Errorf("the server stopped with %v", err)
			}
		}
		for _, name := range []string{"OKX_SECRET_KEY", "OKX_PASSPHRASE", "INSFORGE_API_KEY"} {
			if value := s.env[name]; value != "" && strings.Contains(p.log(), value) {
				s.t.Errorf("the log holds the value of %s", name)
			}
		}
		if s.t.Failed() {
			s.t.Logf("log of the server:\n%s", p.log())
		}
	})
	select {
	case a := <-addr:
		p.url = "http://" + a
		return p, nil
	case <-p.read:
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("the server did not start: %s", p.log())
	case <-time.After(20 * time.Second):
		return nil, fmt.Errorf("the server did not start within 20 s: %s", p.log())
	}
}

func (p *server) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

// kill ends the process without a warning.
func (p *server) kill() {
	_ = p.cmd.Process.Kill()
	<-p.read
	_ = p.cmd.Wait()
}

// reconcile runs the server's command of that name and returns what it prints.
func (s *shop) reconcile() string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), binary, "reconcile")
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var logs bytes.Buffer
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		s.t.Errorf("reconcile: %v\n%s", err, logs.String())
	}
	return string(out)
}
