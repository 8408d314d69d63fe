package generator

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
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
