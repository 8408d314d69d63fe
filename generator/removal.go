package generator

import (
	"errors"
	"path"
	"slices"
)

// removalFolder holds, in a layer, the migrations that take the layer out of
// a database again.
const removalFolder = "removal"

// removal renders the migrations of the layers that the project has and s has
// not. Nothing else is rendered from there: code that is not chosen goes by
// the plan.
func (p *Project) removal(s *Spec, target *Tree) (*Tree, error) {
	had := s.catalog.Layers(p.Manifest.Answers)
	r := newRenderer(s)
	highest := s.numbering.Highest
	for f := range target.All() {
		highest = max(highest, NumberingOf([]string{path.Base(f.Path)}).Highest)
	}
	var files []File
	var errs []error
	for _, folder := range had {
		if slices.Contains(s.layers, folder) {
			continue
		}
		found, err := r.removal(folder)
		errs = append(errs, err)
		for _, f := range found {
			_, title, _ := migrationTemplate(f.Path)
			f.Path = Numbering{}.path(title, f, &highest)
			files = append(files, f)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return NewTree(files)
}

// Removal renders the migrations that take the layer at folder out of a database,
// for a project of s that is to lose it. Their paths are those of the templates:
// numbers are given when a project is changed.
func (s *Spec) Removal(folder string) ([]File, error) { return newRenderer(s).removal(folder) }

func (r *renderer) removal(folder string) ([]File, error) {
	var files []File
	var errs []error
	for _, name := range r.spec.catalog.templatesIn(path.Join(folder, removalFolder)) {
		t := outputTemplate{template: path.Join(folder, removalFolder, name), output: trimTemplate(name), layer: folder}
		if _, _, ok := migrationTemplate(t.output); !ok {
			errs = append(errs, &RenderError{Template: t.template, Err: errors.New("only migrations belong in " + removalFolder)})
			continue
		}
		f, err := r.render(t)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files = append(files, f)
	}
	return files, errors.Join(errs...)
}
