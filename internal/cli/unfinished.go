package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/git"
)

// resume finishes a run that was killed, or one whose conflicts are resolved.
// It is short, and does not stop half way once more.
func (a *app) resume(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	dir, state, err := readState()
	switch {
	case err != nil:
		return err
	case state.Conflicts == nil:
		return a.resumeInterrupted(ctx, dir, state)
	}
	err = generator.Finish(ctx, dir)
	var left *generator.UnresolvedError
	if errors.As(err, &left) {
		return pending(left.Paths)
	}
	if err != nil {
		return err
	}
	a.warn("git does not know that the conflicts are resolved", inGit(ctx, dir, func(repo *git.Repo) error {
		return repo.MarkResolved(ctx, state.Conflicts)
	}))
	fmt.Fprintln(a.Out, "All conflicts are resolved.")
	return nil
}

func (a *app) resumeInterrupted(ctx context.Context, dir string, state generator.State) error {
	begun := false
	if state.Interrupted {
		var err error
		if begun, err = generator.Continue(ctx, dir); err != nil {
			return hinted{err, "forge upgrade --abort undoes the run instead"}
		}
	}
	if !begun {
		// Killed so early that all it left is its own files.
		swept, err := generator.Recover(dir)
		switch {
		case err != nil:
			return err
		case !swept && !state.Interrupted:
			return hinted{codedError{errors.New("there is no unfinished run to continue"), codeNothingToGoOn}, "forge upgrade begins one"}
		}
		// Or so late that nothing else was left to do.
		fmt.Fprintln(a.Out, "Nothing was left half done; run it again if it had not begun.")
		return nil
	}
	fmt.Fprintln(a.Out, "The interrupted run is finished.")
	state, err := generator.ReadState(dir)
	if err == nil && state.Conflicts != nil {
		err = pending(state.Conflicts)
	}
	return err
}

// abort takes back a run that was killed or left conflicts. It too does not
// stop half way.
func (a *app) abort(ctx context.Context, discard bool) error {
	ctx = context.WithoutCancel(ctx)
	dir, state, err := readState()
	if err != nil {
		return err
	}
	if state.Conflicts == nil {
		return a.abortInterrupted(dir)
	}
	if err := abortConflicts(ctx, dir, discard); err != nil {
		return err
	}
	a.warn("git shows conflicts that are gone", inGit(ctx, dir, func(repo *git.Repo) error {
		return repo.Unmark(ctx, state.Conflicts)
	}))
	fmt.Fprintln(a.Out, "The project is as it was before.")
	return nil
}

func (a *app) abortInterrupted(dir string) error {
	found, err := generator.Recover(dir)
	switch {
	case err != nil:
		return err
	case !found:
		return hinted{codedError{errors.New("there is no unfinished run to take back"), codeNothingToGoOn}, "git has what a finished one changed"}
	}
	// One that was killed while it cleaned up stands.
	fmt.Fprintln(a.Out, "What the interrupted run had half done is undone.")
	return nil
}

// abortConflicts says what to do about edits that would be lost.
func abortConflicts(ctx context.Context, dir string, discard bool) error {
	err := generator.Abort(ctx, dir, discard)
	var edited *generator.EditedError
	if errors.As(err, &edited) {
		return hinted{
			editedSinceError{edited},
			"copy what you want to keep; forge upgrade --abort --discard takes the run back and loses those edits",
		}
	}
	return err
}

// editedSinceError lists the edits one a line.
type editedSinceError struct{ *generator.EditedError }

func (e editedSinceError) Error() string { return "you have edited since:" + lines(e.Paths) }

func (e editedSinceError) Unwrap() error { return e.EditedError }
