package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/git"
)

// inGit does something in the repository that dir is in, if it is in one.
func inGit(ctx context.Context, dir string, do func(*git.Repo) error) error {
	repo, err := git.Open(ctx, dir)
	if err == nil {
		err = do(repo)
	}
	var failed *git.Error
	switch {
	case errors.Is(err, git.ErrNone):
		return nil
	case errors.As(err, &failed):
		return hinted{err, failed.Hint}
	}
	return err
}

// refuseDirty keeps forge's changes apart from those of the user that git could
// not give back.
func refuseDirty(ctx context.Context, dir string, plan *generator.Plan) error {
	var managed []string
	for _, c := range plan.Changes {
		if c.Actual != nil || c.Base != nil {
			managed = append(managed, c.Path)
		}
	}
	return inGit(ctx, dir, func(repo *git.Repo) error {
		changed, err := repo.Changed(ctx, managed)
		if err != nil || len(changed) == 0 {
			return err
		}
		return hinted{
			dirtyError{changed},
			"commit or stash them, so that git can tell your changes from forge's; --dirty goes ahead all the same",
		}
	})
}

// showUnmerged tells git of the conflicts that plan has left, so that it and
// editors show them. The project is written by now: what goes wrong here is
// printed and no more.
func (a *app) showUnmerged(ctx context.Context, dir string, plan *generator.Plan) {
	var files []git.Unmerged
	for _, c := range plan.Unresolved() {
		files = append(files, git.Unmerged{Path: c.Path, Base: side(c.Base), User: side(c.User()), Target: side(c.Target)})
	}
	if len(files) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	a.warn("git does not show the conflicts", inGit(ctx, dir, func(repo *git.Repo) error { return repo.MarkUnmerged(ctx, files) }))
}

// warn prints an error that changes nothing about what was done.
func (a *app) warn(what string, err error) {
	if err != nil {
		fmt.Fprintf(a.Err, "forge: %s: %v\n", what, err)
	}
}

func side(f *generator.File) *git.Side {
	if f == nil || !f.Mode.IsRegular() {
		return nil
	}
	return &git.Side{Mode: f.Mode, Data: f.Data}
}
