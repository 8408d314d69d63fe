// Windows has no names for most of the files of the attacks.

//go:build unix

package cli

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/internal/packtest"
	"github.com/insforge/forge/templates"
)

// TestPackAttacks: a pack that does more than add providers is refused, with all
// that is wrong, in no time, and nothing is written anywhere.
func TestPackAttacks(t *testing.T) {
	for _, attack := range packAttacks() {
		t.Run(attack.name, func(t *testing.T) {
			work := t.TempDir()
			packDir := filepath.Join(work, "pack")
			noErr(t, os.CopyFS(packDir, os.DirFS(packDir0(t))))
			attack.change(t, packDir)
			got := refusedNew(t, work, packDir)
			var want strings.Builder
			for i, problem := range attack.want {
				switch {
				case len(attack.want) == 1:
					fmt.Fprintf(&want, "forge: %s\n", problem)
				case i == 0:
					fmt.Fprintf(&want, "forge: %d problems\n  %s\n", len(attack.want), problem)
				default:
					fmt.Fprintf(&want, "  %s\n", problem)
				}
			}
			got = strings.ReplaceAll(got, packDir, "PACK")
			got, _, _ = strings.Cut(got, "hint: ")
			if diff := cmp.Diff(want.String(), dropAnnouncement(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// packDir0 is packDir for a test that changes its folder.
func packDir0(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(packDir)
	noErr(t, err)
	return dir
}

func dropAnnouncement(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "pack acme ") && !strings.HasPrefix(line, "  its code becomes") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// refusedNew runs forge new with a pack, which it has to refuse within time and
// without leaving anything behind, and returns what it printed.
func refusedNew(t *testing.T, work, source string) string {
	t.Helper()
	tmp := filepath.Join(work, "tmp")
	noErr(t, os.MkdirAll(tmp, 0o755))
	t.Setenv("TMPDIR", tmp)
	here := filepath.Join(work, "here")
	noErr(t, os.MkdirAll(here, 0o755))
	t.Chdir(here)
	before := listing(t, work)
	var out, err bytes.Buffer
	a := newApp(Stdio{In: strings.NewReader(""), Out: &out, Err: &err})
	a.templates = templates.FS
	a.name = "forge"
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	allocated, start := memory.TotalAlloc, time.Now()
	code := run([]string{"new", "shop", "--templates", source, "--auth", "kindred", "--payments", "none", "--defaults"}, a)
	took := time.Since(start)
	runtime.ReadMemStats(&memory)
	if code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if used := (memory.TotalAlloc - allocated) >> 20; used > 600 {
		t.Errorf("it allocated %d MB", used)
	}
	if out.Len() > 0 {
		t.Errorf("it printed %s", &out)
	}
	if diff := cmp.Diff(before, listing(t, work)); diff != "" {
		t.Errorf("something was written (-before +after)\n%s", diff)
	}
	return err.String()
}

// listing has the mode and the hash of every file below dir but the Go tool's own.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	noErr(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "modcache" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		about := info.Mode().String()
		if info.Mode().IsRegular() && info.Size() < 1<<24 {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			about += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		found[name] = about
		return nil
	}))
	return found
}

// TestPackAttacks_modules are those of what a proxy serves.
func TestPackAttacks_modules(t *testing.T) {
	const source = "example.com/acme@v1.0.0"
	zipped := func(t *testing.T, files map[string]string) []byte {
		t.Helper()
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for name, data := range files {
			f, err := w.Create(source + "/" + name)
			noErr(t, err)
			_, err = f.Write([]byte(data))
			noErr(t, err)
		}
		noErr(t, w.Close())
		return b.Bytes()
	}
	zeros := strings.Repeat("\x00", 10<<20)
	many := map[string]string{"pack.toml": "name = \"acme\"\nversion = \"1.0.0\"\n"}
	for i := range 2000 {
		many[fmt.Sprintf("docs/%d", i)] = ""
	}
	for _, attack := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{
			"a bomb",
			map[string]string{"a": zeros, "b": zeros, "c": zeros, "d": zeros, "e": zeros, "f": zeros, "g": zeros},
			"forge: " + source + ": unpacks to more than 67108864 bytes: a pack holds templates alone\n",
		},
		{
			"a bomb of a template",
			map[string]string{"pack.toml": "name = \"acme\"\nversion = \"1.0.0\"\n", "auth/x/files/x.tmpl": zeros},
			"forge: 2 problems\n  " + source + ": auth/x/files/x.tmpl: is larger than 1048576 bytes: a template is smaller\n  " + source + ": is larger than 8388608 bytes altogether: a pack holds templates alone\n",
		},
		{"a huge tree", many, "forge: " + source + ": has 2001 files, more than 2000: a pack holds templates alone\n"},
		{
			"another version inside",
			map[string]string{"pack.toml": "name = \"acme\"\nversion = \"2.0.0\"\n"},
			"forge: " + source + ": pack.toml: says version 2.0.0, and the module is v1.0.0: the two have to agree, tell the pack's author\n",
		},
		{
			"a file in the place of a folder's name in another case",
			map[string]string{"pack.toml": "", "auth/x/a.tmpl": "", "Auth/x/A.tmpl": ""},
			"case-insensitive file name collision",
		},
		{"a path that leaves", map[string]string{"../../../evil": "x"}, "malformed file path"},
	} {
		t.Run(attack.name, func(t *testing.T) {
			work := t.TempDir()
			goProxy(t, work)
			noErr(t, packtest.Serve(filepath.Join(work, "proxy"), source, zipped(t, attack.files)))
			got := refusedNew(t, work, source)
			if exact, _, _ := strings.Cut(got, "hint: "); exact != attack.want && (strings.HasPrefix(attack.want, "forge: ") || !strings.Contains(got, attack.want)) {
				t.Errorf("got  %s\nwant %s", got, attack.want)
			}
		})
	}
}

// goProxy has the Go tool download from work/proxy alone.
func goProxy(t *testing.T, work string) {
	t.Helper()
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(filepath.Join(work, "proxy")))
	t.Setenv("GONOSUMDB", "example.com")
	t.Setenv("GOMODCACHE", filepath.Join(work, "modcache"))
	t.Cleanup(func() {
		// The Go tool takes away the right to write.
		noErr(t, filepath.WalkDir(filepath.Join(work, "modcache"), func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				err = os.Chmod(name, 0o755)
			}
			return err
		}))
	})
}
