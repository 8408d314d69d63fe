package generator

import (
	"context"
	"maps"
	"path"
	"slices"
)

// carryOut does the ops and removes journal.json, which commits them.
func (a *applier) carryOut(ctx context.Context, d *disk, j *journal) (string, error) {
	l := looks{d: d}
	defer l.close()
	foldersDone := false
	for i, o := range j.Ops {
		if !foldersDone && o.New != nil {
			l.close()
			if err := d.changeFolders(j); err != nil {
				return o.Path, err
			}
			foldersDone = true
		}
		if err := a.next(ctx, i, len(j.Ops), o.Path); err != nil {
			return o.Path, err
		}
		// Between the check and now the user may have saved the file. After a
		// kill, it may be in place.
		e, err := l.look(o.Path)
		now := e.state()
		switch {
		case err != nil || o.New.is(now):
		case !o.Old.is(now):
			err = &StaleError{Path: o.Path}
		case o.New == nil:
			err = d.remove(o.Path)
		default:
			err = d.rename(newFile(i), o.Path)
		}
		if err != nil {
			return o.Path, err
		}
	}
	l.close()
	if !foldersDone {
		if err := d.changeFolders(j); err != nil {
			return "", err
		}
	}
	if err := d.syncFolders(j); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := d.commit(j); err != nil {
		return "", err
	}
	// Past the commit nothing fails: a power cut now may undo it, no more.
	_ = d.syncDirs(RecordDir)
	return "", nil
}

// commit is the moment after which the new tree stands.
func (d *disk) commit(j *journal) error {
	if len(j.Conflicts) > 0 {
		return d.rename(journalDir, pendingDir)
	}
	return d.remove(journalFile)
}

func (d *disk) changeFolders(j *journal) error {
	for _, f := range slices.Backward(j.Pruned) {
		if err := d.removeEmpty(f.Path); err != nil {
			return err
		}
	}
	for _, f := range j.Made {
		if err := d.makeFolder(f); err != nil {
			return err
		}
	}
	return nil
}

// makeFolder makes f if nothing is there, and else sees to its mode.
func (d *disk) makeFolder(f folder) error {
	info, err := d.stat(f.Path)
	switch {
	case err == nil && info == nil:
		return d.mkdir(f.Path, f.Mode.Perm())
	case err == nil && info.IsDir() && info.Mode().Perm() != f.Mode.Perm():
		// A kill came between mkdir's two steps.
		return d.do("set the mode of", f.Path, func() error { return d.root.Chmod(f.Path, f.Mode.Perm()) })
	}
	return err
}

// syncFolders makes the renames and removals safe on disk.
func (d *disk) syncFolders(j *journal) error {
	dirs := map[string]bool{}
	for _, o := range j.Ops {
		dirs[path.Dir(o.Path)] = true
	}
	for _, f := range slices.Concat(j.Made, j.Pruned) {
		dirs[path.Dir(f.Path)] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		info, err := d.stat(dir)
		if err == nil && info != nil && info.IsDir() {
			err = d.addDirs(dir)
		}
		if err != nil {
			return err
		}
	}
	return d.wait()
}
