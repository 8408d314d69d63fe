package doctor

import (
	"strings"
	"unicode"
)

// secrets are the values that no report may show, whoever put them there.
type secrets struct{ values []string }

func (s *secrets) add(value string) {
	if value != "" {
		s.values = append(s.values, value)
	}
}

// clean takes the secrets out of text, and what would move a terminal's cursor.
func (s *secrets) clean(text string) string {
	for _, value := range s.values {
		text = strings.ReplaceAll(text, value, "[redacted]")
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
}

// quoted is what somebody else said, made fit for one line of a report.
func (s *secrets) quoted(text string) string {
	const most = 300
	runes := []rune(strings.Join(strings.Fields(s.clean(text)), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
