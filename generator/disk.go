package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
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
	// open is the folder that was written into last.
	open openFolder
	trial
	flushing
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
	return &disk{root: root, dir: dir, trial: trial}, nil
}

// close cannot fail in a way that matters: the handle was only read, and a run
// that got anywhere has waited for its files.
func (d *disk) close() {
	_ = d.wait()
	d.leave()
	_ = d.root.Close()
}

// enter opens a folder, or gives it again if it is the one that was entered last:
// os.Root opens each folder of a path on the way, and files come many to a folder.
func (d *disk) enter(dir string) (*os.Root, error) {
	if d.open.root != nil && d.open.path == dir {
		return d.open.root, nil
	}
	d.leave()
	root, err := d.root.OpenRoot(dir)
	if err == nil {
		d.open = openFolder{dir, root}
	}
	return root, err
}

// leave is called before a folder may go: what is entered next is what is there then.
func (d *disk) leave() {
	if d.open.root != nil {
		_ = d.open.root.Close()
	}
	d.open = openFolder{}
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

// write makes a new file, safe on disk after the next syncDirs. chmod, because
// the umask has a say in the mode a file is created with.
func (d *disk) write(name string, data []byte, mode fs.FileMode) error {
	var f *os.File
	err := d.do("create", name, func() (err error) {
		in, err := d.enter(path.Dir(name))
		if err == nil {
			f, err = in.OpenFile(path.Base(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		}
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
			d.add(flush{name: name, file: f})
			return nil
		}
	}
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = &fs.PathError{Op: "close", Path: name, Err: cause(closeErr)}
	}
	return err
}

// setTime sets when the file at name was modified, which tools such as make and
// the build cache look at.
func (d *disk) setTime(name string, t time.Time) error {
	return d.do("set the time of", name, func() error {
		in, err := d.enter(path.Dir(name))
		if err == nil {
			err = in.Chtimes(path.Base(name), t, t)
		}
		return err
	})
}

func (d *disk) mkdir(name string, mode fs.FileMode) error {
	err := d.do("create folder", name, func() error { return d.root.Mkdir(name, 0o700) })
	if err != nil {
		return err
	}
	return d.do("set the mode of", name, func() error { return d.root.Chmod(name, mode) })
}

func (d *disk) rename(from, to string) error {
	d.leave()
	return d.do("replace", to, func() error { return d.root.Rename(from, to) })
}

func (d *disk) remove(name string) error {
	d.leave()
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
	d.leave()
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
