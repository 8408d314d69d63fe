package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/internal/view"
)

// newFlags are the flags of forge new.
type newFlags struct {
	answers                  string
	name, module, auth, pays string
	set                      []string
	conflict                 string
	defaults, dryRun         bool
	json, plain              bool
}

func (a *app) newCommand() *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:   "new [DIR]",
		Short: "Write a new server, asking for what the flags leave open",
		Long: "new writes a complete Go server into DIR, which must not exist yet or be empty.\n" +
			"`forge new .` adds it to the current folder instead, beside what is there: go.mod,\n" +
			"insforge.toml, .env.example and .gitignore are merged, nothing is overwritten.",
		Example: "  forge new\n  forge new shop --auth clerk --payments okx-x402 --module example.com/shop --defaults",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.new(cmd, args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.auth, "auth", "", "auth provider, an ID of forge providers")
	flags.StringVar(&f.pays, "payments", "", "payment providers, comma separated, or none")
	flags.StringVar(&f.module, "module", "", "Go module path, such as example.com/shop")
	flags.StringVar(&f.name, "name", "", "project name (default: the name of DIR)")
	flags.StringArrayVar(&f.set, "set", nil, "answer to another question, as KEY=VALUE; repeatable")
	flags.StringVar(&f.answers, "answers", "", "file with answers (TOML); flags win over it")
	flags.BoolVar(&f.defaults, "defaults", false, "accept the default of every question left open")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be written, with a diff, and write nothing")
	flags.StringVar(&f.conflict, "conflict", "", "what to do about files of yours in the way: keep (yours stay, the rest is written)")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVar(&f.plain, "plain", false, "ask with plain numbered lines, also on a pipe")
	a.completeProviders(cmd)
	return cmd
}

func (a *app) completeProviders(cmd *cobra.Command) {
	for flag, of := range map[string]func(*generator.Catalog) []generator.Provider{
		"auth":     func(c *generator.Catalog) []generator.Provider { return c.Auth },
		"payments": func(c *generator.Catalog) []generator.Provider { return c.Payments },
	} {
		complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			c, err := a.catalog()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var ids []string
			for _, p := range of(c) {
				ids = append(ids, cobra.CompletionWithDesc(p.ID, p.Summary))
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		}
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(flag, complete))
	}
}

// new is the whole pipeline: Load, Ask, Resolve, Render, NewPlan, Apply.
func (a *app) new(cmd *cobra.Command, args []string, f newFlags) error {
	if f.conflict != "" && f.conflict != "keep" {
		return usageError{fmt.Errorf("--conflict: unknown %q (choices: keep)", f.conflict)}
	}
	catalog, err := a.catalog()
	if err != nil {
		return err
	}
	answers, err := a.given(cmd, catalog, args, f)
	if err != nil {
		return err
	}
	adopt := len(args) == 1 && filepath.Clean(args[0]) == "."
	// What can be known to fail is said before the first question.
	if len(args) == 1 {
		if err := checkTarget(args[0], adopt); err != nil {
			return err
		}
	}
	answers, asker, err := a.complete(cmd.Context(), catalog, answers, f)
	if err != nil {
		return err
	}
	dir := answers.Name
	if len(args) == 1 {
		dir = args[0]
	} else if err := checkTarget(dir, adopt); err != nil {
		return err
	}
	return a.write(cmd.Context(), catalog, job{dir: dir, answers: answers, asker: asker, flags: f})
}

