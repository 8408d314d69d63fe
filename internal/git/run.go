package git

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings come before every command: they keep the user's programs and other
// configuration out of what git does for forge.
var settings = []string{
	"-c", "core.fsmonitor=false",
	"-c", "core.hooksPath=/dev/null",
	"-c", "hook.post-index-change.enabled=false", // one that stands in the configuration
}

// environment is set for every command.
var environment = []string{
	"LC_ALL=C",                // Open and Error read git's messages
	"GIT_OPTIONAL_LOCKS=0",    // looking does not write the index
	"GIT_ALLOW_PROTOCOL=none", // a partial clone does not fetch what it lacks
}

// git runs git in r.dir and returns what it printed. Its failure is an *Error,
// unless ctx ended it.
func (r *Repo) git(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", slices.Concat(settings, args)...)
	cmd.Dir = r.dir
	cmd.Env = append(slices.DeleteFunc(cmd.Environ(), r.strays), environment...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	cmd.Cancel = func() error {
		// A git that is asked to end takes its lock of the index with it.
		err := cmd.Process.Signal(syscall.SIGTERM)
		if err == nil || errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return cmd.Process.Kill() // Windows has no signals
	}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err == nil {
		return out.String(), nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if args[0] == "-c" { // and a setting
		args = args[2:]
	}
	return "", newError(r.dir, args[0], messages.String(), err)
}

// strays reports whether an environment variable would lead git away from
// r.dir, or have it read pathspecs in another way. Configuration stays, though
// git calls it local too: it may hold what lets git work here at all.
func (r *Repo) strays(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return strings.HasSuffix(name, "_PATHSPECS") ||
		slices.Contains(r.local, name) && !strings.HasPrefix(name, "GIT_CONFIG")
}

// literal before a path makes a pathspec of it in which nothing is a pattern.
const literal = ":(literal)"

// list writes paths, each after prefix, as git reads them with -z or
// --pathspec-file-nul.
func list(prefix string, paths []string) []byte {
	var b []byte
	for _, p := range paths {
		b = append(b, prefix+p+"\x00"...)
	}
	return b
}

// among returns those of paths, in their order, that are in a row of what git
// printed with -z; path finds them in it.
func among(paths []string, out string, path func(row string) string) []string {
	printed := map[string]bool{}
	for row := range strings.FieldsFuncSeq(out, func(c rune) bool { return c == 0 }) {
		printed[path(row)] = true
	}
	var in []string
	for _, p := range paths {
		if printed[p] {
			in = append(in, p)
		}
	}
	return in
}
