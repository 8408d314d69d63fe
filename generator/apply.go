package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrBusy says that another run is writing to the same folder.
var ErrBusy = errors.New("another forge is at work there")

// busyWait is how long a run waits for another one before it gives up. Runs
// are short, so one that takes longer is stuck and waiting would not help.
const busyWait = 2 * time.Second

// Progress is told before every write that path is next, after done of total.
// An error from it stops the run and undoes it.
type Progress func(done, total int, path string) error

// Apply carries out plan in dir, then writes record, forge's own files below
// .forge/, over whatever is there. All of it lands or none: an error, a
// cancelled ctx and an error from progress (which may be nil) leave the old
// tree, and after a kill Recover brings it back.
//
// A dir that does not exist is made, parents included. In one that does, every
// path of the plan must still be as the plan saw it: one that is not is a
// *StaleError, one with a symbolic link in it a *LinkError, and nothing is
// written. A write that fails is an *ApplyError. A plan with conflicts is
// refused. ErrBusy is another run at work in dir.
//
// A plan that leaves conflicts unresolved keeps what Abort needs to take all of
// it back, until Finish; meanwhile Apply is ErrPending.
func Apply(ctx context.Context, dir string, plan *Plan, record *Tree, progress Progress) error {
	a := &applier{progress: progress, wait: busyWait}
	return a.apply(ctx, dir, plan, record)
}

// ApplyWithin is Apply for a dir that has to be in root: nothing is written if it is
// not, nor if a link leads out of root, whenever it was made.
func ApplyWithin(ctx context.Context, root *os.Root, dir string, plan *Plan, record *Tree, progress Progress) error {
	a := &applier{progress: progress, wait: busyWait, within: root}
	return a.apply(ctx, dir, plan, record)
}

// Eject carries out plan as Apply does and removes forge's own files with it.
func Eject(ctx context.Context, dir string, plan *Plan, progress Progress) error {
	a := &applier{progress: progress, wait: busyWait, eject: true}
	return a.apply(ctx, dir, plan, &Tree{})
}

// applier is what stays the same during one run.
type applier struct {
	progress Progress
	wait     time.Duration
	eject    bool
	// within is the folder that nothing may be written outside of, if there is one.
	within *os.Root
	trial
}

// open opens dir for writing. What is compared with the folder in root is the
// folder that was opened, so that nobody can put another in its place in between.
func (a *applier) open(dir string) (*disk, error) {
	d, err := openDisk(dir, a.trial)
	if err != nil || a.within == nil {
		return d, err
	}
	opened, err := d.root.Stat(".")
	if err == nil {
		var rel string
		var inside fs.FileInfo
		if rel, err = filepath.Rel(a.within.Name(), dir); err == nil {
			inside, err = a.within.Stat(rel)
		}
		if err == nil && os.SameFile(opened, inside) {
			return d, nil
		}
	}
	d.close()
	return nil, &OutsideError{Dir: dir, Root: a.within.Name()}
}

// write is one path to change; the result is nil if it is to be deleted.
type write struct {
	path   string
	action Action
	result *File
}

func (a *applier) apply(ctx context.Context, dir string, plan *Plan, record *Tree) error {
	writes, err := plan.writes(record)
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	if _, err := a.sweep(ctx, dir); err != nil {
		return err
	}
	anchor, rest, err := locate(dir)
	if err != nil {
		return err
	}
	d, err := a.open(anchor)
	if err != nil {
		return err
	}
	defer d.close()
	if rest == "" {
		return a.inPlace(ctx, d, plan, writes, record)
	}
	var stale []error
	for _, c := range plan.Changes {
		if c.Actual != nil {
			stale = append(stale, &StaleError{Path: c.Path})
		}
	}
	if len(stale) > 0 || len(writes) == 0 {
		return errors.Join(stale...)
	}
	return a.fresh(ctx, d, rest, writes)
}

// writes checks the plan and lists what to write: deletions first, so that a
// file can take the place of a folder, and the record last.
func (p *Plan) writes(record *Tree) ([]write, error) {
	var waiting []string
	for _, c := range p.Conflicts() {
		waiting = append(waiting, c.Path)
	}
	if len(waiting) > 0 {
		return nil, fmt.Errorf("the plan has conflicts that nobody decided: %s", strings.Join(waiting, ", "))
	}
	var problems []error
	var deletes, writes []write
	var files []File
	add := func(path string, action Action, f *File) {
		if err := checkPath(path); err != nil {
			problems = append(problems, err)
		}
		if ownFile(path) {
			problems = append(problems, fmt.Errorf("%s: is where Apply keeps its journal", path))
		}
		if action == Delete {
			deletes = append(deletes, write{path, action, nil})
			return
		}
		if f == nil {
			problems = append(problems, fmt.Errorf("%s: the plan says %s but not what to write", path, action))
			return
		}
		writes = append(writes, write{path, action, f})
		files = append(files, File{Path: path, Source: "the " + string(action)})
	}
	for _, c := range p.Changes {
		if c.Action.Writes() {
			add(c.Path, c.Action, c.Result)
		}
	}
	for f := range record.All() {
		if !strings.HasPrefix(f.Path, RecordDir+"/") {
			problems = append(problems, fmt.Errorf("%s: a record is below %s/", f.Path, RecordDir))
		}
		add(f.Path, recordAction, f)
	}
	if len(problems) == 0 {
		if _, err := NewTree(files); err != nil {
			problems = append(problems, err)
		}
	}
	return append(deletes, writes...), errors.Join(problems...)
}

