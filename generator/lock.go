package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// dirLock is a locked file in a folder of its own. The system drops the lock when
// the process dies, so a file that is not locked is left over.
type dirLock struct {
	d            *disk
	folder, name string
	file         *lockedfile.File
	// madeFolder and madeFile tell new ones from those of a killed run.
	madeFolder, madeFile bool
}

// lock makes folder and the file name in it as needed, and locks the file.
func (d *disk) lock(ctx context.Context, folder, name string, wait time.Duration) (*dirLock, error) {
	name = path.Join(folder, name)
	// Another run may remove either one between two steps: then start over.
	for range 100 {
		l := &dirLock{d: d, folder: folder, name: name}
		err := l.try(ctx, wait)
		if err == nil {
			return l, nil
		}
		// A lock someone else holds is theirs to remove.
		if !errors.Is(err, ErrBusy) && ctx.Err() == nil {
			if l.madeFile {
				err = errors.Join(err, d.remove(name))
			}
			if l.madeFolder {
				err = errors.Join(err, d.removeEmpty(folder))
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: %w", d.dir, ErrBusy)
}

func (l *dirLock) try(ctx context.Context, wait time.Duration) error {
	d := l.d
	err := d.do("create folder", l.folder, func() error { return d.root.Mkdir(l.folder, 0o700) })
	l.madeFolder = err == nil
	if l.madeFolder {
		err = d.do("set the mode of", l.folder, func() error { return d.root.Chmod(l.folder, 0o755) })
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Package lockedfile takes a path, which would follow a link.
	if _, err := d.look(l.name); err != nil {
		return err
	}
	err = d.do("create", l.name, func() error {
		f, err := d.root.OpenFile(l.name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	})
	l.madeFile = err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	err = d.do("lock", l.name, func() (err error) {
		l.file, err = waitLock(ctx, filepath.Join(d.dir, filepath.FromSlash(l.name)), wait)
		return err
	})
	if errors.Is(err, ErrBusy) {
		return fmt.Errorf("%s: %w", d.dir, ErrBusy)
	}
	if err != nil {
		return err
	}
	// The one who held the lock before may have removed the file.
	held, err := l.file.Stat()
	if err == nil {
		var now fs.FileInfo
		now, err = d.stat(l.name)
		if err == nil && now != nil && os.SameFile(held, now) {
			return nil
		}
	}
	_ = l.file.Close()
	if err == nil {
		l.madeFile, l.madeFolder, err = false, false, fs.ErrNotExist
	}
	return err
}

// waitLock is OpenFile of package lockedfile, which can only wait for ever.
func waitLock(ctx context.Context, name string, wait time.Duration) (*lockedfile.File, error) {
	type result struct {
		file *lockedfile.File
		err  error
	}
	got, gone := make(chan result), make(chan struct{})
	go func() {
		f, err := lockedfile.OpenFile(name, os.O_RDWR, 0)
		select {
		case got <- result{f, err}:
		case <-gone:
			if err == nil {
				_ = f.Close()
			}
		}
	}()
	defer close(gone)
	select {
	case r := <-got:
		return r.file, r.err
	case <-time.After(wait):
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// release removes the file, and the folder too if asked and nothing is in it.
// The file goes while it is locked: one that is not locked may be another's.
func (l *dirLock) release(folder bool) error {
	err := l.d.remove(l.name)
	_ = l.file.Close()
	if err != nil && runtime.GOOS == "windows" {
		// Windows removes no open file, and none that another run has open.
		err = l.d.remove(l.name)
	}
	if folder && err == nil {
		err = l.d.removeEmpty(l.folder)
	}
	return err
}
