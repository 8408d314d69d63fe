package generator

import (
	"bytes"
	"errors"
	"fmt"
	"go/version"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// GoVersion is the language version of generated projects.
const GoVersion = "1.26"

// lockFile is, in a layer's folder, what the Go tool resolved for the modules
// that the layer's files import, so that rendering a tidy go.mod and go.sum
// takes no network. `make modules` writes it; see internal/modlock.
const lockFile = "modules.lock"

// lock is a decoded lock file.
type lock struct {
	goVersion string // of the newest language that a module needs, if newer than GoVersion
	requires  []requirement
	pins      []requirement
	implies   []string // modules whose pin in another lock is not needed beside this one
	sums      []string // lines of go.sum
}

type requirement struct {
	path, version string
	indirect      bool
}

// loadLock reads a layer's lock file, if it has one. Its lines say `go VERSION`,
// for modules that need a newer language than GoVersion; `require
// PATH VERSION`, perhaps with `// indirect` behind it; `pin PATH VERSION`, for a
// module that gives no package to the build; `implies PATH`, for a module that
// needs no pin beside this layer; or `sum` and a line of go.sum.
func (c *Catalog) loadLock(folder string) []error {
	file := path.Join(folder, lockFile)
	data, err := fs.ReadFile(c.source(file), file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []error{&ProviderError{Path: c.at(file), Err: err}}
	}
	l := &lock{}
	var errs []error
	row := 0
	for line := range strings.Lines(string(data)) {
		row++
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "#":
		case fields[0] == "go" && len(fields) == 2 && version.IsValid("go"+fields[1]):
			l.goVersion = fields[1]
		case fields[0] == "sum" && len(fields) == 4:
			l.sums = append(l.sums, strings.Join(fields[1:], " "))
		case fields[0] == "pin" && len(fields) == 3 && semver.IsValid(fields[2]):
			l.pins = append(l.pins, requirement{fields[1], fields[2], true})
		case fields[0] == "implies" && len(fields) == 2:
			l.implies = append(l.implies, fields[1])
		case fields[0] == "require" && len(fields) >= 3 && semver.IsValid(fields[2]):
			l.requires = append(l.requires, requirement{fields[1], fields[2], len(fields) > 3})
		default:
			errs = append(errs, &ProviderError{Path: c.at(file), Line: row, Err: errors.New("is no go, require, pin, implies or sum line")})
		}
	}
	c.locks[folder] = l
	return errs
}

// modules makes go.mod and go.sum: the highest version of each requirement of
// the layers, and the union of their sums.
func (s *Spec) modules() []File {
	required, sums := map[string]requirement{}, map[string]bool{}
	implied := map[string]bool{}
	var pins []requirement
	language := GoVersion
	for _, folder := range s.layers {
		l := s.catalog.locks[folder]
		if l == nil {
			continue
		}
		if version.Compare("go"+l.goVersion, "go"+language) > 0 {
			language = l.goVersion
		}
		for _, r := range l.requires {
			require(required, r)
		}
		pins = append(pins, l.pins...)
		for _, path := range l.implies {
			implied[path] = true
		}
		for _, line := range l.sums {
			sums[line] = true
		}
	}
	for _, r := range pins {
		if !implied[r.path] {
			require(required, r)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "module %s\n\ngo %s\n", s.Module, language)
	for _, indirect := range []bool{false, true} {
		writeRequires(&b, required, indirect)
	}
	files := []File{{Path: "go.mod", Mode: 0o644, Data: b.Bytes(), Source: "modules"}}
	if len(sums) > 0 {
		lines := slices.SortedFunc(maps.Keys(sums), compareSums)
		files = append(files, File{Path: "go.sum", Mode: 0o644, Data: []byte(strings.Join(lines, "\n") + "\n"), Source: "modules"})
	}
	return files
}

// require adds r: the higher version wins, and a direct use over an indirect one.
func require(required map[string]requirement, r requirement) {
	if have, ok := required[r.path]; ok {
		r.indirect = r.indirect && have.indirect
		if semver.Compare(have.version, r.version) > 0 {
			r.version = have.version
		}
	}
	required[r.path] = r
}

func writeRequires(b *bytes.Buffer, required map[string]requirement, indirect bool) {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if r := required[name]; r.indirect == indirect {
			line := r.path + " " + r.version
			if indirect {
				line += " // indirect"
			}
			lines = append(lines, line)
		}
	}
	switch len(lines) {
	case 0:
	case 1:
		fmt.Fprintf(b, "\nrequire %s\n", lines[0])
	default:
		fmt.Fprintf(b, "\nrequire (\n\t%s\n)\n", strings.Join(lines, "\n\t"))
	}
}

// compareSums orders lines of go.sum as the Go tool does: by module, then by
// version, a version's go.mod after the version itself.
func compareSums(a, b string) int {
	fa, fb := strings.Fields(a), strings.Fields(b)
	if c := strings.Compare(fa[0], fb[0]); c != 0 {
		return c
	}
	va, fileA, _ := strings.Cut(fa[1], "/")
	vb, fileB, _ := strings.Cut(fb[1], "/")
	if c := semver.Compare(va, vb); c != 0 {
		return c
	}
	return strings.Compare(fileA, fileB)
}
