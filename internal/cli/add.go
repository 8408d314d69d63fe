package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
)

func (a *app) addCommand() *cobra.Command {
	var ch change
	cmd := &cobra.Command{
		Use:   "add auth|payment ID",
		Short: "Add a payment provider, or change the auth provider",
		Long: "add renders the project again with one more payment provider, or with another auth\n" +
			"provider in the place of the one it has, and merges the difference into what you have.\n" +
			"Newer templates come along, if this forge has any.",
		Example:           "  forge add payment okx-x402\n  forge add auth workos",
		Args:              a.kindAndID,
		ValidArgsFunction: a.completeKindAndID("auth", "payment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeProvider(cmd, args, ch, addProvider)
		},
	}
	ch.bindAnswers(cmd)
	ch.bind(cmd)
	return cmd
}

func (a *app) removeCommand() *cobra.Command {
	var ch change
	cmd := &cobra.Command{
		Use:        "remove payment ID",
		SuggestFor: []string{"delete", "rm"},
		Short:      "Remove a payment provider",
		Long: "remove renders the project again without one of its payment providers and merges the\n" +
			"difference into what you have. Files you edited stay. The database keeps its data: a new\n" +
			"migration removes what is no longer used, and drops data only with --drop-data. Newer\n" +
			"templates come along, if this forge has any.",
		Example:           "  forge remove payment okx-x402",
		Args:              a.kindAndID,
		ValidArgsFunction: a.completeKindAndID("payment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeProvider(cmd, args, ch, removeProvider)
		},
	}
	ch.bindAnswers(cmd)
	ch.bind(cmd)
	cmd.Flags().BoolVar(&ch.dropData, "drop-data", false, "have the new migration drop the data as well")
	return cmd
}

// kindAndID checks the arguments of add and remove.
func (a *app) kindAndID(cmd *cobra.Command, args []string) error {
	if len(args) == 2 {
		return nil
	}
	hint := "forge providers lists them"
	if len(args) == 1 {
		if c, err := a.catalog(); err == nil {
			if p, ok := c.Provider(args[0]); ok {
				hint = fmt.Sprintf("%s %s %s", cmd.CommandPath(), p.Kind, p.ID)
			}
		}
	}
	return hinted{usageError{fmt.Errorf("%s takes what and which: %s", cmd.Name(), cmd.UseLine())}, hint}
}

// changeProvider is add and remove: to makes the new answers of the old ones.
func (a *app) changeProvider(cmd *cobra.Command, args []string, ch change,
	to func(generator.Answers, generator.Provider) (generator.Answers, error),
) error {
	if err := ch.check(); err != nil {
		return err
	}
	if err := ch.open(cmd.Context(), a); err != nil {
		return err
	}
	before := ch.project.Manifest.Answers
	if cmd.Name() == "add" && args[0] == string(generator.KindAuth) && args[1] == generator.None {
		ch.answers = before
		if before.Auth == generator.None {
			return a.reportNothing(ch, &generator.Plan{}, "nobody signs in to the project already")
		}
		return keepLogin()
	}
	p, err := providerOf(ch.catalog, args[0], args[1])
	if err != nil {
		return err
	}
	if ch.recorded, err = to(before, p); err != nil {
		return err
	}
	ch.words = append([]string{cmd.Name()}, args...)
	if chosen(before, p) != chosen(ch.recorded, p) || len(ch.set) > 0 {
		return a.change(cmd.Context(), ch)
	}
	// Not even newer templates: upgrade is for those.
	ch.answers = before
	why := "the project has no " + p.ID
	if chosen(before, p) {
		why = "the project has " + p.ID + " already"
	}
	return a.reportNothing(ch, &generator.Plan{}, why)
}

// keepLogin is that sign-in cannot be taken out of a project.
func keepLogin() error {
	return hinted{
		usageError{errors.New("add auth none: users sign in to this project, and the policies and rows in its database are theirs; what would become of those, nobody can say but you")},
		"forge new DIR --auth none makes a server without sign-in; take over from this one what you need",
	}
}

func chosen(answers generator.Answers, p generator.Provider) bool {
	return answers.Auth == p.ID || slices.Contains(answers.Payments, p.ID)
}

func addProvider(answers generator.Answers, p generator.Provider) (generator.Answers, error) {
	if p.Kind == generator.KindAuth {
		return answers.Set(generator.KeyAuth, p.ID), nil
	}
	if p.NeedsUser && answers.Auth == generator.None {
		return answers, hinted{
			usageError{fmt.Errorf("add payment %s: it sells to signed-in users, and nobody signs in to this project", p.ID)},
			"forge add auth ID first; forge providers lists who can sign users in",
		}
	}
	return answers.Set(generator.KeyPayments, strings.Join(append(slices.Clone(answers.Payments), p.ID), ",")), nil
}

func removeProvider(answers generator.Answers, p generator.Provider) (generator.Answers, error) {
	if p.Kind == generator.KindAuth {
		return answers, hinted{
			usageError{errors.New("remove auth: a project has exactly one auth provider")}, "forge add auth ID puts another in its place",
		}
	}
	rest := slices.DeleteFunc(slices.Clone(answers.Payments), func(id string) bool { return id == p.ID })
	if answers.Auth == generator.None && len(rest) == 0 {
		return answers, hinted{
			usageError{fmt.Errorf("remove payment %s: nobody signs in to this project, so it has nothing but what it sells, and this is the last way to pay", p.ID)},
			"forge add auth ID or forge add payment ID first",
		}
	}
	return answers.Set(generator.KeyPayments, strings.Join(append(rest, generator.None), ",")), nil
}

// providerOf finds the provider of that kind, or says what there is instead.
func providerOf(c *generator.Catalog, kind, id string) (generator.Provider, error) {
	if kind != string(generator.KindAuth) && kind != string(generator.KindPayment) {
		return generator.Provider{}, hinted{
			usageError{fmt.Errorf("unknown kind of provider %q", kind)}, "the kinds are auth and payment",
		}
	}
	p, ok := c.Provider(id)
	switch {
	case !ok:
		return p, unknownProvider(c, id)
	case string(p.Kind) != kind:
		return p, hinted{
			usageError{fmt.Errorf("%s is no %s provider", id, kind)}, fmt.Sprintf("it is of the kind %s", p.Kind),
		}
	}
	return p, nil
}

// completeKindAndID completes the arguments of add and remove.
func (a *app) completeKindAndID(kinds ...cobra.Completion) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return kinds, cobra.ShellCompDirectiveNoFileComp
		}
		c, err := a.completed(cmd)
		if err != nil || len(args) > 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		of := map[string][]generator.Provider{"auth": c.Auth, "payment": c.Payments}
		return completions(of[args[0]]), cobra.ShellCompDirectiveNoFileComp
	}
}
