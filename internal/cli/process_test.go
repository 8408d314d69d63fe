package cli

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// command is one of those that TestMain makes of this binary, to be started in
// dir as a process of its own.
func command(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0] = name
	cmd.Dir = dir
	cmd.Env = []string{
		"TERM=xterm", "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
	}
	return cmd
}

// must runs a command that has to succeed, git or one of forge's, and returns
// what it printed.
func must(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := command(t, dir, name, args...)
	if name == "git" {
		cmd.Path, cmd.Err = exec.LookPath(name)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// output is what cmd prints on both, and its exit code.
func output(t *testing.T, cmd *exec.Cmd) ([]byte, int) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return out, cmd.ProcessState.ExitCode()
}
