package generator

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// DevURL is the origin of a generated server on a developer's machine.
const DevURL = "http://localhost:8080"

// exampleProdURL stands in documentation for a production origin not known yet.
const exampleProdURL = "https://app.example.com"

// Spec is answers resolved against the catalog: nothing is left to decide. It
// is what templates see.
type Spec struct {
	Answers
	// Auth is the chosen auth provider; nil for a server at which nobody signs in.
	Auth *Provider
	// Payments are the chosen payment providers, by ID.
	Payments []Provider
	// Providers is Auth followed by Payments.
	Providers []Provider
	// Env and GoLive are joined from every layer, in layer order.
	Env    []EnvVar
	GoLive []GoLive
	// ProdURL is the production origin, or an example of one.
	ProdURL string
	// Production is whether the user gave ProdURL.
	Production bool
	DevURL     string
	GoVersion  string
	// RedirectURLs is for auth.allowed_redirect_urls in insforge.toml.
	RedirectURLs []string
	// Ejected is set by the caller for a project that is to show no trace of
	// forge.
	Ejected bool
	// DropData is set by the caller if the migrations that take a layer out of
	// the database may drop the data of users.
	DropData bool

	catalog   *Catalog
	layers    []string // folders, in layer order
	numbering Numbering
}

// Numbering fixes the numbers of migrations. They are never given twice and
// never changed: Recorded holds what an earlier run wrote, by title, and
// Highest is the highest number the project has. A migration whose contents
// are not those recorded gets a new number.
type Numbering struct {
	Recorded map[string]Migration
	Highest  uint64
}

// Migration is a migration that forge has written.
type Migration struct {
	// Path is that of its file.
	Path   string
	SHA256 string
}

var migrationName = regexp.MustCompile(`^([0-9]{1,64})_([a-z0-9-]+)\.sql$`)

// NumberingOf reads the numbering of a project's migrations folder from the
// names of its files. Names that the InsForge CLI would refuse are ignored.
func NumberingOf(files []string) Numbering {
	var n Numbering
	for _, file := range files {
		if m := migrationName.FindStringSubmatch(file); m != nil {
			if number, err := strconv.ParseUint(m[1], 10, 64); err == nil {
				n.Highest = max(n.Highest, number)
			}
		}
	}
	return n
}

