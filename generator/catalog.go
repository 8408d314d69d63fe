package generator

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sync"

	"github.com/insforge/forge/internal/spelling"
)

// Catalog is every provider forge knows, sorted by ID, and the questions every
// project answers. What it says is fixed after Load.
type Catalog struct {
	// Version is the version of forge and of its templates.
	Version  string     `json:"version"`
	Auth     []Provider `json:"auth"`
	Payments []Provider `json:"payments"`
	// Packs are those that some of the providers come from.
	Packs     []Pack `json:"packs,omitempty"`
	questions []Question
	base      layer
	shared    map[string]SharedLayer    // by folder: auth/_common, auth/_jwks, payment/_paywall
	locks     map[string]*lock          // by layer folder
	packed    map[string]*Pack          // by layer folder, for those of a pack
	secrets   map[string]*regexp.Regexp // of every secret variable: what its values look like
	fsys      fs.FS
	parsed    sync.Map // by hash: Go files that are known to be Go
}

// catalogFile holds what is true of all templates: their version, and the
// questions every project answers.
const catalogFile = "catalog.toml"

// layerFile is the declaration of a layer that is no provider.
const layerFile = "layer.toml"

// commonLayer is the shared layer that every provider of a kind builds on.
const commonLayer = "_common"

// Provider finds a provider by its ID.
func (c *Catalog) Provider(id string) (Provider, bool) {
	for _, p := range c.all() {
		if p.ID == id {
			return p, true
		}
	}
	return Provider{}, false
}

func (c *Catalog) all() []Provider { return slices.Concat(c.Auth, c.Payments) }

// IDs returns the ID of every provider, auth first.
func (c *Catalog) IDs() []string {
	var ids []string
	for _, p := range c.all() {
		ids = append(ids, p.ID)
	}
	return ids
}

// Suggest returns the provider ID that id is most likely a slip of, or "".
func (c *Catalog) Suggest(id string) string { return spelling.Nearest(id, c.IDs()) }

// Questions returns, in the order they are asked, the questions that apply
// given the answers so far, with their choices and defaults filled in.
func (c *Catalog) Questions(a Answers) []Question {
	var asked []Question
	for _, q := range slices.Concat(c.questions, c.layerQuestions(a)) {
		if !q.Applies(a) {
			continue
		}
		q.Message, q.Default = fillText(q.Message, a), fillText(q.Default, a)
		if q.ChoicesFrom == KindPayment && a.Auth == None {
			q.Choices = slices.DeleteFunc(slices.Clone(q.Choices), func(choice Choice) bool {
				p, ok := c.Provider(choice.Value)
				return ok && p.NeedsUser
			})
		}
		asked = append(asked, q)
	}
	return asked
}

// AllQuestions returns every question of the catalog, whatever the answers. Their
// messages are as they are before anything is answered.
func (c *Catalog) AllQuestions() []Question {
	all := slices.Clone(c.questions)
	all = append(all, c.base.Questions...)
	for _, kind := range kinds() {
		for _, folder := range slices.Sorted(keys(c.shared)) {
			if path.Dir(folder) == string(kind) {
				all = append(all, c.shared[folder].Questions...)
			}
		}
	}
	for _, p := range c.all() {
		all = append(all, p.Questions...)
	}
	for i, q := range all {
		all[i].Message = fillText(q.Message, Answers{})
	}
	return all
}

func (c *Catalog) layerQuestions(a Answers) []Question {
	qs := slices.Clone(c.base.Questions)
	for _, p := range c.chosen(a) {
		for _, l := range c.sharedLayers([]Provider{p}) {
			for _, q := range l.Questions {
				if !slices.ContainsFunc(qs, func(have Question) bool { return have.Key == q.Key }) {
					qs = append(qs, q)
				}
			}
		}
		qs = append(qs, p.Questions...)
	}
	return qs
}

// chosen returns the providers that a names and the catalog has.
func (c *Catalog) chosen(a Answers) []Provider {
	var found []Provider
	for _, p := range c.all() {
		if p.Kind == KindAuth && p.ID == a.Auth || p.Kind == KindPayment && slices.Contains(a.Payments, p.ID) {
			for _, choice := range p.choices(a) {
				p.Include = slices.Concat(p.Include, choice.Include)
				for _, name := range choice.Include {
					p.Steps = slices.Concat(p.Steps, c.shared[path.Join(string(p.Kind), name)].Steps)
				}
			}
			p.Include = c.included(p, a)
			found = append(found, p)
		}
	}
	return found
}

// included returns the shared layers that p builds on with the answers a: those
// that it includes, then what these include, as far as their conditions hold.
func (c *Catalog) included(p Provider, a Answers) []string {
	var found []string
	for _, name := range c.includes(p) {
		unmet := func(when Condition) bool { return !when.Holds(a) }
		if !slices.ContainsFunc(c.shared[path.Join(string(p.Kind), name)].When, unmet) {
			found = append(found, name)
		}
	}
	return found
}

// includes returns every shared layer that p may build on, whatever the answers.
func (c *Catalog) includes(p Provider) []string {
	names := slices.Clone(p.Include)
	for _, name := range p.Include {
		for _, more := range c.shared[path.Join(string(p.Kind), name)].Include {
			if !slices.Contains(names, more) {
				names = append(names, more)
			}
		}
	}
	return names
}

// choices returns what a chose of the provider's own questions.
func (p Provider) choices(a Answers) []Choice {
	var made []Choice
	for _, q := range p.Questions {
		value, _ := a.Get(q.Key)
		for _, choice := range q.Choices {
			if choice.Value == value && q.Applies(a) {
				made = append(made, choice)
			}
		}
	}
	return made
}

// Warnings returns what the choices in a give up, in the order they are asked.
func (c *Catalog) Warnings(a Answers) []string {
	var found []string
	for _, p := range c.chosen(a) {
		for _, choice := range p.choices(a) {
			if choice.Warning != "" {
				found = append(found, choice.Warning)
			}
		}
	}
	return found
}
