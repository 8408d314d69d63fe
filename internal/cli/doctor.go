package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/doctor"
	"github.com/insforge/forge/internal/view"
)

// errUnhealthy is what doctor found; it has printed it already.
var errUnhealthy = errors.New("a check failed, or could not be made")

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	var section string
	var use packUse
	cmd := &cobra.Command{
		Use:        "doctor",
		SuggestFor: []string{"check", "verify"},
		Short:      "Check the project against reality: migrations, rights, tokens, settings, sign-in, payments",
		Long: "doctor asks the InsForge project whether it is what the files here say: that the keys fit, that\n" +
			"the migrations were applied, that row level security holds and that insforge.toml was applied; that the\n" +
			"auth provider is the one whose tokens the server takes, publishes its keys and knows this app's addresses;\n" +
			"where payments are taken, that their settings are right, OKX knows the key and the chain the payers' tokens.\n" +
			"Everything that is wrong comes with what to run or write.\n\n" +
			"INSFORGE_URL, INSFORGE_ANON_KEY, INSFORGE_API_KEY and INSFORGE_JWT_SECRET are taken from the\n" +
			"environment, and those that it lacks from .env. doctor changes nothing and prints no secret.\n" +
			"It exits with 1 if a check failed or could not be made; warnings alone are 0.",
		Args:              projectOnly,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.doctor(cmd.Context(), use, section, asJSON)
		},
	}
	use.bindTemplates(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print one JSON document")
	flags.StringVar(&section, "section", "", "check only `WHAT`: "+strings.Join(doctor.Sections(), " or "))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("section", cobra.FixedCompletions(doctor.Sections(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) doctor(ctx context.Context, use packUse, section string, asJSON bool) error {
	dir, state, err := readState()
	if err != nil {
		return err
	}
	doc, err := a.checkUp(ctx, dir, state, use, section)
	if err != nil {
		return err
	}
	if asJSON {
		err = view.JSON(a.Out, doc)
	} else {
		view.Doctor(a.Out, doc)
	}
	if !doc.OK {
		return errors.Join(err, errUnhealthy)
	}
	return err
}

// checkUp makes the checks of section, or all if it is empty, on the project in dir.
func (a *app) checkUp(ctx context.Context, dir string, state generator.State, use packUse, section string) (view.DoctorDocument, error) {
	if section != "" && !slices.Contains(doctor.Sections(), section) {
		return view.DoctorDocument{}, usageError{
			fmt.Errorf("--section: unknown %q (choices: %s)", section, strings.Join(doctor.Sections(), ", ")),
		}
	}
	project, catalog, err := a.openIn(ctx, dir, state, use)
	if err != nil {
		return view.DoctorDocument{}, err
	}
	answers := project.Manifest.Answers
	in := doctor.Input{
		Files: os.DirFS(dir), Getenv: a.getenv, Section: section, NoLogin: answers.Auth == generator.None,
		Paid: slices.Contains(catalog.Layers(answers), "payment/_paywall"),
	}
	for _, provider := range catalog.Chosen(answers) {
		if provider.Kind == generator.KindAuth {
			in.Auth = &provider
		} else {
			in.Payments = append(in.Payments, provider)
		}
	}
	doc := view.DoctorDocument{Schema: view.Schema, Checks: doctor.Run(ctx, in)}
	doc.OK = doctor.Healthy(doc.Checks)
	return doc, ctx.Err()
}
