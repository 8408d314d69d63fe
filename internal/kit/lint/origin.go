package lint

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

// making is the file in the scope that makes a path twice.
func (l *linter) making(e *generator.CollisionError) string {
	for _, f := range l.folders {
		for _, x := range f.files {
			if x.area == "files" && slices.Contains(e.Sources, f.path) && (x.output == e.Path || "migration "+path.Base(owned(x)) == e.Path) {
				return x.path
			}
		}
	}
	return "catalog.toml"
}

// origin finds where a line of a rendered file comes from: the fragment that has
// it, or the template.
func (l *linter) origin(f *generator.File, row int) (name string, line int) {
	lines := strings.SplitAfter(string(f.Data), "\n")
	text := ""
	if row >= 1 && row <= len(lines) {
		text = strings.TrimSpace(lines[row-1])
	}
	for _, g := range l.folders {
		for _, x := range g.files {
			if x.area == "fragments" && x.output == f.Path && l.scope[g.path] && text != "" && strings.Contains(string(x.data), text) {
				return x.path, x.line(text)
			}
		}
	}
	if x := l.template(f); x != nil {
		return x.path, aligned(string(x.data), string(f.Data), row)
	}
	return f.Source, 1
}

// template is the file that a rendered one was made of, nil for go.mod and go.sum.
func (l *linter) template(f *generator.File) *file {
	g := l.folders[f.Source]
	if g == nil {
		return nil
	}
	number := regexp.MustCompile(`^migrations/[0-9]+_`)
	for i, x := range g.files {
		if !x.renders() || x.area == "fragments" {
			continue
		}
		if x.output == f.Path || number.MatchString(f.Path) && number.ReplaceAllString(x.output, "") == number.ReplaceAllString(f.Path, "") && number.MatchString(x.output) {
			return &g.files[i]
		}
	}
	return nil
}

// aligned is the line of a template that made a line of what it renders: the next
// equal one, or that which stands where it would be.
func aligned(template, rendered string, row int) int {
	from, to := strings.Split(template, "\n"), strings.Split(rendered, "\n")
	at := 0
	for i, text := range to {
		next := at
		for j := at; j < len(from); j++ {
			if from[j] == text {
				next = j
				break
			}
		}
		for text != from[min(next, len(from)-1)] && next < len(from)-1 && controlLine.MatchString(from[next]) {
			next++
		}
		if i == row-1 {
			return next + 1
		}
		at = min(next+1, len(from)-1)
	}
	return len(from)
}
