// Package view prints plans and providers, for people and as JSON. It decides
// nothing.
package view

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

// Document is what new, upgrade, add, remove and eject print with --json: one
// run, done or planned.
type Document struct {
	// Schema is the version of the document's shape.
	Schema int    `json:"schema"`
	Dir    string `json:"dir"`
	DryRun bool   `json:"dry_run"`
	// Written is whether the files were changed: not by a dry run, and not while
	// a conflict waits for a decision.
	Written bool `json:"written"`
	// From is the version the project had before.
	From  string `json:"from,omitempty"`
	Forge string `json:"forge"`
	// Packs are those that chosen providers come from.
	Packs   []generator.Pack  `json:"packs,omitempty"`
	Answers generator.Answers `json:"answers"`
	// Command is the one line that gives the same result without questions.
	Command string   `json:"command"`
	Files   []Change `json:"files"`
	// Declined are the files that are not written because the user deleted them.
	Declined []string `json:"declined,omitempty"`
	// TwoWay are the files that were compared with forge's directly, because the
	// record of what forge last wrote is lost.
	TwoWay []string `json:"two_way,omitempty"`
	Next   []string `json:"next"`
	// Error is set if conflicts wait for a decision, or are left in files.
	Error *Failure `json:"error,omitempty"`
}

// Change is one file of a Document. Action is the action's name, SHA256 the
// hash of what is written, if anything is.
type Change struct {
	Path   string `json:"path"`
	From   string `json:"from,omitempty"`
	Action string `json:"action"`
	Mode   string `json:"mode,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Note   string `json:"note,omitempty"`
	// Conflict is why forge will not decide alone.
	Conflict string `json:"conflict,omitempty"`
}

// Changes lists plan and then the record, which is always written.
func Changes(plan *generator.Plan, record *generator.Tree) []Change {
	list := []Change{}
	for _, c := range plan.Changes {
		row := Change{Path: c.Path, From: c.From, Action: string(c.Action), Note: c.Note}
		if c.Result != nil {
			row.Mode, row.SHA256 = mode(c.Result), c.Result.SHA256()
		}
		if c.Conflict != nil {
			row.Conflict = c.Conflict.Reason
		}
		list = append(list, row)
	}
	for f := range record.All() {
		list = append(list, Change{Path: f.Path, Action: string(generator.Create), Mode: mode(f), SHA256: f.SHA256()})
	}
	return list
}

func mode(f *generator.File) string { return fmt.Sprintf("%04o", f.Mode.Perm()) }

// JSON prints v as one indented document.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// signs are what a printed plan shows in front of a path that has no conflict.
var signs = map[generator.Action]string{ //nolint:gochecknoglobals // a table, never written
	generator.Create: "+", generator.Update: "~", generator.Merge: "~", generator.Delete: "-",
	generator.Keep: "=", generator.NoOp: "=",
}

// sign is the first character of a printed row.
func sign(c generator.Change) string {
	if c.Conflict != nil {
		return "!"
	}
	return signs[c.Action]
}

// Plan prints one line for each path, and the record as one line.
func Plan(w io.Writer, plan *generator.Plan, record *generator.Tree) {
	for _, c := range plan.Changes {
		fmt.Fprintf(w, "%s %s%s\n", sign(c), c.Path, note(c))
	}
	if n := record.Len(); n > 0 {
		fmt.Fprintf(w, "+ %s/  (%d files: what forge wrote, for later upgrades)\n", generator.RecordDir, n)
	}
}

// Upgrade prints one line for each path of a plan that is written or that the
// user should know of; what stays as it is needs no line.
func Upgrade(w io.Writer, plan *generator.Plan) {
	for _, c := range plan.Changes {
		quiet := c.Action == generator.NoOp || c.Action == generator.Keep && c.Conflict == nil && c.Target != nil && c.Actual != nil
		if !quiet {
			fmt.Fprintf(w, "%s %s%s\n", sign(c), c.Path, note(c))
		}
	}
}

// Summary prints what a plan would do on one screen: new files are counted by
// folder, everything that touches the user's own is a line of its own.
func Summary(w io.Writer, dir string, plan *generator.Plan, record *generator.Tree) {
	created := map[string]int{}
	total := 0
	for _, c := range plan.Changes {
		if c.Action == generator.Create {
			created[folder(c.Path)]++
			total++
		}
	}
	fmt.Fprintf(w, "%s gets %d new files:\n", dir, total)
	for _, name := range slices.Sorted(maps.Keys(created)) {
		fmt.Fprintf(w, "  + %-24s %d\n", name, created[name])
	}
	fmt.Fprintf(w, "  + %-24s %d, what forge wrote, for later upgrades\n", generator.RecordDir+"/", record.Len())
	for _, c := range plan.Changes {
		if c.Action != generator.Create {
			fmt.Fprintf(w, "  %s %s%s\n", sign(c), c.Path, note(c))
		}
	}
}

// folder is the part of a path that a summary counts under.
func folder(path string) string {
	parts := strings.SplitN(path, "/", 3)
	switch {
	case len(parts) == 1:
		return "./"
	case len(parts) == 2 || parts[0] != "internal":
		return parts[0] + "/"
	}
	return parts[0] + "/" + parts[1] + "/"
}

// note is what to know about a change, in brackets.
func note(c generator.Change) string {
	var about []string
	if c.Conflict != nil {
		about = append(about, c.Conflict.Reason)
	}
	if c.Note != "" {
		about = append(about, c.Note)
	}
	if c.Action == generator.Merge && c.Base != nil {
		about = append(about, "merged with your edits")
	}
	if about == nil {
		return ""
	}
	return "  (" + strings.ReplaceAll(strings.Join(about, "; "), "\n", " ") + ")"
}
