package merge

import "strings"

// unindented returns the lines that have something on them, without indentation
// and in plain newlines.
func unindented(lines string) string {
	var out strings.Builder
	for line := range strings.Lines(lines) {
		if text := strings.TrimSpace(line); text != "" {
			out.WriteString(text + "\n")
		}
	}
	return out.String()
}

// mergeComment returns the edits that bring what forge changed in a comment
// into the user's, which is the lines from start to the line that holds offset.
// Base and target are the comment on the other sides. What both changed in one
// place stays as the user has it: a comment is worth no conflict.
func (s source) mergeComment(start, offset int, base, target string) []edit {
	end := s.lineStart(offset)
	mine := unindented(s.text[start:end])
	r := Lines([]byte(unindented(base)), []byte(mine), []byte(unindented(target)), Labels{})
	if len(r.Conflicts) > 0 || string(r.Data) == mine {
		return nil
	}
	var text strings.Builder
	for line := range strings.Lines(string(r.Data)) {
		text.WriteString(s.indentAt(offset) + line)
	}
	return []edit{{start: start, end: end, text: text.String()}}
}
