package generator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/semver"
)

// Load reads the templates in fsys: base/, auth/<id>/ and payment/<id>/, each
// with its declaration, and then those of packs, which add providers and change
// none. Every problem is reported, joined, as *ProviderError.
func Load(fsys fs.FS, packs ...Pack) (*Catalog, error) {
	c := &Catalog{shared: map[string]SharedLayer{}, locks: map[string]*lock{}, packed: map[string]*Pack{}, fsys: fsys}
	var errs []error
	var root struct {
		Version   string     `toml:"version"`
		Questions []Question `toml:"question"`
	}
	found := c.decode(catalogFile, &root)
	if len(found) == 0 && !semver.IsValid("v"+root.Version) {
		found = append(found, &ProviderError{Path: catalogFile, Key: "version", Err: fmt.Errorf("%q is not a version like 0.1.0", root.Version)})
	}
	errs = append(errs, found...)
	c.Version = root.Version
	for i, q := range root.Questions {
		for _, what := range q.problems() {
			errs = append(errs, &ProviderError{Path: catalogFile, Key: fmt.Sprintf("question[%d]", i), Err: errors.New(what)})
		}
	}
	errs = append(errs, c.loadLayer("base", &c.base)...)
	for _, kind := range kinds() {
		providers, more := c.loadKind(kind, nil)
		errs = append(errs, more...)
		c.add(kind, providers)
	}
	if found := c.addPacks(packs); len(found) > 0 {
		// What follows executes texts of declarations.
		return nil, errors.Join(append(errs, found...)...)
	}
	c.questions = c.withChoices(root.Questions)
	errs = append(errs, c.crossCheck()...)
	errs = append(errs, c.doctorErrors()...)
	if len(errs) == 0 {
		// What packs may do is told from what forge has, so that has to be right.
		errs = c.checkPacks()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.findSecrets()
	return c, nil
}

// add puts providers among those of their kind, in order of their IDs.
func (c *Catalog) add(kind Kind, providers []Provider) {
	into := &c.Auth
	if kind == KindPayment {
		into = &c.Payments
	}
	*into = append(*into, providers...)
	slices.SortStableFunc(*into, func(a, b Provider) int { return strings.Compare(a.ID, b.ID) })
}

// loadKind reads the folders of one kind: forge's own, or those of pack.
func (c *Catalog) loadKind(kind Kind, pack *Pack) (providers []Provider, errs []error) {
	fsys := c.fsys
	if pack != nil {
		fsys = pack.FS
	}
	entries, err := fs.ReadDir(fsys, string(kind))
	if err != nil {
		return nil, []error{&ProviderError{Path: string(kind), Err: err}}
	}
	if pack != nil && len(entries) > maxPackLayers {
		return nil, []error{&ProviderError{Path: pack.at(string(kind)), Err: fmt.Errorf("has more than %d folders: make several packs of it", maxPackLayers)}}
	}
	for _, e := range entries {
		folder := path.Join(string(kind), e.Name())
		if pack != nil {
			if what := c.taken(kind, e.Name()); what != "" {
				errs = append(errs, &ProviderError{Path: pack.at(folder), Err: errors.New(what)})
				continue
			}
			c.packed[folder] = pack
		}
		switch {
		case !e.IsDir():
			errs = append(errs, &ProviderError{Path: c.at(folder), Err: errors.New("only folders belong here, one for each provider")})
		case strings.HasPrefix(e.Name(), "_"):
			var l SharedLayer
			errs = append(errs, c.loadShared(folder, &l)...)
			c.shared[folder] = l
		default:
			p := Provider{ID: e.Name(), Kind: kind}
			if pack != nil {
				p.Pack = pack.Name
			}
			file := path.Join(folder, "provider.toml")
			found := c.decode(file, &p)
			if pack != nil {
				found = append(found, checkPackTexts(pack.at(file), p)...)
			}
			if len(found) == 0 {
				for _, x := range p.problems() {
					found = append(found, &ProviderError{Path: c.at(file), Key: x.key, Err: errors.New(x.what)})
				}
			}
			errs = append(errs, found...)
			errs = append(errs, c.loadLock(folder)...)
			providers = append(providers, p)
		}
	}
	return providers, errs
}

func (c *Catalog) loadLayer(folder string, l *layer) []error {
	return c.decodeLayer(folder, l, l)
}

func (c *Catalog) loadShared(folder string, l *SharedLayer) []error {
	errs := c.decodeLayer(folder, l, &l.layer)
	wrong := func(key, what string) {
		errs = append(errs, &ProviderError{Path: c.at(path.Join(folder, layerFile)), Key: key, Err: errors.New(what)})
	}
	if path.Base(folder) == commonLayer && len(l.When) > 0 {
		wrong("when", "is for layers that providers include, and every one has this")
	}
	for i, when := range l.When {
		if what := when.problem(); what != "" {
			wrong(fmt.Sprintf("when[%d]", i), what)
		}
	}
	return errs
}

// decodeLayer reads the declaration in folder into declared, whose layer is l.
func (c *Catalog) decodeLayer(folder string, declared any, l *layer) []error {
	file := path.Join(folder, layerFile)
	errs := c.decode(file, declared)
	if pack := c.pack(file); pack != nil {
		errs = append(errs, checkPackTexts(pack.at(file), declared)...)
	}
	if len(errs) == 0 {
		for _, x := range l.problems() {
			errs = append(errs, &ProviderError{Path: c.at(file), Key: x.key, Err: errors.New(x.what)})
		}
	}
	return append(errs, c.loadLock(folder)...)
}

// crossCheck finds what only the whole catalog shows.
func (c *Catalog) crossCheck() []error {
	var errs []error
	versions := map[string]string{}
	checkVersions := func(file string, l layer) {
		for _, m := range l.Requires {
			if v, ok := versions[m.Path]; ok && v != m.Version {
				errs = append(errs, &ProviderError{Path: file, Key: "require", Err: fmt.Errorf(
					"%s %s, but another folder requires %s: one version serves all", m.Path, m.Version, v)})
			}
			versions[m.Path] = m.Version
		}
	}
	for folder, l := range c.shared {
		file := c.at(path.Join(folder, layerFile))
		if c.packed[folder] == nil {
			checkVersions(file, l.layer)
		}
		for _, name := range l.Include {
			beside := path.Join(path.Dir(folder), name)
			if other, ok := c.shared[beside]; !ok || c.packed[beside] != nil && c.packed[beside] != c.packed[folder] {
				errs = append(errs, &ProviderError{Path: file, Key: "include", Err: fmt.Errorf("there is no layer %q beside it", name)})
			} else if len(other.Include) > 0 {
				errs = append(errs, &ProviderError{Path: file, Key: "include", Err: fmt.Errorf("%q includes layers itself: one step is all there is", name)})
			}
		}
	}
	for _, p := range c.all() {
		file := c.at(path.Join(p.folder(), "provider.toml"))
		if p.Pack == "" {
			checkVersions(file, p.layer)
		}
		missing := func(key, name string) {
			folder := path.Join(string(p.Kind), name)
			if _, ok := c.shared[folder]; !ok || c.packed[folder] != nil && c.packed[folder].Name != p.Pack {
				errs = append(errs, &ProviderError{Path: file, Key: key, Err: fmt.Errorf("there is no layer %q beside it", name)})
			}
		}
		for _, name := range p.Include {
			missing("include", name)
		}
		for _, q := range p.Questions {
			for _, choice := range q.Choices {
				for _, name := range choice.Include {
					missing("question."+q.Key, name)
				}
			}
		}
		for _, id := range p.Conflicts {
			if _, ok := c.Provider(id); !ok {
				errs = append(errs, &ProviderError{Path: file, Key: "conflicts", Err: fmt.Errorf("there is no provider %q", id)})
			}
		}
	}
	return errs
}

// withChoices puts the catalog's own providers in front of the choices that a
// question has by itself.
func (c *Catalog) withChoices(questions []Question) []Question {
	for i, q := range questions {
		providers := map[Kind][]Provider{KindAuth: c.Auth, KindPayment: c.Payments}[q.ChoicesFrom]
		var choices []Choice
		for _, p := range providers {
			choices = append(choices, Choice{Value: p.ID, Label: p.Label()})
		}
		questions[i].Choices = append(choices, q.Choices...)
	}
	return questions
}

// fillText executes the few actions that texts of a declaration may hold.
// Load has checked that they execute.
func fillText(text string, data any) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	t, err := template.New("text").Option("missingkey=error").Parse(text)
	if err != nil {
		return text
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return text
	}
	return b.String()
}

