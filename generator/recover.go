package generator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// undo brings back the old tree, from any moment of carryOut or of undo. A
// file that is neither old nor new was edited since: it stays, and the error
// says so. With any other error the journal stays too, for another try.
func (d *disk) undo(j *journal) error {
	var edited, failed []error
	back := func(created bool) {
		for i, o := range slices.Backward(j.Ops) {
			if (o.Old == nil) != created {
				continue
			}
			left, err := d.restore(i, o)
			failed = append(failed, err)
			if left {
				edited = append(edited, fmt.Errorf("%s: changed while forge was at work, left as it is", o.Path))
			}
		}
	}
	// As in carryOut the folders come in between: new files are in those that
	// go, and old ones may come back in the place of one.
	back(true)
	for _, f := range slices.Backward(j.Made) {
		failed = append(failed, d.removeEmpty(f.Path))
	}
	for _, f := range j.Pruned {
		failed = append(failed, d.makeFolder(f))
	}
	back(false)
	err := errors.Join(failed...)
	if err == nil {
		err = d.syncFolders(j)
	}
	if err == nil {
		err = d.clearJournal()
	}
	return errors.Join(append(edited, err)...)
}

// restore brings the path of op i back from New to Old. left reports that it
// is neither.
func (d *disk) restore(i int, o op) (left bool, err error) {
	e, err := d.look(o.Path)
	var link *LinkError
	var kind *ObstacleError
	now := e.state()
	switch {
	case errors.As(err, &link):
		return true, nil
	case errors.As(err, &kind):
		return o.Old != nil, nil
	case err != nil:
		return false, err
	case o.Old.is(now):
		return false, nil
	case !o.New.is(now):
		return true, nil
	case o.Old == nil:
		return false, d.remove(o.Path)
	}
	saved, err := d.look(oldFile(i))
	if err != nil {
		return false, err
	}
	if !o.Old.is(saved.state()) {
		return false, fmt.Errorf("%s: its old contents, saved in %s, are missing or damaged", o.Path, oldFile(i))
	}
	// The user may have deleted the folder since.
	dir := path.Dir(o.Path)
	if err := d.do("create folder", dir, func() error { return d.root.MkdirAll(dir, 0o755) }); err != nil {
		return false, err
	}
	return false, d.rename(oldFile(i), o.Path)
}

// clearJournal removes journal.json before what it speaks of, so that a kill
// in between is not taken for an unfinished run.
func (d *disk) clearJournal() error {
	if err := d.remove(journalFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.removeAll(journalDir)
}

// loadJournal reads the journal at name. It is nil without an error if no run
// got that far.
func (d *disk) loadJournal(name string) (*journal, error) {
	e, err := d.look(name)
	if err != nil || e == nil {
		return nil, err
	}
	j := &journal{}
	if err := json.Unmarshal(e.data, j); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if j.Version != 1 {
		return nil, fmt.Errorf("%s: is of a version (%d) this forge does not know", name, j.Version)
	}
	var problems []error
	for _, o := range j.Ops {
		problems = append(problems, checkPath(o.Path))
	}
	for _, f := range slices.Concat(j.Made, j.Pruned) {
		problems = append(problems, checkPath(f.Path))
	}
	for _, p := range j.Conflicts {
		problems = append(problems, checkPath(p))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return j, nil
}

// recover undoes what a killed run left in d. A RecordDir with nothing in it
// counts: it is the first thing a run makes.
func (d *disk) recover(ctx context.Context, wait time.Duration) (bool, error) {
	info, err := d.stat(RecordDir)
	if err != nil || info == nil || !info.IsDir() {
		return false, err
	}
	names, err := d.names(RecordDir)
	if err != nil {
		return false, err
	}
	finished, err := d.finished()
	if err != nil {
		return false, err
	}
	if len(names) > 0 && !finished && !slices.Contains(names, path.Base(journalDir)) && !slices.Contains(names, lockName) {
		return false, nil
	}
	l, err := d.lock(ctx, RecordDir, lockName, wait)
	if err != nil {
		return false, err
	}
	info, err = d.stat(journalDir)
	if err != nil {
		return false, errors.Join(err, l.release(false))
	}
	// Otherwise a run that was at work has finished by now.
	found := info != nil || finished || !l.madeFile || len(names) == 0
	j, err := d.loadJournal(journalFile)
	if err != nil {
		return found, errors.Join(err, l.release(false))
	}
	if j != nil {
		err = d.undo(j)
		return true, errors.Join(err, l.release(j.MadeHome))
	}
	return found, errors.Join(d.clearJournal(), d.sweepFinished(), l.release(true))
}

// sweep removes the stages beside dir and its parents, any of which a killed
// run may have been about to make.
func (a *applier) sweep(ctx context.Context, dir string) (found bool, err error) {
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		if a.within != nil && at == a.within.Name() {
			break
		}
		parent, stage := filepath.Dir(at), stageName(filepath.Base(at))
		if _, err := os.Lstat(filepath.Join(parent, stage)); err != nil {
			continue
		}
		swept, err := a.sweepStage(ctx, parent, stage)
		if err != nil {
			return found, err
		}
		found = found || swept
	}
	return found, nil
}

func (a *applier) sweepStage(ctx context.Context, parent, stage string) (bool, error) {
	d, err := a.open(parent)
	if err != nil {
		return false, err
	}
	defer d.close()
	if ours, err := d.ourStage(stage); err != nil || !ours {
		return false, err
	}
	l, err := d.lock(ctx, stage, stageLock, a.wait)
	if err != nil {
		return false, err
	}
	err = d.removeAll(path.Join(stage, "tree"))
	return true, errors.Join(err, l.release(true))
}

// Recover undoes what a killed run left in dir or beside it, and reports
// whether there was anything. Afterwards dir is as it was before that run, or
// as the run would have left it if it had finished all but its cleaning. A file
// edited since stays as it is and is part of the error. Recover may be called
// always, and again after it was killed itself. ErrBusy is a run at work there.
func Recover(dir string) (bool, error) {
	a := &applier{wait: busyWait}
	return a.recover(dir)
}

func (a *applier) recover(dir string) (bool, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	swept, err := a.sweep(context.Background(), dir)
	if err != nil {
		return swept, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		// What else is wrong with dir is for ReadActual and Apply to say.
		return swept, nil
	}
	d, err := openDisk(dir, a.trial)
	if err != nil {
		return swept, err
	}
	defer d.close()
	undone, err := d.recover(context.Background(), a.wait)
	return swept || undone, err
}
