package merge

import (
	"bytes"
	"strings"
)

// Labels name the three sides of a merge in conflict markers.
type Labels struct{ User, Base, Target string }

// Result is a merged file.
type Result struct {
	// Data is the file. Where Conflicts has an entry it holds git's markers,
	// with the base section.
	Data []byte
	// Conflicts are in the order of the file. Without any the merge is clean.
	Conflicts []Conflict
}

// Conflict is one place where forge cannot decide what the file should say.
type Conflict struct {
	// Line is the line of the opening marker in Result.Data, from 1.
	Line int
	// User, Base and Target are the lines of each side, with their line endings
	// and without what both sides agree on above and below.
	User, Base, Target string
	// Reason says in one line what forge cannot decide, if there is more to say
	// than that both sides changed the same lines.
	Reason string
}

// The markers, as git writes them.
const (
	markUser   = "<<<<<<<"
	markBase   = "|||||||"
	markMiddle = "======="
	markTarget = ">>>>>>>"
)

// marked is c between git's markers, whose lines end in newline. A side whose
// last line has no ending gets one, as git does.
func (c Conflict) marked(l Labels, newline string) string {
	var b strings.Builder
	section := func(mark, label, text string) {
		b.WriteString(mark)
		if label != "" {
			b.WriteString(" " + label)
		}
		b.WriteString(newline + text)
		if text != "" && !strings.HasSuffix(text, "\n") {
			b.WriteString(newline)
		}
	}
	section(markUser, l.User, c.User)
	section(markBase, l.Base, c.Base)
	section(markMiddle, "", c.Target)
	section(markTarget, l.Target, "")
	return b.String()
}

// HasMarkers reports whether data holds a line that opens or closes a conflict,
// whoever wrote it.
func HasMarkers(data []byte) bool {
	for line := range bytes.Lines(data) {
		mark, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
		if string(mark) == markUser || string(mark) == markTarget {
			return true
		}
	}
	return false
}
