package generator

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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

// maxPackValue is the length of an example or a default of a pack, which patterns
// are tried on.
const maxPackValue = 1 << 10

// checkPackTexts checks every string of a declaration. That comes before all else,
// because texts are executed and patterns matched to check the rest.
func checkPackTexts(file string, declared any) []error {
	var errs []error
	walkStrings(reflect.ValueOf(declared), "", func(key, s string) {
		wrong := func(err error) {
			errs = append(errs, &ProviderError{Path: file, Key: key, Err: err})
		}
		last := key[strings.LastIndexByte(key, '.')+1:]
		if r, ok := hiddenRune(s, slices.Contains([]string{"text", "comment", "help"}, last)); ok {
			wrong(fmt.Errorf("has %U, which nobody sees or which breaks the line: leave it out", r))
		}
		functions := []string{"not", "eq", "ne", "and", "or"}
		if strings.HasPrefix(key, "doctor.") {
			functions = []string{"trim", "trimPrefix", "trimSuffix", "default", "base64decode", "hasPrefix", "lower"}
		}
		if err := checkPackText(s, functions...); err != nil {
			wrong(err)
		}
		switch {
		case last == "pattern":
			if err := checkPackPattern(s); err != nil {
				wrong(err)
			}
		case (last == "example" || last == "default") && len(s) > maxPackValue:
			wrong(fmt.Errorf("is longer than %d bytes", maxPackValue))
		}
	})
	return errs
}

// walkStrings calls visit for each string in v with its key in TOML.
func walkStrings(v reflect.Value, key string, visit func(key, s string)) {
	join := func(name string) string { return strings.Trim(key+"."+name, ".") }
	switch v.Kind() { //nolint:exhaustive // declarations hold nothing else that has strings
	case reflect.String:
		visit(key, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			walkStrings(v.Elem(), key, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkStrings(v.Index(i), fmt.Sprintf("%s[%d]", key, i), visit)
		}
	case reflect.Map:
		for _, name := range v.MapKeys() {
			visit(key, name.String())
			walkStrings(v.MapIndex(name), join(name.String()), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag := f.Tag.Get("toml")
			switch {
			case f.Anonymous:
				walkStrings(v.Field(i), key, visit)
			case tag != "" && tag != "-":
				walkStrings(v.Field(i), join(tag), visit)
			}
		}
	}
}

// hiddenRune finds a character that is not what a reader takes the text for:
// control characters, those that turn the direction of writing, and such that
// have no width.
func hiddenRune(s string, multiline bool) (rune, bool) {
	for _, r := range s {
		switch {
		case r == '\n' && multiline, r == '\t':
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return r, true
		}
	}
	return 0, false
}

// maxPackPattern is how large a pattern of a pack may be with all repetitions
// written out. RE2 takes time in proportion to that and to the length of what is
// matched.
const maxPackPattern = 5000

func checkPackPattern(pattern string) error {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err == nil && patternSize(parsed) > maxPackPattern {
		err = errors.New("the pattern is too large: repeat less in it")
	}
	return err
}

// patternSize is counted, not compiled: that alone could take long.
func patternSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		size += patternSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, maxPackPattern+1)
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

// packFragments are the shared files that a pack may add to. What CI runs is not
// for a pack to say.
var packFragments = []string{"AGENTS.md", "Makefile", "README.md", "insforge.toml"} //nolint:gochecknoglobals // a table, never written

// templates checks the names of a layer's templates and reads each.
func (k *packCheck) templates(pack *Pack, folder string) {
	for _, part := range []string{"files", removalFolder, "fragments"} {
		for _, name := range k.c.templatesIn(path.Join(folder, part)) {
			file := path.Join(folder, part, name)
			if !strings.HasSuffix(name, templateSuffix) {
				k.wrong(file, "", "is no template: its name has to end in %s", templateSuffix)
				continue
			}
			output := trimTemplate(name)
			if part == "fragments" {
				if !slices.Contains(packFragments, output) {
					k.wrong(file, "", "a pack cannot add to %s: only to %s", output, strings.Join(packFragments, ", "))
				}
			} else if err := checkPackOutput(output); err != nil {
				k.wrong(file, "", "%v", err)
			}
			if part == removalFolder && !strings.HasPrefix(output, migrationsDir) {
				k.wrong(file, "", "only migrations belong in %s", removalFolder)
			}
			if err := k.template(pack, file); err != nil {
				k.wrong(file, "", "%v", err)
			}
		}
	}
}

func (k *packCheck) template(pack *Pack, file string) error {
	text, err := fs.ReadFile(pack.FS, file)
	if err != nil {
		return err
	}
	if strings.Contains(string(text), "\r") {
		return errors.New("has line ends of Windows: save it with LF alone")
	}
	if !utf8.Valid(text) {
		return errors.New("is not UTF-8: a pack holds text alone")
	}
	row := 0
	for line := range strings.Lines(string(text)) {
		row++
		if r, ok := hiddenRune(line, true); ok {
			return fmt.Errorf("line %d has %U, which nobody sees: leave it out, or write it escaped", row, r)
		}
	}
	_, err = newBounds().parse(pack.at(file), string(text))
	return err
}

// checkPackOutput refuses paths that no provider needs to write, and that other
// programs obey: git, editors, CI, make, the Go tool and shells.
func checkPackOutput(output string) error {
	if err := checkPath(output); err != nil {
		return err
	}
	parts := strings.Split(output, "/")
	if len(parts) == 1 {
		return fmt.Errorf("writes %s at the top of the project, where files are forge's and the user's: put it in a folder", output)
	}
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, ".") && (i == 0 || i < len(parts)-1 || part != ".gitignore" && part != ".dockerignore"):
			return fmt.Errorf("writes %s, and names that begin with a dot are for other programs: choose another", output)
		case i == 0 && (part == "vendor" || part == "cmd"):
			return fmt.Errorf("writes %s, and %s/ is not a provider's: choose another folder", output, part)
		case strings.EqualFold(part, "go.mod") || strings.EqualFold(part, "go.work"):
			return fmt.Errorf("writes %s, and a project is one module: list the modules it needs as [[require]]", output)
		}
	}
	if strings.EqualFold(parts[0], "migrations") {
		if _, _, ok := migrationTemplate(output); !ok {
			return fmt.Errorf("writes %s: a migration is migrations/NN_words.sql", output)
		}
	}
	return nil
}

// outputs are the paths that the files of a layer make, as they compare on a disk
// that ignores case, by the layer that makes them.
func (c *Catalog) outputs(folder string, into map[string]string) {
	for _, name := range c.templatesIn(path.Join(folder, "files")) {
		output := trimTemplate(name)
		if _, title, ok := migrationTemplate(output); ok {
			output = "migration " + title
		}
		into[strings.ToLower(output)] = folder
	}
}

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
