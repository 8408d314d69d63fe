package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// Pack is providers from outside forge, in folders of the same shape as forge's
// own: auth/<id>/, payment/<id>/ and shared layers beside them. It is data that a
// stranger wrote: nothing in it is executed but its templates, within bounds, and
// it can add to what forge has, never change it.
type Pack struct {
	PackRecord
	// Files is how many files it has.
	Files int `json:"files"`
	// FS holds what is in it. It must not change any more, and hold regular
	// files alone.
	FS fs.FS `json:"-"`
}

// PackRecord is what a manifest says of a pack.
type PackRecord struct {
	// Name and Version are the pack's own words, from its pack.toml.
	Name    string `json:"name"`
	Version string `json:"version"`
	// Source is a Go module and its version joined by @, or a folder relative to
	// the project's, which begins with a dot. It is "" for a folder elsewhere,
	// which only its user can find.
	Source string `json:"source,omitempty"`
	// Hash is that of all files, as go.sum has it of modules: h1: and base64.
	Hash string `json:"hash"`
}

// packFile says, at the top of a pack, what it is called and its version.
const packFile = "pack.toml"

// Limits of declarations: what checks them takes time for each line.
const (
	maxPackDeclaration = 64 << 10 // bytes
	maxPackLayers      = 50       // providers and shared layers of one kind
)

var packHash = regexp.MustCompile(`^h1:[A-Za-z0-9+/]{43}=$`)

// check refuses a record that forge never writes.
func (r PackRecord) check() error {
	switch {
	case !idPattern.MatchString(r.Name):
		return fmt.Errorf("pack %q: a name is lower-case words joined by hyphens", r.Name)
	case !semver.IsValid("v" + r.Version):
		return fmt.Errorf("pack %s: %q is not a version like 0.1.0", r.Name, r.Version)
	case !packHash.MatchString(r.Hash):
		return fmt.Errorf("pack %s: %q is not a hash like those of go.sum", r.Name, r.Hash)
	case r.Source == "" || isRelative(r.Source):
		return nil
	}
	name, version, ok := strings.Cut(r.Source, "@")
	if !ok || module.CheckPath(name) != nil || !semver.IsValid(version) {
		return fmt.Errorf("pack %s: the source %q is neither a module with a version nor a folder below the repository's", r.Name, r.Source)
	}
	return nil
}

// isRelative reports whether source is a clean relative folder that begins with
// a dot.
func isRelative(source string) bool {
	clean := path.Clean(source)
	return !strings.ContainsAny(source, "\\\x00") &&
		(source == "." || source == "./"+clean || source == clean && (clean == ".." || strings.HasPrefix(clean, "../")))
}

