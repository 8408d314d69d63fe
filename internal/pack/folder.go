package pack

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/insforge/forge/generator"
)

// Folder reads the pack in dir, which label names in messages. The pack has no
// Source: where its folder is seen from, only the caller knows.
func Folder(dir, label string) (generator.Pack, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return generator.Pack{}, &ProblemError{Pack: label, What: "there is no such folder"}
	case err == nil && !info.IsDir():
		return generator.Pack{}, &ProblemError{Pack: label, What: "is no folder, and a pack is one with a pack.toml in it"}
	case err != nil:
		return generator.Pack{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return generator.Pack{}, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	r := folderReader{root: root, problems: problems{pack: label}}
	r.top()
	var names []string
	for _, f := range r.files {
		names = append(names, f.name)
	}
	r.checkCase(names)
	if err := r.err(); err != nil {
		return generator.Pack{}, err
	}
	hash, err := hashOf(r.files, "")
	if err != nil {
		return generator.Pack{}, err
	}
	fsys, err := snapshot(r.files)
	if err != nil {
		return generator.Pack{}, err
	}
	return generator.NewPack(label, hash, len(r.files), fsys)
}

// folderReader reads a folder through os.Root, so that no name leads out of it.
type folderReader struct {
	root *os.Root
	problems
	files []file
	seen  int // entries
	bytes int64
	full  bool
}

// top reads what is templates, and nothing else: a repository has more than them.
func (r *folderReader) top() {
	for _, name := range []string{"pack.toml", "catalog.toml", "base", "auth", "payment"} {
		if _, err := r.root.Lstat(name); err == nil {
			r.entry(name)
		}
	}
}

func (r *folderReader) entry(name string) {
	if r.full || !r.checkName(name) {
		return
	}
	if r.seen++; r.seen > maxFiles {
		r.full = true
		r.add("", "has more than %d files and folders: a pack holds templates alone", maxFiles)
		return
	}
	info, err := r.root.Lstat(name)
	if err != nil {
		r.add(name, "cannot be read: %v", cause(err))
		return
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		r.folder(name)
	case mode&fs.ModeSymlink != 0:
		r.add(name, "is a symbolic link: put a copy of the file there")
	case !mode.IsRegular():
		r.add(name, "is %s: a pack holds regular files alone", kindOf(mode))
	default:
		r.file(name)
	}
}

func (r *folderReader) folder(name string) {
	dir, err := r.root.Open(name)
	if err != nil {
		r.add(name, "cannot be read: %v", cause(err))
		return
	}
	defer dir.Close() //nolint:errcheck // it was only read
	for {
		// A few at a time: a folder may have any number.
		names, err := dir.Readdirnames(100)
		for _, child := range names {
			r.entry(name + "/" + child)
		}
		switch {
		case errors.Is(err, io.EOF) || r.full:
			return
		case err != nil:
			r.add(name, "cannot be read: %v", cause(err))
			return
		}
	}
}

// file reads what was a regular file a moment ago. It asks again of what it has
// opened, without waiting for whoever writes into a pipe.
func (r *folderReader) file(name string) {
	f, err := r.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		r.add(name, "cannot be read: %v", cause(err))
		return
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		r.add(name, "cannot be read: %v", cause(err))
		return
	case !info.Mode().IsRegular():
		r.add(name, "is %s: a pack holds regular files alone", kindOf(info.Mode()))
		return
	case links(info) > 1:
		r.add(name, "has other names on this disk (hard links), so that it may be another's: put a copy there")
		return
	}
	// One byte more than allowed, whatever the size was said to be: it may grow.
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		r.add(name, "cannot be read: %v", cause(err))
		return
	case len(data) > maxFile:
		r.add(name, "is larger than %d bytes: a template is smaller", maxFile)
		return
	}
	if r.bytes += int64(len(data)); r.bytes > maxPack {
		r.full = true
		r.add("", "is larger than %d bytes altogether: a pack holds templates alone", maxPack)
		return
	}
	r.files = append(r.files, file{path.Clean(name), data})
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode.IsDir():
		return "a folder"
	}
	return "no regular file"
}

// cause takes off the path that package os adds: the message has it already.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
