package generator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/semver"
)

// ErrNoProject says that a folder is no forge project, and in none.
var ErrNoProject = errors.New("no forge project")

// LostError says that the pristine bytes of files the user has edited are
// missing from the record, so there is nothing to merge from.
type LostError struct{ Paths []string }

func (e *LostError) Error() string {
	return "forge's record of what it wrote is missing or damaged for " + strings.Join(e.Paths, ", ")
}

// Project is a project on disk: what forge last wrote into it, and what is
// there now.
type Project struct {
	// Dir is the project's folder.
	Dir      string
	Manifest *Manifest
	// Numbering is that of the recorded migrations and the user's own.
	Numbering Numbering
}

// FindProject returns the folder of the project that dir is in: dir itself or
// the nearest parent that has a manifest. ErrNoProject if there is none.
func FindProject(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		// A run that was killed before it got to the manifest left its journal.
		for _, mark := range []string{ManifestPath, journalFile, pendingFile} {
			if _, err := os.Lstat(filepath.Join(at, filepath.FromSlash(mark))); err == nil {
				return at, nil
			}
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s: %w", dir, ErrNoProject)
		}
	}
}

// OpenProject reads the manifest of the project in dir and the names of its
// migrations, nothing else.
func OpenProject(dir string) (*Project, error) {
	d, err := openDisk(dir, trial{})
	if err != nil {
		return nil, err
	}
	defer d.close()
	m, err := ReadManifest(d.root.FS())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoProject)
	}
	if err != nil {
		return nil, err
	}
	names, err := d.names(strings.TrimSuffix(migrationsDir, "/"))
	if err != nil {
		return nil, err
	}
	n := m.Numbering()
	n.Highest = max(n.Highest, NumberingOf(names).Highest)
	return &Project{Dir: dir, Manifest: m, Numbering: n}, nil
}

// Render is the package's Render for a project that exists. What it wrote before
// was Go then, and is not parsed again.
func (p *Project) Render(s *Spec) (*Tree, error) {
	for _, f := range p.Manifest.Files {
		s.catalog.parsed.Store(f.SHA256, true)
	}
	return Render(s)
}

// Upgrade is a plan for a project that exists, with the record to write.
type Upgrade struct {
	Plan *Plan
	// Record is what Apply writes last.
	Record *Tree
	// TwoWay lists the files that were compared without a base.
	TwoWay []string
}

// Plan plans from what forge last wrote to target, the rendering of s. Files
// whose pristine bytes are lost are proven by what is on disk, or by rendering
// the recorded answers again, if the recorded hash agrees. What is lost for
// good is a *LostError, unless twoWay allows to compare those files without it.
func (p *Project) Plan(s *Spec, target *Tree, twoWay bool) (*Upgrade, error) {
	files, pristine := p.Manifest.paths()
	paths := slices.Clone(files)
	for f := range target.All() {
		paths = append(paths, f.Path)
	}
	var stored *Tree
	var storedErr error
	var reading sync.WaitGroup
	reading.Go(func() { stored, storedErr = ReadActual(p.Dir, pristine) })
	actual, err := readAsIs(p.Dir, paths)
	reading.Wait()
	if storedErr != nil {
		return nil, storedErr
	}
	if err != nil {
		return nil, err
	}
	base, lost := p.base(s.catalog, stored, actual)
	u := &Upgrade{TwoWay: lost}
	if len(lost) > 0 && !twoWay {
		return nil, &LostError{Paths: lost}
	}
	removal, err := p.removal(s, target)
	if err != nil {
		return nil, err
	}
	managed := p.managed(base, target)
	u.Plan = NewPlan(managed, actual, target, s.catalog.renamesSince(p.Manifest)...)
	// What is rendered once and never again is the user's from the start.
	detached := p.detached(base, actual, target, u.Plan)
	for f := range removal.All() {
		u.Plan.Changes = append(u.Plan.Changes, Change{Path: f.Path, Action: Create, Target: f, Result: f})
		detached = append(detached, *f)
	}
	u.Plan.sort()
	u.Record, err = Record(s, target, detached...)
	return u, err
}

