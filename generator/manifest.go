package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Where forge keeps its own record in a project.
const (
	RecordDir    = ".forge"
	ManifestPath = RecordDir + "/manifest.json"
	BaseDir      = RecordDir + "/base"
)

// manifestSchema is the version of the manifest's own shape.
const manifestSchema = 1

// Manifest is what forge last wrote. It holds no clock, host, absolute path or
// secret, so the same answers give the same manifest.
type Manifest struct {
	Schema  int          `json:"schema"`
	Forge   string       `json:"forge"`
	Answers Answers      `json:"answers"`
	Files   []FileRecord `json:"files"`
}

// FileRecord is one file as forge rendered it. A file the user had before may
// differ from it on disk.
type FileRecord struct {
	Path   string `json:"path"`
	Mode   string `json:"mode"`
	SHA256 string `json:"sha256"`
	// Source is the layer that owns the file.
	Source string `json:"source"`
}

// Record makes the files of forge's own bookkeeping: the manifest, and under
// .forge/base the pristine bytes of every file that a later upgrade may have
// to merge. Migrations are append-only and never merged, so they have none.
func Record(s *Spec, target *Tree) (*Tree, error) {
	m := Manifest{Schema: manifestSchema, Forge: s.catalog.Version, Answers: s.Answers}
	var files []File
	for f := range target.All() {
		m.Files = append(m.Files, FileRecord{
			Path: f.Path, Mode: fmt.Sprintf("%04o", f.Mode.Perm()), SHA256: f.SHA256(), Source: f.Source,
		})
		if !strings.HasPrefix(f.Path, "migrations/") {
			files = append(files, File{Path: path.Join(BaseDir, f.Path), Mode: f.Mode, Data: f.Data, Source: "record"})
		}
	}
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

// ReadManifest decodes the manifest of the project in fsys. A missing one is
// fs.ErrNotExist; unknown keys and newer schemas are errors.
func ReadManifest(fsys fs.FS) (*Manifest, error) {
	data, err := fs.ReadFile(fsys, ManifestPath)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	m := &Manifest{}
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	if m.Schema != manifestSchema {
		return nil, fmt.Errorf("%s: schema %d, but this forge knows schema %d only: use the forge that wrote it (%s)",
			ManifestPath, m.Schema, manifestSchema, m.Forge)
	}
	return m, nil
}

// Numbering returns the numbers the recorded migrations have.
func (m *Manifest) Numbering() Numbering {
	n := Numbering{Recorded: map[string]string{}}
	for _, f := range m.Files {
		name, ok := strings.CutPrefix(f.Path, "migrations/")
		if match := migrationName.FindStringSubmatch(name); ok && match != nil {
			n.Recorded[match[2]] = name
		}
	}
	return n
}
