package merge

import (
	"slices"
	"strings"
)

// addedHeading stands above the patterns that forge adds to a .gitignore.
const addedHeading = "# Added by forge"

// pattern is one rule of a .gitignore.
type pattern struct {
	start int // offset in the source
	text  string
}

func adoptIgnore(user, want source) (string, error) {
	mine := make(map[string]int) // offset of each pattern
	for _, p := range patterns(user) {
		mine[p.text] = p.start
	}
	missing := make(map[string]bool)
	for _, p := range patterns(want) {
		if _, ok := mine[p.text]; ok {
			continue
		}
		if start, ok := mine["!"+p.text]; ok {
			return "", user.errorf(start, "%s keeps what forge must ignore; remove the line, or add %s after it", "!"+p.text, p.text)
		}
		missing[p.text] = true
	}
	return user.paragraph(want, missing), nil
}

// paragraph returns s with patterns of want's added at its end.
func (s source) paragraph(want source, missing map[string]bool) string {
	has := patternSet(s)
	var add []string
	ruled := false
	for _, p := range patterns(want) {
		// The last matching rule wins, so an exception of forge's must also
		// follow the rule that is added now.
		exception := strings.HasPrefix(p.text, "!")
		again := ruled && has[p.text] && exception
		at := slices.Index(add, p.text)
		switch {
		case !missing[p.text] && !again, at >= 0 && !exception:
			continue
		case at >= 0:
			add = slices.Delete(add, at, at+1)
		}
		add = append(add, p.text)
		ruled = ruled || !exception
	}
	if len(add) == 0 {
		return s.text
	}
	return s.apply([]edit{s.addition(addedHeading + "\n" + strings.Join(add, "\n") + "\n")})
}

func patterns(s source) []pattern {
	var found []pattern
	for _, l := range s.lines() {
		// Git trims trailing spaces, but not one escaped by a backslash, and
		// takes a # for a comment only at the very start.
		text := strings.TrimRight(l.text, " ")
		if len(text) < len(l.text) && escapesNext(text) {
			text += " "
		}
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		found = append(found, pattern{start: l.start, text: text})
	}
	return found
}

// escapesNext reports whether a backslash at the end of text escapes what
// follows, rather than being escaped itself.
func escapesNext(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}
