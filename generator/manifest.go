package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// Where forge keeps its own record in a project.
const (
	RecordDir    = ".forge"
	ManifestPath = RecordDir + "/manifest.json"
	BaseDir      = RecordDir + "/base"
)

// manifestSchema is the version of the manifest's own shape. Schema 1 knew no
// detached files, and kept no pristine migrations; schema 2 knew no packs. What
// needs no pack is recorded as schema 2, for the older forge of a colleague.
const (
	manifestSchema     = 3
	manifestSchemaBare = 2
)

// Manifest is what forge last wrote. It holds no clock, host, absolute path or
// secret, so the same answers give the same manifest.
type Manifest struct {
	Schema int `json:"schema"`
	// Forge is the version that wrote it.
	Forge   string  `json:"forge"`
	Answers Answers `json:"answers"`
	// Packs are those that chosen providers come from, by name.
	Packs []PackRecord `json:"packs,omitempty"`
	Files []FileRecord `json:"files"`
}

// FileRecord is one file as forge rendered it. On disk it may be edited or gone.
type FileRecord struct {
	Path   string `json:"path"`
	Mode   string `json:"mode"`
	SHA256 string `json:"sha256"`
	// Source is the layer that owns the file.
	Source string `json:"source"`
	// Detached says that forge no longer writes the file, but the user still
	// has it. Should forge write it again, their edits are merged.
	Detached bool `json:"detached,omitempty"`
}

// NewerError is a project that a newer forge has written.
type NewerError struct {
	// Forge is that version.
	Forge string
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("%s: written by forge %s, which is newer than this one", ManifestPath, e.Forge)
}

// Record makes the files of forge's own bookkeeping: the manifest, and under
// .forge/base the pristine bytes of every file, which a later upgrade merges
// from. detached are those that forge wrote earlier and the user still has.
func Record(s *Spec, target *Tree, detached ...File) (*Tree, error) {
	m := Manifest{Schema: manifestSchemaBare, Forge: s.catalog.Version, Answers: s.Answers}
	for _, p := range s.catalog.PacksOf(s.Answers) {
		m.Schema = manifestSchema
		m.Packs = append(m.Packs, p.PackRecord)
	}
	var files []File
	record := func(f File, isDetached bool) {
		m.Files = append(m.Files, FileRecord{
			Path: f.Path, Mode: fmt.Sprintf("%04o", f.Mode.Perm()), SHA256: f.SHA256(), Source: f.Source, Detached: isDetached,
		})
		files = append(files, File{Path: path.Join(BaseDir, f.Path), Mode: 0o644, Data: f.Data, Source: "record"})
	}
	for f := range target.All() {
		record(*f, false)
	}
	for _, f := range detached {
		record(f, true)
	}
	slices.SortFunc(m.Files, func(a, b FileRecord) int { return strings.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encoding the manifest: %w", err)
	}
	files = append(files, File{Path: ManifestPath, Mode: 0o644, Data: b.Bytes(), Source: "record"})
	return NewTree(files)
}

// ReadManifest decodes the manifest of the project in fsys, of this schema or
// an older one. A missing one is fs.ErrNotExist, a newer one a *NewerError;
// unknown keys and paths that leave the project are errors.
func ReadManifest(fsys fs.FS) (*Manifest, error) {
	data, err := fs.ReadFile(fsys, ManifestPath)
	if err != nil {
		return nil, err
	}
	// What a newer forge changed is no reason to call its manifest damaged.
	var newer struct {
		Schema int
		Forge  string
	}
	if err := json.Unmarshal(data, &newer); err == nil && newer.Schema > manifestSchema {
		return nil, &NewerError{Forge: newer.Forge}
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	m.Schema = manifestSchema
	return &m, nil
}

// check refuses what a forge never writes: a manifest comes with a project,
// and the project may come from anybody.
func (m *Manifest) check() error {
	if m.Schema < 1 {
		return fmt.Errorf("schema %d has never been one", m.Schema)
	}
	if !semver.IsValid("v" + m.Forge) {
		return fmt.Errorf("forge %q is no version", m.Forge)
	}
	if err := checkPackRecords(m.Packs); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		if seen[f.Path] {
			return fmt.Errorf("%s is recorded twice", f.Path)
		}
		seen[f.Path] = true
		if f.mode() == 0 {
			return fmt.Errorf("%s has the mode %q, which is neither 0644 nor 0755", f.Path, f.Mode)
		}
	}
	return nil
}

// mode is 0 if forge would not have written it.
func (f *FileRecord) mode() fs.FileMode {
	bits, err := strconv.ParseUint(f.Mode, 8, 32)
	if mode := fs.FileMode(bits); err == nil && Perm(mode) == mode {
		return mode
	}
	return 0
}

// file is the recorded file if data are its bytes, else nil.
func (f *FileRecord) file(data []byte) *File {
	found := &File{Path: f.Path, Mode: f.mode(), Data: data, Source: f.Source}
	if found.SHA256() != f.SHA256 {
		return nil
	}
	return found
}

// paths are those of the files, and of the pristine ones.
func (m *Manifest) paths() (files, pristine []string) {
	for _, f := range m.Files {
		files = append(files, f.Path)
		pristine = append(pristine, path.Join(BaseDir, f.Path))
	}
	return files, pristine
}

// Numbering returns the migrations the project has on record, and the highest
// of their numbers. The user's own, which may be higher, only the folder knows.
func (m *Manifest) Numbering() Numbering {
	n := Numbering{Recorded: map[string]Migration{}}
	for _, f := range m.Files {
		name, ok := strings.CutPrefix(f.Path, migrationsDir)
		if match := migrationName.FindStringSubmatch(name); ok && match != nil {
			if !f.Detached {
				n.Recorded[match[2]] = Migration{Path: f.Path, SHA256: f.SHA256}
			}
			if number, err := strconv.ParseUint(match[1], 10, 64); err == nil {
				n.Highest = max(n.Highest, number)
			}
		}
	}
	return n
}
