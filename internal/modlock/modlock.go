// Package modlock writes the modules.lock of template layers: what the Go tool
// resolves for the third-party packages that a layer's files import. Rendering
// joins the locks of the chosen layers into a tidy go.mod and go.sum with no
// network, and `make test` proves each combination of forge's own tidy.
//
// All layers are resolved at one set of versions, found first by tidying a module
// that imports everything, so that joined locks never disagree. A pack is resolved
// together with forge's own layers, whose locks it cannot change.
package modlock

import (
	"bytes"
	"errors"
	"fmt"
	"go/version"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/insforge/forge/generator"
)

// layer is one folder of templates and what its Go files import.
type layer struct {
	fsys           fs.FS
	dir            string
	imports, tests []string
	resolved       *resolution
}

// resolution is what the Go tool makes of a set of imports.
type resolution struct {
	mod *modfile.File
	sum string
	// built has the modules that packages or their tests come from. What go.mod
	// requires besides only pins the version of a module in the graph.
	built map[string]bool
	// graph has the version of every module in the module graph.
	graph map[string]string
	// goVersion is the newest language that a module in the graph needs, but at
	// least the one that generated projects have anyway.
	goVersion string
}

// Templates writes the locks of forge's own layers, which are in the folder dir.
func Templates(dir string) error {
	layers, versions, err := read(os.DirFS(dir))
	if err != nil {
		return err
	}
	chosen, err := together(layers, versions)
	if err != nil {
		return err
	}
	pinned, err := resolve(layers, chosen)
	if err != nil {
		return err
	}
	return write(dir, layers, pinned, "make modules")
}

// Pack writes the locks of the layers of the pack in the folder dir, which are
// rendered together with own, forge's templates. A pack that needs newer modules
// than those has none: a *NewerError.
func Pack(own fs.FS, dir string) error {
	known, versions, err := read(own)
	if err != nil {
		return err
	}
	layers, required, err := read(os.DirFS(dir))
	if err != nil {
		return err
	}
	locked, pinned, err := readLocks(known)
	if err != nil {
		return err
	}
	var newer []error
	for _, name := range slices.Sorted(maps.Keys(required)) {
		switch have, ok := locked[name]; {
		case ok && required[name] != have:
			newer = append(newer, &NewerError{name, required[name], have})
		case !ok:
			versions[name] = required[name]
		}
	}
	if err := errors.Join(newer...); err != nil {
		return err
	}
	chosen, err := together(slices.Concat(known, layers), versions)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(locked)) {
		if version, ok := chosen[name]; ok && semver.Compare(version, locked[name]) > 0 {
			newer = append(newer, &NewerError{name, version, locked[name]})
		}
	}
	if err := errors.Join(newer...); err != nil {
		return err
	}
	more, err := resolve(layers, chosen)
	if err != nil {
		return err
	}
	maps.Copy(pinned, more)
	return write(dir, layers, pinned, "forge template modules")
}

// NewerError is a module of which a pack needs another version than forge's own
// layers have.
type NewerError struct{ Module, Needs, Has string }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the pack needs %s %s, and forge's own templates have %s", e.Module, e.Needs, e.Has)
}

// together is the version of each module when all layers are in one project.
func together(layers []layer, versions map[string]string) (map[string]string, error) {
	var imports []string
	for _, l := range layers {
		imports = append(imports, append(l.imports, l.tests...)...)
	}
	whole, err := tidy(versions, imports, nil)
	if err != nil {
		return nil, fmt.Errorf("all layers together: %w", err)
	}
	chosen := map[string]string{}
	for _, r := range whole.mod.Require {
		chosen[r.Mod.Path] = r.Mod.Version
	}
	return chosen, nil
}

// resolve resolves each layer, and returns what is pinned in one of them.
func resolve(layers []layer, chosen map[string]string) (pinned map[string]string, err error) {
	pinned = map[string]string{}
	for i, l := range layers {
		if len(l.imports)+len(l.tests) == 0 {
			continue
		}
		if layers[i].resolved, err = tidy(chosen, l.imports, l.tests); err != nil {
			return nil, fmt.Errorf("%s: %w", l.dir, err)
		}
		for _, r := range layers[i].resolved.mod.Require {
			if !layers[i].resolved.built[r.Mod.Path] {
				pinned[r.Mod.Path] = r.Mod.Version
			}
		}
	}
	return pinned, nil
}

// write writes the locks below dir. by is the command that does.
func write(dir string, layers []layer, pinned map[string]string, by string) error {
	for _, l := range layers {
		if err := l.lock(dir, pinned, by); err != nil {
			return fmt.Errorf("%s: %w", l.dir, err)
		}
	}
	return nil
}

