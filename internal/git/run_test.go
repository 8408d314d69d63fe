package git

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestGit_canceled cancels a git that holds the lock of the index and waits for
// a filter that never ends.
func TestGit_canceled(t *testing.T) {
	p := newProject(t, "shop")
	p.write("f", "user\n")
	p.commit()
	r := p.open()
	p.markUnmerged(r, unmerged("f"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.write(".gitattributes", "f filter=block\n")
	p.git("config", "filter.block.clean", "'"+filepath.ToSlash(self)+"'")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv(blockVariable, listener.Addr().String())
	lock := filepath.Join(p.top, ".git", "index.lock")
	reported := make(chan net.Conn)
	go func() {
		defer close(reported)
		conn, err := listener.Accept()
		if err != nil {
			return // Fatal below closed the listener
		}
		if _, err := os.Stat(lock); err != nil {
			t.Errorf("git runs the filter without its lock: %v", err)
		}
		cancel()
		reported <- conn
	}()
	if err := r.MarkResolved(ctx, []string{"f"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("MarkResolved = %v, want context.Canceled", err)
	}
	conn := <-reported
	defer conn.Close() // ends the filter
	p.checkUnmerged(r, []string{"f"}, "f")
	if _, err := os.Stat(lock); err == nil && runtime.GOOS != "windows" {
		t.Error("git left its lock behind")
	}
}

func TestReason(t *testing.T) {
	for messages, want := range map[string]string{
		"fatal: bad\n": "bad",
		"warning: odd\nerror: first\nfatal: in all\n":   "first",
		"fatal: Unable to lock\n\nAnother git\nruns.\n": "Unable to lock",
		"fatal: bad\r\n": "bad",
		"error: unknown option `x'\nusage: git add\n": "unknown option `x'",
		"xcrun: error: no tools\nplease install\n\n":  "xcrun: error: no tools please install",
		"Paths that\nexist:\nf\nhint: Do.\n":          "Paths that exist: f",
		"":                                            "",
	} {
		if got := reason(messages); got != want {
			t.Errorf("reason(%q) = %q, want %q", messages, got, want)
		}
	}
}

func TestError_oldGit(t *testing.T) {
	p := newProject(t, "shop")
	r := p.open()
	_, err := r.git(t.Context(), nil, "status", "--an-option-of-the-future")
	if failed := asError(t, err, p.dir); failed.Command != "status" || failed.Hint != "update git: forge needs 2.26 or newer" {
		t.Errorf("%v, Hint %q", failed, failed.Hint)
	}
}