// given collects the answers of the file, the flags and the folder itself.
func (a *app) given(cmd *cobra.Command, c *generator.Catalog, args []string, f newFlags) (generator.Answers, error) {
	var answers generator.Answers
	if f.answers != "" {
		data, err := os.ReadFile(f.answers)
		if err != nil {
			return answers, usageError{fmt.Errorf("--answers: %w", err)}
		}
		if answers, err = c.DecodeAnswers(f.answers, data); err != nil {
			return answers, usageError{err}
		}
	}
	for key, value := range map[string]string{
		generator.KeyName: f.name, generator.KeyModule: f.module, generator.KeyAuth: f.auth, generator.KeyPayments: f.pays,
	} {
		if cmd.Flags().Changed(key) {
			answers = answers.Set(key, value)
		}
	}
	for _, set := range f.set {
		key, value, ok := strings.Cut(set, "=")
		if !ok || key == "" {
			return answers, usageError{fmt.Errorf("--set: %q is not KEY=VALUE", set)}
		}
		answers = answers.Set(key, value)
	}
	if len(args) == 1 {
		var err error
		if answers, err = fromFolder(answers, args[0]); err != nil {
			return answers, err
		}
	}
	// An empty flag is an answer too, and a wrong one.
	for _, key := range []string{generator.KeyName, generator.KeyModule, generator.KeyAuth} {
		if cmd.Flags().Changed(key) && cmd.Flags().Lookup(key).Value.String() == "" {
			return answers, &generator.AnswerError{Key: key, Reason: "is empty"}
		}
	}
	return answers, c.Check(answers)
}

// fromFolder takes from dir what it says by itself: the project's name, and
// the module path if there is a go.mod already.
func fromFolder(answers generator.Answers, dir string) (generator.Answers, error) {
	if answers.Name == "" {
		name := filepath.Base(dir)
		if filepath.Clean(dir) == "." {
			cwd, err := os.Getwd()
			if err != nil {
				return answers, err
			}
			name = filepath.Base(cwd)
		}
		answers.Name = name
	}
	if answers.Module == "" {
		if data, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
			answers.Module = modfile.ModulePath(data)
		}
	}
	return answers, nil
}

// checkTarget refuses a folder that forge must not write into.
func checkTarget(dir string, adopt bool) error {
	// A run that was killed in here is undone before anything is judged.
	if _, err := generator.Recover(dir); err != nil {
		return fmt.Errorf("undoing an interrupted run in %s: %w", dir, err)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return hinted{fmt.Errorf("%s is a file, not a folder", dir), "choose another folder, or move the file away"}
	}
	if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(generator.ManifestPath))); err == nil {
		return hinted{
			fmt.Errorf("%s is a forge project already: it has %s", dir, generator.ManifestPath),
			"choose another folder",
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 && !adopt {
		return hinted{
			fmt.Errorf("%s is not empty: it has %s", dir, some(entries)),
			"choose another folder, or run `forge new .` in there to add the server beside what you have",
		}
	}
	return nil
}

func some(entries []os.DirEntry) string {
	var names []string
	for _, e := range entries[:min(3, len(entries))] {
		names = append(names, e.Name())
	}
	if rest := len(entries) - len(names); rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", ")
}

// complete answers what is left open: by the defaults if the user said so,
// else by asking. asker is nil if nothing was asked.
func (a *app) complete(ctx context.Context, c *generator.Catalog, answers generator.Answers, f newFlags) (generator.Answers, *prompt.Asker, error) {
	if f.defaults {
		answers = acceptDefaults(c, answers)
	}
	missing := unanswered(c, answers)
	if len(missing) == 0 {
		return answers, nil, c.Check(answers)
	}
	asker, err := prompt.New(a.In, a.Err, a.getenv, f.plain)
	if err != nil {
		return answers, nil, missingError(missing)
	}
	answers, err = asker.Ask(ctx, c, answers)
	if err != nil {
		return answers, nil, err
	}
	return answers, asker, nil
}

func acceptDefaults(c *generator.Catalog, answers generator.Answers) generator.Answers {
	for {
		q, ok := firstDefault(c, answers)
		if !ok {
			return answers
		}
		answers = answers.Set(q.Key, q.Default)
	}
}

// firstDefault finds the next open question with a default. One at a time,
// because an answer may open further questions or shape their defaults.
func firstDefault(c *generator.Catalog, answers generator.Answers) (generator.Question, bool) {
	for _, q := range unanswered(c, answers) {
		if q.Default != "" {
			return q, true
		}
	}
	return generator.Question{}, false
}