// readLocks reads which versions the layers' locks have, and which of them are pins.
func readLocks(layers []layer) (locked, pinned map[string]string, err error) {
	locked, pinned = map[string]string{}, map[string]string{}
	for _, l := range layers {
		data, err := fs.ReadFile(l.fsys, path.Join(l.dir, lockFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			if len(fields) < 3 || fields[0] != "require" && fields[0] != "pin" {
				continue
			}
			locked[fields[1]] = fields[2]
			if fields[0] == "pin" {
				pinned[fields[1]] = fields[2]
			}
		}
	}
	return locked, pinned, nil
}

const lockFile = "modules.lock"

// read finds the layers, and the versions that their declarations require.
func read(fsys fs.FS) ([]layer, map[string]string, error) {
	versions := map[string]string{}
	var layers []layer
	for _, pattern := range []string{"auth/*/*.toml", "payment/*/*.toml", "base/layer.toml"} {
		declarations, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, nil, err
		}
		for _, file := range declarations {
			if name := path.Base(file); name != "layer.toml" && name != "provider.toml" {
				continue
			}
			data, err := fs.ReadFile(fsys, file)
			if err != nil {
				return nil, nil, err
			}
			var declared struct {
				Requires []generator.Module `toml:"require"`
			}
			if err := toml.Unmarshal(data, &declared); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", file, err)
			}
			for _, m := range declared.Requires {
				versions[m.Path] = m.Version
			}
			l := layer{fsys: fsys, dir: path.Dir(file)}
			if err := l.readImports(); err != nil {
				return nil, nil, err
			}
			layers = append(layers, l)
		}
	}
	return layers, versions, nil
}

// thirdParty is an import line of a package outside the standard library: its
// path starts with a host. Paths of the project itself start with an action.
var thirdParty = regexp.MustCompile(`(?m)^(?:import )?\s*(?:[\w.]+ )?"([a-z0-9-]+(?:\.[a-z0-9-]+)+/[^"{]+)"$`)

func (l *layer) readImports() error {
	return fs.WalkDir(l.fsys, path.Join(l.dir, "files"), func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go.tmpl") {
			return err
		}
		data, err := fs.ReadFile(l.fsys, file)
		if err != nil {
			return err
		}
		for _, m := range thirdParty.FindAllSubmatch(data, -1) {
			into := &l.imports
			if strings.HasSuffix(file, "_test.go.tmpl") {
				into = &l.tests
			}
			if pkg := string(m[1]); !slices.Contains(*into, pkg) {
				*into = append(*into, pkg)
			}
		}
		return nil
	})
}

// lock writes the layer's lock file below dir, or removes it if there is nothing to lock.
// A pin is written as one, and so is that this layer implies a pin of another:
// joined, the pin is then no longer needed and go.mod tidy only without it.
func (l *layer) lock(dir string, pinned map[string]string, by string) error {
	file := filepath.Join(dir, filepath.FromSlash(l.dir), lockFile)
	if l.resolved == nil {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by `%s`. Do not edit.\n", by)
	if l.resolved.goVersion != generator.GoVersion {
		fmt.Fprintf(&b, "go %s\n", l.resolved.goVersion)
	}
	required := map[string]bool{}
	slices.SortFunc(l.resolved.mod.Require, func(a, b *modfile.Require) int { return strings.Compare(a.Mod.Path, b.Mod.Path) })
	for _, r := range l.resolved.mod.Require {
		required[r.Mod.Path] = true
		verb, mark := "require", ""
		switch {
		case r.Indirect && !l.resolved.built[r.Mod.Path]:
			verb = "pin"
		case r.Indirect:
			mark = " // indirect"
		}
		fmt.Fprintf(&b, "%s %s %s%s\n", verb, r.Mod.Path, r.Mod.Version, mark)
	}
	for _, name := range slices.Sorted(maps.Keys(pinned)) {
		if !required[name] && l.resolved.graph[name] == pinned[name] {
			fmt.Fprintf(&b, "implies %s\n", name)
		}
	}
	for line := range strings.Lines(l.resolved.sum) {
		b.WriteString("sum " + line)
	}
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // a source file
}

// tidy resolves a throw-away module that imports the packages.
func tidy(versions map[string]string, imports, tests []string) (*resolution, error) {
	dir, err := os.MkdirTemp("", "forge-modules-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	var mod bytes.Buffer
	fmt.Fprintf(&mod, "module example.com/lock\n\ngo %s\n", generator.GoVersion)
	for name, version := range versions {
		fmt.Fprintf(&mod, "require %s %s\n", name, version)
	}
	files := map[string]string{
		"go.mod":       mod.String(),
		"lock.go":      blankImports(imports),
		"lock_test.go": blankImports(tests),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			return nil, err
		}
	}
	if _, err := goTool(dir, "mod", "tidy"); err != nil {
		return nil, err
	}
	tidied, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	r := &resolution{built: map[string]bool{}, graph: map[string]string{}}
	if r.mod, err = modfile.Parse("go.mod", tidied, nil); err != nil {
		return nil, err
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r.sum = string(sum)
	built, err := goTool(dir, "list", "-deps", "-test", "-f", "{{with .Module}}{{.Path}}{{end}}", "./...")
	if err != nil {
		return nil, err
	}
	for name := range strings.FieldsSeq(built) {
		r.built[name] = true
	}
	graph, err := goTool(dir, "list", "-mod=mod", "-m", "-f", "{{if not .Main}}{{.Path}} {{.Version}} {{.GoVersion}}{{end}}", "all")
	if err != nil {
		return nil, err
	}
	r.goVersion = generator.GoVersion
	for line := range strings.Lines(graph) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		r.graph[fields[0]] = fields[1]
		if len(fields) == 3 && version.Compare("go"+fields[2], "go"+r.goVersion) > 0 {
			r.goVersion = fields[2]
		}
	}
	return r, nil
}

func goTool(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}

func blankImports(packages []string) string {
	var b strings.Builder
	b.WriteString("package lock\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "import _ %q\n", p)
	}
	return b.String()
}
