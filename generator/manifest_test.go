package generator

import (
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// manifestOf is a project's file system with nothing but that manifest.
func manifestOf(text string) fstest.MapFS {
	return fstest.MapFS{ManifestPath: {Data: []byte(text)}}
}

// firstManifest is one as forge 0.1.0 wrote it.
const firstManifest = `{
  "schema": 1,
  "forge": "0.1.0",
  "answers": {
    "name": "shop",
    "module": "example.com/shop",
    "auth": "acme",
    "payments": [
      "coin"
    ],
    "values": {
      "price": "0.5"
    }
  },
  "files": [
    {
      "path": "migrations/0001_a.sql",
      "mode": "0644",
      "sha256": "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a",
      "source": "auth/_common"
    },
    {
      "path": "run.sh",
      "mode": "0755",
      "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "source": "base"
    }
  ]
}
`

func TestReadManifest_firstSchema(t *testing.T) {
	m, err := ReadManifest(manifestOf(firstManifest))
	if err != nil {
		t.Fatal(err)
	}
	if m.Schema != manifestSchema || m.Forge != "0.1.0" || !reflect.DeepEqual(m.Answers, acmeCoin) || len(m.Files) != 2 {
		t.Errorf("got %+v", m)
	}
	for i, want := range []FileRecord{
		{Path: "migrations/0001_a.sql", Mode: "0644", SHA256: m.Files[0].SHA256, Source: "auth/_common"},
		{Path: "run.sh", Mode: "0755", SHA256: (&File{}).SHA256(), Source: "base"},
	} {
		if m.Files[i] != want {
			t.Errorf("file %d is %+v, want %+v", i, m.Files[i], want)
		}
	}
	if run := m.Files[1].file(nil); run == nil || run.Mode != 0o755 {
		t.Errorf("the recorded script is %+v, want it executable", run)
	}
}

func TestReadManifest_newer(t *testing.T) {
	for _, text := range []string{
		`{"schema": 4, "forge": "0.9.0", "answers": {}, "files": []}`,
		`{"schema": 4, "forge": "0.9.0", "colour": "red"}`,
		`{"schema": 12, "forge": "0.9.0", "answers": [], "files": {"a": {}}}`,
	} {
		_, err := ReadManifest(manifestOf(text))
		var newer *NewerError
		if !errors.As(err, &newer) || newer.Forge != "0.9.0" {
			t.Errorf("%s: got %v, want a *NewerError of 0.9.0", text, err)
			continue
		}
		if want := ".forge/manifest.json: written by forge 0.9.0, which is newer than this one"; err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestReadManifest_refuses(t *testing.T) {
	file := func(path, mode string) string {
		return `{"path": "` + path + `", "mode": "` + mode + `", "sha256": "", "source": ""}`
	}
	with := func(files ...string) string {
		return `{"schema": 2, "forge": "0.1.0", "answers": {}, "files": [` + strings.Join(files, ",") + `]}`
	}
	for _, c := range []struct{ text, want string }{
		{"", "EOF"},
		{`{"schema": 2,`, "unexpected EOF"},
		{"<<<<<<< yours\n{}", "invalid character '<' looking for beginning of value"},
		{`{"schema": 2, "forge": "0.1.0", "colour": "red"}`, `json: unknown field "colour"`},
		{with(`{"path": "a", "mode": "0644", "size": 1}`), `json: unknown field "size"`},
		{`{"schema": "two"}`, "json: cannot unmarshal string into Go struct field Manifest.schema of type int"},
		{`{}`, "schema 0 has never been one"},
		{`{"schema": 2, "forge": "latest"}`, `forge "latest" is no version`},
		{with(file("a", "0644"), file("b", "0644"), file("a", "0755")), "a is recorded twice"},
		{with(file("../a", "0644")), `"../a" is not a relative slash-separated path`},
		{with(file("/etc/passwd", "0644")), `"/etc/passwd" is not a relative slash-separated path`},
		{with(file("", "0644")), `"" is not a relative slash-separated path`},
		{with(file(".git/hooks/pre-commit", "0755")), ".git/hooks/pre-commit: is git's own"},
		{with(file("a", "0600")), `a has the mode "0600", which is neither 0644 nor 0755`},
		{with(file("a", "4755")), `a has the mode "4755", which is neither 0644 nor 0755`},
		{with(file("a", "rw")), `a has the mode "rw", which is neither 0644 nor 0755`},
		{with(file("a", "")), `a has the mode "", which is neither 0644 nor 0755`},
	} {
		m, err := ReadManifest(manifestOf(c.text))
		if want := ".forge/manifest.json: " + c.want; m != nil || err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v, %v\nwant %s", c.text, m, err, want)
		}
	}
	if _, err := ReadManifest(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no manifest: %v, want fs.ErrNotExist", err)
	}
}

func TestRecord(t *testing.T) {
	s := resolved(t, nil, acmeCoin, Numbering{})
	target := treeOf(t, map[string]string{"README.md": "r", "run.sh": "s", "migrations/0002_b.sql": "select 2;\n"})
	old := File{Path: "migrations/0001_b.sql", Mode: 0o644, Data: []byte("select 1;\n"), Source: "base"}
	record, err := Record(s, target, old)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	fsys := fstest.MapFS{}
	for f := range record.All() {
		if f.Mode != 0o644 {
			t.Errorf("%s has the mode %o", f.Path, f.Mode)
		}
		if f.Path != ManifestPath {
			got[f.Path] = string(f.Data)
		}
		fsys[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	if want := map[string]string{
		".forge/base/README.md": "r", ".forge/base/run.sh": "s",
		".forge/base/migrations/0001_b.sql": "select 1;\n", ".forge/base/migrations/0002_b.sql": "select 2;\n",
	}; !maps.Equal(got, want) {
		t.Errorf("pristine files are %v, want %v", got, want)
	}
	m, err := ReadManifest(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(fsys[ManifestPath].Data), `"schema": 2,`) {
		t.Error("what needs no pack is not recorded as schema 2, which older forges read")
	}
	if m.Schema != manifestSchema || m.Forge != "0.1.0" || !reflect.DeepEqual(m.Answers, acmeCoin) {
		t.Errorf("the manifest is %+v", m)
	}
	var files []string
	for _, r := range m.Files {
		entry := r.Path + " " + r.Mode
		if r.Detached {
			entry += " detached"
		}
		if pristine, err := fs.ReadFile(fsys, BaseDir+"/"+r.Path); err != nil || r.file(pristine) == nil {
			t.Errorf("%s: its pristine bytes are not those of its hash: %v", r.Path, err)
		}
		files = append(files, entry)
	}
	if got, want := strings.Join(files, ", "), "README.md 0644, migrations/0001_b.sql 0644 detached, migrations/0002_b.sql 0644, run.sh 0755"; got != want {
		t.Errorf("the files are %s, want %s", got, want)
	}
	if data := string(record.Lookup(ManifestPath).Data); strings.Count(data, "detached") != 1 {
		t.Errorf("detached is written for files that are not:\n%s", data)
	}
}

func TestManifest_Numbering(t *testing.T) {
	record := func(path string, detached bool) FileRecord {
		return FileRecord{Path: path, SHA256: "of " + path, Detached: detached}
	}
	m := &Manifest{Files: []FileRecord{
		record("migrations/0002_a.sql", true),
		record("migrations/0003_b.sql", false),
		record("migrations/0004_a.sql", false),
		record("migrations/0007_c.sql", true),
		record("migrations/README.md", false),
		record("migrations/9_B.sql", false),
		record("db/migrations/0099_d.sql", false),
	}}
	n := m.Numbering()
	want := map[string]Migration{
		"a": {Path: "migrations/0004_a.sql", SHA256: "of migrations/0004_a.sql"},
		"b": {Path: "migrations/0003_b.sql", SHA256: "of migrations/0003_b.sql"},
	}
	if !maps.Equal(n.Recorded, want) {
		t.Errorf("recorded are %v, want %v", n.Recorded, want)
	}
	if n.Highest != 7 {
		t.Errorf("the highest number is %d, want 7: a detached migration keeps its own", n.Highest)
	}
}
