// Package git is the little that forge needs from git: which files have changes
// that git does not hold, and conflicts shown where git and editors look for
// them. It runs the git program, 2.26 or newer, and forge works without it.
//
// Paths are relative to the project's folder, with slashes, and literal: no
// character in them is a pattern. Nothing is written but the index and the
// object store, nothing is fetched, and no hook of the user's runs.
package git

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNone says that there is no git to talk to.
var ErrNone = errors.New("not in a git work tree, or git is not installed")

// Repo is the repository whose work tree holds a folder.
type Repo struct {
	dir string
	// prefix is dir as seen from the top of the work tree: "" or "services/shop/".
	prefix string
	// local are the environment variables that tie git to one repository.
	local []string
}

// Open finds the repository whose work tree holds dir. GIT_DIR and the like do
// not change which one that is, because a hook of another repository may be
// running forge.
//
// It returns ErrNone if dir is in no work tree or there is no git program. A
// repository that git refuses to use is an *Error.
func Open(ctx context.Context, dir string) (*Repo, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &Repo{dir: abs}
	names, err := r.git(ctx, nil, "rev-parse", "--local-env-vars")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, ErrNone
	case err != nil:
		return nil, err
	}
	r.local = strings.Fields(names)
	out, err := r.git(ctx, nil, "rev-parse", "--is-inside-work-tree", "--show-prefix")
	var failed *Error
	inside, prefix, _ := strings.Cut(out, "\n")
	switch {
	case errors.As(err, &failed) && strings.HasPrefix(failed.Reason, "not a git repository (or any"):
		return nil, ErrNone
	case err != nil:
		return nil, err
	case inside != "true": // a bare repository, or the inside of .git
		return nil, ErrNone
	}
	r.prefix = strings.TrimSuffix(prefix, "\n")
	return r, nil
}
