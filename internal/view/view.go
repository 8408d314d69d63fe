// Package view prints plans and providers, for people and as JSON. It decides
// nothing.
package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/insforge/forge/generator"
)

// Document is what `forge new --json` prints: one run, done or planned.
type Document struct {
	Dir     string            `json:"dir"`
	DryRun  bool              `json:"dry_run"`
	Forge   string            `json:"forge"`
	Answers generator.Answers `json:"answers"`
	// Command is the one line that gives the same result without questions.
	Command string   `json:"command"`
	Files   []Change `json:"files"`
	Next    []string `json:"next"`
}

// Change is one file of a Document. Action is the action's name, SHA256 the
// hash of what is written, if anything is.
type Change struct {
	Path   string `json:"path"`
	Action string `json:"action"`
	Mode   string `json:"mode,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Note   string `json:"note,omitempty"`
	// Conflict is why forge will not decide alone.
	Conflict string `json:"conflict,omitempty"`
}

// Changes lists plan and then the record, which is always written.
func Changes(plan *generator.Plan, record *generator.Tree) []Change {
	var list []Change
	for _, c := range plan.Changes {
		row := Change{Path: c.Path, Action: string(c.Action), Note: c.Note}
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

// signs are what a printed plan shows in front of each path.
var signs = map[generator.Action]string{ //nolint:gochecknoglobals // a table, never written
	generator.Create: "+", generator.Update: "~", generator.Merge: "~", generator.Delete: "-",
	generator.Keep: "=", generator.NoOp: "=", generator.Clashes: "!",
}

// Plan prints one line for each path, and the record as one line.
func Plan(w io.Writer, plan *generator.Plan, record *generator.Tree) {
	for _, c := range plan.Changes {
		fmt.Fprintf(w, "%s %s%s\n", signs[c.Action], c.Path, note(c))
	}
	if n := record.Len(); n > 0 {
		fmt.Fprintf(w, "+ %s/  (%d files: what forge wrote, for later upgrades)\n", generator.RecordDir, n)
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
			fmt.Fprintf(w, "  %s %s%s\n", signs[c.Action], c.Path, note(c))
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

func note(c generator.Change) string {
	text := c.Note
	if c.Conflict != nil {
		text = c.Conflict.Reason
	}
	if text == "" {
		return ""
	}
	return "  (" + strings.ReplaceAll(text, "\n", " ") + ")"
}

// Diff prints a unified diff of everything that applying plan would write, the
// record last. `git apply` and `patch -p1` understand it.
func Diff(w io.Writer, plan *generator.Plan, record *generator.Tree) {
	for _, c := range plan.Changes {
		if c.Action.Writes() {
			diff(w, c.Path, c.Actual, c.Result)
		}
	}
	for f := range record.All() {
		diff(w, f.Path, nil, f)
	}
}

func diff(w io.Writer, path string, before, after *generator.File) {
	from, to := "a/"+path, "b/"+path
	var old, wanted string
	fmt.Fprintf(w, "diff --git %s %s\n", from, to)
	if before == nil {
		from = "/dev/null"
		fmt.Fprintf(w, "new file mode 10%s\n", mode(after))
	} else {
		old = string(before.Data)
	}
	if after == nil {
		to = "/dev/null"
		fmt.Fprintf(w, "deleted file mode 10%s\n", mode(before))
	} else {
		wanted = string(after.Data)
	}
	if bytes.ContainsRune([]byte(old+wanted), 0) {
		fmt.Fprintf(w, "Binary files %s and %s differ\n", from, to)
		return
	}
	_, _ = io.WriteString(w, udiff.Unified(from, to, old, wanted))
}
