package insforgetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Where install.sh puts PostgREST, below the folder .bin of the module.
const postgrestBinary = "postgrest-12.0.2"

// postgrest is a running PostgREST.
type postgrest struct {
	url    string
	cmd    *exec.Cmd
	exited chan struct{}

	mu     sync.Mutex
	logs   strings.Builder
	begun  int           // how often it began to read the schema
	loaded int           // the newest of these that it ended
	news   chan struct{} // closed and replaced when loaded changes
}

// startPostgREST serves the database at url until stop. Upstream's compose file
// sets the same: the superuser connects, anon is who sends no token, and the
// channel pgrst brings news of the schema.
func startPostgREST(ctx context.Context, url, secret string) (*postgrest, error) {
	program, err := findPostgREST()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	p := &postgrest{
		url:    fmt.Sprintf("http://127.0.0.1:%d", ports[0]),
		exited: make(chan struct{}),
		news:   make(chan struct{}),
	}
	p.cmd = exec.Command(program) //nolint:noctx,gosec // stop ends it; the program is the one install.sh put there
	p.cmd.Env = []string{
		"PGRST_DB_URI=" + url,
		"PGRST_DB_SCHEMAS=public",
		"PGRST_DB_ANON_ROLE=anon",
		"PGRST_DB_POOL=4",
		"PGRST_DB_CHANNEL_ENABLED=true",
		"PGRST_DB_CHANNEL=pgrst",
		"PGRST_JWT_SECRET=" + secret,
		"PGRST_SERVER_HOST=127.0.0.1",
		"PGRST_SERVER_PORT=" + strconv.Itoa(ports[0]),
		"PGRST_ADMIN_SERVER_PORT=" + strconv.Itoa(ports[1]),
		"PGRST_LOG_LEVEL=info",
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting PostgREST: %w", err)
	}
	go p.read(stderr)
	if err := p.await(ctx, fmt.Sprintf("http://127.0.0.1:%d/ready", ports[1])); err != nil {
		p.stop()
		return nil, fmt.Errorf("starting PostgREST: %w\n%s", err, p.log())
	}
	return p, nil
}

// read keeps the log and follows in it how PostgREST reads the schema: it connects,
// loads and says so, one time after the other.
func (p *postgrest) read(stderr io.Reader) {
	defer close(p.exited)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		p.mu.Lock()
		p.logs.WriteString(lines.Text() + "\n")
		switch {
		case strings.HasSuffix(lines.Text(), "Attempting to connect to the database..."):
			p.begun++
		case strings.HasSuffix(lines.Text(), "Schema cache loaded"):
			p.loaded = p.begun
			close(p.news)
			p.news = make(chan struct{})
		}
		p.mu.Unlock()
	}
	_ = p.cmd.Wait() // how it ended does not matter
}

func (p *postgrest) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

// await returns when it is ready for requests.
func (p *postgrest) await(ctx context.Context, ready string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, ready, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return errors.New("it does not become ready")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// mark is the newest load that began. What is committed afterwards is in the
// next one for sure.
func (p *postgrest) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun
}

// awaitLoad returns when a load that began after the mark has ended.
func (p *postgrest) awaitLoad(ctx context.Context, mark int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		p.mu.Lock()
		loaded, news := p.loaded, p.news
		p.mu.Unlock()
		if loaded > mark {
			return nil
		}
		select {
		case <-news:
		case <-p.exited:
			return fmt.Errorf("PostgREST ended\n%s", p.log())
		case <-ctx.Done():
			return fmt.Errorf("PostgREST does not read the schema again: %w\n%s", ctx.Err(), p.log())
		}
	}
}

func (p *postgrest) stop() {
	_ = p.cmd.Process.Kill() // it holds nothing; an ended one is fine too
	<-p.exited
}

// findPostgREST looks where POSTGREST says, else in the .bin folder of the module
// around the working directory.
func findPostgREST() (string, error) {
	if path := os.Getenv("POSTGREST"); path != "" {
		return path, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, ".bin", postgrestBinary)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no PostgREST: `make tools` installs it into .bin on Linux; elsewhere install PostgREST 12 and set POSTGREST to its path")
		}
		dir = parent
	}
}

// freePorts finds n ports that nothing listens on.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // nothing was sent
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
