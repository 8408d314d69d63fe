package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/insforge/forge/generator"
)

// StatusDocument is what `forge status --json` prints.
type StatusDocument struct {
	// Schema is the version of the document's shape.
	Schema int    `json:"schema"`
	Dir    string `json:"dir"`
	// Forge is the version that wrote the project, Available this one, and
	// Upgrade whether an upgrade would change anything.
	Forge     string            `json:"forge"`
	Available string            `json:"available"`
	Upgrade   bool              `json:"upgrade"`
	Answers   generator.Answers `json:"answers"`
	// Packs are those that the project was written with.
	Packs []PackStatus `json:"packs,omitempty"`
	// Conflicts are the files that wait for the user to resolve them.
	Conflicts []string               `json:"conflicts,omitempty"`
	Files     []generator.FileStatus `json:"files"`
	// New are the files that an upgrade would write for the first time, and
	// Questions the keys of those it would ask.
	New       []string `json:"new,omitempty"`
	Questions []string `json:"questions,omitempty"`
	// Unknown is set if nobody can say which files an upgrade would change before
	// its questions are answered.
	Unknown bool `json:"unknown,omitempty"`
}

// PackStatus is a pack as the project records it, and as it is now.
type PackStatus struct {
	generator.PackRecord
	Now generator.PackRecord `json:"now"`
}

// Changed reports whether an upgrade would write another state of the pack.
func (s PackStatus) Changed() bool { return s.Now.Hash != s.Hash }

// Status prints the files that are not as forge wrote them, one a line, counts
// the rest, and says what an upgrade would do.
func Status(w io.Writer, d StatusDocument) {
	choices := append([]string{d.Answers.Auth}, d.Answers.Payments...)
	if d.Answers.Auth == generator.None {
		choices[0] = "no sign-in"
	}
	fmt.Fprintf(w, "%s: written by forge %s with %s\n", d.Answers.Name, d.Forge, strings.Join(choices, ", "))
	for _, p := range d.Packs {
		fmt.Fprintf(w, "  pack        %s %s%s\n", p.Name, p.Version, p.note())
	}
	pristine, outdated := 0, len(d.New)
	for _, f := range d.Files {
		if f.Outdated {
			outdated++
		}
		if f.State == generator.Pristine {
			pristine++
			continue
		}
		more := ""
		if f.Outdated {
			more = "  (an upgrade changes it too)"
		}
		fmt.Fprintf(w, "  %-10s  %s%s\n", f.State, f.Path, more)
	}
	fmt.Fprintf(w, "  %-10s  %d files\n", generator.Pristine, pristine)
	switch {
	case len(d.Conflicts) > 0:
		fmt.Fprintln(w, "\nConflicts wait for you: resolve them, then run forge upgrade --continue;\nforge upgrade --abort takes everything back.")
	case d.Upgrade:
		fmt.Fprintf(w, "\nforge %s %s.\nforge upgrade --dry-run shows it, forge upgrade does it.\n", d.Available, d.would(outdated))
	default:
		fmt.Fprintf(w, "\nNo upgrade: forge %s has nothing newer.\n", d.Available)
	}
}

// note is where the pack is, and what has become of it.
func (s PackStatus) note() string {
	note := ""
	if s.Source != "" {
		note = " from " + s.Source
	}
	switch {
	case !s.Changed():
		return note
	case s.Now.Version != s.Version:
		return note + ", which is " + s.Now.Version + " now: forge upgrade --templates takes it"
	}
	return note + ", which has changed since: forge upgrade --templates takes it"
}

// would is what the available version would do.
func (d StatusDocument) would(outdated int) string {
	does := "would record its version and change no file"
	switch {
	case d.Unknown:
		does = "is available"
	case outdated == 1:
		does = "would change 1 file"
	case outdated > 1:
		does = fmt.Sprintf("would change %d files", outdated)
	}
	if len(d.Questions) > 0 {
		does += ", and asks for " + strings.Join(d.Questions, ", ")
	}
	return does
}
