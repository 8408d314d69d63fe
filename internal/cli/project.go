package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/mod/semver"

	"github.com/insforge/forge/generator"
)

// module is where forge is installed from.
const module = "github.com/insforge/forge/cmd/forge"

// open finds and reads the project that the current folder is in, which no
// unfinished run may have left half way.
func (a *app) open(ctx context.Context, use packUse) (*generator.Project, *generator.Catalog, error) {
	dir, state, err := readState()
	if err != nil {
		return nil, nil, err
	}
	if state.Conflicts != nil {
		return nil, nil, pending(state.Conflicts)
	}
	return a.openIn(ctx, dir, state, use)
}

// openIn reads the project in dir, which may have conflicts to resolve, and the
// templates it is written with: forge's own and those of its packs.
func (a *app) openIn(ctx context.Context, dir string, state generator.State, use packUse) (*generator.Project, *generator.Catalog, error) {
	if state.Interrupted {
		return nil, nil, hinted{
			codedError{errors.New("the last run was interrupted half way"), codeUnfinished},
			"forge upgrade --continue finishes it, forge upgrade --abort undoes it",
		}
	}
	catalog, err := a.catalog()
	if err != nil {
		return nil, nil, err
	}
	project, err := generator.OpenProject(dir)
	if err == nil && semver.Compare("v"+project.Manifest.Forge, "v"+catalog.Version) > 0 {
		err = &generator.NewerError{Forge: project.Manifest.Forge}
	}
	var newer *generator.NewerError
	switch {
	case err == nil && len(project.Manifest.Packs)+len(use.templates) == 0:
		return project, catalog, nil
	case err == nil:
		catalog, err = a.withPacks(ctx, project, use)
		return project, catalog, err
	case errors.Is(err, generator.ErrNoProject) && state.Conflicts != nil:
		return nil, nil, pending(state.Conflicts) // those of an eject
	case errors.As(err, &newer) && newer.Forge != "":
		return nil, nil, hinted{err, fmt.Sprintf("install that one: go install %s@v%s", module, newer.Forge)}
	case errors.As(err, &newer):
		return nil, nil, hinted{err, fmt.Sprintf("install the newest: go install %s@latest", module)}
	}
	return nil, nil, hinted{codedError{err, codeDamagedRecord}, "restore .forge from version control"}
}

// withPacks is the catalog with the packs of the project and of the command line.
func (a *app) withPacks(ctx context.Context, project *generator.Project, use packUse) (*generator.Catalog, error) {
	given, err := use.read(ctx, use.offline)
	if err != nil {
		return nil, err
	}
	packs, err := recorded(ctx, project.Dir, project.Manifest.Packs, given, use)
	if err != nil {
		return nil, err
	}
	return a.load(packs, project.Dir)
}

// readState finds the project and says how far the last run in it came.
func readState() (string, generator.State, error) {
	dir, err := generator.FindProject(".")
	if errors.Is(err, generator.ErrNoProject) {
		return "", generator.State{}, hinted{
			fmt.Errorf("%w: neither this folder nor one above it has %s", generator.ErrNoProject, generator.ManifestPath),
			"run it in a folder that forge new has written",
		}
	}
	if err != nil {
		return "", generator.State{}, err
	}
	state, err := generator.ReadState(dir)
	return dir, state, err
}

// readError adds what to do about a file that cannot be read.
func readError(dir string, err error) error {
	var link *generator.LinkError
	if errors.As(err, &link) {
		return hinted{err, "forge does not write through links; replace it by a real file or folder in " + dir}
	}
	return err
}

// relative is dir as the user would type it.
func relative(dir string) string {
	if cwd, err := filepath.Abs("."); err == nil {
		if rel, err := filepath.Rel(cwd, dir); err == nil {
			return rel
		}
	}
	return dir
}
