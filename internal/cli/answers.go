package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

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
