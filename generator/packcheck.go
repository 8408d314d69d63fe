package generator

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// checkPacks holds packs to what a pack may do: add providers, and change nothing
// that forge has. Load has found the catalog right in itself.
func (c *Catalog) checkPacks() []error {
	if len(c.Packs) == 0 {
		return nil
	}
	k := packCheck{c: c, builtIn: map[string]string{}, env: map[string]string{}, keys: map[string]string{}, versions: map[string]required{}, sums: map[string]string{}}
	for _, q := range c.questions {
		k.keys[q.Key] = ""
	}
	for folder, l := range c.everyLayer() {
		if c.packed[folder] == nil {
			k.know(folder, l)
			c.outputs(folder, k.builtIn)
		}
	}
	for i := range c.Packs {
		pack := &c.Packs[i]
		for folder, l := range c.everyLayer() {
			if c.packed[folder] == pack {
				k.check(pack, folder, l)
			}
		}
		for folder, l := range c.everyLayer() {
			if c.packed[folder] == pack {
				k.know(folder, l)
			}
		}
		for _, p := range c.all() {
			if p.Pack == pack.Name {
				k.provider(pack, p)
			}
		}
	}
	return k.errs
}

// packCheck is the state of one checkPacks: what forge has, and the packs checked
// so far. Owners are names of packs, "" for forge.
type packCheck struct {
	c         *Catalog
	builtIn   map[string]string   // layer by what it writes, forge's own
	env, keys map[string]string   // owner by name
	versions  map[string]required // by module
	sums      map[string]string   // by module and version
	errs      []error
}

// required is a version of a module, and who requires it.
type required struct{ version, owner string }

func (k *packCheck) wrong(file, key, format string, args ...any) {
	k.errs = append(k.errs, &ProviderError{Path: k.c.at(file), Key: key, Err: fmt.Errorf(format, args...)})
}

func has(owner string) string {
	if owner == "" {
		return "forge has"
	}
	return "the pack " + owner + " has"
}

// know adds what the layer in folder has.
func (k *packCheck) know(folder string, l layer) {
	owner := k.c.packName(folder)
	for _, e := range l.Env {
		k.env[e.Name] = owner
	}
	for _, q := range l.Questions {
		k.keys[q.Key] = owner
	}
	for _, m := range l.Requires {
		k.versions[m.Path] = required{m.Version, owner}
	}
	if lock := k.c.locks[folder]; lock != nil {
		for _, r := range slices.Concat(lock.requires, lock.pins) {
			k.versions[r.path] = required{r.version, owner}
		}
		for _, line := range lock.sums {
			what, sum := splitSum(line)
			k.sums[what] = sum
		}
	}
}

func splitSum(line string) (what, sum string) {
	i := strings.LastIndexByte(line, ' ')
	return line[:i], line[i+1:]
}

// check finds what is wrong with one layer of a pack.
func (k *packCheck) check(pack *Pack, folder string, l layer) {
	file := path.Join(folder, "provider.toml")
	if strings.HasPrefix(path.Base(folder), "_") {
		file = path.Join(folder, "layer.toml")
	}
	k.variables(file, l)
	for i, q := range l.Questions {
		if owner, ok := k.keys[q.Key]; ok {
			k.wrong(file, fmt.Sprintf("question[%d]", i), "%s a question %q already: choose another key", has(owner), q.Key)
		}
		for _, p := range k.c.secretNames() {
			if squash(q.Key) == squash(p) {
				k.wrong(file, fmt.Sprintf("question[%d]", i), "%q asks for the secret %s, and answers are written into the project: let the variable alone ask for it", q.Key, p)
			}
		}
	}
	k.modules(file, folder, l)
	k.templates(pack, folder)
	for i, r := range l.Renames {
		if owner, ok := k.builtIn[strings.ToLower(r.From)]; ok {
			k.wrong(file, fmt.Sprintf("rename[%d]", i), "%s is a file of forge's own (%s), which a pack cannot rename", r.From, owner)
		}
	}
}

