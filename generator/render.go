package generator

import (
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"
)

// Render turns s into the project's files. It is pure: the same version of
// forge and the same answers give the same bytes. Errors are *RenderError and
// *CollisionError, joined.
func Render(s *Spec) (*Tree, error) {
	r := newRenderer(s)
	if err := r.collect(); err != nil {
		return nil, err
	}
	var files []File
	errs := make([]error, len(r.templates))
	var parsing sync.WaitGroup
	number := s.numbering.Highest
	for i, t := range r.templates {
		f, err := r.render(t)
		if err != nil {
			errs[i] = err
			continue
		}
		if t.migration != "" {
			f.Path = s.numbering.path(t.migration, f, &number)
		}
		files = append(files, f)
		if strings.HasSuffix(t.output, ".go") {
			// Beside the rendering, because it takes longer than all of that.
			parsing.Go(func() { errs[i] = s.catalog.parseGo(t, f) })
		}
	}
	parsing.Wait()
	for _, name := range slices.Sorted(maps.Keys(r.fragments)) {
		for _, f := range r.fragments[name] {
			if !f.used {
				errs = append(errs, &RenderError{Template: s.catalog.at(f.template), Err: errors.New("no template of that path says {{ fragments }}")})
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return NewTree(append(files, s.modules()...))
}

// renderer is the state of one Render.
type renderer struct {
	spec      *Spec
	root      *template.Template
	templates []outputTemplate
	fragments map[string][]fragment // by output path, in layer order
	output    string                // the path being rendered
	bounds    *bounds               // of all templates of packs together
}

func newRenderer(s *Spec) *renderer {
	r := &renderer{spec: s, fragments: map[string][]fragment{}, bounds: newBounds()}
	// One root for all templates: the functions are looked up there, not copied.
	r.root = template.New("").Option("missingkey=error").Funcs(funcs()).Funcs(template.FuncMap{"fragments": r.joinFragments})
	return r
}

// outputTemplate is one template and the file it makes.
type outputTemplate struct {
	template, output, layer string
	// migration is the title, if it is one: its path depends on what it says.
	migration string
}

type fragment struct {
	template string
	used     bool
}

const templateSuffix = ".tmpl"

func trimTemplate(name string) string { return strings.TrimSuffix(name, templateSuffix) }

// collect finds the templates of every layer, in layer order.
func (r *renderer) collect() error {
	var errs []error
	titles := map[string]string{}
	for _, folder := range r.spec.layers {
		for _, name := range r.spec.catalog.templatesIn(path.Join(folder, "files")) {
			t := outputTemplate{
				template: path.Join(folder, "files", name),
				output:   trimTemplate(name),
				layer:    folder,
			}
			if number, title, ok := migrationTemplate(t.output); ok {
				if _, err := fmt.Sscanf(number, "%d", new(uint64)); err != nil {
					errs = append(errs, &RenderError{Template: r.spec.catalog.at(t.template), Err: errors.New("a migration template starts with its order in the layer")})
				}
				if other, ok := titles[title]; ok {
					errs = append(errs, &CollisionError{Path: "migration " + title, Sources: []string{other, folder}})
				}
				t.migration, titles[title] = title, folder
			}
			r.templates = append(r.templates, t)
		}
		for _, name := range r.spec.catalog.templatesIn(path.Join(folder, "fragments")) {
			output := trimTemplate(name)
			r.fragments[output] = append(r.fragments[output], fragment{template: path.Join(folder, "fragments", name)})
		}
	}
	return errors.Join(errs...)
}

// templatesIn lists the templates below folder in order of their paths, which
// are relative to it. A folder that does not exist has none.
func (c *Catalog) templatesIn(folder string) []string {
	var names []string
	// The only error is a folder that is not there: the file system is in memory.
	_ = fs.WalkDir(c.source(folder), folder, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(p, folder+"/"))
		}
		return nil
	})
	return names
}

func (r *renderer) render(t outputTemplate) (File, error) {
	data, err := r.execute(t.template, t.output)
	if err == nil && len(data) == 0 {
		err = errors.New("the file would be empty")
	}
	if err != nil {
		return File{}, &RenderError{Template: r.spec.catalog.at(t.template), Err: err}
	}
	mode := fs.FileMode(0o644)
	if bytes.HasPrefix(data, []byte("#!")) {
		mode = 0o755
	}
	return File{Path: t.output, Mode: mode, Data: data, Source: t.layer}, nil
}

// parseGo refuses what is no Go. It does not format: that would take most of
// the time of a run, and the tests prove that it would change nothing,
// whatever the answers. What has been parsed once is known by its hash: most files
// are the same in many combinations of providers.
func (c *Catalog) parseGo(t outputTemplate, f File) error {
	hash := f.SHA256()
	if _, ok := c.parsed.Load(hash); ok {
		return nil
	}
	if _, err := parser.ParseFile(token.NewFileSet(), t.output, f.Data, parser.SkipObjectResolution); err != nil {
		return &RenderError{Template: c.at(t.template), Err: err}
	}
	c.parsed.Store(hash, true)
	return nil
}

// execute runs one template; {{ fragments }} in it yields the fragments of the
// same output path, from every layer in order.
func (r *renderer) execute(name, output string) ([]byte, error) {
	r.output = output
	text, err := fs.ReadFile(r.spec.catalog.source(name), name)
	if err != nil {
		return nil, err
	}
	if pack := r.spec.catalog.pack(name); pack != nil {
		return r.bounds.execute(pack.at(name), string(text), r.spec)
	}
	parsed, err := r.root.New(name).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, r.spec); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (r *renderer) joinFragments() (string, error) {
	output := r.output
	var b strings.Builder
	for i, f := range r.fragments[output] {
		data, err := r.execute(f.template, output)
		if err != nil {
			return "", err
		}
		b.Write(data)
		r.fragments[output][i].used = true
	}
	return b.String(), nil
}
