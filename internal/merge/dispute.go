package merge

import "strings"

// dispute is one key that forge cannot decide about: its lines in the merged
// text, which are the user's, and on the other sides.
type dispute struct {
	start, end   int // offsets in the merged text
	base, target string
	reason       string
}

// mark puts the disputes, which are in order, between markers.
func mark(s source, disputes []dispute, l Labels) Result {
	var r Result
	var out strings.Builder
	at := 0
	for _, d := range disputes {
		out.WriteString(s.text[at:d.start])
		c := Conflict{
			Line:   1 + strings.Count(out.String(), "\n"),
			User:   s.text[d.start:d.end],
			Base:   s.inNewlines(d.base),
			Target: s.inNewlines(d.target),
			Reason: d.reason,
		}
		out.WriteString(c.marked(l, s.newline()))
		r.Conflicts = append(r.Conflicts, c)
		at = d.end
	}
	out.WriteString(s.text[at:])
	r.Data = []byte(out.String())
	return r
}

// differs is the reason of a dispute about the value of a key.
func differs(key string) string {
	return "you and forge gave " + key + " different values"
}
