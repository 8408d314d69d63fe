package generator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/insforge/forge/internal/merge"
)

// ErrPending says that an earlier upgrade left conflicts that are not resolved.
var ErrPending = errors.New("an upgrade waits for its conflicts to be resolved")

// UnresolvedError lists the files in which conflicts are left.
type UnresolvedError struct{ Paths []string }

func (e *UnresolvedError) Error() string {
	return "conflicts are left in " + strings.Join(e.Paths, ", ")
}

// EditedError lists the files that were edited after the upgrade wrote them.
type EditedError struct{ Paths []string }

func (e *EditedError) Error() string {
	return "edited since the upgrade: " + strings.Join(e.Paths, ", ")
}

// State is how far the last run in a project came.
type State struct {
	// Interrupted is set if it was killed: Continue finishes it, Recover undoes
	// it.
	Interrupted bool
	// Conflicts are the paths it left for the user to resolve; then Finish ends
	// it and Abort takes it back.
	Conflicts []string
}

// ReadState looks at the project in dir and changes nothing.
func ReadState(dir string) (State, error) {
	d, err := openDisk(dir, trial{})
	if err != nil {
		return State{}, err
	}
	defer d.close()
	info, err := d.stat(journalDir)
	if err != nil {
		return State{}, err
	}
	j, err := d.loadJournal(pendingFile)
	if err != nil {
		return State{}, err
	}
	s := State{Interrupted: info != nil}
	if j != nil {
		s.Conflicts = j.Conflicts
	}
	return s, nil
}

// nothingPending is ErrPending if the user has conflicts to resolve.
func (d *disk) nothingPending() error {
	j, err := d.loadJournal(pendingFile)
	if err == nil && j != nil {
		err = ErrPending
	}
	return err
}

// finished reports whether pendingDir is left of an upgrade that the user has
// finished, the journal of which goes first.
func (d *disk) finished() (bool, error) {
	if info, err := d.stat(pendingDir); err != nil || info == nil {
		return false, err
	}
	info, err := d.stat(pendingFile)
	return err == nil && info == nil, err
}

// sweepFinished removes what finished reports. It needs the lock.
func (d *disk) sweepFinished() error {
	if finished, err := d.finished(); err != nil || !finished {
		return err
	}
	return d.removeAll(pendingDir)
}

// Continue finishes a run that was killed, and reports whether there was one.
// One that had not yet begun to change the project is forgotten instead. A file
// edited since is a *StaleError, and a run that was being undone is an error
// too; then only Recover is left.
func Continue(ctx context.Context, dir string) (bool, error) {
	a := &applier{wait: busyWait}
	return a.resume(ctx, dir)
}

func (a *applier) resume(ctx context.Context, dir string) (found bool, err error) {
	err = a.locked(ctx, dir, func(d *disk, l *dirLock) error {
		j, err := d.loadJournal(journalFile)
		if err != nil {
			return err
		}
		if j == nil {
			return errors.Join(d.clearJournal(), d.sweepFinished())
		}
		found = true
		if err := d.resumable(j); err != nil {
			return err
		}
		if where, err := a.carryOut(ctx, d, j); err != nil {
			return &ApplyError{Path: cmp.Or(where, d.dir), Err: err}
		}
		// As in inPlace, what is left over is for the next run.
		_ = d.removeAll(journalDir)
		return nil
	})
	return found, err
}

// resumable refuses to carry out a j that was being undone: the contents of
// what is back as it was are no longer in the journal.
func (d *disk) resumable(j *journal) error {
	for i, o := range j.Ops {
		e, err := d.look(o.Path)
		if err != nil || !o.Old.is(e.state()) {
			continue // done, or for carryOut to complain about
		}
		var staged, saved fs.FileInfo
		if o.New != nil {
			staged, err = d.stat(newFile(i))
		}
		if err == nil && o.Old != nil {
			saved, err = d.stat(oldFile(i))
		}
		if err != nil {
			return err
		}
		if (o.New != nil) != (staged != nil) || (o.Old != nil) != (saved != nil) {
			return fmt.Errorf("%s: the run was being undone when it was interrupted", d.dir)
		}
	}
	return nil
}

// Finish ends an upgrade whose conflicts the user has resolved. Markers, or a
// file still beside the user's, are an *UnresolvedError.
func Finish(ctx context.Context, dir string) error {
	a := &applier{wait: busyWait}
	return a.finish(ctx, dir)
}

func (a *applier) finish(ctx context.Context, dir string) error {
	return a.locked(ctx, dir, func(d *disk, _ *dirLock) error {
		j, err := d.loadJournal(pendingFile)
		if err != nil {
			return err
		}
		if j == nil {
			return d.sweepFinished()
		}
		var left []string
		for _, p := range j.Conflicts {
			open, err := d.unresolved(p)
			if err != nil {
				return err
			}
			if open {
				left = append(left, p)
			}
		}
		if len(left) > 0 {
			return &UnresolvedError{Paths: left}
		}
		// The journal goes first: without it the rest is only left over, for
		// the next run to remove.
		if err := d.remove(pendingFile); err != nil {
			return err
		}
		_ = d.removeAll(pendingDir)
		return nil
	})
}

