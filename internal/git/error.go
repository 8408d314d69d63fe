package git

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// Error is a git command that failed.
type Error struct {
	// Dir is the folder it ran in, Command its name, such as "status".
	Dir, Command string
	// Reason is what git said, in one line.
	Reason string
	// Hint is what the user can do about it.
	Hint string
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("git %s in %s: %s", e.Command, e.Dir, e.Reason)
}

func (e *Error) Unwrap() error { return e.Err }

// trust is the command that git proposes for a repository of somebody else's.
var trust = regexp.MustCompile(`(?m)^\tgit config .* safe\.directory .*$`)

func newError(dir, command, messages string, err error) *Error {
	e := &Error{
		Dir: dir, Command: command, Reason: cmp.Or(reason(messages), err.Error()), Err: err,
		Hint: "run `git status` in that folder and put right what it says, then run forge again",
	}
	var exit *exec.ExitError
	switch proposal := trust.FindString(messages); {
	case proposal != "":
		e.Hint = "if you trust this repository, run `" + strings.TrimSpace(proposal) + "`"
	case strings.Contains(messages, ".lock': File exists"):
		e.Hint = "wait until the other git is done; if none is running, remove that file"
	case errors.As(err, &exit) && exit.ExitCode() == 129: // it does not know an option
		e.Hint = "update git: forge needs 2.26 or newer"
	}
	return e
}

// reason is the first complaint among git's messages: what git prints after it
// are consequences and advice. Without one it is all they say.
func reason(messages string) string {
	var said []string
	for line := range strings.Lines(messages) {
		line = strings.TrimSpace(line)
		for _, complaint := range []string{"fatal: ", "error: "} {
			if what, ok := strings.CutPrefix(line, complaint); ok {
				return what
			}
		}
		if line != "" && !strings.HasPrefix(line, "hint: ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