func unanswered(c *generator.Catalog, answers generator.Answers) []generator.Question {
	var open []generator.Question
	for _, q := range c.Questions(answers) {
		if _, ok := answers.Get(q.Key); !ok {
			open = append(open, q)
		}
	}
	return open
}

// missingError lists every flag that would have answered a question.
func missingError(missing []generator.Question) error {
	var b strings.Builder
	b.WriteString("there is no terminal to ask on, and these answers are missing:")
	for _, q := range missing {
		fmt.Fprintf(&b, "\n  %s", generator.Flag(q.Key))
		if strings.HasPrefix(generator.Flag(q.Key), "--set") {
			b.WriteString("=VALUE")
		}
		fmt.Fprintf(&b, "  %s", q.Message)
		var about []string
		if len(q.Choices) > 0 {
			var values []string
			for _, choice := range q.Choices {
				values = append(values, choice.Value)
			}
			about = append(about, "choices: "+strings.Join(values, ", "))
		}
		if q.Default != "" {
			about = append(about, "default: "+q.Default)
		}
		if len(about) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(about, "; "))
		}
	}
	return hinted{
		usageError{errors.New(b.String())},
		"give them as flags or with --answers FILE; --defaults accepts every default",
	}
}

// job is one run of forge new with every answer known.
type job struct {
	dir     string
	answers generator.Answers
	asker   *prompt.Asker
	flags   newFlags
}

func (a *app) write(ctx context.Context, c *generator.Catalog, j job) error {
	spec, err := c.Resolve(j.answers, numbering(j.dir))
	if err != nil {
		return err
	}
	target, err := generator.Render(spec)
	if err != nil {
		return fmt.Errorf("rendering the templates: %w", err)
	}
	record, err := generator.Record(spec, target)
	if err != nil {
		return err
	}
	plan, err := planNew(j.dir, target)
	if err != nil {
		return err
	}
	if j.flags.conflict == "keep" {
		plan = plan.KeepConflicts()
	}
	doc := view.Document{
		Dir: j.dir, DryRun: j.flags.dryRun, Forge: generator.Version, Answers: j.answers,
		Command: a.command(c, j), Files: view.Changes(plan, record), Next: nextSteps(j.dir, spec),
	}
	switch {
	case j.flags.dryRun && j.flags.json:
		return errors.Join(view.JSON(a.Out, doc), conflictsOf(plan))
	case j.flags.dryRun:
		view.Plan(a.Out, plan, record)
		fmt.Fprintln(a.Out)
		view.Diff(a.Out, plan, record)
		return conflictsOf(plan)
	}
	if j.asker != nil {
		if plan, err = a.confirm(ctx, j, plan, record); err != nil {
			return err
		}
	}
	if err := conflictsOf(plan); err != nil {
		return err
	}
	if err := generator.Apply(ctx, j.dir, plan, record, a.progress(j)); err != nil {
		return applyError(j.dir, err)
	}
	if j.flags.json {
		return view.JSON(a.Out, doc)
	}
	a.printDone(j, doc, plan)
	return nil
}

