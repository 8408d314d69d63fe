package merge

import (
	"fmt"
	"strings"
)

// structured merges, by its structure, what forge changed from base to target
// into the user's file. The user's order, comments, layout, line endings and
// byte order mark stay. What forge changed and the user left alone follows
// forge; what the user removed stays removed. Where both gave one thing
// different values, it stands between git's markers in its place, and all the
// rest is merged.
//
// Errors have the form file:line:col: reason: a side that does not parse, or a
// place that only the user can edit. The result without its conflicts is
// always read back and held against what it must say.
func structured(path string, base, user, target []byte, l Labels) (Result, error) {
	format, ok := formatOf(path)
	if !ok {
		return Result{}, notStructured(path)
	}
	switch {
	case string(user) == string(base):
		return Result{Data: target}, nil
	case string(target) == string(base), string(user) == string(target):
		return Result{Data: user}, nil
	}

	mine, err := newSource(path, user)
	if err != nil {
		return Result{}, err
	}
	was, err := newSource("forge's earlier "+path, base)
	if err != nil {
		return Result{}, err
	}
	want, err := newSource("forge's "+path, target)
	if err != nil {
		return Result{}, err
	}
	// How lines end is the user's choice, and no difference.
	ended := mine.ended()
	if mine.text == "" || was.text != "" && ended == was.ended() {
		ended = want.ended()
	}
	inCRLF := mine.allCRLF()
	if inCRLF {
		mine.text = plainNewlines(mine.text)
	}
	was.text, want.text = plainNewlines(was.text), plainNewlines(want.text)

	result, err := mergeStructure(format.open, was.withEnd(), mine.withEnd(), want.withEnd(), l)
	if err != nil {
		return Result{}, err
	}
	if !ended {
		result = result.withoutEnd(l)
	}
	if inCRLF {
		result = result.toCRLF()
	}
	result.Data = []byte(mine.bom + string(result.Data))
	return result, nil
}

// structure is a merge of three files of one format: read and decided, but not
// yet written down.
type structure interface {
	// edited returns the user's text with forge's changes made in place. Where
	// forge cannot decide, the user's stands.
	edited() (string, error)
	// check returns an error unless text says what the merge must come to, with
	// the user's side wherever forge cannot decide.
	check(text string) error
	// disputes returns, in order, what forge cannot decide, and where that
	// stands in text, which has passed check.
	disputes(text string) ([]dispute, error)
}

// An opener reads three files of one format, and decides what their merge must
// come to. Base and user may be the same file.
type opener func(base, user, target source) (structure, error)

func mergeStructure(open opener, base, user, target source, l Labels) (Result, error) {
	s, err := open(base, user, target)
	if err != nil {
		return Result{}, err
	}
	text, ok := byLines(s, base, user, target)
	if !ok {
		if text, err = s.edited(); err != nil {
			return Result{}, err
		}
		if err := s.check(text); err != nil {
			return Result{}, err
		}
		text = relaid(open, s, base, target, text)
	}
	disputes, err := s.disputes(text)
	if err != nil {
		return Result{}, err
	}
	return mark(user.with(text), disputes, l), nil
}

// byLines merges line by line, and reports whether that is clean and says what
// it must. It then has the layout that both sides gave it, down to the last
// comment.
func byLines(s structure, base, user, target source) (string, bool) {
	r := Lines([]byte(base.text), []byte(user.text), []byte(target.text), Labels{})
	text := string(r.Data)
	return text, len(r.Conflicts) == 0 && s.check(text) == nil
}

// relaid takes over into text, which has forge's changes, what else forge
// changed: the order, blank lines, and comments that belong to nothing. To see
// only that, it compares target with the earlier file after the same edits. The
// user's stands where both changed something, and everywhere if anything but
// the layout would change, or a line that forge moved would be there twice.
func relaid(open opener, s structure, base, target source, text string) string {
	own, err := open(base, base, target)
	if err != nil {
		return text
	}
	edited, err := own.edited()
	if err != nil {
		return text
	}
	r := Lines([]byte(edited), []byte(text), []byte(target.text), Labels{})
	laid, ok := r.resolved(source{text: text}.newline())
	if !ok || s.check(laid) != nil || repeats(laid, text, target.text) {
		return text
	}
	return laid
}

// repeats reports whether text has a line more often than each of the others.
func repeats(text string, others ...string) bool {
	most := make(map[string]int)
	for _, other := range others {
		for line, n := range lineCounts(other) {
			most[line] = max(most[line], n)
		}
	}
	for line, n := range lineCounts(text) {
		if n > most[line] {
			return true
		}
	}
	return false
}

// lineCounts says how often text has each line, blank ones left out.
func lineCounts(text string) map[string]int {
	counts := make(map[string]int)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			counts[line]++
		}
	}
	return counts
}

// resolved returns the file with the user's side of each conflict. It reports
// false if the conflicts are not where they are said to be.
func (r Result) resolved(newline string) (string, bool) {
	text := string(r.Data)
	for i := len(r.Conflicts) - 1; i >= 0; i-- {
		c := r.Conflicts[i]
		start := source{text: text}.offsetOf(c.Line)
		marked := c.marked(Labels{}, newline)
		if !strings.HasPrefix(text[start:], marked) {
			return "", false
		}
		text = text[:start] + c.User + text[start+len(marked):]
	}
	return text, true
}

// withoutEnd returns r without the ending of its last line, unless that closes a
// conflict.
func (r Result) withoutEnd(l Labels) Result {
	text := string(r.Data)
	if n := len(r.Conflicts); n > 0 && strings.HasSuffix(text, r.Conflicts[n-1].marked(l, source{text: text}.newline())) {
		return r
	}
	r.Data = []byte(strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"))
	return r
}

// fileFormat is how files of one name are merged.
type fileFormat struct {
	adopt adopter
	open  opener
}

func formatOf(path string) (fileFormat, bool) {
	switch path {
	case "go.mod":
		return fileFormat{adopt: adoptGoMod, open: openGoMod}, true
	case "go.sum":
		return fileFormat{adopt: adoptGoSum, open: openGoSum}, true
	case "insforge.toml":
		return fileFormat{adopt: adoptTOML, open: openTOML}, true
	case ".env.example":
		return fileFormat{adopt: adoptEnv, open: openEnv}, true
	case ".gitignore":
		return fileFormat{adopt: adoptIgnore, open: openIgnore}, true
	}
	return fileFormat{}, false
}

func notStructured(path string) error {
	return fmt.Errorf("%s: not a file that is merged by its structure", path)
}

// readable returns an error unless data is a file of the format that path is
// merged by.
func readable(path string, data []byte) error {
	s, err := newSource(path, data)
	if err != nil {
		return err
	}
	switch path {
	case "go.mod":
		_, err = parseGoMod(s)
	case "go.sum":
		_, err = checksums(s)
	case "insforge.toml":
		_, err = parseTOML(s)
	case ".env.example":
		_, err = parseEnv(s)
	}
	return err
}