// unresolved reports whether a conflict is left at p.
func (d *disk) unresolved(p string) (bool, error) {
	if info, err := d.stat(p + BesideSuffix); err != nil || info != nil {
		return info != nil, err
	}
	info, err := d.stat(p)
	if err != nil || info == nil || !info.Mode().IsRegular() {
		return false, err
	}
	e, err := d.look(p)
	return e != nil && merge.HasMarkers(e.data), err
}

// Abort takes an upgrade back that left conflicts: the project is as it was
// before. Files the user has edited since are an *EditedError and nothing
// changes, unless discard allows to lose those edits. Links and folders that the
// user has put in a file's place are never lost: they are an error.
func Abort(ctx context.Context, dir string, discard bool) error {
	a := &applier{wait: busyWait}
	return a.abort(ctx, dir, discard)
}

func (a *applier) abort(ctx context.Context, dir string, discard bool) error {
	return a.locked(ctx, dir, func(d *disk, l *dirLock) error {
		j, err := d.loadJournal(pendingFile)
		if err != nil {
			return err
		}
		if j == nil {
			return d.sweepFinished()
		}
		edited, err := d.edited(j)
		if err != nil {
			return err
		}
		if len(edited) > 0 && !discard {
			return &EditedError{Paths: edited}
		}
		if len(edited) > 0 {
			if err := d.rewrite(j); err != nil {
				return err
			}
		}
		// From here on it is a run that was killed, and undone as one.
		if err := d.rename(pendingDir, journalDir); err != nil {
			return err
		}
		return d.undo(j)
	})
}

// edited lists the paths that are neither as j left them nor as it found them.
func (d *disk) edited(j *journal) ([]string, error) {
	var paths []string
	for _, o := range j.Ops {
		e, err := d.look(o.Path)
		var link *LinkError
		var kind *ObstacleError
		if err != nil && !errors.As(err, &link) && !errors.As(err, &kind) {
			return nil, err
		}
		if now := e.state(); err != nil || !o.New.is(now) && !o.Old.is(now) {
			paths = append(paths, o.Path)
		}
	}
	return paths, nil
}

// rewrite makes what is on disk what j has written, so that undo replaces it.
func (d *disk) rewrite(j *journal) error {
	for i, o := range j.Ops {
		e, err := d.look(o.Path)
		if err != nil {
			return err
		}
		if now := e.state(); !o.Old.is(now) {
			j.Ops[i].New = now
		}
	}
	return errors.Join(d.writeJournal(pendingFile, j), d.syncDirs(pendingDir))
}

// writeJournal replaces the journal at name as one step, after all that was
// written before is safe. The name itself is after the next syncDirs.
func (d *disk) writeJournal(name string, j *journal) error {
	data, err := json.MarshalIndent(j, "", "\t")
	if err != nil {
		return err
	}
	if err := d.write(name+".tmp", append(data, '\n'), 0o644); err != nil {
		return err
	}
	if err := d.wait(); err != nil {
		return err
	}
	return d.rename(name+".tmp", name)
}

// locked does work on the project in dir while no other run can.
func (a *applier) locked(ctx context.Context, dir string, work func(*disk, *dirLock) error) error {
	d, err := openDisk(dir, a.trial)
	if err != nil {
		return err
	}
	defer d.close()
	l, err := d.lock(ctx, RecordDir, lockName, a.wait)
	if err != nil {
		return err
	}
	err = work(d, l)
	return errors.Join(err, l.release(true))
}

// ownFile reports whether path is where runs keep their journals.
func ownFile(path string) bool {
	return path == lockPath || path == journalDir || path == pendingDir ||
		strings.HasPrefix(path, journalDir+"/") || strings.HasPrefix(path, pendingDir+"/")
}

// oldRecord lists what is to be removed of an earlier record: the pristine
// files that record has not, or all of it for an ejected project.
func (d *disk) oldRecord(eject bool, record *Tree) ([]write, error) {
	if record.Len() == 0 && !eject {
		return nil, nil
	}
	top := BaseDir
	if eject {
		top = RecordDir
	}
	var stale []write
	err := fs.WalkDir(d.root.FS(), top, func(p string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && p == top:
			return fs.SkipAll
		case err != nil:
			return fmt.Errorf("reading %s: %w", p, cause(err))
		case entry.IsDir() && ownFile(p):
			return fs.SkipDir
		case !entry.IsDir() && !ownFile(p) && record.Lookup(p) == nil:
			stale = append(stale, write{p, recordAction, nil})
		}
		return nil
	})
	return stale, err
}