// squash is name as a person reads it.
func squash(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

func (c *Catalog) secretNames() []string {
	var names []string
	for _, l := range c.everyLayer() {
		for _, e := range l.Env {
			if e.Secret {
				names = append(names, e.Name)
			}
		}
	}
	return names
}

// processVariables mean something to the programs that start a server.
var processVariables = regexp.MustCompile(`^(PATH|HOME|SHELL|USER|TMPDIR|TZ|PORT|(LD|DYLD|NODE|NPM|GIT|SSL|GO|MAKE|CGO)_?[A-Z0-9_]*|[A-Z]*_?PROXY)$`)

func (k *packCheck) variables(file string, l layer) {
	for i, e := range l.Env {
		key := fmt.Sprintf("env[%d]", i)
		if owner, ok := k.env[e.Name]; ok {
			k.wrong(file, key, "%s a variable %s already: choose another name", has(owner), e.Name)
		}
		if processVariables.MatchString(e.Name) {
			k.wrong(file, key, "%s means something to other programs: choose another name", e.Name)
		}
	}
}

// modules checks that the lock is complete in itself, and one with those that it
// is joined with.
func (k *packCheck) modules(file, folder string, l layer) {
	locked := map[string]string{}
	lock := k.c.locks[folder]
	if lock == nil {
		lock = &lock0
	}
	lockPath := path.Join(folder, lockFile)
	const again = "forge template modules writes the file anew"
	seen := map[string]string{}
	for _, line := range lock.sums {
		what, sum := splitSum(line)
		if known, ok := k.sums[what]; ok && known != sum {
			k.wrong(lockPath, "", "%s has the sum %s, and %s another: one of them was tampered with", what, sum, has(""))
		}
		if !packHash.MatchString(sum) {
			k.wrong(lockPath, "", "%s: %q is no sum: %s", what, sum, again)
		}
		if other, ok := seen[what]; ok && other != sum {
			k.wrong(lockPath, "", "%s has two different sums: %s", what, again)
		}
		seen[what] = sum
		name, version, _ := strings.Cut(strings.TrimSuffix(what, "/go.mod"), " ")
		if have, ok := k.versions[name]; ok && semver.Compare(version, have.version) > 0 {
			k.wrong(lockPath, "", "%s %s is newer than the %s that %s: require modules that get by with that, or wait for a forge that has it",
				name, version, have.version, has(have.owner))
		}
	}
	for _, r := range slices.Concat(lock.requires, lock.pins) {
		if err := checkModule(r.path); err != nil {
			k.wrong(lockPath, "", "%v", err)
		}
		if have, ok := k.versions[r.path]; ok && have.version != r.version {
			k.wrong(lockPath, "", "requires %s %s, and %s %s: one version serves all; %s", r.path, r.version, has(have.owner), have.version, again)
		}
		if other, ok := locked[r.path]; ok && other != r.version {
			k.wrong(lockPath, "", "requires %s twice: %s", r.path, again)
		}
		locked[r.path] = r.version
		if seen[r.path+" "+r.version+"/go.mod"] == "" {
			k.wrong(lockPath, "", "requires %s %s without its sum: %s", r.path, r.version, again)
		}
	}
	for i, m := range l.Requires {
		key := fmt.Sprintf("require[%d]", i)
		if have, ok := k.versions[m.Path]; ok && have.version != m.Version {
			k.wrong(file, key, "%s %s, and %s %s: one version serves all, require that", m.Path, m.Version, has(have.owner), have.version)
		}
		if _, ok := k.versions[m.Path]; !ok && locked[m.Path] != m.Version {
			k.wrong(file, key, "%s %s is not in %s beside it: %s", m.Path, m.Version, lockFile, again)
		}
	}
}

var lock0 lock

// provider checks that what p writes, and calls itself, is nobody else's.
func (k *packCheck) provider(pack *Pack, p Provider) {
	file := path.Join(p.folder(), "provider.toml")
	if p.Kind == KindPayment {
		switch other := slices.IndexFunc(k.c.Payments, func(o Provider) bool { return o.ID != p.ID && o.Package == p.Package }); {
		case token.IsKeyword(p.Package):
			k.wrong(file, "package", "%q is a keyword of Go", p.Package)
		case other >= 0:
			k.wrong(file, "package", "%q is the package of %s, and a project may have both: choose another", p.Package, k.c.Payments[other].ID)
		}
	}
	always, maybe := k.c.layersOf(p)
	others := map[string]string{}
	for folder := range k.c.everyLayer() {
		if k.together(p, folder) && !slices.Contains(always, folder) && !slices.Contains(maybe, folder) {
			k.c.outputs(folder, others)
		}
	}
	mine := map[string]string{}
	for _, folder := range append(always, maybe...) {
		layers := map[string]string{}
		k.c.outputs(folder, layers)
		for _, output := range slices.Sorted(maps.Keys(layers)) {
			other := cmp.Or(others[output], mine[output])
			if other != "" && (k.c.packed[folder] == pack || k.c.packed[other] == pack) {
				by := folder
				if k.c.packed[by] != pack {
					by, other = other, by
				}
				if of := k.c.packName(other); of != "" && of < pack.Name {
					continue // said of that one
				}
				k.wrong(by, "", "writes %s, which is of %s already: a pack replaces nothing, choose another path", output, k.c.at(other))
			}
			if !slices.Contains(maybe, folder) {
				mine[output] = folder
			}
		}
	}
	k.doctor(file, p)
}

// layersOf are the layers that p builds on by itself, itself among them, and those
// that answers add.
func (c *Catalog) layersOf(p Provider) (always, maybe []string) {
	always = c.layerFolders([]Provider{p})
	add := func(names []string) {
		for _, name := range names {
			if folder := path.Join(string(p.Kind), name); !slices.Contains(always, folder) && !slices.Contains(maybe, folder) {
				maybe = append(maybe, folder)
			}
		}
	}
	add(c.includes(p))
	for _, q := range p.Questions {
		for _, choice := range q.Choices {
			add(choice.Include)
		}
	}
	return always, maybe
}

// together reports whether a project with p may have the layer in folder, too.
func (k *packCheck) together(p Provider, folder string) bool {
	kind := Kind(path.Dir(folder))
	switch {
	case folder == "base" || kind != p.Kind:
		return true
	case strings.HasPrefix(path.Base(folder), "_"):
		return kind == KindPayment && k.c.packed[folder] == nil
	}
	return kind == KindPayment && !slices.Contains(p.Conflicts, path.Base(folder))
}

var plainIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// doctor checks that what forge doctor asks of p takes only what p declares, and
// no secret: an address goes to whoever wrote the pack.
func (k *packCheck) doctor(file string, p Provider) {
	d := p.Doctor
	if d == nil {
		return
	}
	own := map[string]bool{}
	for _, folder := range k.c.layerFolders([]Provider{p}) {
		if k.c.packed[folder] == nil {
			continue
		}
		for _, e := range k.c.layerAt(folder, []Provider{p}).Env {
			own[e.Name] = e.Secret
		}
	}
	for _, a := range []struct{ key, text string }{
		{"doctor.issuer", d.Issuer}, {"doctor.jwks", d.JWKS}, {"doctor.authorize", d.Authorize}, {"doctor.health", d.Health},
	} {
		for _, name := range addressFields(a.text) {
			secret, ok := own[name]
			switch {
			case !ok:
				k.wrong(file, a.key, "takes %s, which the pack does not declare: a pack's addresses have its own variables alone", name)
			case secret:
				k.wrong(file, a.key, "takes %s, which is a secret: it would go to whoever has the address", name)
			}
		}
	}
	if b := d.Database; b != nil {
		if _, ok := own[b.URL]; !ok {
			k.wrong(file, "doctor.database.url", "is %s, which the pack does not declare", b.URL)
		}
		names := []string{b.Schema}
		for table, columns := range b.Read {
			names = append(append(names, table), columns...)
		}
		for _, name := range names {
			if !plainIdentifier.MatchString(name) {
				k.wrong(file, "doctor.database", "%q is not a name of letters, digits and underscores", name)
			}
		}
	}
}
