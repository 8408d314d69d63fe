package trial

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Places are folders to try projects in. A place is at the same path in every run,
// and a file there has the date that its content gives it. So the tools know again
// what they have looked at: to the Go tool a test that opens files, as each with a
// fuzz target does, is another one wherever it lies, and to the linter all packages
// are. What has changed they look at anew, as ever: which that is, and what else a
// result depends on, nobody but they decides.
type Places struct{ root string }

// FindPlaces are those next to the Go tool's cache and the linter's, or with the
// temporary files of a user who has no home.
func FindPlaces() Places {
	cache, err := os.UserCacheDir()
	if err == nil {
		err = os.MkdirAll(cache, 0o700)
	}
	if err != nil {
		cache = os.TempDir()
	}
	return Places{filepath.Join(cache, "forge", "trial")}
}

// Try copies the project in dir to the place called name, a single path element,
// calls try with the path there, and clears the place. One project at a time is in
// a place: others wait, those of other processes too. What try writes is lost.
func (p Places) Try(name, dir string, try func(dir string) error) (err error) {
	if !filepath.IsLocal(name) || filepath.Base(name) != name || name == "." {
		return fmt.Errorf("%q cannot be the name of a place", name)
	}
	if err := os.MkdirAll(p.root, 0o700); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(p.root, name+".lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	place := filepath.Join(p.root, name)
	if err := os.RemoveAll(place); err != nil { // of a run that was killed
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	if err := os.CopyFS(place, os.DirFS(dir)); err != nil {
		return err
	}
	if err := date(place); err != nil {
		return err
	}
	return try(place)
}

// date gives every file in dir, which has no links, a date in the past that depends
// on nothing but its content. The Go tool takes a file that a test has opened for the
// same if its size and date are, and does not remember what depends on a new one.
func date(dir string) error {
	dates := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dates[path] = first
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		dates[path] = first.Add(time.Duration(binary.BigEndian.Uint64(sum[:]) % uint64(years)))
		return err
	})
	for path, date := range dates {
		err = errors.Join(err, os.Chtimes(path, date, date))
	}
	return err
}

// The first date there is, and how long after it others are.
var first = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

const years = 20 * 365 * 24 * time.Hour
