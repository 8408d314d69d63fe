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

	var missing []string
	for _, p := range patterns(want) {
		if slices.Contains(missing, p.text) {
			continue
		}
		if _, ok := mine[p.text]; ok {
			// The last matching rule wins, so an exception of forge's must
			// also follow the rule that is added now.
			if len(missing) > 0 && strings.HasPrefix(p.text, "!") {
				missing = append(missing, p.text)
			}
			continue
		}
		if start, ok := mine["!"+p.text]; ok {
			return "", user.errorf(start, "%s keeps what forge must ignore; remove the line, or add %s after it", "!"+p.text, p.text)
		}
		missing = append(missing, p.text)
	}
	if len(missing) == 0 {
		return user.text, nil
	}
	paragraph := addedHeading + "\n" + strings.Join(missing, "\n") + "\n"
	return user.apply([]edit{user.addition(paragraph)}), nil
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
