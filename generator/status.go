package generator

import "slices"

// FileState is how a file of forge's stands in a project.
type FileState string

// The states. A Detached file is one that forge no longer writes and the user
// still has; a Conflicted one waits for the user to resolve it.
const (
	Pristine   FileState = "pristine"
	Edited     FileState = "edited"
	Deleted    FileState = "deleted"
	Detached   FileState = "detached"
	Conflicted FileState = "conflicted"
)

// FileStatus is one file of forge's in a project.
type FileStatus struct {
	Path  string    `json:"path"`
	State FileState `json:"state"`
	// Outdated is set if forge would write the file differently now, or no more.
	Outdated bool `json:"outdated"`
}

// Status compares every recorded file with what is on disk and, unless target
// is nil, with what forge would write now. Conflicts are the paths that an
// upgrade left for the user.
func (p *Project) Status(target *Tree, conflicts []string) ([]FileStatus, error) {
	files, _ := p.Manifest.paths()
	actual, err := readAsIs(p.Dir, files)
	if err != nil {
		return nil, err
	}
	var list []FileStatus
	for _, r := range p.Manifest.Files {
		s := FileStatus{Path: r.Path, State: r.state(actual.Lookup(r.Path))}
		if slices.Contains(conflicts, r.Path) {
			s.State = Conflicted
		}
		if t := target.Lookup(r.Path); target != nil && !r.Detached {
			s.Outdated = t == nil || t.SHA256() != r.SHA256 || t.Mode != r.mode()
		}
		if s.State == Deleted && r.Detached {
			continue // gone for good
		}
		list = append(list, s)
	}
	return list, nil
}

func (r *FileRecord) state(actual *File) FileState {
	switch {
	case actual == nil:
		return Deleted
	case r.Detached:
		return Detached
	case actual.Mode != r.mode() || actual.SHA256() != r.SHA256:
		return Edited
	}
	return Pristine
}

// Edits are the changes the user has made to what forge wrote, each from Base
// to Actual. Lost lists files that differ, but from what is no longer known.
func (p *Project) Edits(c *Catalog) (edits []Change, lost []string, err error) {
	files, pristine := p.Manifest.paths()
	stored, err := ReadActual(p.Dir, pristine)
	if err != nil {
		return nil, nil, err
	}
	actual, err := readAsIs(p.Dir, files)
	if err != nil {
		return nil, nil, err
	}
	base, lost := p.base(c, stored, actual)
	for _, r := range p.Manifest.Files {
		f, b := actual.Lookup(r.Path), base.Lookup(r.Path)
		switch {
		case b == nil || f.Same(b) || f == nil && r.Detached:
		case b.SHA256() != r.SHA256:
			lost = append(lost, r.Path)
		default:
			edits = append(edits, Change{Path: r.Path, Base: b, Actual: f})
		}
	}
	return edits, lost, nil
}
