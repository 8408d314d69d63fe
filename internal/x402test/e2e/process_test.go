package e2e_test

import (
	"bytes"
	"os/exec"
	"strings"

	"github.com/insforge/forge/internal/servertest"
)

// server is one process.
type server = servertest.Process

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
	var env []string
	for name, value := range s.env {
		env = append(env, name+"="+value)
	}
	p, err := servertest.Start(binary, env)
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			s.t.Errorf("the server stopped with %v", err)
		}
		for _, name := range []string{"OKX_SECRET_KEY", "OKX_PASSPHRASE", "INSFORGE_API_KEY"} {
			if value := s.env[name]; value != "" && strings.Contains(p.Log(), value) {
				s.t.Errorf("the log holds the value of %s", name)
			}
		}
		if s.t.Failed() {
			s.t.Logf("log of the server:\n%s", p.Log())
		}
	})
	return p, nil
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
