package cli

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// TestUpgrade_busy finds another run at work, which does not end.
func TestUpgrade_busy(t *testing.T) {
	t.Parallel() // it waits for the other one
	dir := project(t)
	was := files(t, dir)
	name := filepath.Join(dir, ".forge", "journal.lock")
	lock, err := lockedfile.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	out, code := output(t, command(t, dir, "forge2", "upgrade", "--defaults", "--conflict=take"))
	if code != exitFailed || !strings.Contains(string(out), "another forge is at work there\nhint: nothing was written; wait until") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if is := files(t, dir); !maps.Equal(is, was) {
		t.Errorf("the project has changed:\n%s", difference(is, was))
	}
}
