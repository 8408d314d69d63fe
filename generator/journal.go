package generator

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strconv"
)

// A run in a folder that exists goes like this, and a kill leaves:
//
//	lock; stage the new files, save the old   nothing but the journal folder
//	write journal.json                        all it takes to undo
//	delete, make folders, rename into place   a mix, which undo takes back
//	remove journal.json                       the new tree
//	remove the journal folder, unlock         the new tree
//
// A run that writes conflict markers does not remove the journal but renames
// its folder to pendingDir, so that it can be undone until the user is done.
const (
	lockName    = "journal.lock"
	lockPath    = RecordDir + "/" + lockName
	journalDir  = RecordDir + "/journal"
	journalFile = journalDir + "/journal.json"
	newDir      = journalDir + "/new"
	oldDir      = journalDir + "/old"
	pendingDir  = RecordDir + "/upgrade"
	pendingFile = pendingDir + "/journal.json"
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
	// MadeHome is set if RecordDir itself is new.
	MadeHome bool `json:"made_home"`
	// Conflicts are the paths that the run leaves for the user to resolve.
	Conflicts []string `json:"conflicts,omitempty"`

	// writes are the new files and olds the old ones, known to the run alone.
	writes []write
	olds   []*entry
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

// state is nil for no file.
func (e *entry) state() *state {
	if e == nil {
		return nil
	}
	return stateOf(e.data, e.mode)
}

func (s *state) is(t *state) bool {
	if s == nil || t == nil {
		return s == t
	}
	return sameMode(s.Mode, t.Mode) && s.SHA256 == t.SHA256
}

// sameMode is true on Windows, which keeps no mode that could be compared.
func sameMode(a, b fs.FileMode) bool { return runtime.GOOS == "windows" || a == b }

func newFile(i int) string { return path.Join(newDir, strconv.Itoa(i)) }
func oldFile(i int) string { return path.Join(oldDir, strconv.Itoa(i)) }

// inPlace changes d, which exists.
func (a *applier) inPlace(ctx context.Context, d *disk, plan *Plan, writes []write, record *Tree) error {
	fail := func(err error) error {
		if errors.Is(err, ErrBusy) || errors.Is(err, ErrPending) {
			return err
		}
		return &ApplyError{Path: d.dir, Err: err}
	}
	if _, err := d.recover(ctx, a.wait); err != nil {
		return fail(err)
	}
	if err := d.nothingPending(); err != nil {
		return fail(err)
	}
	old, err := d.oldRecord(a.eject, record)
	if err != nil {
		return fail(err)
	}
	writes = append(old, writes...)
	if !plan.writesFiles() {
		// Without the lock, because taking it writes.
		if j, err := d.prepare(plan, writes); err != nil || len(j.Ops) == 0 {
			return err
		}
	}
	l, err := d.lock(ctx, RecordDir, lockName, a.wait)
	if err != nil {
		return fail(err)
	}
	if info, err := d.stat(journalDir); err != nil || info != nil {
		if err == nil {
			err = errors.New("another run was killed just now; run again")
		}
		return errors.Join(fail(err), l.release(l.madeFolder))
	}
	j, err := d.prepare(plan, writes)
	if err != nil || len(j.Ops) == 0 {
		return errors.Join(err, l.release(l.madeFolder))
	}
	j.MadeHome = l.madeFolder
	for _, c := range plan.Unresolved() {
		j.Conflicts = append(j.Conflicts, c.Path)
	}
	where, err := a.stage(ctx, d, j)
	staged := err == nil
	if staged {
		where, err = a.carryOut(ctx, d, j)
	}
	if err == nil {
		// The new tree is in place. What is left over is for the next run.
		_ = errors.Join(d.removeAll(journalDir), l.release(j.MadeHome || a.eject))
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
	written := map[string]bool{}
	for _, w := range writes {
		among[w.path], written[w.path] = true, true
	}
	l := looks{d: d}
	defer l.close()
	seen := map[string]*entry{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(among)) {
		e, err := l.lookAmong(name, among)
		if f := planned[name]; f != nil && !f.Mode.IsRegular() && !written[name] {
			// A link or a folder, which stays.
			continue
		}
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
		e := seen[w.path]
		if w.done(e) {
			continue
		}
		o := op{Path: w.path, Action: w.action, Old: e.state()}
		if w.result != nil {
			o.New = stateOf(w.result.Data, newMode(e, w.result.Mode))
		}
		j.Ops, j.writes, j.olds = append(j.Ops, o), append(j.writes, w), append(j.olds, e)
	}
	return j, j.addFolders(d)
}

// done reports whether e is what w is to leave.
func (w write) done(e *entry) bool {
	if e == nil || w.result == nil {
		return e == nil && w.result == nil
	}
	return sameMode(e.mode, newMode(e, w.result.Mode)) && bytes.Equal(e.data, w.result.Data)
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
		if dir != RecordDir && (info == nil || !info.IsDir()) {
			j.Made = append(j.Made, folder{dir, 0o755})
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(emptied)) {
		info, err := d.stat(dir)
		if err != nil {
			return err
		}
		if dir != RecordDir && !needed[dir] && info != nil {
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
		if err := d.stageOp(i, o, j.writes[i].result, j.olds[i]); err != nil {
			return o.Path, err
		}
	}
	// A project whose conflicts wait is one that git add --all may be run in.
	if err := d.write(journalDir+"/.gitignore", []byte("*\n"), 0o644); err != nil {
		return "", err
	}
	if err := d.addDirs(newDir, oldDir); err != nil {
		return "", err
	}
	if err := d.writeJournal(journalFile, j); err != nil {
		return "", err
	}
	return "", d.syncDirs(journalDir, RecordDir, ".")
}

// stageOp saves the old file as it was seen: carryOut checks that it still is.
// Its errors are about the op's path: the names of staged files say nothing.
func (d *disk) stageOp(i int, o op, result *File, old *entry) error {
	if o.New != nil {
		if err := d.write(newFile(i), result.Data, o.New.Mode); err != nil {
			return cause(err)
		}
	}
	if old == nil {
		return nil
	}
	if err := d.write(oldFile(i), old.data, old.mode); err != nil {
		return cause(err)
	}
	return d.setTime(oldFile(i), old.mtime)
}
