package trial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
)

// Project is a rendered project with forge's record of it.
type Project struct {
	Spec           *generator.Spec
	Target, Record *generator.Tree
}

// Render makes the project that the answers describe.
func Render(catalog *generator.Catalog, a generator.Answers, n generator.Numbering) (Project, error) {
	spec, err := catalog.Resolve(a, n)
	if err != nil {
		return Project{}, err
	}
	target, err := generator.Render(spec)
	if err != nil {
		return Project{}, err
	}
	record, err := generator.Record(spec, target)
	if err != nil {
		return Project{}, err
	}
	return Project{spec, target, record}, nil
}

// Write puts the project into dir with the code users run.
func (p Project) Write(ctx context.Context, dir string) error {
	plan := generator.NewPlan(&generator.Tree{}, &generator.Tree{}, p.Target)
	return generator.Apply(ctx, dir, plan, p.Record, nil)
}

// Compare holds the golden project in dir against the rendering of the answers
// in its own manifest, every file, the unexpected and the missing ones too. The
// difference is "" if there is none. It is an error if those are not the
// combination's answers.
func Compare(catalog *generator.Catalog, dir string, c Combination) (diff string, err error) {
	m, err := generator.ReadManifest(os.DirFS(dir))
	if err != nil {
		return "", err
	}
	if diff := cmp.Diff(c.Answers(catalog), m.Answers); diff != "" {
		return "", fmt.Errorf("answers in the manifest of %s (-want +got):\n%s", dir, diff)
	}
	p, err := Render(catalog, m.Answers, m.Numbering())
	if err != nil {
		return "", err
	}
	want := map[string]string{}
	for f := range p.Target.All() {
		want[f.Path] = string(f.Data)
	}
	for f := range p.Record.All() {
		pristine, ok := strings.CutPrefix(f.Path, generator.BaseDir+"/")
		if !ok { // golden projects are kept without what repeats their files
			want[f.Path] = string(f.Data)
		} else if original := p.Target.Lookup(pristine); original == nil || string(original.Data) != string(f.Data) {
			err = errors.Join(err, fmt.Errorf("%s is not the pristine %s", f.Path, pristine))
		}
	}
	got, readErr := read(dir)
	return cmp.Diff(got, want), errors.Join(err, readErr)
}

// read returns the files in dir by their paths.
func read(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(data)
		return errors.Join(err, relErr)
	})
	return files, err
}

// Update writes the golden project of a combination to dir, after it has
// compiled elsewhere.
func Update(ctx context.Context, catalog *generator.Catalog, dir string, c Combination) error {
	p, err := Render(catalog, c.Answers(catalog), generator.Numbering{})
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "forge-golden-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	trial := filepath.Join(scratch, "shop")
	if err := p.Write(ctx, trial); err != nil {
		return err
	}
	if err := Compiles(ctx, trial); err != nil {
		return fmt.Errorf("%s is not recorded: %w", c, err)
	}
	if err := os.RemoveAll(filepath.Join(trial, filepath.FromSlash(generator.BaseDir))); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.CopyFS(dir, os.DirFS(trial))
}
