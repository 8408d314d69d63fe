package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/pack"
)

// sources are the packs that a command line names.
type sources struct{ templates []string }

func (s *sources) bindTemplates(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.templates, "templates", nil, "add the providers of a template pack: a folder, or a Go module as `MODULE@VERSION`; repeatable")
	cobra.CheckErr(cmd.MarkFlagDirname("templates"))
}

// words are the flags that say the same on another command line.
func (s *sources) words() []string {
	var words []string
	for _, source := range s.templates {
		words = append(words, "--templates", source)
	}
	return words
}

// found is a pack that was read, and the absolute folder it was read from, if it
// was one.
type found struct {
	generator.Pack
	dir string
}

// read reads the packs of the command line. All problems are joined.
func (s *sources) read(ctx context.Context, offline bool) ([]found, error) {
	var packs []found
	var errs []error
	for i, source := range s.templates {
		if slices.Contains(s.templates[:i], source) {
			continue // completion parses flags twice
		}
		p, err := readPack(ctx, source, offline)
		if err != nil {
			errs = append(errs, packError(source, err))
			continue
		}
		packs = append(packs, p)
	}
	return packs, errors.Join(errs...)
}

func readPack(ctx context.Context, source string, offline bool) (found, error) {
	if source == "" {
		return found{}, usageError{errors.New("--templates: is empty, and takes a folder or MODULE@VERSION")}
	}
	_, err := os.Stat(source)
	if err != nil && pack.IsModule(source) {
		p, err := pack.Module(ctx, source, offline)
		return found{Pack: p}, err
	}
	dir, err := filepath.Abs(source)
	if err != nil {
		return found{}, err
	}
	p, err := pack.Folder(dir, source)
	return found{p, dir}, err
}

// packError adds what to do about a pack that cannot be had or taken.
func packError(source string, err error) error {
	var usage usageError
	switch {
	case errors.As(err, &usage), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, pack.ErrNoGo):
		return hinted{err, "install Go from https://go.dev/dl, or give the pack as a folder: --templates DIR"}
	case errors.Is(err, pack.ErrMismatch):
		return hinted{err, "somebody has changed what this version is: do not use it, and tell the pack's author"}
	case errors.Is(err, pack.ErrUnreachable):
		return hinted{err, "check the module's path and version and the network (GOPROXY), or give the pack as a folder: --templates DIR"}
	case !pack.IsModule(source) && strings.Contains(source, ".") && isMissing(source):
		return hinted{err, "a module takes a version behind its path, such as " + source + "@latest"}
	}
	return hinted{err, "forge takes a pack only as a whole: mend it, or leave it out"}
}

func isMissing(dir string) bool {
	_, err := os.Stat(dir)
	return err != nil && !filepath.IsAbs(dir) && !strings.HasPrefix(dir, ".")
}

// load is the catalog with packs, as a project in dir records where they are. dir
// need not exist, and is "" as long as nobody knows it.
func (a *app) load(packs []found, dir string) (*generator.Catalog, error) {
	if len(packs) == 0 {
		return a.catalog()
	}
	// An error of forge's own templates is no pack's.
	if _, err := a.catalog(); err != nil {
		return nil, err
	}
	var located []generator.Pack
	for _, p := range packs {
		if p.dir != "" && dir != "" {
			p.Source = sourceFrom(dir, p.dir)
		}
		located = append(located, p.Pack)
	}
	c, err := generator.Load(a.templates, located...)
	if err != nil {
		return nil, packError("", err)
	}
	return c, nil
}

// sourceFrom is the folder of a pack as the project in dir records it: relative,
// if both are in one repository. Where it is else says something of this machine,
// and is of no use on another.
func sourceFrom(dir, packDir string) string {
	project, packDir := realPath(dir), realPath(packDir)
	rel, err := filepath.Rel(project, packDir)
	if err != nil || !within(repository(project), packDir) {
		return ""
	}
	rel = filepath.ToSlash(rel)
	if rel != "." && rel != ".." && !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	return rel
}

