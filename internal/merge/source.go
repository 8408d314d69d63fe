package merge

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// source is one text to merge, and how to speak about it.
type source struct {
	name string // for messages
	bom  string // the byte order mark, if the file starts with one
	text string // all the rest
}

func newSource(name string, data []byte) (source, error) {
	text, marked := strings.CutPrefix(string(data), byteOrderMark)
	s := source{name: name, text: text}
	if marked {
		s.bom = byteOrderMark
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return s, s.errorf(i, "holds a NUL byte; save it as UTF-8 text")
	}
	// The formats disagree on what a bare carriage return is: a line ending,
	// white space or a part of the line.
	rest := strings.ReplaceAll(text, "\r\n", "..")
	if i := strings.IndexByte(rest, '\r'); i >= 0 {
		return s, s.errorf(i, "holds a carriage return that ends no line; save it with one kind of line endings")
	}
	return s, nil
}

// with returns the source with other text.
func (s source) with(text string) source {
	s.text = text
	return s
}

// errorf returns an error that points at the byte offset in s.text.
func (s source) errorf(offset int, format string, args ...any) error {
	before := s.text[:offset]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return fmt.Errorf("%s:%d:%d: %s", s.name, line, column, fmt.Sprintf(format, args...))
}

// refuseMark returns an error if s starts with a byte order mark. Only the go
// command's files need it: go.mod does not parse with one, and in go.sum it
// becomes a part of the first module's path.
func (s source) refuseMark() error {
	if s.bom == "" {
		return nil
	}
	return s.errorf(0, "starts with a byte order mark, which the go command does not understand; save it without")
}

// newline returns the line ending that most lines of s have.
func (s source) newline() string {
	if crlf := strings.Count(s.text, "\r\n"); crlf > strings.Count(s.text, "\n")-crlf {
		return "\r\n"
	}
	return "\n"
}

// ended reports whether the last line of s has a line ending.
func (s source) ended() bool { return strings.HasSuffix(s.text, "\n") }

// withEnd returns s with an ending of its last line.
func (s source) withEnd() source {
	if s.text != "" && !s.ended() {
		s.text += "\n"
	}
	return s
}

// allCRLF reports whether s has line endings, and all of them are CRLF.
func (s source) allCRLF() bool {
	pairs := strings.Count(s.text, "\r\n")
	return pairs > 0 && pairs == strings.Count(s.text, "\n")
}

func plainNewlines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// line is one line of a source without its line ending.
type line struct {
	start int // offset in the source
	text  string
}

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

func (l line) comment() bool { return strings.HasPrefix(strings.TrimSpace(l.text), "#") }

func (s source) lines() []line {
	var lines []line
	offset := 0
	for part := range strings.Lines(s.text) {
		text := strings.TrimSuffix(strings.TrimSuffix(part, "\n"), "\r")
		lines = append(lines, line{start: offset, text: text})
		offset += len(part)
	}
	return lines
}

// lineEnd returns the offset after the line ending of the line that holds
// offset, or the length of the text on a last line without one.
func (s source) lineEnd(offset int) int {
	if i := strings.IndexByte(s.text[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(s.text)
}

// offsetOf returns the offset of a line, counted from 1.
func (s source) offsetOf(line int) int {
	offset := 0
	for range line - 1 {
		offset = s.lineEnd(offset)
	}
	return offset
}

// lineStart returns the offset of the line that holds offset.
func (s source) lineStart(offset int) int {
	return strings.LastIndexByte(s.text[:offset], '\n') + 1
}

// indentAt returns the white space that the line holding offset starts with.
func (s source) indentAt(offset int) string {
	rest := s.text[s.lineStart(offset):]
	return rest[:len(rest)-len(strings.TrimLeft(rest, " \t"))]
}

// commentsAbove returns the offset of the comment lines right above the line
// that holds offset, or of the line itself. A comment starts with mark.
func (s source) commentsAbove(offset int, mark string) int {
	start := s.lineStart(offset)
	for start > 0 {
		above := s.lineStart(start - 1)
		if !strings.HasPrefix(strings.TrimSpace(s.text[above:start]), mark) {
			break
		}
		start = above
	}
	return start
}

// paragraphEnd returns the offset of the first blank line from the line that
// starts at offset on, or the length of the text.
func (s source) paragraphEnd(offset int) int {
	for offset < len(s.text) {
		end := s.lineEnd(offset)
		if strings.TrimSpace(s.text[offset:end]) == "" {
			break
		}
		offset = end
	}
	return offset
}

// insertLines returns the edit that puts whole lines at the start of a line, or
// at the end of the text even if its last line is not ended.
func (s source) insertLines(offset int, lines string) edit {
	return edit{start: offset, end: offset, text: lines, lines: true}
}

// edit replaces the bytes from start to end. Its text has plain newlines.
type edit struct {
	start, end int
	text       string
	lines      bool // starts on a line of its own
}

// apply makes the edits, which must not overlap, in the line endings of s.
// Those at one place keep the order they are given in.
func (s source) apply(edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(s.text[at:e.start])
		if e.lines && out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
			out.WriteString(s.newline())
		}
		out.WriteString(s.inNewlines(e.text))
		at = e.end
	}
	out.WriteString(s.text[at:])
	return out.String()
}

// lineSet is a set of lines, by the offsets they start at.
type lineSet map[int]bool

// add puts the lines from start to end, which are ends of lines, into the set.
func (d lineSet) add(s source, start, end int) {
	for at := start; at < end; at = s.lineEnd(at) {
		d[at] = true
	}
}

// holds reports whether all lines from start to end that are not blank are in
// the set.
func (d lineSet) holds(s source, start, end int) bool {
	for at := start; at < end; at = s.lineEnd(at) {
		if !d[at] && strings.TrimSpace(s.text[at:s.lineEnd(at)]) != "" {
			return false
		}
	}
	return true
}

// without returns the edits that take the lines in drop out. Where those stood
// between two blank lines, or between one and an end of the file, a blank line
// goes with them.
func (s source) without(drop lineSet) []edit {
	type span struct{ start, end int }
	var edits []edit
	var kept []span // the lines that stay
	cut := func(l span) { edits = append(edits, edit{start: l.start, end: l.end}) }
	blank := func(l span) bool { return strings.TrimSpace(s.text[l.start:l.end]) == "" }
	afterBlank := func() bool { return len(kept) == 0 || blank(kept[len(kept)-1]) }
	gap := false // the line above is taken out
	for at := 0; at < len(s.text); at = s.lineEnd(at) {
		l := span{start: at, end: s.lineEnd(at)}
		switch {
		case drop[at]:
			cut(l)
			gap = true
			continue
		case gap && blank(l) && afterBlank():
			cut(l)
		default:
			kept = append(kept, l)
		}
		gap = false
	}
	if gap && len(kept) > 0 && afterBlank() {
		cut(kept[len(kept)-1])
	}
	return edits
}

// addition returns the edit that adds a paragraph at the end of s.
func (s source) addition(paragraph string) edit {
	end := len(s.text)
	if strings.TrimSpace(s.text) == "" {
		return s.insertLines(end, paragraph)
	}
	last := s.text[s.lineStart(end):]
	if last == "" {
		last = s.text[s.lineStart(end-1):]
	}
	if strings.TrimSpace(last) != "" {
		paragraph = "\n" + paragraph
	}
	return s.insertLines(end, paragraph)
}

// inNewlines returns text with the line endings of s.
func (s source) inNewlines(text string) string {
	text = plainNewlines(text)
	if newline := s.newline(); newline != "\n" {
		text = strings.ReplaceAll(text, "\n", newline)
	}
	return text
}
