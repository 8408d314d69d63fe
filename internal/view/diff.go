package view

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/insforge/forge/generator"
)

// FileDiff is the unified diff of one file. `git apply` and `patch -p1`
// understand several of them one after the other.
type FileDiff struct {
	Path string `json:"path"`
	Diff string `json:"diff"`
}

// Diff prints a unified diff of everything that applying plan would write, the
// record last.
func Diff(w io.Writer, plan *generator.Plan, record *generator.Tree) {
	for _, d := range Diffs(plan) {
		_, _ = io.WriteString(w, d.Diff)
	}
	for f := range record.All() {
		_, _ = io.WriteString(w, diff(f.Path, f.Path, nil, f))
	}
}

// Diffs are the diffs of what applying plan would write. A file that moves is
// one of them, not a deletion and a new file.
func Diffs(plan *generator.Plan) []FileDiff {
	moved := map[string]bool{}
	for _, c := range plan.Changes {
		moved[c.From] = c.Action.Writes()
	}
	diffs := []FileDiff{}
	for _, c := range plan.Changes {
		if !c.Action.Writes() || moved[c.Path] && c.Action == generator.Delete {
			continue
		}
		diffs = append(diffs, FileDiff{c.Path, diff(cmp.Or(c.From, c.Path), c.Path, c.User(), c.Result)})
	}
	return diffs
}

// Edits are the diffs from what forge wrote to what the user made of it.
func Edits(edits []generator.Change) []FileDiff {
	diffs := []FileDiff{}
	for _, c := range edits {
		diffs = append(diffs, FileDiff{c.Path, diff(c.Path, c.Path, c.Base, c.Actual)})
	}
	return diffs
}

// Conflict prints what each side of a conflict changed, as far as it is text
// and fits on a screen or two.
func Conflict(w io.Writer, c generator.Change) {
	user, base := c.User(), c.Base
	switch {
	case user == nil || c.Conflict.Kind == generator.BothReplaced:
	case base == nil:
		fmt.Fprintln(w, "From yours to forge's:")
		_, _ = io.WriteString(w, shortened(diff(c.Path, c.Path, user, c.Target)))
	default:
		fmt.Fprintln(w, "Your changes:")
		_, _ = io.WriteString(w, shortened(diff(c.Path, c.Path, base, user)))
		fmt.Fprintln(w, "The templates' changes:")
		_, _ = io.WriteString(w, shortened(diff(c.Path, c.Path, base, c.Target)))
	}
}

// shortened is the beginning of a diff.
func shortened(diff string) string {
	const most = 30
	lines := strings.SplitAfter(diff, "\n")
	rest := len(lines) - 1 - most // the last one is empty
	if rest <= 1 {
		return diff
	}
	return strings.Join(lines[:most], "") + fmt.Sprintf("... and %d more lines, which edit shows too\n", rest)
}

// diff is what git would print between two files, of which one may be nil.
func diff(fromPath, toPath string, before, after *generator.File) string {
	from, to := "a/"+fromPath, "b/"+toPath
	var old, wanted string
	var b strings.Builder
	fmt.Fprintf(&b, "diff --git %s %s\n", from, to)
	switch {
	case before == nil:
		from = "/dev/null"
		fmt.Fprintf(&b, "new file mode %s\n", gitMode(after.Mode))
	case after == nil:
		to = "/dev/null"
		fmt.Fprintf(&b, "deleted file mode %s\n", gitMode(before.Mode))
	case before.Mode != after.Mode:
		fmt.Fprintf(&b, "old mode %s\nnew mode %s\n", gitMode(before.Mode), gitMode(after.Mode))
	}
	if fromPath != toPath {
		fmt.Fprintf(&b, "rename from %s\nrename to %s\n", fromPath, toPath)
	}
	if before != nil {
		old = string(before.Data)
	}
	if after != nil {
		wanted = string(after.Data)
	}
	if bytes.ContainsRune([]byte(old+wanted), 0) && old != wanted {
		fmt.Fprintf(&b, "Binary files %s and %s differ\n", from, to)
	} else {
		b.WriteString(renumbered(udiff.Unified(from, to, old, wanted)))
	}
	return b.String()
}

var hunkHeader = regexp.MustCompile(`(?m)^@@ -([0-9]+)(?:,([0-9]+))? \+[0-9]+(?:,([0-9]+))? @@$`)

// renumbered corrects the second line number of each hunk. The library leaves out
// the equal lines between two edits of an earlier hunk when it counts.
func renumbered(unified string) string {
	shift := 0
	return hunkHeader.ReplaceAllStringFunc(unified, func(header string) string {
		m := hunkHeader.FindStringSubmatch(header)
		count := func(text string) int {
			if n, err := strconv.Atoi(text); err == nil {
				return n
			}
			return 1 // which is not printed
		}
		start, before, after := count(m[1]), count(m[2]), count(m[3])
		if before == 0 || after == 0 {
			return header // all of a file
		}
		at, _, _ := strings.Cut(header, " +")
		_, lines, found := strings.Cut(header[len(at)+2:len(header)-3], ",")
		if found {
			lines = "," + lines
		}
		header = fmt.Sprintf("%s +%d%s @@", at, start+shift, lines)
		shift += after - before
		return header
	})
}

func gitMode(m fs.FileMode) string {
	if m&fs.ModeSymlink != 0 {
		return "120000"
	}
	return fmt.Sprintf("10%04o", m.Perm())
}