func checkPackRecords(packs []PackRecord) error {
	seen := map[string]bool{}
	for _, p := range packs {
		if err := p.check(); err != nil {
			return err
		}
		if seen[p.Name] {
			return fmt.Errorf("pack %s is recorded twice", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// at is how messages name a file of the pack.
func (p *Pack) at(file string) string { return p.Name + ":" + file }

// pack is the pack that the layer comes from which file is in, or nil.
func (c *Catalog) pack(file string) *Pack {
	parts := strings.SplitN(file, "/", 3)
	if len(parts) < 2 {
		return nil
	}
	return c.packed[parts[0]+"/"+parts[1]]
}

func (c *Catalog) packName(file string) string {
	if p := c.pack(file); p != nil {
		return p.Name
	}
	return ""
}

// source is the file system that file is in.
func (c *Catalog) source(file string) fs.FS {
	if p := c.pack(file); p != nil {
		return p.FS
	}
	return c.fsys
}

// at is how messages name file.
func (c *Catalog) at(file string) string {
	if p := c.pack(file); p != nil {
		return p.at(file)
	}
	return file
}

// PacksOf are the packs that providers come from which a chooses, by name.
func (c *Catalog) PacksOf(a Answers) []Pack {
	var used []Pack
	for _, pack := range c.Packs {
		if slices.ContainsFunc(c.chosen(a), func(p Provider) bool { return p.Pack == pack.Name }) {
			used = append(used, pack)
		}
	}
	return used
}

// NewPack reads what a pack says of itself. label names it in messages as long as
// it has no name. Errors are *ProviderError, joined.
func NewPack(label, hash string, files int, fsys fs.FS) (Pack, error) {
	p := Pack{PackRecord: PackRecord{Hash: hash}, Files: files, FS: fsys}
	var declared struct {
		Name    string `toml:"name"`
		Version string `toml:"version"`
	}
	file := label + ": " + packFile
	if _, err := fs.Stat(fsys, packFile); errors.Is(err, fs.ErrNotExist) {
		return p, &ProviderError{Path: label, Err: fmt.Errorf("is no template pack: it has no %s at its top, which says name and version", packFile)}
	}
	if errs := decode(fsys, packFile, file, &declared); len(errs) > 0 {
		return p, errors.Join(errs...)
	}
	var errs []error
	if !idPattern.MatchString(declared.Name) || len(declared.Name) > 63 {
		errs = append(errs, &ProviderError{Path: file, Key: "name", Err: fmt.Errorf("%+q is not lower-case words joined by hyphens", declared.Name)})
	}
	if !semver.IsValid("v" + declared.Version) {
		errs = append(errs, &ProviderError{Path: file, Key: "version", Err: fmt.Errorf("%+q is not a version like 0.1.0", declared.Version)})
	}
	p.Name, p.Version = declared.Name, declared.Version
	return p, errors.Join(errs...)
}

// addPacks reads the declarations of packs, in order of their names whatever
// order they come in.
func (c *Catalog) addPacks(packs []Pack) []error {
	c.Packs = slices.SortedStableFunc(slices.Values(packs), func(a, b Pack) int { return strings.Compare(a.Name, b.Name) })
	var errs []error
	for i := range c.Packs {
		pack := &c.Packs[i]
		if i > 0 && c.Packs[i-1].Name == pack.Name {
			errs = append(errs, &ProviderError{Path: pack.at(packFile), Key: "name", Err: errors.New("two packs have that name: give one of them")})
			continue
		}
		errs = append(errs, c.addPack(pack)...)
	}
	return errs
}

func (c *Catalog) addPack(pack *Pack) []error {
	entries, err := fs.ReadDir(pack.FS, ".")
	if err != nil {
		return []error{&ProviderError{Path: pack.at("."), Err: err}}
	}
	var errs []error
	kindsFound := 0
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "base" || name == catalogFile:
			errs = append(errs, &ProviderError{Path: pack.at(name), Err: errors.New("is forge's alone: a pack adds providers, and every project keeps forge's base")})
		case slices.Contains(kinds(), Kind(name)):
			kindsFound++
			providers, found := c.loadKind(Kind(name), pack)
			errs = append(errs, found...)
			c.add(Kind(name), providers)
		}
	}
	if kindsFound == 0 {
		errs = append(errs, &ProviderError{Path: pack.at("."), Err: errors.New("has neither auth/ nor payment/: a pack has one folder for each provider in one of them")})
	}
	return errs
}

// taken says who has the folder of that name already, or a provider of that ID.
func (c *Catalog) taken(kind Kind, name string) string {
	what := "provider"
	taken := false
	folder := path.Join(string(kind), name)
	if strings.HasPrefix(name, "_") {
		what = "layer"
		_, taken = c.shared[folder]
	} else {
		var p Provider
		p, taken = c.Provider(name)
		folder = p.folder()
	}
	switch {
	case !taken:
		return ""
	case c.pack(folder) != nil:
		return fmt.Sprintf("the pack %s has a %s of that name: give one of the two packs", c.packName(folder), what)
	}
	return fmt.Sprintf("forge has a %s of that name, and a pack replaces nothing: choose another name", what)
}
