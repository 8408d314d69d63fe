package generator

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// flushing makes files and folders safe on disk. An fsync after each write would
// wait for the disk as often as there are files; so what is written only starts
// on its way there, and wait does the waiting for all of it together.
type flushing struct {
	pending []flush
	err     error // the first, until wait returns it
}

type flush struct {
	name   string
	file   *os.File
	folder bool
}

const (
	// flushes is how many files are flushed at once.
	flushes = 16
	// maxPending is how many files are open at once: systems allow as few as 256.
	maxPending = 128
)

// add has f, which is closed then, be safe when wait returns.
func (p *flushing) add(f flush) {
	if !f.folder {
		startWriting(f.file)
	}
	if p.pending = append(p.pending, f); len(p.pending) == maxPending {
		p.flush()
	}
}

// wait returns when all that was added is safe, or what kept it from being so.
func (p *flushing) wait() error {
	p.flush()
	err := p.err
	p.err = nil
	return err
}

func (p *flushing) flush() {
	errs := make([]error, len(p.pending))
	slots := make(chan struct{}, flushes)
	var running sync.WaitGroup
	for i, f := range p.pending {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			errs[i] = f.sync()
		})
	}
	running.Wait()
	p.pending = p.pending[:0]
	for _, err := range errs {
		if p.err == nil {
			p.err = err
		}
	}
}

func (f flush) sync() error {
	err := errors.Join(f.file.Sync(), f.file.Close())
	// Not every file system can do it for a folder.
	if err == nil || f.folder && (errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)) {
		return nil
	}
	return &fs.PathError{Op: "sync", Path: f.name, Err: cause(err)}
}

// addDirs has the names in folders be safe after the next wait, where the system
// can.
func (d *disk) addDirs(names ...string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	for _, name := range names {
		err := d.do("sync", name, func() error {
			f, err := d.root.Open(name)
			if err != nil {
				return err
			}
			if d.noSync {
				return f.Close()
			}
			d.add(flush{name, f, true})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// syncDirs makes all that was written safe on disk, and the names in folders.
func (d *disk) syncDirs(names ...string) error {
	return errors.Join(d.addDirs(names...), d.wait())
}
