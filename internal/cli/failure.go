package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/pack"
	"github.com/insforge/forge/internal/view"
)

// failure describes err to a program.
func (a *app) failure(err error) *view.Failure {
	end := endingOf(err)
	f := &view.Failure{Code: end.Code, Exit: end.Exit, Hint: hintOf(err), Problems: a.problems(err)}
	var messages []string
	for _, p := range f.Problems {
		messages = append(messages, p.Message)
	}
	f.Message = strings.Join(messages, "; ")
	return f
}

// failureOf is failure, or nil if there is no error.
func (a *app) failureOf(err error) *view.Failure {
	if err == nil {
		return nil
	}
	return a.failure(err)
}

// problems lists what was joined into err, and the answers and files that one error
// names together.
func (a *app) problems(err error) []view.Problem {
	var all []view.Problem
	for _, e := range flatten(err) {
		about := func(paths []string, message string) {
			for _, path := range paths {
				all = append(all, view.Problem{Code: endingOf(e).Code, Message: path + ": " + message, Path: path})
			}
		}
		var missing missingAnswersError
		var conflicts conflictsError
		var dirty dirtyError
		var lost *generator.LostError
		var left *generator.UnresolvedError
		var edited *generator.EditedError
		switch {
		case errors.As(e, &missing):
			for _, q := range missing {
				all = append(all, question(&generator.MissingError{Question: q}, q))
			}
		case errors.As(e, &conflicts):
			for _, file := range conflicts.files {
				path, reason, _ := strings.Cut(file, ": ")
				about([]string{path}, or(reason, conflicts.what))
			}
		case errors.As(e, &dirty):
			about(dirty.paths, "has changes that git has not committed")
		case errors.As(e, &lost):
			about(lost.Paths, "what forge wrote there is not on record")
		case errors.As(e, &left):
			about(left.Paths, "has conflicts left in it")
		case errors.As(e, &edited):
			about(edited.Paths, "was edited since")
		default:
			all = append(all, a.problem(e))
		}
	}
	return all
}

// problem is one error that names at most one answer or file.
func (a *app) problem(err error) view.Problem {
	p := view.Problem{Code: endingOf(err).Code, Message: err.Error()}
	var answer *generator.AnswerError
	var missing *generator.MissingError
	var declaration *generator.ProviderError
	var stale *generator.StaleError
	var link *generator.LinkError
	var obstacle *generator.ObstacleError
	var inPack *pack.ProblemError
	var failed *generator.ApplyError
	switch {
	case errors.As(err, &answer):
		return question(err, a.question(answer.Key))
	case errors.As(err, &missing):
		return question(err, missing.Question)
	case errors.As(err, &declaration):
		p.Path, p.Line, p.Key = declaration.Path, declaration.Line, declaration.Key
	case errors.As(err, &stale):
		p.Path = stale.Path
	case errors.As(err, &link):
		p.Path = link.Path
	case errors.As(err, &inPack):
		p.Path = inPack.Path
	case errors.As(err, &obstacle):
		p.Path = obstacle.Path
	case errors.As(err, &failed):
		p.Path = failed.Path
	}
	return p
}

// question is a problem with the answer to q.
func question(err error, q generator.Question) view.Problem {
	p := view.Problem{
		Code: endingOf(err).Code, Message: err.Error(), Key: q.Key, Flag: generator.Flag(q.Key), Question: q.Message,
		Type: q.Type, Choices: q.Choices, Shape: q.Shape,
	}
	if !strings.Contains(q.Default, "{{") { // it needs answers that are not there
		p.Default = q.Default
	}
	return p
}

// question finds what is asked for key; the key alone if that means nothing.
func (a *app) question(key string) generator.Question {
	if c, err := a.catalog(); err == nil {
		all := c.AllQuestions()
		if i := slices.IndexFunc(all, func(q generator.Question) bool { return q.Key == key }); i >= 0 {
			return all[i]
		}
	}
	return generator.Question{Key: key}
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// remembering knows whether anything was written.
type remembering struct {
	io.Writer
	written bool
}

func (w *remembering) Write(p []byte) (int, error) {
	w.written = w.written || len(p) > 0
	return w.Writer.Write(p)
}

// wantsJSON reports whether args ask for one document. It looks at the words: what
// fails may be the reading of the flags.
func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// printFailure prints the document of a run that failed and has printed none.
func (a *app) printFailure(err error, out *remembering) error {
	if err == nil || out.written {
		return nil
	}
	return view.JSON(out, view.FailureDocument{Schema: view.Schema, Error: *a.failure(err)})
}
