package pack

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestFolder: beside its templates a repository has all kinds of things, which
// are neither read nor part of the hash.
func TestFolder(t *testing.T) {
	before, err := Folder(acmeDir, "acme")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(acmeDir)); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		".git/config": "x", "node_modules/CON.js": "x", "README.md": "Acme's pack.", "go.mod": "module example.com/acme\n", "large": string(make([]byte, maxFile+1)),
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Folder(dir, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if p.Hash != before.Hash || p.Files != before.Files {
		t.Errorf("hash %s of %d files, want %s of %d: other files count", p.Hash, p.Files, before.Hash, before.Files)
	}
	// It is a snapshot: what happens in the folder from now on is of no effect.
	want, err := fs.ReadFile(p.FS, "pack.toml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pack.toml"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "auth")); err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(p.FS, "pack.toml"); err != nil || string(got) != string(want) {
		t.Errorf("pack.toml is %q now (%v), want %q", got, err, want)
	}
	if entries, err := fs.ReadDir(p.FS, "auth"); err != nil || len(entries) != 1 {
		t.Errorf("auth has %v now (%v), want kindred", entries, err)
	}
}

func TestFolder_hashes(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(acmeDir)); err != nil {
		t.Fatal(err)
	}
	hash := func() string {
		t.Helper()
		p, err := Folder(dir, "acme")
		if err != nil {
			t.Fatal(err)
		}
		return p.Hash
	}
	before := hash()
	readme := filepath.Join(dir, "auth/kindred/fragments/README.md.tmpl")
	if err := os.Rename(readme, filepath.Join(dir, "auth/kindred/fragments/AGENTS.md.tmpl")); err != nil {
		t.Fatal(err)
	}
	moved := hash()
	if moved == before {
		t.Error("a file has another name, and the hash is the same")
	}
	if err := os.WriteFile(filepath.Join(dir, "auth/kindred/modules.lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if hash() == moved {
		t.Error("a file has other bytes, and the hash is the same")
	}
}
