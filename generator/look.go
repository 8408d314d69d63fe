package generator

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

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
