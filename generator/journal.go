package generator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// A run in a folder that exists goes like this, and a kill leaves:
//
//	lock; stage the new files, save the old   nothing but the journal folder
//	write journal.json                        all it takes to undo
//	delete, make folders, rename into place   a mix, which undo takes back
//	remove journal.json                       the new tree
//	remove the journal folder, unlock         the new tree
const (
	forgeDir    = ".forge"
	lockName    = "journal.lock"
	lockPath    = forgeDir + "/" + lockName
	journalDir  = forgeDir + "/journal"
	journalFile = journalDir + "/journal.json"
	newDir      = journalDir + "/new"
	oldDir      = journalDir + "/old"
)

// recordAction marks an op of the record, which no plan decided.
const recordAction Action = "record"

// journal is what a run is about to do, enough to undo it. Contents are next
// to it, in files named by the op's index.
type journal struct {
	Version int  `json:"version"`
	Ops     []op `json:"ops"`
	// Made are the folders to be made, Pruned those that deletions may leave
	// empty; parents first.
	Made   []folder `json:"made"`
	Pruned []folder `json:"pruned"`
	// MadeHome is set if forgeDir itself is new.
	MadeHome bool `json:"made_home"`

	// writes are the new files, known to the run alone.
	writes []write
}

// op changes one path from Old to New. A nil state is no file.
type op struct {
	Path   string `json:"path"`
	Action Action `json:"action"`
	Old    *state `json:"old"`
	New    *state `json:"new"`
}

type folder struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"`
}

type state struct {
	SHA256 string      `json:"sha256"`
	Mode   fs.FileMode `json:"mode"`
}

func stateOf(data []byte, mode fs.FileMode) *state {
	return &state{SHA256: (&File{Data: data}).SHA256(), Mode: mode}
}

// is reports whether e is in state s.
func (s *state) is(e *entry) bool {
	if e == nil || s == nil {
		return e == nil && s == nil
	}
	// Windows keeps no mode that could be compared.
	return (runtime.GOOS == "windows" || e.mode == s.Mode) && stateOf(e.data, s.Mode).SHA256 == s.SHA256
}

func newFile(i int) string { return path.Join(newDir, strconv.Itoa(i)) }
func oldFile(i int) string { return path.Join(oldDir, strconv.Itoa(i)) }

// inPlace changes d, which exists.
func (a *applier) inPlace(ctx context.Context, d *disk, plan *Plan, writes []write) error {
	fail := func(err error) error {
		if errors.Is(err, ErrBusy) {
			return err
		}
		return &ApplyError{Path: d.dir, Err: err}
	}
	if _, err := d.recover(ctx, a.wait); err != nil {
		return fail(err)
	}
	// Without the lock, because taking it writes.
	j, err := d.prepare(plan, writes)
	if err != nil || len(j.Ops) == 0 {
		return err
	}
	l, err := d.lock(ctx, forgeDir, lockName, a.wait)
	if err != nil {
		return fail(err)
	}
	if info, err := d.stat(journalDir); err != nil || info != nil {
		if err == nil {
			err = errors.New("another run was killed just now; run again")
		}
		return errors.Join(fail(err), l.release(l.madeFolder))
	}
	if j, err = d.prepare(plan, writes); err != nil || len(j.Ops) == 0 {
		return errors.Join(err, l.release(l.madeFolder))
	}
	j.MadeHome = l.madeFolder
	where, err := a.stage(ctx, d, j)
	staged := err == nil
	if staged {
		where, err = a.carryOut(ctx, d, j)
	}
	if err == nil {
		// The new tree is in place. What is left over is for the next run.
		_ = errors.Join(d.removeAll(journalDir), l.release(j.MadeHome))
		return nil
	}
	var undo error
	if staged {
		undo = d.undo(j)
	} else {
		// A journal.json that failed to be synced must not outlive new/ and old/.
		undo = d.clearJournal()
	}
	undo = errors.Join(undo, l.release(j.MadeHome))
	if where == "" {
		where = d.dir
	}
	return &ApplyError{Path: where, Err: err, Undo: undo}
}

