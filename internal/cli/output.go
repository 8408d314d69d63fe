package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/internal/view"
)

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