// numbering reads the migrations that are there already.
func numbering(dir string) generator.Numbering {
	entries, err := os.ReadDir(filepath.Join(dir, "migrations"))
	if err != nil {
		return generator.Numbering{}
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return generator.NumberingOf(names)
}

// planNew plans against an empty base: forge has written nothing here yet.
func planNew(dir string, target *generator.Tree) (*generator.Plan, error) {
	var paths []string
	for f := range target.All() {
		paths = append(paths, f.Path)
	}
	actual, err := generator.ReadActual(dir, paths)
	if err != nil {
		return nil, readError(dir, err)
	}
	return generator.NewPlan(&generator.Tree{}, actual, target), nil
}

func readError(dir string, err error) error {
	var link *generator.LinkError
	if errors.As(err, &link) {
		return hinted{err, "forge does not write through links; replace it by a real file or folder in " + dir}
	}
	return err
}

func conflictsOf(plan *generator.Plan) error {
	conflicts := plan.Conflicts()
	if len(conflicts) == 0 {
		return nil
	}
	return hinted{conflictsError{conflicts}, "move them away, or run again with --conflict=keep: yours stay as they are and the rest is written"}
}

// confirm shows what is about to happen and asks whether it should.
func (a *app) confirm(ctx context.Context, j job, plan *generator.Plan, record *generator.Tree) (*generator.Plan, error) {
	fmt.Fprintln(a.Err)
	view.Summary(a.Err, j.dir, plan, record)
	fmt.Fprintln(a.Err)
	if n := len(plan.Conflicts()); n > 0 {
		yes, err := j.asker.Confirm(ctx, fmt.Sprintf("%d files of yours are in the way. Keep yours and write the rest?", n), false)
		if err != nil || !yes {
			return plan, err
		}
		return plan.KeepConflicts(), nil
	}
	yes, err := j.asker.Confirm(ctx, "Write these files?", true)
	if err == nil && !yes {
		err = prompt.ErrInterrupted
	}
	return plan, err
}

// progress shows how far the writing is, when there is somebody to see it.
func (a *app) progress(j job) generator.Progress {
	return func(done, total int, path string) error {
		if j.asker != nil {
			a.showProgress(j.asker, done+1, total)
		}
		if a.beforeWrite != nil {
			return a.beforeWrite(done, path)
		}
		return nil
	}
}

func (a *app) showProgress(asker *prompt.Asker, number, total int) {
	switch {
	case !asker.Redraws():
		if number == total {
			fmt.Fprintf(a.Err, "writing %d files\n", total)
		}
	case number == total:
		fmt.Fprintf(a.Err, "\rwriting %d/%d\n", number, total)
	default:
		fmt.Fprintf(a.Err, "\rwriting %d/%d", number, total)
	}
}

func applyError(dir string, err error) error {
	var failed *generator.ApplyError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &failed) && failed.Undo == nil:
		return hinted{err, fmt.Sprintf("nothing was kept: %s is as it was before; mend the cause and run again", dir)}
	}
	return err
}

func (a *app) printDone(j job, doc view.Document, plan *generator.Plan) {
	written := 0
	for _, c := range plan.Changes {
		if c.Action.Writes() {
			written++
		}
	}
	fmt.Fprintf(a.Out, "Wrote %d files to %s\n\nNext:\n", written, j.dir)
	for _, step := range doc.Next {
		fmt.Fprintf(a.Out, "  %s\n", step)
	}
	if j.asker != nil {
		fmt.Fprintf(a.Out, "\nThe same without questions:\n  %s\n", doc.Command)
	}
}

// nextSteps are the commands from a written project to a running one.
func nextSteps(dir string, spec *generator.Spec) []string {
	var steps, about []string
	if filepath.Clean(dir) != "." {
		steps = append(steps, "cd "+quote(dir))
	}
	for _, p := range spec.Providers {
		about = append(about, "Set up "+p.Name)
	}
	return append(steps,
		"cp .env.example .env   # and fill it in: README.md, "+strings.Join(about, ", "),
		"make test",
		"make run")
}

// command is the line that gives the same answers without a question.
func (a *app) command(c *generator.Catalog, j job) string {
	words := []string{"new", j.dir}
	for _, q := range c.Questions(j.answers) {
		value, ok := j.answers.Get(q.Key)
		switch {
		case !ok:
		case strings.HasPrefix(generator.Flag(q.Key), "--set"):
			words = append(words, "--set", q.Key+"="+value)
		default:
			words = append(words, generator.Flag(q.Key), value)
		}
	}
	for i, w := range words {
		words[i] = quote(w)
	}
	return a.name + " " + strings.Join(words, " ")
}

// quote makes one word of a POSIX shell command.
func quote(word string) string {
	plain := strings.IndexFunc(word, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+", r)
	}) < 0
	if plain && word != "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
