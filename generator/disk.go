package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "file"
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// disk is every operation forge does on a folder. All go through os.Root, so
// none can leave it, and through do, so a test can make any of them fail.
type disk struct {
	root *os.Root
	// dir is the folder's absolute path.
	dir string
	trial
	flushing
}

// flushing makes files safe on disk while others are written: one after the
// other, fsync would take most of the time of a run.
type flushing struct {
	running sync.WaitGroup
	slots   chan struct{}
	mu      sync.Mutex
	err     error // the first, until wait returns it
}

// flushes is how many files are flushed at once.
const flushes = 16

func (f *flushing) start(name string, file *os.File) {
	f.slots <- struct{}{}
	f.running.Go(func() {
		defer func() { <-f.slots }()
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.err == nil {
				f.err = &fs.PathError{Op: "sync", Path: name, Err: cause(err)}
			}
		}
	})
}

// wait returns when every file is safe, or what kept one from it.
func (f *flushing) wait() error {
	f.running.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.err
	f.err = nil
	return err
}

// trial is what tests change about a disk.
type trial struct {
	// fault is asked before each operation.
	fault func(op, name string) error
	// noSync leaves out fsync: without a power cut it has no effect but time.
	noSync bool
}

func openDisk(dir string, trial trial) (*disk, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: cause(err)}
	}
	return &disk{root: root, dir: dir, trial: trial, flushing: flushing{slots: make(chan struct{}, flushes)}}, nil
}

// close cannot fail in a way that matters: the handle was only read, and a run
// that got anywhere has waited for its files.
func (d *disk) close() {
	_ = d.wait()
	_ = d.root.Close()
}

// cause takes off the path and system call that package os adds: they name
// the staged file, not the one the reader knows.
func cause(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

func (d *disk) do(op, name string, f func() error) error {
	if d.fault != nil {
		if err := d.fault(op, name); err != nil {
			return &fs.PathError{Op: op, Path: name, Err: err}
		}
	}
	if err := f(); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: cause(err)}
	}
	return nil
}

// stat is nil if nothing is at name. It does not follow a link.
func (d *disk) stat(name string) (fs.FileInfo, error) {
	return d.lstat(name, func() (fs.FileInfo, error) { return d.root.Lstat(name) })
}

// statIn is stat of name through the folder it is in.
func (d *disk) statIn(in *os.Root, name string) (fs.FileInfo, error) {
	return d.lstat(name, func() (fs.FileInfo, error) { return in.Lstat(path.Base(name)) })
}

func (d *disk) lstat(name string, lstat func() (fs.FileInfo, error)) (info fs.FileInfo, err error) {
	err = d.do("look at", name, func() (err error) {
		info, err = lstat()
		return err
	})
	// ENOTDIR: a parent of name is a file, so nothing is at name.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	return info, err
}

// entry is a file as it is on disk, with all of its permission bits.
type entry struct {
	mode  fs.FileMode
	mtime time.Time
	data  []byte
}

// file is e as a Tree records it.
func (e *entry) file(name string) *File {
	if e == nil {
		return nil
	}
	return &File{Path: name, Mode: Perm(e.mode), Data: e.data}
}

// look reads the file at name, nil if there is none.
func (d *disk) look(name string) (*entry, error) {
	l := looks{d: d}
	defer l.close()
	return l.look(name)
}

// looks are looks at many files. It goes down folder by folder and stays in
// those above the last name, so that in the order of names each folder is
// opened once.
type looks struct {
	d    *disk
	open []openFolder // outermost first
}

type openFolder struct {
	path string
	root *os.Root
}

// close leaves the folders. That cannot fail in a way that matters: the handles
// were only read.
func (l *looks) close() { l.leave("") }

// leave leaves the folders that are not above name.
func (l *looks) leave(name string) {
	for i, f := range slices.Backward(l.open) {
		if strings.HasPrefix(name, f.path+"/") {
			return
		}
		_ = f.root.Close()
		l.open = l.open[:i]
	}
}

// look reads the file at name, nil if there is none. It checks each component:
// os.Root follows a link that stays inside, and forge must not write there.
func (l *looks) look(name string) (*entry, error) {
	l.leave(name)
	folders := parents(name)
	for _, dir := range folders[len(l.open):] {
		if entered, err := l.enter(dir); err != nil || !entered {
			return nil, err
		}
	}
	in := l.innermost()
	info, err := l.d.statIn(in, name)
	if err != nil || info == nil {
		return nil, err
	}
	if err := checkKind(name, info, info.Mode().IsRegular(), "file"); err != nil {
		return nil, err
	}
	e := &entry{mode: info.Mode().Perm(), mtime: info.ModTime()}
	err = l.d.do("read", name, func() (err error) {
		e.data, err = in.ReadFile(path.Base(name))
		return err
	})
	return e, err
}

// enter opens the folder dir, which is in the innermost one. It is false if
// nothing is there.
func (l *looks) enter(dir string) (bool, error) {
	in := l.innermost()
	info, err := l.d.statIn(in, dir)
	if err != nil || info == nil {
		return false, err
	}
	if err := checkKind(dir, info, info.IsDir(), "folder"); err != nil {
		return false, err
	}
	err = l.d.do("read", dir, func() error {
		root, err := in.OpenRoot(path.Base(dir))
		if err == nil {
			l.open = append(l.open, openFolder{dir, root})
		}
		return err
	})
	return err == nil, err
}

func (l *looks) innermost() *os.Root {
	if len(l.open) == 0 {
		return l.d.root
	}
	return l.open[len(l.open)-1].root
}

// checkKind says what is wrong with info unless it is what is due.
func checkKind(name string, info fs.FileInfo, is bool, due string) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &LinkError{Path: name}
	case !is:
		return &ObstacleError{name, kindOf(info.Mode()), due}
	}
	return nil
}

