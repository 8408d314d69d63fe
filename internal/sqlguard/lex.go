package sqlguard

import "strings"

// blank is the length of the white space and comments at the start of text.
func blank(text string) int {
	i := 0
	for i < len(text) {
		switch {
		case strings.IndexByte(" \t\r\n\f\v", text[i]) >= 0:
			i++
		case strings.HasPrefix(text[i:], "--"), strings.HasPrefix(text[i:], "/*"):
			i += token(text[i:])
		default:
			return i
		}
	}
	return i
}

type span struct{ start, end int }

// pieces cuts a text that does not parse at its semicolons, so that the parser
// can look at each piece alone. It need not be exact, since the parser has
// refused the text before and judges every piece again; but semicolons in
// parentheses, as in the actions of a rule, separate nothing.
func pieces(sql string) []span {
	var found []span
	start, depth := 0, 0
	for i := 0; i < len(sql); {
		switch n := token(sql[i:]); {
		case n > 1:
			i += n
			continue
		case sql[i] == '(':
			depth++
		case sql[i] == ')':
			depth = max(depth-1, 0)
		case sql[i] == ';' && depth == 0:
			found = append(found, span{start, i + 1})
			start = i + 1
		}
		i++
	}
	return append(found, span{start, len(sql)})
}

// token is the length of the comment, string, quoted name or word at the start
// of a text that is not empty, and 1 before anything else. What is not closed
// reaches to the end.
func token(text string) int {
	switch c := text[0]; {
	case strings.HasPrefix(text, "--"):
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			return i
		}
		return len(text)
	case strings.HasPrefix(text, "/*"):
		return blockComment(text)
	case (c == 'e' || c == 'E') && strings.HasPrefix(text[1:], "'"):
		return 1 + quoted(text[1:], true)
	case c == '\'' || c == '"':
		return quoted(text, false)
	case c == '$':
		return dollarQuoted(text)
	case wordByte(c):
		n := 1
		for n < len(text) && (wordByte(text[n]) || text[n] == '$') {
			n++
		}
		return n
	}
	return 1
}

// blockComment measures a comment, which may hold others.
func blockComment(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(text[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// quoted measures a string. A doubled quote starts the next one at once, which
// comes to the same.
func quoted(text string, backslashes bool) int {
	for i := 1; i < len(text); i++ {
		switch {
		case backslashes && text[i] == '\\':
			i++
		case text[i] == text[0]:
			return i + 1
		}
	}
	return len(text)
}

func dollarQuoted(text string) int {
	tag := 1
	for tag < len(text) && wordByte(text[tag]) {
		tag++
	}
	if tag == len(text) || text[tag] != '$' || (tag > 1 && text[1] >= '0' && text[1] <= '9') {
		return 1 // a parameter
	}
	tag++
	if i := strings.Index(text[tag:], text[:tag]); i >= 0 {
		return i + 2*tag
	}
	return len(text)
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 ||
		'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