// prepare checks that every path is as the plan saw it and lists what differs
// from what is to be written.
func (d *disk) prepare(plan *Plan, writes []write) (*journal, error) {
	planned, among := map[string]*File{}, map[string]bool{}
	for _, c := range plan.Changes {
		planned[c.Path], among[c.Path] = c.Actual, true
	}
	for _, w := range writes {
		among[w.path] = true
	}
	seen := map[string]*entry{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(among)) {
		e, err := d.lookAmong(name, among)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		seen[name] = e
		if actual, ok := planned[name]; ok && !actual.Same(e.file(name)) {
			problems = append(problems, &StaleError{Path: name})
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	j := &journal{Version: 1}
	for _, w := range writes {
		o := op{Path: w.path, Action: w.action}
		e := seen[w.path]
		if e != nil {
			o.Old = stateOf(e.data, e.mode)
		}
		if w.result != nil {
			o.New = stateOf(w.result.Data, newMode(e, w.result.Mode))
		}
		if !o.New.is(e) {
			j.Ops, j.writes = append(j.Ops, o), append(j.writes, w)
		}
	}
	return j, j.addFolders(d)
}

// newMode keeps what a Tree does not know of a mode: a file that only its
// owner can read must not become readable by all.
func newMode(e *entry, want fs.FileMode) fs.FileMode {
	switch {
	case e == nil:
		return want
	case Perm(e.mode) == want:
		return e.mode
	case want == 0o755:
		return e.mode | 0o100 | e.mode>>2&0o011
	}
	return e.mode &^ 0o111
}

// addFolders finds the folders that the ops make and may leave empty.
func (j *journal) addFolders(d *disk) error {
	needed, emptied := map[string]bool{}, map[string]bool{}
	for _, o := range j.Ops {
		for _, dir := range parents(o.Path) {
			if o.New != nil {
				needed[dir] = true
			} else {
				emptied[dir] = true
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(needed)) {
		info, err := d.stat(dir)
		if err != nil {
			return err
		}
		if dir != forgeDir && (info == nil || !info.IsDir()) {
			j.Made = append(j.Made, folder{dir, 0o755})
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(emptied)) {
		info, err := d.stat(dir)
		if err != nil {
			return err
		}
		if dir != forgeDir && !needed[dir] && info != nil {
			j.Pruned = append(j.Pruned, folder{dir, info.Mode().Perm()})
		}
	}
	return nil
}

// stage writes everything that can run out of space before anything changes.
func (a *applier) stage(ctx context.Context, d *disk, j *journal) (string, error) {
	for _, dir := range []string{journalDir, newDir, oldDir} {
		// The saved files may be secret, whatever the folders above them allow.
		if err := d.mkdir(dir, 0o700); err != nil {
			return "", err
		}
	}
	for i, o := range j.Ops {
		if err := ctx.Err(); err != nil {
			return o.Path, err
		}
		if err := d.stageOp(i, o, j.writes[i].result); err != nil {
			return o.Path, err
		}
	}
	for _, dir := range []string{newDir, oldDir} {
		if err := d.syncDir(dir); err != nil {
			return "", err
		}
	}
	data, err := json.MarshalIndent(j, "", "\t")
	if err != nil {
		return "", err
	}
	if err := d.write(journalFile+".tmp", append(data, '\n'), 0o644); err != nil {
		return "", err
	}
	if err := d.rename(journalFile+".tmp", journalFile); err != nil {
		return "", err
	}
	for _, dir := range []string{journalDir, forgeDir, "."} {
		if err := d.syncDir(dir); err != nil {
			return "", err
		}
	}
	return "", nil
}

// stageOp's errors are about o.Path: the names of staged files say nothing.
func (d *disk) stageOp(i int, o op, result *File) error {
	if o.New != nil {
		if err := d.write(newFile(i), result.Data, o.New.Mode); err != nil {
			return cause(err)
		}
	}
	if o.Old == nil {
		return nil
	}
	e, err := d.look(o.Path)
	if err != nil {
		return err
	}
	if !o.Old.is(e) {
		return &StaleError{Path: o.Path}
	}
	if err := d.write(oldFile(i), e.data, e.mode); err != nil {
		return cause(err)
	}
	// Tools such as make and the build cache look at the time.
	return d.do("set the time of", oldFile(i), func() error { return d.root.Chtimes(oldFile(i), e.mtime, e.mtime) })
}

// carryOut does the ops and removes journal.json, which commits them.
func (a *applier) carryOut(ctx context.Context, d *disk, j *journal) (string, error) {
	foldersDone := false
	for i, o := range j.Ops {
		if !foldersDone && o.New != nil {
			if err := d.changeFolders(j); err != nil {
				return o.Path, err
			}
			foldersDone = true
		}
		if err := a.next(ctx, i, len(j.Ops), o.Path); err != nil {
			return o.Path, err
		}
		// Between the check and now the user may have saved the file.
		e, err := d.look(o.Path)
		switch {
		case err != nil:
		case !o.Old.is(e):
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
	if err := d.remove(journalFile); err != nil {
		return "", err
	}
	// Past the commit nothing fails: a power cut now may undo it, no more.
	_ = d.syncDir(journalDir)
	return "", nil
}

func (d *disk) changeFolders(j *journal) error {
	for _, f := range slices.Backward(j.Pruned) {
		if err := d.removeEmpty(f.Path); err != nil {
			return err
		}
	}
	for _, f := range j.Made {
		if err := d.mkdir(f.Path, f.Mode); err != nil {
			return err
		}
	}
	return nil
}

// syncFolders makes the renames and removals safe on disk.
func (d *disk) syncFolders(j *journal) error {
	dirs := map[string]bool{".": true}
	for _, o := range j.Ops {
		for _, dir := range parents(o.Path) {
			dirs[dir] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		info, err := d.stat(dir)
		if err == nil && info != nil && info.IsDir() {
			err = d.syncDir(dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// undo brings back the old tree, from any moment of carryOut or of undo. A
// file that is neither old nor new was edited since: it stays, and the error
// says so. With any other error the journal stays too, for another try.
func (d *disk) undo(j *journal) error {
	var edited, failed []error
	back := func(from, to int) {
		for i := to - 1; i >= from; i-- {
			left, err := d.restore(i, j.Ops[i])
			failed = append(failed, err)
			if left {
				edited = append(edited, fmt.Errorf("%s: changed while forge was at work, left as it is", j.Ops[i].Path))
			}
		}
	}
	// As in carryOut the folders come between the deletions and the rest.
	n := 0
	for n < len(j.Ops) && j.Ops[n].New == nil {
		n++
	}
	back(n, len(j.Ops))
	for _, f := range slices.Backward(j.Made) {
		failed = append(failed, d.removeEmpty(f.Path))
	}
	for _, f := range j.Pruned {
		info, err := d.stat(f.Path)
		switch {
		case err == nil && info == nil:
			err = d.mkdir(f.Path, f.Mode.Perm())
		case err == nil && info.IsDir() && info.Mode().Perm() != f.Mode.Perm():
			// A kill came between mkdir's two steps.
			err = d.do("set the mode of", f.Path, func() error { return d.root.Chmod(f.Path, f.Mode.Perm()) })
		}
		failed = append(failed, err)
	}
	back(0, n)
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
	var kind *kindError
	switch {
	case errors.As(err, &link):
		return true, nil
	case errors.As(err, &kind):
		return o.Old != nil, nil
	case err != nil:
		return false, err
	case o.Old.is(e):
		return false, nil
	case !o.New.is(e):
		return true, nil
	case o.Old == nil:
		return false, d.remove(o.Path)
	}
	saved, err := d.look(oldFile(i))
	if err != nil {
		return false, err
	}
	if !o.Old.is(saved) {
		return false, fmt.Errorf("%s: its old contents, saved in %s, are missing or damaged", o.Path, oldFile(i))
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

// loadJournal is nil without an error if no run got as far as journal.json.
func (d *disk) loadJournal() (*journal, error) {
	e, err := d.look(journalFile)
	if err != nil || e == nil {
		return nil, err
	}
	j := &journal{}
	if err := json.Unmarshal(e.data, j); err != nil {
		return nil, fmt.Errorf("%s: %w", journalFile, err)
	}
	if j.Version != 1 {
		return nil, fmt.Errorf("%s: is of a version (%d) this forge does not know", journalFile, j.Version)
	}
	var problems []error
	for _, o := range j.Ops {
		problems = append(problems, checkPath(o.Path))
	}
	for _, f := range slices.Concat(j.Made, j.Pruned) {
		problems = append(problems, checkPath(f.Path))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("%s: %w", journalFile, err)
	}
	return j, nil
}

// recover undoes what a killed run left in d. A forgeDir with nothing in it
// counts: it is the first thing a run makes.
func (d *disk) recover(ctx context.Context, wait time.Duration) (bool, error) {
	info, err := d.stat(forgeDir)
	if err != nil || info == nil || !info.IsDir() {
		return false, err
	}
	names, err := d.names(forgeDir)
	if err != nil {
		return false, err
	}
	if len(names) > 0 && !slices.Contains(names, path.Base(journalDir)) && !slices.Contains(names, lockName) {
		return false, nil
	}
	l, err := d.lock(ctx, forgeDir, lockName, wait)
	if err != nil {
		return false, err
	}
	info, err = d.stat(journalDir)
	if err != nil {
		return false, errors.Join(err, l.release(false))
	}
	// Otherwise a run that was at work has finished by now.
	found := info != nil || !l.madeFile || len(names) == 0
	j, err := d.loadJournal()
	if err != nil {
		return found, errors.Join(err, l.release(false))
	}
	if j != nil {
		err = d.undo(j)
		return true, errors.Join(err, l.release(j.MadeHome))
	}
	return found, errors.Join(d.clearJournal(), l.release(true))
}

// sweep removes the stages beside dir and its parents, any of which a killed
// run may have been about to make.
func (a *applier) sweep(ctx context.Context, dir string) (found bool, err error) {
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
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
	d, err := openDisk(parent, a.trial)
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
