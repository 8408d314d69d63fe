package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"github.com/insforge/forge/generator"
)

// given collects the answers of the file, the flags and the folder itself.
func (a *app) given(cmd *cobra.Command, c *generator.Catalog, args []string, f newFlags) (generator.Answers, error) {
	var answers generator.Answers
	if f.answers != "" {
		data, err := os.ReadFile(f.answers)
		if err != nil {
			return answers, codedError{fmt.Errorf("--answers: %w", err), codeAnswersFile}
		}
		if answers, err = c.DecodeAnswers(f.answers, data); err != nil {
			return answers, codedError{err, codeAnswersFile}
		}
	}
	for key, value := range map[string]string{
		generator.KeyName: f.name, generator.KeyModule: f.module, generator.KeyAuth: f.auth, generator.KeyPayments: f.pays,
	} {
		if cmd.Flags().Changed(key) {
			answers = answers.Set(key, value)
		}
	}
	answers, err := applySet(answers, f.set)
	if err != nil {
		return answers, err
	}
	named := answers.Name != ""
	if len(args) == 1 {
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
	err = c.Check(answers)
	if !named && answers.Name != "" && wrong(err, generator.KeyName) {
		err = hinted{err, "that is the folder's name; --name gives the project one of its own"}
	}
	return answers, err
}

// wrong reports whether err is also about the answer to key.
func wrong(err error, key string) bool {
	return slices.ContainsFunc(flatten(err), func(err error) bool {
		var answer *generator.AnswerError
		return errors.As(err, &answer) && answer.Key == key
	})
}

// applySet gives answers what the --set flags say.
func applySet(answers generator.Answers, set []string) (generator.Answers, error) {
	for _, s := range set {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return answers, usageError{fmt.Errorf("--set: %q is not KEY=VALUE", s)}
		}
		answers = answers.Set(key, value)
	}
	return answers, nil
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

// carry takes the recorded answers over to c: those that no question asks for
// any more go, unless --set gives them. Those are slips, and refused.
func carry(c *generator.Catalog, recorded generator.Answers, set []string) (generator.Answers, error) {
	answers, err := applySet(recorded, set)
	if err != nil {
		return answers, err
	}
	carried, dropped := c.Carry(answers)
	for _, key := range dropped {
		if slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, key+"=") }) {
			carried = carried.Set(key, answers.Values[key])
		}
	}
	return carried, c.Check(carried)
}

// acceptDefaults answers every question that is open and has a default.
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