// locate splits dir into the folder that exists and what has to be made in it,
// slash-separated, "" if dir exists.
func locate(dir string) (anchor, rest string, err error) {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err == nil {
			if !info.IsDir() {
				return "", "", &ObstacleError{at, kindOf(info.Mode()), "folder"}
			}
			rest, err := filepath.Rel(at, dir)
			if err != nil || rest == "." {
				rest = ""
			}
			return at, filepath.ToSlash(rest), err
		}
		if _, lerr := os.Lstat(at); lerr == nil && errors.Is(err, fs.ErrNotExist) {
			return "", "", fmt.Errorf("%w to nothing", &LinkError{Path: at})
		}
		// ENOTDIR: a file is further up.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) || at == filepath.Dir(at) {
			return "", "", err
		}
	}
}

const stageLock = "forge-stage.lock"

// stageName is the folder, beside one that does not exist, where that is built.
func stageName(base string) string { return "." + base + ".forge-stage" }

// fresh builds the tree of rest, which does not exist, beside it and then
// renames it: there is no moment with a part of it.
func (a *applier) fresh(ctx context.Context, d *disk, rest string, writes []write) error {
	dir := filepath.Join(d.dir, filepath.FromSlash(rest))
	// With parents to make, the outermost is what is staged and renamed.
	top, below, _ := strings.Cut(rest, "/")
	stage := stageName(top)
	if ours, err := d.ourStage(stage); err != nil || !ours {
		if err == nil {
			err = fmt.Errorf("%s is in the way and not forge's", filepath.Join(d.dir, stage))
		}
		return &ApplyError{Path: dir, Err: err}
	}
	l, err := d.lock(ctx, stage, stageLock, a.wait)
	if errors.Is(err, ErrBusy) {
		return err
	}
	if err != nil {
		return &ApplyError{Path: dir, Err: err}
	}
	tree := path.Join(stage, "tree")
	where, err := a.build(ctx, d, tree, below, writes)
	if err == nil {
		where, err = "", d.swapIn(tree, top)
	}
	if err == nil {
		// The tree is in place. What is left of the stage is for the next run.
		_ = l.release(true)
		return nil
	}
	undo := errors.Join(d.removeAll(tree), l.release(true))
	if where == "" {
		where = dir
	}
	return &ApplyError{Path: where, Err: err, Undo: undo}
}

// ourStage reports whether stage is missing or made by a run, which makes the
// lock before anything else in it and removes it after everything else.
func (d *disk) ourStage(stage string) (bool, error) {
	info, err := d.stat(stage)
	if err != nil || info == nil {
		return err == nil, err
	}
	if !info.IsDir() {
		return false, nil
	}
	names, err := d.names(stage)
	return err == nil && (len(names) == 0 || slices.Contains(names, stageLock)), err
}

// build writes the files, and every folder above them, below tree. With an
// error it names the file.
func (a *applier) build(ctx context.Context, d *disk, tree, below string, writes []write) (string, error) {
	if err := d.removeAll(tree); err != nil {
		return "", err
	}
	made := map[string]bool{}
	for i, w := range writes {
		if err := a.next(ctx, i, len(writes), w.path); err != nil {
			return w.path, err
		}
		name := path.Join(tree, below, w.path)
		for _, dir := range parents(name) {
			// The first parent is the stage.
			if made[dir] || !strings.Contains(dir, "/") {
				continue
			}
			made[dir] = true
			if err := d.mkdir(dir, 0o755); err != nil {
				return w.path, cause(err)
			}
		}
		if err := d.write(name, w.result.Data, w.result.Mode); err != nil {
			return w.path, cause(err)
		}
	}
	if err := d.syncDirs(slices.Sorted(maps.Keys(made))...); err != nil {
		return "", err
	}
	return "", ctx.Err()
}

// swapIn renames tree to top unless something has come to be there.
func (d *disk) swapIn(tree, top string) error {
	info, err := d.stat(top)
	if err != nil {
		return err
	}
	if info != nil {
		return fmt.Errorf("%s appeared meanwhile: %w", filepath.Join(d.dir, top), fs.ErrExist)
	}
	if err := d.rename(tree, top); err != nil {
		return err
	}
	// All of it is there. At worst a power cut takes all of it back.
	_ = d.syncDirs(".")
	return nil
}

// next is the one place where a run can be stopped.
func (a *applier) next(ctx context.Context, done, total int, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.progress == nil {
		return nil
	}
	return a.progress(done, total, path)
}

// parents are the folders above name, outermost first.
func parents(name string) []string {
	var dirs []string
	for i, c := range name {
		if c == '/' {
			dirs = append(dirs, name[:i])
		}
	}
	return dirs
}
