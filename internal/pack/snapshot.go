package pack

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// Limits of what is read. The largest provider of forge's own has 50 files.
const (
	maxFiles    = 2000     // of a pack, and of all that a module holds besides
	maxFile     = 1 << 20  // bytes of one file of a pack
	maxPack     = 8 << 20  // bytes of all files of a pack
	maxZip      = 16 << 20 // bytes of a module's zip file
	maxUnpacked = 64 << 20 // bytes of all files of a module
	maxDepth    = 12       // folders above a file
	maxPath     = 200      // bytes of a path
)

// ProblemError is something in a pack that forge will not take.
type ProblemError struct {
	// Pack is the folder or the module as its user gave it, Path the file in it
	// or "".
	Pack, Path string
	// What says what is wrong, and what to do.
	What string
}

func (p *ProblemError) Error() string {
	where := p.Pack
	if p.Path != "" {
		where += ": " + printable(p.Path)
	}
	return where + ": " + p.What
}

// printable is name as it stands, or quoted if that could mislead a terminal.
func printable(name string) string {
	for _, r := range name {
		if r < ' ' || r > '~' || r == '\\' {
			return fmt.Sprintf("%+q", name)
		}
	}
	return name
}

// problems collects what is wrong with one pack. After the first few the rest
// says nothing new.
type problems struct {
	pack string
	errs []error
}

const maxProblems = 20

func (p *problems) add(name, format string, args ...any) {
	if len(p.errs) < maxProblems {
		p.errs = append(p.errs, &ProblemError{Pack: p.pack, Path: name, What: fmt.Sprintf(format, args...)})
	}
}

func (p *problems) err() error { return errors.Join(p.errs...) }

// checkName refuses names that some system, terminal or reader takes for another.
func (p *problems) checkName(name string) bool {
	switch {
	case len(name) > maxPath:
		p.add(name[:40]+"...", "its path is longer than %d bytes: shorten it", maxPath)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }):
		p.add(name, "its name has other characters than printable ASCII: rename it")
	case strings.Contains(name, `\`):
		p.add(name, "its name has a backslash, which parts folders on Windows: rename it")
	case !fs.ValidPath(name) || strings.Contains(name, ":"):
		p.add(name, "is no path below the pack: rename it")
	case strings.Count(name, "/") > maxDepth:
		p.add(name, "is deeper than %d folders: move it up", maxDepth)
	default:
		// Go's own rules for files of modules: names that Windows reserves, dots
		// at the end, and what shells and URLs take for more than a letter.
		if err := module.CheckFilePath(name); err != nil {
			var invalid *module.InvalidPathError
			if errors.As(err, &invalid) {
				err = invalid.Err
			}
			p.add(name, "its name cannot be used everywhere (%v): rename it", err)
			return false
		}
		return true
	}
	return false
}

// checkCase refuses paths that are one on a disk that ignores case, and a file
// where another one's path has a folder.
func (p *problems) checkCase(names []string) {
	seen := map[string]string{}
	// In order, so that every disk gives the same words.
	for _, name := range slices.Sorted(slices.Values(names)) {
		for at := name; at != "."; at = path.Dir(at) {
			folded := strings.ToLower(at)
			if other, ok := seen[folded]; ok && other != at {
				p.add(at, "differs from %s only in case, and many disks ignore that: rename one of them", printable(other))
				break
			}
			seen[folded] = at
		}
	}
}

// file is one file of a snapshot.
type file struct {
	name string
	data []byte
}

// isTemplates reports whether name is part of the pack: its declaration, or in a
// folder of providers. base/ and catalog.toml are forge's alone, and noticed.
func isTemplates(name string) bool {
	top, _, below := strings.Cut(name, "/")
	if below {
		return top == "auth" || top == "payment" || top == "base"
	}
	return name == "pack.toml" || name == "catalog.toml"
}

// hashOf is the hash that go.sum has of a tree of files.
func hashOf(files []file, prefix string) (string, error) {
	byName := map[string][]byte{}
	for _, f := range files {
		byName[prefix+f.name] = f.data
	}
	return dirhash.Hash1(slices.Collect(maps.Keys(byName)), func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(byName[name])), nil
	})
}

// snapshot is files as a file system that cannot change.
func snapshot(files []file) (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}
