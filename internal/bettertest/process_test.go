package bettertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one of the two servers.
type process struct {
	addr string
	cmd  *exec.Cmd
	read chan struct{} // closed when its log has ended

	mu   sync.Mutex
	logs bytes.Buffer
}

// site is the two servers, as browsers know them.
type site struct {
	t     *testing.T
	base  string // the origin
	env   map[string]string
	auth  *process
	front *process
	trust http.RoundTripper // for https
}

// open starts both servers, for browsers on http.
func open(t *testing.T) *site {
	t.Helper()
	needs(t)
	addr := freeAddr(t)
	return openAt(t, addr, "http://"+addr)
}

// openAt starts both servers: the Go server listens on addr, and browsers reach it at base.
func openAt(t *testing.T, addr, base string) *site {
	t.Helper()
	s := &site{t: t, base: base, env: maps.Clone(settings)}
	s.env["ADDR"], s.env["APP_BASE_URL"], s.env["BETTER_AUTH_URL"] = addr, base, base
	s.env["BETTER_AUTH_LISTEN"] = "127.0.0.1:0"
	s.auth = s.startAuth()
	s.env["BETTER_AUTH_LISTEN"] = s.auth.addr // where the next one is to be found
	s.env["BETTER_AUTH_UPSTREAM"] = "http://" + s.auth.addr
	s.front = s.startFront()
	return s
}

func (s *site) startAuth() *process {
	s.t.Helper()
	cmd := exec.Command("node", filepath.Join("dist", "server.js")) //nolint:noctx // ended by a signal
	cmd.Dir, cmd.Env = authServer, environment(s.env)
	return s.start(cmd)
}

func (s *site) startFront() *process {
	s.t.Helper()
	cmd := exec.Command(binary) //nolint:noctx // ended by a signal
	env := maps.Clone(s.env)
	delete(env, "BETTER_AUTH_DATABASE_URL") // as in production
	cmd.Env = environment(env)
	return s.start(cmd)
}

// start starts a server, which must stop by itself when it is asked to.
func (s *site) start(cmd *exec.Cmd) *process {
	s.t.Helper()
	p := &process{cmd: cmd, read: make(chan struct{})}
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
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
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		_ = in.Close()
	}()
	s.t.Cleanup(func() {
		if err := p.stop(); err != nil {
			s.t.Errorf("%s: %v", filepath.Base(cmd.Path), err)
		}
		for _, name := range []string{"BETTER_AUTH_SECRET", "INSFORGE_JWT_SECRET", "INSFORGE_API_KEY"} {
			if strings.Contains(p.log(), s.env[name]) {
				s.t.Errorf("the log holds the value of %s", name)
			}
		}
		if s.t.Failed() {
			s.t.Logf("log of %s:\n%s", filepath.Base(cmd.Path), p.log())
		}
	})
	select {
	case p.addr = <-addr:
		return p
	case err := <-ended:
		s.t.Fatalf("%s did not start: %v\n%s", cmd, err, p.log())
	case <-time.After(30 * time.Second):
		s.t.Fatalf("%s did not start within 30 s\n%s", cmd, p.log())
	}
	return nil
}

// stop asks the server to stop, and reports whether it did so with success.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.read:
	case <-time.After(25 * time.Second):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("did not stop")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("stopped with %s", p.cmd.ProcessState)
	}
	return nil
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
