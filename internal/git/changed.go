package git

import (
	"context"
	"strings"
)

// maxArgs is how many bytes of paths one git status gets. It reads none from
// its input, and Windows has room for 32 KiB in a whole command line.
const maxArgs = 24 << 10

// Changed returns those of paths that have changes which no commit holds:
// staged or not, deleted, untracked or unmerged. Files that git ignores have
// none, nor have those that it was told to take as unchanged (skip-worktree, as
// in a sparse checkout, and assume-unchanged). It looks at no other path.
func (r *Repo) Changed(ctx context.Context, paths []string) ([]string, error) {
	var changed []string
	for rest := paths; len(rest) > 0; {
		n := fitting(rest)
		args := []string{"status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--"}
		for _, p := range rest[:n] {
			args = append(args, literal+p)
		}
		out, err := r.git(ctx, nil, args...)
		if err != nil {
			return nil, err
		}
		changed = append(changed, among(rest[:n], out, func(row string) string {
			return strings.TrimPrefix(row[len("XY "):], r.prefix) // "XY services/shop/go.mod"
		})...)
		rest = rest[n:]
	}
	return changed, nil
}

// fitting returns how many of paths fit into one command line, at least one.
func fitting(paths []string) int {
	size := 0
	for i, p := range paths {
		size += len(literal+p) + len(`"" `)
		if i > 0 && size > maxArgs {
			return i
		}
	}
	return len(paths)
}