// Resolve checks a against the catalog and fills in nothing: every question
// that applies must be answered. All problems are joined, as *MissingError and
// *AnswerError.
func (c *Catalog) Resolve(a Answers, n Numbering) (*Spec, error) {
	if err := c.Check(a); err != nil {
		return nil, err
	}
	var missing []error
	questions := c.Questions(a)
	for _, q := range questions {
		if _, ok := a.Get(q.Key); !ok {
			missing = append(missing, &MissingError{Question: q})
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	return c.spec(a, n), nil
}

// Check reports every answer that cannot stand, given or not all are there.
func (c *Catalog) Check(a Answers) error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, &AnswerError{Key: key, Reason: fmt.Sprintf(format, args...)})
	}
	known := map[string]bool{}
	for _, q := range c.Questions(a) {
		known[q.Key] = true
		if q.ChoicesFrom == KindPayment {
			// Why one of them cannot be chosen here is said below, not that it is unknown.
			q.Choices = c.choices(q.Key)
		}
		value, ok := a.Get(q.Key)
		switch {
		case !ok:
		case slices.ContainsFunc(SplitList(value), c.looksSecret):
			// Before anything that would repeat it.
			wrong(q.Key, "looks like a secret, and answers are written into the project: put secrets in .env instead")
		default:
			if err := q.Check(value); err != nil {
				wrong(q.Key, "%v", err)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(a.Values)) {
		switch value := a.Values[key]; {
		case c.secrets[key] != nil:
			wrong(key, "is a secret, and answers are written into the project: put it in .env instead")
		case known[key]:
		case c.looksSecret(value):
			wrong(key, "looks like a secret, and answers are written into the project: put secrets in .env instead")
		default:
			wrong(key, "%s", c.unknownKey(key, known))
		}
	}
	chosen := c.chosen(a)
	for _, what := range c.withoutUsers(a, chosen) {
		wrong(KeyPayments, "%s", what)
	}
	for _, p := range chosen {
		for _, other := range chosen {
			if slices.Contains(p.Conflicts, other.ID) {
				wrong(KeyPayments, "%s and %s cannot be chosen together", p.ID, other.ID)
			}
		}
	}
	return errors.Join(errs...)
}

// withoutUsers says what cannot be chosen where nobody signs in.
func (c *Catalog) withoutUsers(a Answers, chosen []Provider) []string {
	if a.Auth != None {
		return nil
	}
	var can []string
	for _, p := range c.Payments {
		if !p.NeedsUser {
			can = append(can, p.ID)
		}
	}
	way := fmt.Sprintf("sell by %s, or choose who signs users in (--auth)", strings.Join(can, ", "))
	if a.Payments != nil && len(a.Payments) == 0 {
		return []string{"a server without sign-in has nothing but what it sells, so it needs a way to pay: " + way}
	}
	var found []string
	for _, p := range chosen {
		if p.NeedsUser {
			found = append(found, fmt.Sprintf("%s sells to signed-in users, and nobody signs in here: %s", p.ID, way))
		}
	}
	return found
}

// choices returns those of a question that every project answers.
func (c *Catalog) choices(key string) []Choice {
	i := slices.IndexFunc(c.questions, func(q Question) bool { return q.Key == key })
	return c.questions[i].Choices
}

func (c *Catalog) unknownKey(key string, known map[string]bool) string {
	for _, q := range c.AllQuestions() {
		if q.Key == key {
			return "is not asked with these choices"
		}
	}
	names := slices.Sorted(maps.Keys(known))
	names = slices.DeleteFunc(names, func(k string) bool { return strings.HasPrefix(Flag(k), "--"+k) })
	if near := nearest(key, names); near != "" {
		return fmt.Sprintf("there is no such question, did you mean %q?", near)
	}
	return "there is no such question (keys: " + strings.Join(names, ", ") + ")"
}

// findSecrets maps the name of every secret variable to its pattern.
func (c *Catalog) findSecrets() {
	c.secrets = map[string]*regexp.Regexp{}
	for _, l := range c.everyLayer() {
		for _, e := range l.Env {
			if e.Secret {
				c.secrets[e.Name] = regexp.MustCompile(e.Pattern)
			}
		}
	}
}

// looksSecret reports whether value has the shape of a secret that can be told
// from its beginning, so that no ordinary answer is refused.
func (c *Catalog) looksSecret(value string) bool {
	for _, pattern := range c.secrets {
		if secretPrefix.MatchString(pattern.String()) && pattern.MatchString(value) {
			return true
		}
	}
	return privateKey.MatchString(value)
}

// secretPrefix matches a pattern whose values begin alike, such as ^ik_.
var secretPrefix = regexp.MustCompile(`^\^[A-Za-z]+[_-]`)

// privateKey is 32 bytes of hex: no answer looks like it, every EVM key does.
var privateKey = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{64}$`)

// everyLayer yields every layer and its folder.
func (c *Catalog) everyLayer() iter.Seq2[string, layer] {
	return func(yield func(string, layer) bool) {
		if !yield("base", c.base) {
			return
		}
		for _, folder := range slices.Sorted(keys(c.shared)) {
			if !yield(folder, c.shared[folder].layer) {
				return
			}
		}
		for _, p := range c.all() {
			if !yield(p.folder(), p.layer) {
				return
			}
		}
	}
}

// sharedLayers returns the shared layers that providers build on, once each.
func (c *Catalog) sharedLayers(providers []Provider) []layer {
	var found []layer
	for _, folder := range c.layerFolders(providers) {
		if l, ok := c.shared[folder]; ok {
			found = append(found, l.layer)
		}
	}
	return found
}

// Layers returns the folders of the layers that make up a project with the answers
// a, in layer order: base, then auth/…, then payment/….
func (c *Catalog) Layers(a Answers) []string { return c.layerFolders(c.chosen(a)) }

// layerFolders lists the folders that make up a project: base, then for each
// kind its common layer, the shared layers and the providers themselves.
func (c *Catalog) layerFolders(providers []Provider) []string {
	folders := []string{"base"}
	add := func(folder string) {
		if !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	for _, p := range providers {
		for _, name := range append([]string{commonLayer}, p.Include...) {
			if folder := path.Join(string(p.Kind), name); c.has(folder) {
				add(folder)
			}
		}
		add(p.folder())
	}
	return folders
}

func (c *Catalog) has(folder string) bool {
	_, ok := c.shared[folder]
	return ok
}

func (c *Catalog) spec(a Answers, n Numbering) *Spec {
	s := &Spec{
		Answers: a, Providers: c.chosen(a), DevURL: DevURL, ProdURL: exampleProdURL, GoVersion: GoVersion,
		catalog: c, numbering: n,
	}
	if url := a.Values["production_url"]; url != "" {
		s.ProdURL, s.Production = url, true
	}
	for i := range s.Providers {
		s.Providers[i].layer = s.fill(s.Providers[i].layer)
	}
	s.layers = c.layerFolders(s.Providers)
	for _, folder := range s.layers {
		l := s.fill(c.layerAt(folder, s.Providers))
		s.Env = append(s.Env, l.Env...)
		s.GoLive = append(s.GoLive, l.GoLive...)
		s.addRedirects(l.URLs)
	}
	if len(s.RedirectURLs) == 0 {
		// An empty list allows every address, so the app's own origin stands in.
		s.addRedirects([]URL{{Use: "redirect", prod: s.ProdURL}})
	}
	for i, p := range s.Providers {
		if p.Kind == KindAuth {
			s.Auth = &s.Providers[i]
		} else {
			s.Payments = append(s.Payments, p)
		}
	}
	return s
}

// fill returns l with what its texts say about the project put in.
func (s *Spec) fill(l layer) layer {
	text := func(t *string) { *t = fillText(*t, s) }
	l.Env = slices.Clone(l.Env)
	for i := range l.Env {
		text(&l.Env[i].Comment)
		text(&l.Env[i].Example)
	}
	l.Steps = slices.Clone(l.Steps)
	for i := range l.Steps {
		text(&l.Steps[i].Text)
		l.Steps[i].Fields = slices.Clone(l.Steps[i].Fields)
		for j := range l.Steps[i].Fields {
			text(&l.Steps[i].Fields[j].Value)
		}
	}
	l.GoLive = slices.Clone(l.GoLive)
	for i := range l.GoLive {
		text(&l.GoLive[i].Text)
	}
	l.URLs = slices.Clone(l.URLs)
	for i := range l.URLs {
		l.URLs[i].prod = s.ProdURL
	}
	return l
}

// Has says whether a layer is part of the project, by its folder, such as
// payment/_paywall. A folder that the catalog has not is an error: a template
// that asks for it would be silent about a slip forever.
func (s *Spec) Has(folder string) (bool, error) {
	if s.catalog == nil || !s.catalog.has(folder) {
		return false, fmt.Errorf("there is no layer %q", folder)
	}
	return slices.Contains(s.layers, folder), nil
}

// Including returns the chosen providers that build on a shared layer, named by
// its folder, by ID. The wiring file of that layer lists them.
func (s *Spec) Including(folder string) ([]Provider, error) {
	if has, err := s.Has(folder); !has {
		return nil, err
	}
	var found []Provider
	for _, p := range s.Providers {
		if slices.Contains(s.catalog.layerFolders([]Provider{p}), folder) {
			found = append(found, p)
		}
	}
	return found, nil
}

func (c *Catalog) layerAt(folder string, providers []Provider) layer {
	if folder == "base" {
		return c.base
	}
	if l, ok := c.shared[folder]; ok {
		return l.layer
	}
	for _, p := range providers {
		if p.folder() == folder {
			return p.layer
		}
	}
	return layer{}
}

func (s *Spec) addRedirects(urls []URL) {
	add := func(url string) {
		if !slices.Contains(s.RedirectURLs, url) {
			s.RedirectURLs = append(s.RedirectURLs, url)
		}
	}
	for _, u := range urls {
		if u.Use != "callback" && u.Use != "redirect" {
			continue
		}
		add(u.Dev())
		if s.Production {
			add(u.Prod())
		}
	}
}

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
