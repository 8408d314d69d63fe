package generator

import (
	"fmt"
	"strings"
)

// ProviderError is a fault in a declaration of the catalog, found by Load.
type ProviderError struct {
	// Path is the file, Line the line in it or 0, Key the key or "".
	Path string
	Line int
	Key  string
	Err  error
}

func (e *ProviderError) Error() string {
	where := e.Path
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, e.Line)
	}
	if e.Key != "" {
		where += ": " + e.Key
	}
	return where + ": " + e.Err.Error()
}

func (e *ProviderError) Unwrap() error { return e.Err }

// AnswerError is an answer that Resolve cannot accept.
type AnswerError struct {
	Key    string
	Reason string
}

func (e *AnswerError) Error() string { return Flag(e.Key) + ": " + e.Reason }

// MissingError is a question without an answer. Resolve joins one for each.
type MissingError struct {
	Question Question
}

func (e *MissingError) Error() string { return Flag(e.Question.Key) + ": no answer" }

// Flag is how the answer to key is given on the command line.
func Flag(key string) string {
	switch key {
	case KeyName, KeyModule, KeyAuth, KeyPayments:
		return "--" + key
	}
	return "--set " + key
}

// RenderError is a template that did not render.
type RenderError struct {
	Template string
	Err      error
}

func (e *RenderError) Error() string { return "rendering " + e.Template + ": " + e.Err.Error() }
func (e *RenderError) Unwrap() error { return e.Err }

// CollisionError is a path that two layers produce.
type CollisionError struct {
	Path    string
	Sources []string
}

func (e *CollisionError) Error() string {
	return fmt.Sprintf("%s is produced twice: by %s", e.Path, strings.Join(e.Sources, " and by "))
}

// StaleError is a path that changed between the plan and the writing.
type StaleError struct{ Path string }

func (e *StaleError) Error() string { return e.Path + ": changed since the plan was made" }

// LinkError is a symbolic link where forge would have to write through it.
type LinkError struct{ Path string }

func (e *LinkError) Error() string { return e.Path + ": is a symbolic link" }

// OutsideError is a folder that is not in the one that all writing is confined to.
type OutsideError struct{ Dir, Root string }

func (e *OutsideError) Error() string { return e.Dir + ": is not in " + e.Root }

// ObstacleError is something other than the file or the folder that is due at Path.
type ObstacleError struct{ Path, Is, Due string }

func (e *ObstacleError) Error() string {
	return fmt.Sprintf("%s: is a %s where a %s is due", e.Path, e.Is, e.Due)
}

// ApplyError is a write that failed. The tree is as it was before unless Undo
// says why it could not be put back.
type ApplyError struct {
	Path string
	Err  error
	Undo error
}

func (e *ApplyError) Error() string {
	msg := fmt.Sprintf("writing %s: %v", e.Path, e.Err)
	if e.Undo != nil {
		msg += fmt.Sprintf("; undoing: %v", e.Undo)
	}
	return msg
}

func (e *ApplyError) Unwrap() error { return e.Err }
