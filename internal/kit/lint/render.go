package lint

import (
	"crypto/sha256"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetoml"
)

// checkRendered renders the folders in the scope with every answer to their
// questions and looks at what comes out.
func (l *linter) checkRendered() {
	looked := map[[sha256.Size]byte]bool{} // by path and contents: most files are alike in all projects
	for _, a := range l.answers() {
		spec, err := l.catalog.Resolve(a, generator.Numbering{})
		if err != nil {
			continue // not a valid choice, and not the templates' fault
		}
		tree, err := generator.Render(spec)
		if err != nil {
			for _, e := range unjoin(err) {
				l.renderError(e)
			}
			continue
		}
		l.checkRedirects(spec, tree)
		for f := range tree.All() {
			key := sha256.Sum256([]byte(f.Path + "\x00" + string(f.Data)))
			if !looked[key] {
				looked[key] = true
				l.checkFile(tree, f)
			}
		}
		l.checkRemoval(spec)
	}
}

var (
	templatePlace = regexp.MustCompile(`template: ([^\s:]+):(\d+)`)
	goPlace       = regexp.MustCompile(`^(\S+\.go):(\d+):\d+: (.*)`)
	unknownField  = regexp.MustCompile(`can't evaluate field|map has no entry for key|nil pointer evaluating|no such key`)
	unknownFunc   = regexp.MustCompile(`function "(\w+)" not defined`)
)

// renderError tells what the generator says of a template under the rule that it
// breaks.
func (l *linter) renderError(err error) {
	var at *generator.RenderError
	if !errors.As(err, &at) {
		var twice *generator.CollisionError
		switch {
		case errors.As(err, &twice):
			// Said already, at the file that is wrong.
			if !slices.ContainsFunc(l.found, func(f Finding) bool { return f.Rule == oneOwner }) {
				l.report(oneOwner, l.making(twice), 1, err.Error(), "choose another path")
			}
		default:
			l.report(renders, "catalog.toml", 1, err.Error(), "correct it")
		}
		return
	}
	file, line, text := at.Template, 1, at.Err.Error()
	if found := templatePlace.FindAllStringSubmatch(text, -1); found != nil {
		last := found[len(found)-1]
		file = last[1]
		line, _ = strconv.Atoi(last[2])
		text = text[strings.LastIndex(text, last[0])+len(last[0]):]
		text = strings.TrimLeft(text, ":0123456789 ")
	}
	switch where := goPlace.FindStringSubmatch(text); {
	case where != nil:
		row, _ := strconv.Atoi(where[2])
		l.report(goParses, file, row, "what it renders is no Go: "+where[3], "render it with forge template preview and look")
	case unknownFunc.MatchString(text):
		l.report(hermeticFunctions, file, line, text, "use one of sprig's functions without time, randomness, environment or network")
	case strings.Contains(text, "{{ fragments }}"):
		l.report(fragmentUsed, file, 1, "no file takes this fragment", "correct its path, or say {{ fragments }} in the template of that path")
	case unknownField.MatchString(text):
		l.report(knownFields, file, line, text, "use what generator.Spec has; .Auth is nil without login, and .Values has the answers that were asked for")
	case strings.HasPrefix(at.Err.Error(), "template:") && !strings.Contains(text, "executing"):
		l.report(templateParses, file, line, text, "correct the action")
	default:
		l.report(renders, file, line, text, "correct the template")
	}
}

// declaring is the folder of the scope that declares a variable, and the line.
func (l *linter) declaring(name string) (*folder, int) {
	for _, f := range l.folders {
		for i, e := range f.decl.Env {
			if e.Name == name && l.scope[f.path] {
				return f, f.line("env[%d]", i)
			}
		}
	}
	return nil, 0
}

// checkRedirects wants every callback of the scope to be in insforge.toml.
func (l *linter) checkRedirects(spec *generator.Spec, tree *generator.Tree) {
	settings := tree.Lookup("insforge.toml")
	if settings == nil {
		return
	}
	config, err := insforgetoml.Parse("insforge.toml", settings.Data)
	if err != nil || config.Auth == nil {
		return
	}
	for _, p := range spec.Providers {
		f := l.provider(p.ID)
		if f == nil || !l.scope[f.path] {
			continue
		}
		for i, u := range p.URLs {
			if u.Use == "callback" && !slices.Contains(config.Auth.AllowedRedirectURLs, u.Dev()) {
				l.report(redirectListed, f.declaration, f.line("url[%d]", i), u.Dev()+" is not among allowed_redirect_urls", "leave that list to insforge.toml of the base, which is made of the URLs")
			}
		}
	}
}

// checkRemoval looks at what takes the layers in the scope out of a database.
func (l *linter) checkRemoval(spec *generator.Spec) {
	for _, f := range l.folders {
		if !l.scope[f.path] || !slices.ContainsFunc(f.files, func(x file) bool { return x.area == "removal" }) {
			continue
		}
		for _, drop := range []bool{false, true} {
			s := *spec
			s.DropData = drop
			found, err := s.Removal(f.path)
			for _, e := range unjoin(err) {
				if e != nil {
					l.renderError(e)
				}
			}
			for _, x := range found {
				x.Source = f.path
				l.checkRemovalSQL(&x, drop)
			}
		}
	}
}
