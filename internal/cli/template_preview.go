package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// previewRun is one run of forge template preview.
type previewRun struct {
	*checkout
	auth, pays string
	set        []string
	watch      bool
}

func (a *app) templatePreviewCommand(c *checkout) *cobra.Command {
	p := previewRun{checkout: c}
	cmd := &cobra.Command{
		Use:   "preview ID",
		Short: "Show what a provider adds to a project, and with --watch what your edits change in it",
		Long: "preview renders the project that chooses the provider, with the default of everything that --set\n" +
			"does not answer, and lists the files that the provider's layers make. Nothing is written. With --watch it\n" +
			"goes on, and prints the diff of the project whenever the templates change, until Ctrl-C.",
		Example:           "  forge template preview acme\n  forge template preview acme --payments okx-x402 --set public_ledger=true --watch",
		Args:              takes(1, 1, "the ID of one provider"),
		ValidArgsFunction: c.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.find(); err != nil {
				return err
			}
			return a.templatePreview(cmd.Context(), p, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.auth, "auth", "", "auth `ID` beside a payment provider (default: the first that goes with it)")
	flags.StringVar(&p.pays, "payments", "", "payment `IDs` beside an auth provider (default: none)")
	flags.StringArrayVar(&p.set, "set", nil, "answer to a question, as `KEY=VALUE`; repeatable")
	flags.BoolVar(&p.watch, "watch", false, "print what each edit of the templates changes")
	return cmd
}

// watchEvery is how often the templates are looked at. There are a few hundred small
// files, and looking costs a few milliseconds.
const watchEvery = 300 * time.Millisecond

func (a *app) templatePreview(ctx context.Context, p previewRun, id string) error {
	seen, err := fingerprint(p.dir)
	if err != nil {
		return err
	}
	last, err := p.render(id)
	switch {
	case err == nil:
		a.printPreview(last, id)
	case !p.watch || endingOf(err).Exit == exitUsage:
		return err
	default:
		printProblems(a.Err, err)
	}
	if !p.watch {
		return nil
	}
	fmt.Fprintf(a.Err, "watching %s; Ctrl-C ends it\n", p.dir)
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return interruption{"watching has ended"}
		case <-ticks.C:
		}
		now, err := fingerprint(p.dir)
		if err != nil || now == seen {
			continue // an editor is replacing a file: look again
		}
		seen = now
		if next, err := p.render(id); err != nil {
			printProblems(a.Err, err)
		} else {
			a.printDelta(last, next)
			last = next
		}
	}
}

// preview is a rendered project.
type preview struct {
	spec *generator.Spec
	tree *generator.Tree
}

// render makes the project from the templates as they are now.
func (p previewRun) render(id string) (*preview, error) {
	catalog, err := generator.Load(os.DirFS(p.dir))
	if err != nil {
		return nil, err
	}
	answers, err := p.answers(catalog, id)
	if err != nil {
		return nil, err
	}
	spec, err := catalog.Resolve(answers, generator.Numbering{})
	if err != nil {
		return nil, err
	}
	tree, err := generator.Render(spec)
	if err != nil {
		return nil, err
	}
	return &preview{spec, tree}, nil
}

// answers choose the provider, and answer what is left open by default.
func (p previewRun) answers(catalog *generator.Catalog, id string) (generator.Answers, error) {
	chosen, ok := catalog.Provider(id)
	if !ok {
		return generator.Answers{}, unknownProvider(catalog, id)
	}
	a := generator.Answers{Name: "shop", Module: "example.com/shop", Auth: id, Payments: generator.SplitList(p.pays)}
	if chosen.Kind == generator.KindPayment {
		a.Auth, a.Payments = p.auth, generator.SplitList(id+","+p.pays)
	} else if p.auth != "" {
		return a, usageError{errors.New("--auth: " + id + " is the auth provider")}
	}
	a, err := applySet(a, p.set)
	if err != nil {
		return a, err
	}
	if a.Auth == "" {
		for _, auth := range catalog.Auth {
			if with := acceptDefaults(catalog, a.Set(generator.KeyAuth, auth.ID)); catalog.Check(with) == nil {
				return with, nil
			}
		}
	}
	return acceptDefaults(catalog, a), nil
}

// printPreview lists the files of a provider's own layers, and counts the others.
func (a *app) printPreview(p *preview, id string) {
	own, all := 0, 0
	for f := range p.tree.All() {
		all++
		// A layer of a provider's is called after it, or is shared.
		if layer := f.Source; strings.HasSuffix(layer, "/"+id) {
			own++
			fmt.Fprintf(a.Out, "+ %-52s %5d bytes\n", f.Path, len(f.Data))
		}
	}
	fmt.Fprintf(a.Out, "%d of the project's %d files are %s's own; the shared files hold its fragments and its guide\n", own, all, id)
}

// printDelta prints what an edit of the templates has changed in the project.
func (a *app) printDelta(last, next *preview) {
	if last == nil {
		fmt.Fprintf(a.Out, "renders again: %d files\n", next.tree.Len())
		return
	}
	diffs := view.Diffs(generator.NewPlan(last.tree, last.tree, next.tree))
	for _, d := range diffs {
		fmt.Fprint(a.Out, d.Diff)
	}
	if len(diffs) == 0 {
		fmt.Fprintln(a.Out, "nothing in the project has changed")
	}
}

// fingerprint is another text whenever a file below dir is another one.
func fingerprint(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %d %d %v\n", name, info.Size(), info.ModTime().UnixNano(), info.Mode())
		return nil
	})
	return b.String(), err
}