// lookAmong is look for one of several paths that will not all stay: what is
// not the right kind counts as absent if it is, or holds, another of them.
func (l *looks) lookAmong(name string, others map[string]bool) (*entry, error) {
	e, err := l.look(name)
	var kind *ObstacleError
	if !errors.As(err, &kind) {
		return e, err
	}
	if kind.Path != name && kind.Is == "file" && others[kind.Path] {
		return nil, nil
	}
	if kind.Path == name && kind.Is == "folder" {
		for other := range others {
			if strings.HasPrefix(other, name+"/") {
				return nil, nil
			}
		}
	}
	return nil, err
}

// write makes a new file, safe on disk after the next syncDir. chmod, because
// the umask has a say in the mode a file is created with.
func (d *disk) write(name string, data []byte, mode fs.FileMode) error {
	var f *os.File
	err := d.do("create", name, func() (err error) {
		f, err = d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	err = d.do("write", name, func() error { _, err := f.Write(data); return err })
	if err == nil {
		err = d.do("set the mode of", name, func() error { return f.Chmod(mode) })
	}
	if err == nil && !d.noSync {
		if err = d.do("sync", name, func() error { return nil }); err == nil {
			d.start(name, f)
			return nil
		}
	}
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = &fs.PathError{Op: "close", Path: name, Err: cause(closeErr)}
	}
	return err
}

func (d *disk) sync(f *os.File) error {
	if d.noSync {
		return nil
	}
	return f.Sync()
}

func (d *disk) mkdir(name string, mode fs.FileMode) error {
	err := d.do("create folder", name, func() error { return d.root.Mkdir(name, 0o700) })
	if err != nil {
		return err
	}
	return d.do("set the mode of", name, func() error { return d.root.Chmod(name, mode) })
}

func (d *disk) rename(from, to string) error {
	return d.do("replace", to, func() error { return d.root.Rename(from, to) })
}

func (d *disk) remove(name string) error {
	return d.do("remove", name, func() error { return d.root.Remove(name) })
}

// removeEmpty removes a folder if there is one and nothing is in it.
func (d *disk) removeEmpty(name string) error {
	info, err := d.stat(name)
	if err != nil || info == nil || !info.IsDir() {
		return err
	}
	// ErrExist is what a folder that holds something gives.
	if err = d.remove(name); errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (d *disk) removeAll(name string) error {
	_ = d.wait() // for files that are about to go; Windows keeps open ones
	return d.do("remove", name, func() error { return d.root.RemoveAll(name) })
}

// names lists a folder, as empty if it is gone.
func (d *disk) names(dir string) (names []string, err error) {
	err = d.do("read", dir, func() error {
		f, err := d.root.Open(dir)
		if err != nil {
			return err
		}
		names, err = f.Readdirnames(-1)
		return errors.Join(err, f.Close())
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// syncDir makes what was written safe on disk, and then the names in a folder,
// where the system can.
func (d *disk) syncDir(name string) error {
	if err := d.wait(); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil
	}
	return d.do("sync", name, func() error {
		f, err := d.root.Open(name)
		if err != nil {
			return err
		}
		err = errors.Join(d.sync(f), f.Close())
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
			return nil
		}
		return err
	})
}

// ReadActual reads those of the files at paths, relative and slash-separated,
// that exist in dir, and nothing else. A dir that is missing gives the empty
// tree. A symbolic link at a path or at one of its parents is a *LinkError, and
// a folder or device where a file is due an error that names it; one error
// joins them all. A file may be in the place of a folder, or the other way
// round, if paths has both of them.
func ReadActual(dir string, paths []string) (*Tree, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); err == nil {
			return nil, &LinkError{Path: dir}
		}
		return NewTree(nil)
	}
	d, err := openDisk(dir, trial{})
	if err != nil {
		return nil, err
	}
	defer d.close()
	return d.readActual(paths, false)
}

// readAsIs is ReadActual for a project that exists: what the user has put in
// the place of a file, a link or a folder, is part of the tree as it is, with
// its type in the mode and no data, so that it is theirs to keep.
func readAsIs(dir string, paths []string) (*Tree, error) {
	d, err := openDisk(dir, trial{})
	if err != nil {
		return nil, err
	}
	defer d.close()
	return d.readActual(paths, true)
}

func (d *disk) readActual(paths []string, asIs bool) (*Tree, error) {
	among := make(map[string]bool, len(paths))
	for _, p := range paths {
		among[p] = true
	}
	l := looks{d: d}
	defer l.close()
	var files []File
	var problems []error
	for _, p := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		if err := checkPath(p); err != nil {
			problems = append(problems, err)
			continue
		}
		e, err := l.lookAmong(p, among)
		if asIs && err != nil {
			if info, _ := d.stat(p); info != nil && !info.Mode().IsRegular() {
				files = append(files, File{Path: p, Mode: info.Mode().Type()})
				continue
			}
		}
		if err != nil {
			problems = append(problems, err)
		}
		if f := e.file(p); f != nil && err == nil {
			files = append(files, *f)
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return NewTree(files)
}

// checkPath refuses what forge must not write even if asked to. A journal is
// read from disk and may come with a project someone else made: a file in .git
// can be a hook that runs.
func checkPath(p string) error {
	if !fs.ValidPath(p) || p == "." || strings.ContainsRune(p, '\\') || !filepath.IsLocal(filepath.FromSlash(p)) {
		return fmt.Errorf("%q is not a relative slash-separated path", p)
	}
	for part := range strings.SplitSeq(p, "/") {
		if strings.EqualFold(part, ".git") {
			return fmt.Errorf("%s: is git's own", p)
		}
	}
	return nil
}