// repository is the folder of the git repository that dir is in, or dir.
func repository(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

func within(dir, sub string) bool {
	rel, err := filepath.Rel(dir, sub)
	return err == nil && filepath.IsLocal(rel)
}

// realPath is path, absolute and without links as far as it exists.
func realPath(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if path == filepath.Dir(path) {
		return path
	}
	return filepath.Join(realPath(filepath.Dir(path)), filepath.Base(path))
}

// recorded adds to given the packs that the project in dir was written with. What
// a folder holds now may be something else; with consent, only --templates can say
// that it may.
func recorded(ctx context.Context, dir string, records []generator.PackRecord, given []found, use packUse) ([]found, error) {
	packs := slices.Clone(given)
	var errs []error
	for _, r := range records {
		if slices.ContainsFunc(given, func(p found) bool { return p.Name == r.Name }) {
			continue
		}
		p, err := again(ctx, dir, r, use)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		packs = append(packs, p)
	}
	return packs, errors.Join(errs...)
}

// packUse is what a command wants of the packs on record.
type packUse struct {
	sources
	// consent refuses folders that have changed: their code would be written.
	consent bool
	// offline asks no network, for completion.
	offline bool
	// inside is the folder that recorded folders have to be in, "" for any.
	inside string
}

// again reads a pack that was recorded.
func again(ctx context.Context, dir string, r generator.PackRecord, use packUse) (found, error) {
	lost := func(what string) error {
		return hinted{
			codedError{fmt.Errorf("the project was written with the pack %s %s, and %s", r.Name, r.Version, what), codePackGone},
			"say where it is: --templates DIR",
		}
	}
	if r.Source == "" {
		return found{}, lost("its folder is outside the repository, so only you know it")
	}
	source := r.Source
	if !pack.IsModule(source) {
		source = filepath.Join(dir, filepath.FromSlash(source))
		switch {
		case use.inside != "" && !within(use.inside, realPath(source)):
			return found{}, codedError{fmt.Errorf("the pack %s is in %s, which is not in %s", r.Name, r.Source, use.inside), codeOutsideRoot}
		case !within(repository(realPath(dir)), realPath(source)):
			return found{}, lost(fmt.Sprintf("its folder %s is outside the repository", r.Source))
		case isGone(source):
			return found{}, lost(fmt.Sprintf("its folder %s is gone", r.Source))
		}
	}
	p, err := readPack(ctx, source, use.offline)
	if err != nil {
		return p, packError(source, err)
	}
	switch {
	case p.Name != r.Name:
		return p, lost(fmt.Sprintf("%s holds the pack %s", r.Source, p.Name))
	case p.Hash == r.Hash:
	case p.dir == "":
		return p, hinted{
			fmt.Errorf("%s: %w: it is %s, and the project was written with %s", r.Source, pack.ErrMismatch, p.Hash, r.Hash),
			"somebody has changed what this version is, or the manifest: do not use it, and tell the pack's author",
		}
	case use.consent:
		shown := relative(source)
		return p, hinted{
			codedError{fmt.Errorf("the pack %s in %s has changed: it is %s %s, and the project was written with %s %s",
				r.Name, shown, p.Version, p.Hash, r.Version, r.Hash), codePackChanged},
			fmt.Sprintf("forge diff --upgrade shows what that would change; with --templates %s you take it", quote(shown)),
		}
	}
	return p, nil
}

func isGone(dir string) bool {
	_, err := os.Stat(dir)
	return err != nil
}

// completed is the catalog for completion: with the packs of the command line and
// of the project, as far as they are at hand.
func (a *app) completed(cmd *cobra.Command) (*generator.Catalog, error) {
	use := packUse{offline: true}
	use.templates, _ = cmd.Flags().GetStringArray("templates")
	packs, _ := use.read(cmd.Context(), true)
	if dir, err := generator.FindProject("."); err == nil {
		if project, err := generator.OpenProject(dir); err == nil {
			packs, _ = recorded(cmd.Context(), dir, project.Manifest.Packs, packs, use)
		}
	}
	if c, err := a.load(packs, ""); err == nil {
		return c, nil
	}
	return a.catalog()
}

// announcePacks says, before anything is written, whose code is about to become
// the user's server. known are those that were there before.
func (a *app) announcePacks(packs []generator.Pack, known []generator.PackRecord) {
	for _, p := range packs {
		if slices.ContainsFunc(known, func(r generator.PackRecord) bool { return r.Name == p.Name && r.Hash == p.Hash }) {
			continue
		}
		from := p.Source
		if from == "" {
			from = "a folder outside the project's repository"
		}
		fmt.Fprintf(a.Err, "pack %s %s from %s: %s, %s\n  its code becomes part of your server, and forge has not read it: read it yourself\n",
			p.Name, p.Version, from, fileCount(p.Files), p.Hash)
	}
}

// warnUnused says which packs of the command line give nothing to the project.
func (a *app) warnUnused(c *generator.Catalog, given []found, answers generator.Answers) {
	used := c.PacksOf(answers)
	for _, g := range given {
		if !slices.ContainsFunc(used, func(p generator.Pack) bool { return p.Name == g.Name }) {
			fmt.Fprintf(a.Err, "warning: the pack %s is not used: none of its providers was chosen\n", g.Name)
		}
	}
}
