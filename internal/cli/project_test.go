package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// project is one of generation 1 that the user has edited.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, dir, "forge1", "new", "shop", "--auth", "clerk", "--payments", "okx-x402", "--defaults")
	dir = filepath.Join(dir, "shop")
	routes := filepath.Join(dir, "internal", "httpapi", "routes.go")
	data, err := os.ReadFile(routes)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte("handleInsForgeToken(d.Minter, d.Log)"), []byte("ours(d.Minter)"))
	if err := os.WriteFile(routes, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "shop")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// files maps every path below dir, folders too, to its mode and hash.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		found[name] = info.Mode().String()
		if d.Type().IsRegular() {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			found[name] += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// difference lists the files in which two projects differ.
func difference(got, want map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(got)) {
		switch mode, ok := want[name]; {
		case !ok:
			fmt.Fprintf(&b, "  %s is too many\n", name)
		case mode != got[name]:
			fmt.Fprintf(&b, "  %s is another\n", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			fmt.Fprintf(&b, "  %s is missing\n", name)
		}
	}
	return b.String()
}
