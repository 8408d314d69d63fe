package bettertest

import (
	"maps"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/servertest"
)

// site is the two servers, as browsers know them.
type site struct {
	t     *testing.T
	base  string // the origin
	env   map[string]string
	auth  *servertest.Process
	front *servertest.Process
	trust http.RoundTripper // for https
}

// open starts both servers, for browsers on http.
func open(t *testing.T) *site {
	t.Helper()
	servertest.Need(t)
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
	s.env["BETTER_AUTH_LISTEN"] = strings.TrimPrefix(s.auth.URL, "http://") // where the next one is to be found
	s.env["BETTER_AUTH_UPSTREAM"] = s.auth.URL
	s.front = s.startFront()
	return s
}

func (s *site) startAuth() *servertest.Process {
	s.t.Helper()
	cmd := exec.Command("node", filepath.Join("dist", "server.js")) //nolint:noctx // ended by a signal
	cmd.Dir, cmd.Env = authServer, environment(s.env)
	return s.start(cmd)
}

func (s *site) startFront() *servertest.Process {
	s.t.Helper()
	cmd := exec.Command(binary) //nolint:noctx // ended by a signal
	env := maps.Clone(s.env)
	delete(env, "BETTER_AUTH_DATABASE_URL") // as in production
	cmd.Env = environment(env)
	return s.start(cmd)
}

// start starts a server, which must stop by itself when it is asked to.
func (s *site) start(cmd *exec.Cmd) *servertest.Process {
	s.t.Helper()
	p, err := servertest.StartCommand(cmd)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			s.t.Errorf("%s stopped with %v", filepath.Base(cmd.Path), err)
		}
		for _, name := range []string{"BETTER_AUTH_SECRET", "INSFORGE_JWT_SECRET", "INSFORGE_API_KEY"} {
			if strings.Contains(p.Log(), s.env[name]) {
				s.t.Errorf("the log holds the value of %s", name)
			}
		}
		if s.t.Failed() {
			s.t.Logf("log of %s:\n%s", filepath.Base(cmd.Path), p.Log())
		}
	})
	return p
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
