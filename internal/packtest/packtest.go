// Package packtest has what tests of template packs share: a pack, in the folder
// acme, and a proxy of Go modules to get it from.
package packtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// Publish writes what a proxy serves of source, a module path and a version joined
// by @, whose files are in dir, below proxy: a file URL of that folder is then a
// GOPROXY. A go.mod is added in the proxy, not to dir.
func Publish(proxy, source, dir string) error {
	m := parse(source)
	var files []zip.File
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		files = append(files, memory{"go.mod", goMod(m)})
	}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files = append(files, onDisk{filepath.ToSlash(rel), name})
		return err
	})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := zip.Create(&b, m, files); err != nil {
		return err
	}
	return Serve(proxy, source, b.Bytes())
}

func goMod(m module.Version) string { return fmt.Sprintf("module %s\n\ngo 1.26\n", m.Path) }

func parse(source string) module.Version {
	name, version, _ := strings.Cut(source, "@")
	return module.Version{Path: name, Version: version}
}

// Serve writes what a proxy serves of source, with zipped as it is.
func Serve(proxy, source string, zipped []byte) error {
	m := parse(source)
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	list, _ := os.ReadFile(filepath.Join(dir, "list"))
	for name, data := range map[string]string{
		m.Version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, m.Version),
		m.Version + ".mod":  goMod(m),
		m.Version + ".zip":  string(zipped),
		"list":              string(list) + m.Version + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			return err
		}
	}
	return nil
}
