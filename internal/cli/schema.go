package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/schema"
	"github.com/insforge/forge/internal/view"
)

func (a *app) schemaCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print what programs and editors need: JSON Schemas, and the contract of the commands",
		Long: "schema NAME prints a JSON Schema (draft 2020-12): of the files that people write for forge, for their\n" +
			"editors, or of a document that forge prints. schema --json prints what a program needs to call forge\n" +
			"without trial and error: questions with their choices and flags, providers, commands, codes.",
		Example:           "  forge schema provider > provider.schema.json\n  forge schema --json",
		Args:              takes(0, 1, "the name of one schema"),
		ValidArgsFunction: cobra.FixedCompletions(schema.Names(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.catalog()
			switch {
			case err != nil:
				return err
			case len(args) == 1:
				return a.printSchema(c, args[0])
			case asJSON:
				return view.JSON(a.Out, contract(cmd.Root(), c))
			}
			view.Schemas(a.Out, schema.Names())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document; a schema is one anyway")
	return cmd
}

func (a *app) printSchema(c *generator.Catalog, name string) error {
	if !slices.Contains(schema.Names(), name) {
		return hinted{usageError{fmt.Errorf("unknown schema %q", name)}, "the schemas are " + strings.Join(schema.Names(), ", ")}
	}
	document, encoded, err := schema.Of(name, c)
	switch {
	case err != nil:
		return err
	case encoded == nil:
		return view.JSON(a.Out, document)
	}
	_, err = a.Out.Write(encoded)
	return err
}

// contract describes the commands below root, and what they need to know of c.
func contract(root *cobra.Command, c *generator.Catalog) view.Contract {
	doc := view.Contract{
		Schema: view.Schema, Forge: c.Version, Go: generator.GoVersion, Schemas: schema.Names(),
		ExitCodes: []view.ContractExit{
			{Code: exitDone, Meaning: "done, or nothing to do"},
			{Code: exitFailed, Meaning: "failed"},
			{Code: exitUsage, Meaning: "usage, or missing answers"},
			{Code: exitConflicts, Meaning: "conflicts are left for the user"},
			{Code: exitDrift, Meaning: "status --check found edits or an upgrade"},
			{Code: exitInterrupted, Meaning: "interrupted"},
		},
	}
	doc.Questions, doc.Providers = contractQuestions(c), contractProviders(c)
	for _, e := range endings() {
		doc.Codes = append(doc.Codes, view.ContractCode{Code: e.Code, Exit: e.Exit, Meaning: e.Meaning})
	}
	doc.Commands = commands(root)
	return doc
}

func contractQuestions(c *generator.Catalog) []view.ContractQuestion {
	var list []view.ContractQuestion
	for _, q := range c.AllQuestions() {
		list = append(list, view.ContractQuestion{Question: q, Flag: generator.Flag(q.Key)})
	}
	return list
}

func contractProviders(c *generator.Catalog) []view.ContractProvider {
	var list []view.ContractProvider
	for _, id := range c.IDs() {
		p, _ := c.Guide(id)
		keys := []string{}
		for _, q := range p.Questions {
			keys = append(keys, q.Key)
		}
		list = append(list, view.ContractProvider{ID: p.ID, Kind: p.Kind, Name: p.Name, Summary: p.Summary, Questions: keys})
	}
	return list
}

// commands lists the commands at and below parent that do something.
func commands(parent *cobra.Command) []view.ContractCommand {
	var list []view.ContractCommand
	for _, cmd := range parent.Commands() {
		if cmd.Hidden || cmd.Name() == "help" {
			continue
		}
		if cmd.HasSubCommands() {
			list = append(list, commands(cmd)...)
			continue
		}
		flags := []view.ContractFlag{}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			flag := view.ContractFlag{Name: "--" + f.Name, Type: f.Value.Type(), Default: f.DefValue, Usage: strings.ReplaceAll(f.Usage, "`", "")}
			if flag.Type == "bool" && flag.Default == "false" || flag.Default == "[]" {
				flag.Default = ""
			}
			flags = append(flags, flag)
		})
		use, _ := strings.CutSuffix(cmd.UseLine(), " [flags]")
		list = append(list, view.ContractCommand{Use: use, Short: cmd.Short, Flags: flags})
	}
	return list
}