// decode reads one declaration strictly: an unknown key is an error.
func (c *Catalog) decode(file string, into any) []error {
	if pack := c.pack(file); pack != nil {
		if info, err := fs.Stat(pack.FS, file); err == nil && info.Size() > maxPackDeclaration {
			return []error{&ProviderError{Path: pack.at(file), Err: fmt.Errorf("is larger than %d bytes: a declaration is smaller", maxPackDeclaration)}}
		}
	}
	return decode(c.source(file), file, c.at(file), into)
}

// tomlErrors turns what the decoder says into one error for each place.
func tomlErrors(file string, err error) []error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		var errs []error
		for _, e := range strict.Errors {
			row, _ := e.Position()
			errs = append(errs, &ProviderError{Path: file, Line: row, Key: strings.Join(e.Key(), "."), Err: errors.New("unknown key")})
		}
		return errs
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		row, _ := syntax.Position()
		return []error{&ProviderError{Path: file, Line: row, Key: strings.Join(syntax.Key(), "."), Err: errors.New(strings.TrimPrefix(syntax.Error(), "toml: "))}}
	}
	if err != nil {
		return []error{&ProviderError{Path: file, Err: err}}
	}
	return nil
}

// decode reads the declaration in file of fsys. Errors call it by name.
func decode(fsys fs.FS, file, name string, into any) []error {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return []error{&ProviderError{Path: name, Err: errors.New("is missing")}}
	}
	err = toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(into)
	return tomlErrors(name, err)
}
