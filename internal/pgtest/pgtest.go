// Package pgtest starts a private Postgres server for a test run: a real one,
// from the programs on this machine, with a data folder of its own, reachable
// over loopback only.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running Postgres. The superuser is called postgres.
type Server struct {
	// URL connects to the database postgres as the superuser.
	URL string

	bin  string // the folder of its programs
	dir  string
	port int
	cmd  *exec.Cmd
	logs *bytes.Buffer
}

// Start makes a new cluster and serves it until Stop. It takes about two
// seconds. The error says what to install when the programs are missing.
// Settings are name=value pairs for what only a starting server can be told.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "forge-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, logs: &bytes.Buffer{}}
	if err := s.start(ctx, settings); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a private Postgres: %w", err), s.Stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, settings []string) error {
	owner, err := unprivileged()
	if err != nil {
		return err
	}
	if err := owner.own(s.dir); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"),
		"-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
	owner.run(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	args := []string{"-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", s.dir, "-F"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), args...) //nolint:noctx // Stop ends it
	owner.run(s.cmd)
	s.cmd.Stdout, s.cmd.Stderr = s.logs, s.logs
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.port = port
	s.URL = s.At("postgres")
	return s.await(ctx)
}

// At is how to connect to another database of the server.
func (s *Server) At(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// await returns when the server answers.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(os.Interrupt) // fast shutdown; a dead process is fine too
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.cmd.Wait() // how it ended does not matter
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = s.cmd.Process.Kill()
			<-done
		}
	}
	return os.RemoveAll(s.dir)
}

// Schema is the SQL that makes everything in the database at url but its rows,
// in an order that does not depend on when it was made.
func (s *Server) Schema(ctx context.Context, url string) (string, error) {
	dump := exec.CommandContext(ctx, filepath.Join(s.bin, "pg_dump"), "--schema-only", "--dbname", url)
	var stderr bytes.Buffer
	dump.Stderr = &stderr
	out, err := dump.Output()
	if err != nil {
		return "", fmt.Errorf("pg_dump: %w\n%s", err, stderr.Bytes())
	}
	var sql strings.Builder
	for line := range strings.Lines(string(out)) {
		// Meta-commands of psql carry a random key.
		if !strings.HasPrefix(line, `\`) {
			sql.WriteString(line)
		}
	}
	return sql.String(), nil
}

// programs finds the folder that holds initdb and postgres.
func programs() (string, error) {
	var candidates []string
	if dir := os.Getenv("PGBIN"); dir != "" {
		candidates = append(candidates, dir)
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		`C:\Program Files\PostgreSQL\*\bin`,
	} {
		found, _ := filepath.Glob(pattern) // the patterns are well-formed
		slices.Reverse(found)              // newest first
		candidates = append(candidates, found...)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, "postgres"+suffix)); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no Postgres server programs (initdb, postgres) found: " +
		"`make test` installs them on Debian and Ubuntu; elsewhere install Postgres 15 or newer and set PGBIN to their folder")
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// account is who the server runs as: Postgres refuses to be root.
type account struct{ uid, gid int }

func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, err
		}
		return account{uid, gid}, nil
	}
	return account{}, errors.New("running as root, and there is neither a postgres nor a nobody account to run the server as")
}

func (a account) own(dir string) error {
	if a.uid == 0 {
		return nil
	}
	return os.Chown(dir, a.uid, a.gid)
}
