package generator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
)

// File is one file of a Tree.
type File struct {
	// Path is relative and slash-separated.
	Path string
	// Mode holds the permission bits alone: 0o644, or 0o755 for scripts.
	Mode fs.FileMode
	Data []byte
	// Source is the layer that produced the file, "" for files read from disk.
	Source string
}

// SHA256 is the hash of the file's bytes in lower-case hex.
func (f *File) SHA256() string {
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:])
}

// Same reports whether both files have the same bytes and mode bits, or both
// are nil.
func (f *File) Same(g *File) bool {
	if f == nil || g == nil {
		return f == g
	}
	return f.Mode == g.Mode && bytes.Equal(f.Data, g.Data)
}

// Tree is an immutable set of files, sorted by path. The zero value is empty.
type Tree struct {
	files []File
}

// NewTree makes a tree of files in any order. Two files of one path, or one
// path that is the folder of another, are an error.
func NewTree(files []File) (*Tree, error) {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	seen := make(map[string]string, len(sorted))
	for _, f := range sorted {
		if !fs.ValidPath(f.Path) || f.Path == "." || strings.ContainsRune(f.Path, '\\') {
			return nil, fmt.Errorf("%q is not a relative slash-separated path", f.Path)
		}
		if other, ok := seen[f.Path]; ok {
			return nil, &CollisionError{Path: f.Path, Sources: []string{other, f.Source}}
		}
		seen[f.Path] = f.Source
	}
	for _, f := range sorted {
		for dir := f.Path; strings.Contains(dir, "/"); {
			dir = dir[:strings.LastIndexByte(dir, '/')]
			if other, ok := seen[dir]; ok {
				return nil, &CollisionError{Path: dir, Sources: []string{other, f.Source}}
			}
		}
	}
	return &Tree{files: sorted}, nil
}

// Lookup returns the file at path, or nil. The caller must not change it.
func (t *Tree) Lookup(path string) *File {
	if t == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(t.files, path, func(f File, p string) int { return strings.Compare(f.Path, p) })
	if !ok {
		return nil
	}
	return &t.files[i]
}

// All yields the files in order of their paths.
func (t *Tree) All() iter.Seq[*File] {
	return func(yield func(*File) bool) {
		if t == nil {
			return
		}
		for i := range t.files {
			if !yield(&t.files[i]) {
				return
			}
		}
	}
}

// Len is the number of files.
func (t *Tree) Len() int {
	if t == nil {
		return 0
	}
	return len(t.files)
}
