package doctor

import (
	"regexp"
	"strings"
)

// token of SQL that may hold white space or what looks like a comment, and
// comments themselves.
var opaque = regexp.MustCompile(`^(?:'(?:[^']|'')*'|"(?:[^"]|"")*")`)

var dollarTag = regexp.MustCompile(`^\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$`)

// normal is SQL without comments, with one space for any white space, and
// without semicolons at the ends. Strings, quoted names and bodies stay as they
// are. Texts that differ in nothing else have the same normal form.
func normal(sql string) string {
	var out strings.Builder
	space := false
	write := func(text string) {
		if space && out.Len() > 0 {
			out.WriteByte(' ')
		}
		space = false
		out.WriteString(text)
	}
	for sql = strings.ReplaceAll(sql, "\r\n", "\n"); sql != ""; {
		n := 1
		switch c := sql[0]; {
		case strings.HasPrefix(sql, "--"):
			if n = strings.IndexByte(sql, '\n'); n < 0 {
				n = len(sql)
			}
			space = true
		case strings.HasPrefix(sql, "/*"):
			n, space = commentLength(sql), true
		case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
			space = true
		case c == ';':
			space = false
			write(";")
			space = true
		case c == '\'' || c == '"':
			n = max(1, len(opaque.FindString(sql)))
			write(sql[:n])
		case c == '$' && dollarTag.MatchString(sql):
			tag := dollarTag.FindString(sql)
			n = len(sql)
			if end := strings.Index(sql[len(tag):], tag); end >= 0 {
				n = end + 2*len(tag)
			}
			write(sql[:n])
		default:
			write(sql[:n])
		}
		sql = sql[n:]
	}
	return strings.Trim(out.String(), "; ")
}

// commentLength is the length of the comment that sql begins with. They nest.
func commentLength(sql string) int {
	depth := 0
	for i := 0; i < len(sql); i++ {
		switch {
		case strings.HasPrefix(sql[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(sql[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(sql)
}
