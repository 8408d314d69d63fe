package pack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"

	"github.com/insforge/forge/internal/packtest"
)

const (
	acmeDir = "../packtest/acme"
	acme    = "example.com/acme@v1.0.0"
)

// goProxy makes a proxy that serves the pack, the only one that the Go tool is to
// ask, and returns the proxy's folder and the module cache.
func goProxy(t *testing.T) (proxy, cache string) {
	t.Helper()
	proxy, cache = t.TempDir(), t.TempDir()
	if err := packtest.Publish(proxy, acme, acmeDir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(proxy))
	t.Setenv("GOMODCACHE", cache)
	t.Setenv("GONOSUMDB", "example.com")
	t.Cleanup(func() { writable(t, cache) })
	return proxy, cache
}

// TestModule: the hash is the one that go.sum would have, and the files are those
// of the pack alone.
func TestModule(t *testing.T) {
	proxy, _ := goProxy(t)
	p, err := Module(t.Context(), acme, false)
	if err != nil {
		t.Fatal(err)
	}
	want, err := dirhash.HashZip(filepath.Join(proxy, "example.com/acme/@v/v1.0.0.zip"), dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "acme" || p.Version != "1.0.0" || p.Source != acme || p.Hash != want || p.Files != 8 {
		t.Errorf("got %+v, want acme 1.0.0 from %s with 8 files and the hash %s", p, acme, want)
	}
	if _, err := fs.Stat(p.FS, "go.mod"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the pack has the module's go.mod: %v", err)
	}
	folder, err := Folder(acmeDir, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := contents(t, p.FS), contents(t, folder.FS); got != want {
		t.Errorf("the module has\n%s\nand the folder\n%s", got, want)
	}
	// What was read stays what it was.
	if err := os.RemoveAll(filepath.Join(proxy, "example.com")); err != nil {
		t.Fatal(err)
	}
	if again, err := Module(t.Context(), acme, true); err != nil || again.Hash != p.Hash {
		t.Errorf("from the cache: %v, %v", again.Hash, err)
	}
}

func contents(t *testing.T, fsys fs.FS) string {
	t.Helper()
	var list strings.Builder
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		fmt.Fprintf(&list, "%s %q\n", name, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// TestModule_sumDatabase: what the checksum database has another hash of is not
// read, and neither is what it does not know.
func TestModule_sumDatabase(t *testing.T) {
	proxy, _ := goProxy(t)
	zipFile := filepath.Join(proxy, "example.com/acme/@v/v1.0.0.zip")
	real, err := dirhash.HashZip(zipFile, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	modSum, err := dirhash.Hash1([]string{"go.mod"}, openFile(filepath.Join(proxy, "example.com/acme/@v/v1.0.0.mod")))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, sum string
		want      error
	}{
		{"the same", real, nil},
		{"another", "h1:" + strings.Repeat("A", 43) + "=", ErrMismatch},
		{"none", "", ErrUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			signer, verifier, err := note.GenerateKey(rand.Reader, "sum.example")
			if err != nil {
				t.Fatal(err)
			}
			database := sumdb.NewTestServer(signer, func(path, version string) ([]byte, error) {
				if test.sum == "" || (module.Version{Path: path, Version: version}) != (module.Version{Path: "example.com/acme", Version: "v1.0.0"}) {
					return nil, fs.ErrNotExist
				}
				return fmt.Appendf(nil, "%s %s %s\n%s %s/go.mod %s\n", path, version, test.sum, path, version, modSum), nil
			})
			server := httptest.NewServer(sumdb.NewServer(database))
			t.Cleanup(server.Close)
			t.Setenv("GOMODCACHE", t.TempDir())
			t.Setenv("GOFLAGS", "-modcacherw")
			t.Setenv("GONOSUMDB", "")
			t.Setenv("GOPATH", t.TempDir()) // which has what the database said
			t.Setenv("GOSUMDB", verifier+" "+server.URL)
			p, err := Module(t.Context(), acme, false)
			if !errors.Is(err, test.want) || test.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.want != nil && p.FS != nil {
				t.Error("a pack came along with the error")
			}
			writable(t, os.Getenv("GOMODCACHE"))
		})
	}
}

// writable gives back the right to write, which the Go tool takes away.
func writable(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(name, 0o755)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func openFile(file string) func(string) (io.ReadCloser, error) {
	return func(string) (io.ReadCloser, error) { return os.Open(file) }
}

// TestModule_tamperedCache: a zip file that somebody changed in the module cache,
// which the Go tool does not look into again, is noticed.
func TestModule_tamperedCache(t *testing.T) {
	_, cache := goProxy(t)
	if _, err := Module(t.Context(), acme, false); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	changed := t.TempDir()
	if err := os.CopyFS(changed, os.DirFS(acmeDir)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(changed, "auth/kindred/fragments/README.md.tmpl")
	if err := os.WriteFile(file, []byte("Something else.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := packtest.Publish(other, acme, changed); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(other, "example.com/acme/@v/v1.0.0.zip"))
	if err != nil {
		t.Fatal(err)
	}
	cached := filepath.Join(cache, "cache/download/example.com/acme/@v/v1.0.0.zip")
	if err := os.WriteFile(cached, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Module(t.Context(), acme, true); !errors.Is(err, ErrMismatch) {
		t.Errorf("got %v, want a mismatch", err)
	}
}

func TestModule_cancelled(t *testing.T) {
	goProxy(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Module(ctx, acme, false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestIsModule(t *testing.T) {
	for source, want := range map[string]bool{
		"example.com/acme@v1.0.0": true, "example.com/acme@latest": true, "example.com/acme": false,
		"./acme": false, "../acme@v1": false, "/acme@v1.0.0": false, `C:\acme@v1`: false, "acme": false, "": false, "@v1": false,
	} {
		if got := IsModule(source); got != want {
			t.Errorf("IsModule(%q) = %v, want %v", source, got, want)
		}
	}
}
