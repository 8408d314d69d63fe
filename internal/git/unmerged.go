package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
)

// Side is a file as one side of a merge has it.
type Side struct {
	// Mode is 0644 or 0755.
	Mode fs.FileMode
	// Data is the file as it would be in the work tree.
	Data []byte
}

// Unmerged is a path whose sides are not merged. A nil side has no such file.
type Unmerged struct {
	Path               string
	Base, User, Target *Side
}

// MarkUnmerged makes git see files as unmerged: the sides become stages 1 to 3
// of the index, where User is what git calls ours and Target theirs. It is all
// files or none, and the work tree stays as it is. Files that git ignores are
// left out, so that what the user keeps from git does not get into a commit;
// files without any side are too.
func (r *Repo) MarkUnmerged(ctx context.Context, files []Unmerged) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	ignored, err := r.ignored(ctx, paths)
	if err != nil {
		return err
	}
	var info strings.Builder
	for _, f := range files {
		if slices.Contains(ignored, f.Path) {
			continue
		}
		if err := r.stage(ctx, &info, f); err != nil {
			return err
		}
	}
	_, err = r.git(ctx, []byte(info.String()), "update-index", "-z", "--index-info")
	return err
}

// stage stores the sides of f and adds to info what puts them in the index,
// which takes paths from the top of the work tree.
func (r *Repo) stage(ctx context.Context, info *strings.Builder, f Unmerged) error {
	path, first := r.prefix+f.Path, true
	for i, side := range []*Side{f.Base, f.User, f.Target} {
		if side == nil {
			continue
		}
		id, err := r.store(ctx, f.Path, side.Data)
		if err != nil {
			return err
		}
		if first { // what the index has of the path goes
			fmt.Fprintf(info, "0 %s\t%s\x00", strings.Repeat("0", len(id)), path)
			first = false
		}
		mode := 0o100644
		if side.Mode&0o111 != 0 {
			mode = 0o100755
		}
		fmt.Fprintf(info, "%o %s %d\t%s\x00", mode, id, i+1, path)
	}
	return nil
}

// store puts data into the object store, as git add would if it were the file
// at path: with line endings and filters undone. All sides go the same way, so
// that git finds no differences between them but real ones, and writes each to
// the work tree as the user has files there. core.safecrlf would refuse a side
// whose line endings are not those of the work tree; forge's never are on
// Windows.
func (r *Repo) store(ctx context.Context, path string, data []byte) (string, error) {
	id, err := r.git(ctx, data, "-c", "core.safecrlf=false", "hash-object", "-w", "--stdin", "--path="+path)
	return strings.TrimSpace(id), err
}

// ignored returns those of paths that git ignores. A file in the index is not
// ignored, whatever the patterns say.
func (r *Repo) ignored(ctx context.Context, paths []string) ([]string, error) {
	const here = "./" // check-ignore has no literal, but would take a colon for one
	out, err := r.git(ctx, list(here, paths), "check-ignore", "-z", "--stdin")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // none of them
		return nil, nil
	}
	return among(paths, out, func(row string) string { return strings.TrimPrefix(row, here) }), err
}

// Unmerged returns those of paths that the index has as unmerged.
func (r *Repo) Unmerged(ctx context.Context, paths []string) ([]string, error) {
	out, err := r.git(ctx, nil, "ls-files", "--unmerged", "-z")
	return among(paths, out, func(row string) string {
		_, path, _ := strings.Cut(row, "\t") // "100644 45b983be 2\tgo.mod"
		return path
	}), err
}

// MarkResolved stages those of paths that are still unmerged, as they are in
// the work tree. One that is deleted there leaves the index.
func (r *Repo) MarkResolved(ctx context.Context, paths []string) error {
	// Not update-index: where the file system has no executable bit, only add
	// keeps the one of the unmerged file. Not --all: where a path became a folder,
	// that adds what is in it.
	return r.settle(ctx, paths, "add", "--update")
}

// Unmark takes those of paths that are still unmerged back to what HEAD has,
// and out of the index if it lacks them or there is no commit yet. The work
// tree stays as it is.
func (r *Repo) Unmark(ctx context.Context, paths []string) error {
	return r.settle(ctx, paths, "reset", "--quiet")
}

// settle runs a command on those of paths that are still unmerged.
func (r *Repo) settle(ctx context.Context, paths []string, command ...string) error {
	left, err := r.Unmerged(ctx, paths)
	if err != nil || len(left) == 0 {
		return err
	}
	_, err = r.git(ctx, list(literal, left), append(command, "--pathspec-from-file=-", "--pathspec-file-nul")...)
	return err
}
