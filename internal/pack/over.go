package pack

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// Over is own, forge's templates, with the folders of the pack in dir added, as one
// set of templates. It is for tools of the pack's author: what reads it takes the
// pack's folders for forge's own, without the limits of a pack.
func Over(own, pack fs.FS) fs.FS { return over{own, pack} }

type over struct{ own, pack fs.FS }

// at is the side that has name: a folder of a kind that own lacks is the pack's.
func (o over) at(name string) fs.FS {
	parts := strings.SplitN(name, "/", 3)
	if len(parts) < 2 {
		return o.own
	}
	if _, err := fs.Stat(o.own, parts[0]+"/"+parts[1]); errors.Is(err, fs.ErrNotExist) {
		return o.pack
	}
	return o.own
}

func (o over) Open(name string) (fs.File, error) { return o.at(name).Open(name) }

func (o over) ReadFile(name string) ([]byte, error) { return fs.ReadFile(o.at(name), name) }

func (o over) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.at(name), name)
	if err != nil || name != "auth" && name != "payment" {
		return entries, err
	}
	more, err := fs.ReadDir(o.pack, name)
	if errors.Is(err, fs.ErrNotExist) {
		return entries, nil
	}
	for _, e := range more {
		if !slices.ContainsFunc(entries, func(have fs.DirEntry) bool { return have.Name() == e.Name() }) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}
