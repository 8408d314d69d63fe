package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/insforge/forge/generator"
)

// checkTarget refuses a folder that forge must not write into.
func checkTarget(dir string, adopt bool) error {
	// A run that was killed in here is undone before anything is judged.
	if _, err := generator.Recover(dir); err != nil {
		return fmt.Errorf("undoing an interrupted run in %s: %w", dir, err)
	}
	return judgeTarget(dir, adopt)
}

// judgeTarget is checkTarget without changing anything.
func judgeTarget(dir string, adopt bool) error {
	there, info, err := existing(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return hinted{codedError{fmt.Errorf("%s is a file, not a folder", there), codeTarget}, "choose another folder, or move the file away"}
	case there != dir:
		return nil
	}
	if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(generator.ManifestPath))); err == nil {
		return hinted{
			codedError{fmt.Errorf("%s is a forge project already: it has %s", dir, generator.ManifestPath), codeProjectExists},
			"choose another folder; forge upgrade, forge add and forge remove change a project",
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 && !adopt {
		return hinted{
			codedError{fmt.Errorf("%s is not empty: it has %s", dir, some(entries)), codeTarget},
			"choose another folder, or run `forge new .` in there to add the server beside what you have",
		}
	}
	return nil
}

// existing returns what there is at path, or else at the nearest folder above it.
func existing(path string) (string, fs.FileInfo, error) {
	for {
		info, err := os.Stat(path)
		above := filepath.Dir(path)
		if err == nil || above == path || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return path, info, err
		}
		path = above
	}
}

func some(entries []os.DirEntry) string {
	var names []string
	for _, e := range entries[:min(3, len(entries))] {
		names = append(names, e.Name())
	}
	if rest := len(entries) - len(names); rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", ")
}

// numbering reads the migrations that are there already.
func numbering(dir string) generator.Numbering {
	entries, err := os.ReadDir(filepath.Join(dir, "migrations"))
	if err != nil {
		return generator.Numbering{}
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return generator.NumberingOf(names)
}

// planNew plans against an empty base: forge has written nothing here yet.
func planNew(dir string, target *generator.Tree) (*generator.Plan, error) {
	var paths []string
	for f := range target.All() {
		paths = append(paths, f.Path)
	}
	actual, err := generator.ReadActual(dir, paths)
	if err != nil {
		return nil, readError(dir, err)
	}
	return generator.NewPlan(&generator.Tree{}, actual, target), nil
}
