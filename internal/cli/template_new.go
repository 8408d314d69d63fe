package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/kit/skeleton"
	"github.com/insforge/forge/internal/prompt"
)

func (a *app) templateNewCommand(c *checkout) *cobra.Command {
	var p skeleton.Provider
	var plain bool
	cmd := &cobra.Command{
		Use:   "new KIND ID",
		Short: "Write the folder of a new provider, which already passes lint and its tests",
		Long: "new writes templates/KIND/ID: a declaration and Go with its tests. It works as it stands; you change it into\n" +
			"your provider, fact by fact. KIND is auth, for sign-in by a provider that speaks OpenID Connect, or payment,\n" +
			"for selling to signed-in users on a provider's checkout pages. The ID is the folder's name and the answer to\n" +
			"--auth or --payments, such as acme or acme-id.",
		Example: "  forge template new auth acme\n  forge template new payment acme-pay\n" +
			"  forge template new auth acme --name \"Acme ID\" --docs https://docs.acme.com/tokens",
		Args: takes(2, 2, "a kind and an ID"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var kinds []string
			for _, k := range skeleton.Kinds() {
				kinds = append(kinds, string(k))
			}
			return kinds, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p.Kind, p.ID = generator.Kind(args[0]), args[1]
			if err := c.find(); err != nil {
				return err
			}
			return a.templateNew(cmd, c, p, plain)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.Name, "name", "", "the provider's `NAME` as it spells it (default: made from the ID)")
	flags.StringVar(&p.Docs, "docs", "", "https `LINK` to the documentation of its tokens, or of its API (default: made from the ID)")
	flags.BoolVar(&plain, "plain", false, "ask with plain lines, also on a pipe")
	return cmd
}

func (a *app) templateNew(cmd *cobra.Command, c *checkout, p skeleton.Provider, plain bool) error {
	catalog, err := c.catalog()
	if err != nil {
		return err
	}
	// What can be known to fail is said before the first question.
	early := p
	if early.Name == "" {
		early.Name = skeleton.NameOf(p.ID)
	}
	if early.Docs == "" {
		early.Docs = skeleton.DocsOf(p.ID)
	}
	if err := early.Check(catalog); err != nil {
		return usageError{err}
	}
	dir := filepath.Join(c.dir, filepath.FromSlash(p.Folder()))
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return hinted{usageError{fmt.Errorf("%s is there already", dir)}, "choose another ID, or move that folder away"}
	}
	if p, err = a.askProvider(cmd, p, early, plain); err != nil {
		return err
	}
	if err := p.Check(catalog); err != nil {
		return usageError{err}
	}
	tree, err := p.Files()
	if err != nil {
		return err
	}
	plan := generator.NewPlan(&generator.Tree{}, &generator.Tree{}, tree)
	if err := generator.Eject(cmd.Context(), dir, plan, nil); err != nil {
		return applyError(dir, err)
	}
	for f := range tree.All() {
		fmt.Fprintf(a.Out, "+ %s\n", filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(f.Path))))
	}
	golden := p.ID
	if p.Kind == generator.KindPayment {
		golden = "*+" + p.ID
	}
	command := func(line, what string) string {
		return fmt.Sprintf("%-*s   # %s", len(a.name)+len(" template test --update ")+len(p.ID), line, what)
	}
	a.printNext(append([]string{
		command(a.name+" template test "+p.ID+" --update", "compiles, tests and writes golden/"+golden),
		command(a.name+" template preview "+p.ID, "what a project gets, and what your edits change in it"),
		command(a.name+" template lint "+p.ID, "whenever you have edited something"),
		command("make docs", "the page of the provider"),
		"The folder works as it stands. Change into " + p.Name + "'s own: the variables and steps of provider.toml,",
	}, whereFacts(p)...), nil)
	return nil
}

// whereFacts is the end of a sentence: where, besides in the declaration, a provider's
// facts are.
func whereFacts(p skeleton.Provider) []string {
	if p.Kind == generator.KindPayment {
		return []string{
			"the paths, fields, states and the host of the pages in api.go, and what the fake in checkout_test.go answers.",
			"Which keys and product IDs there are is in config.go.",
		}
	}
	return []string{"the addresses and IsUser in verifier.go, the scope and logoutURL in " + strings.ReplaceAll(p.ID, "-", "_") + ".go."}
}

// askProvider asks on a terminal for what no flag said. Without one, or what is
// suggested will do, suggested is taken.
func (a *app) askProvider(cmd *cobra.Command, p, suggested skeleton.Provider, plain bool) (skeleton.Provider, error) {
	asker, err := prompt.New(a.In, a.Err, a.getenv, plain)
	if err != nil {
		return suggested, nil //nolint:nilerr // nobody to ask
	}
	documented := "tokens"
	if p.Kind == generator.KindPayment {
		documented = "API"
	}
	ask := func(flag string, into *string, q generator.Question) error {
		if cmd.Flags().Changed(flag) {
			return nil
		}
		value, err := asker.Question(cmd.Context(), q)
		*into = value
		return err
	}
	err = ask("name", &p.Name, generator.Question{
		Key: "name", Type: "input", Message: "What is the provider called?", Default: suggested.Name,
		Help: "As it spells itself. It stands in texts and comments.", Pattern: `^.{1,40}$`, Shape: "a name of 1 to 40 characters",
	})
	if err == nil {
		err = ask("docs", &p.Docs, generator.Question{
			Key: "docs", Type: "input", Message: "Where is the documentation of its " + documented + "?", Default: suggested.Docs,
			Help: "An https link, for the guide and the README.", Pattern: `^https://\S+$`, Shape: "an https link",
		})
	}
	return p, err
}