// Writes reports whether applying u changes anything in dir, the record
// included.
func (u *Upgrade) Writes(dir string) (bool, error) {
	if u.Plan.writesFiles() {
		return true, nil
	}
	var paths []string
	for f := range u.Record.All() {
		paths = append(paths, f.Path)
	}
	actual, err := ReadActual(dir, paths)
	if err != nil {
		return false, err
	}
	for f := range u.Record.All() {
		if found := actual.Lookup(f.Path); found == nil || !bytes.Equal(found.Data, f.Data) {
			return true, nil
		}
	}
	return false, nil
}

// base collects what forge last wrote: the bytes the manifest's hashes prove.
// Nothing is merged into migrations and into files that the user deleted, so
// theirs are not lost when they are missing.
func (p *Project) base(c *Catalog, stored, actual *Tree) (base *Tree, lost []string) {
	var files []File
	var again *Tree // the recorded answers, rendered when that is first needed
	for _, r := range p.Manifest.Files {
		f := p.find(r, BaseDir+"/", stored)
		if f == nil {
			f = p.find(r, "", actual)
		}
		if f == nil && again == nil {
			again = p.renderAgain(c)
		}
		if f == nil {
			f = p.find(r, "", again)
		}
		switch {
		case f != nil:
			files = append(files, *f)
		case isMigration(r.Path), actual.Lookup(r.Path) == nil:
			files = append(files, File{Path: r.Path, Mode: r.mode(), Source: r.Source})
		case !r.Detached:
			lost = append(lost, r.Path)
		}
	}
	// The paths are the manifest's, which has each one once; a file in the
	// place of a folder was refused when it was written.
	base, err := NewTree(files)
	if err != nil {
		return &Tree{}, p.Manifest.everyPath()
	}
	return base, lost
}

func (p *Project) find(r FileRecord, prefix string, in *Tree) *File {
	if f := in.Lookup(prefix + r.Path); f != nil {
		return r.file(f.Data)
	}
	return nil
}

// renderAgain renders what the manifest records with these templates, which
// gives the same bytes if forge has the same version, and perhaps if not.
func (p *Project) renderAgain(c *Catalog) *Tree {
	s, err := c.Resolve(p.Manifest.Answers, p.Numbering)
	if err != nil {
		return &Tree{}
	}
	tree, err := p.Render(s)
	if err != nil {
		return &Tree{}
	}
	return tree
}

// managed is base without the files that forge no longer writes.
func (p *Project) managed(base, target *Tree) *Tree {
	detached := map[string]bool{}
	for _, r := range p.Manifest.Files {
		detached[r.Path] = r.Detached
	}
	var files []File
	for f := range base.All() {
		t := target.Lookup(f.Path)
		if f.Data == nil && t != nil {
			// A migration, which is rendered at its old path only if it has not
			// changed, or a file that the user deleted, changed or not.
			f = t
		}
		if !detached[f.Path] || t != nil {
			files = append(files, *f)
		}
	}
	return &Tree{files: files}
}

// detached are the files that forge has written at some time, does not write
// now, and that are still there.
func (p *Project) detached(base, actual, target *Tree, plan *Plan) []File {
	deleted := map[string]bool{}
	for _, c := range plan.Changes {
		deleted[c.Path] = c.Action == Delete
	}
	var files []File
	for f := range base.All() {
		if target.Lookup(f.Path) == nil && actual.Lookup(f.Path) != nil && !deleted[f.Path] && f.Data != nil {
			files = append(files, *f)
		}
	}
	return files
}

func (m *Manifest) everyPath() []string {
	files, _ := m.paths()
	return files
}

// renamesSince are the renames of versions after those that m records, oldest
// first: forge's own, and of each recorded pack.
func (c *Catalog) renamesSince(m *Manifest) []Rename {
	versions := map[string]string{"": m.Forge}
	for _, p := range m.Packs {
		versions[p.Name] = p.Version
	}
	var renames []Rename
	for folder, l := range c.everyLayer() {
		version, wrote := versions[c.packName(folder)]
		for _, r := range l.Renames {
			if wrote && semver.Compare("v"+r.Since, "v"+version) > 0 {
				renames = append(renames, r)
			}
		}
	}
	slices.SortStableFunc(renames, func(a, b Rename) int { return semver.Compare("v"+a.Since, "v"+b.Since) })
	return renames
}
