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
		for _, name := range s.catalog.templatesIn(path.Join(folder, removalFolder)) {
			file := path.Join(folder, removalFolder, name)
			_, title, ok := migrationTemplate(trimTemplate(name))
			if !ok {
				errs = append(errs, &RenderError{Template: file, Err: errors.New("only migrations belong in " + removalFolder)})
				continue
			}
			f, err := r.render(outputTemplate{template: file, output: name, layer: folder})
			if err != nil {
				errs = append(errs, err)
				continue
			}
			f.Path = Numbering{}.path(title, f, &highest)
			files = append(files, f)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return NewTree(files)
}
