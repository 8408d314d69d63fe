package merge

import (
	"maps"
	"slices"
	"strings"
)

// ignoreMerge is a merge of three .gitignore files. Patterns are a set, except
// that one which makes an exception must follow those it is an exception to.
type ignoreMerge struct {
	base, user, want source
	added, removed   map[string]bool // patterns of forge's
}

func openIgnore(base, user, target source) (structure, error) {
	m := &ignoreMerge{
		base: base, user: user, want: target,
		added:   make(map[string]bool),
		removed: make(map[string]bool),
	}
	was, is, will := patternSet(base), patternSet(user), patternSet(target)
	own := func(p string) bool { return is[p] && !was[p] && !will[p] }
	for p := range will {
		rule, exception := strings.CutPrefix(p, "!")
		declined := own("!"+p) || exception && own(rule)
		if !was[p] && !is[p] && !declined {
			m.added[p] = true
		}
	}
	for p := range was {
		if is[p] && !will[p] {
			m.removed[p] = true
		}
	}
	return m, nil
}

func patternSet(s source) map[string]bool {
	set := make(map[string]bool)
	for _, p := range patterns(s) {
		set[p.text] = true
	}
	return set
}

func (m *ignoreMerge) edited() (string, error) {
	user := m.user.with(m.user.apply(m.user.without(m.surplus())))
	edits, rest := m.additions(user)
	text := user.with(user.apply(edits)).paragraph(m.want, rest)
	if m.check(text) == nil {
		return text, nil
	}
	// The user's order is another one, so that only the end is the right place.
	return user.paragraph(m.want, m.added), nil
}

// surplus returns the lines of the patterns to remove, and of the comments that
// forge dropped with them.
func (m *ignoreMerge) surplus() lineSet {
	drop := make(lineSet)
	gone := make(map[int]bool)
	for _, p := range patterns(m.user) {
		gone[p.start] = m.removed[p.text]
		if gone[p.start] {
			drop[p.start] = true
		}
	}
	was, will := commentSet(m.base), commentSet(m.want)
	lines := m.user.lines()
	for i := 0; i < len(lines); {
		first := i
		for i < len(lines) && isComment(lines[i]) {
			i++
		}
		last := i
		for i < len(lines) && gone[lines[i].start] {
			i++
		}
		forges := func(l line) bool { return l.text == addedHeading || was[l.text] && !will[l.text] }
		over := i == len(lines) || isComment(lines[i]) || lines[i].blank()
		if last < i && over && !slices.ContainsFunc(lines[first:last], func(l line) bool { return !forges(l) }) {
			for _, l := range lines[first:last] {
				drop[l.start] = true
			}
		}
		if i == first {
			i++
		}
	}
	return drop
}

// isComment reports whether l is a comment of a .gitignore.
func isComment(l line) bool { return strings.HasPrefix(l.text, "#") }

func commentSet(s source) map[string]bool {
	set := make(map[string]bool)
	for _, l := range s.lines() {
		if isComment(l) {
			set[l.text] = true
		}
	}
	return set
}

// additions returns the edits that put forge's new patterns, with their new
// comments, where forge has them: behind the line before them that the user has
// too. It also returns the patterns with none before.
func (m *ignoreMerge) additions(user source) (edits []edit, rest map[string]bool) {
	rest = make(map[string]bool)
	known := commentSet(m.base)
	texts := make(map[int]string)
	for _, p := range patterns(m.want) {
		texts[p.start] = p.text
	}
	at, apart, comment := -1, false, ""
	for _, l := range m.want.lines() {
		text := texts[l.start]
		switch {
		case l.blank() && comment != "":
			comment += "\n"
		case l.blank():
			apart = true
		case m.added[text] && at < 0:
			rest[text] = true
			comment = ""
		case m.added[text]:
			block := comment + text + "\n"
			if apart {
				at = user.paragraphEnd(at)
				block = "\n" + block
			}
			edits = append(edits, user.insertLines(at, block))
			apart, comment = false, ""
		default:
			if place := user.find(l.text, max(at, 0)); place >= 0 {
				at, apart, comment = place, false, ""
			} else if isComment(l) && !known[l.text] {
				comment += l.text + "\n"
			}
		}
	}
	return edits, rest
}

// find returns the offset after the line that says text, looking from an offset
// on and then from the start, or -1.
func (s source) find(text string, from int) int {
	found := -1
	for _, l := range s.lines() {
		if strings.TrimRight(l.text, " ") != strings.TrimRight(text, " ") {
			continue
		}
		if l.start >= from {
			return s.lineEnd(l.start)
		}
		if found < 0 {
			found = s.lineEnd(l.start)
		}
	}
	return found
}

func (m *ignoreMerge) check(text string) error {
	result := m.user.with(text)
	must := patternSet(m.user)
	for p := range m.removed {
		delete(must, p)
	}
	maps.Copy(must, m.added)
	if !maps.Equal(patternSet(result), must) {
		return result.errorf(0, "the merged file would not hold the patterns it must")
	}
	if p := m.repeated(result); p != "" {
		return result.errorf(0, "the merged file would hold %s again", p)
	}

	// Where the last matching rule wins, an exception of forge's must follow
	// the rules that forge takes it from.
	is, should := lastPatterns(result), lastPatterns(m.want)
	for exception := range should {
		for rule := range should {
			fresh := m.added[rule] || m.added[exception]
			excepts := strings.HasPrefix(exception, "!") && !strings.HasPrefix(rule, "!") && should[rule] < should[exception]
			if fresh && excepts && must[rule] && must[exception] && is[rule] > is[exception] {
				return result.errorf(0, "the merged file would have %s after %s", rule, exception)
			}
		}
	}
	return nil
}

// repeated returns a pattern that result holds once more than the user's file
// does, and for no reason; or "". An exception that the user has already has
// one: a new rule before it.
func (m *ignoreMerge) repeated(result source) string {
	spare := make(map[string]int) // how often a pattern may still come
	for _, p := range patterns(m.user) {
		spare[p.text]++
	}
	for p := range m.added {
		spare[p] = 1
	}
	ruled := false // a new rule stands above
	for _, p := range patterns(result) {
		exception := strings.HasPrefix(p.text, "!")
		again := exception && ruled && !m.added[p.text]
		if spare[p.text]--; spare[p.text] < 0 && !again {
			return p.text
		}
		ruled = ruled || m.added[p.text] && !exception
	}
	return ""
}

// lastPatterns returns where each pattern stands last.
func lastPatterns(s source) map[string]int {
	last := make(map[string]int)
	for i, p := range patterns(s) {
		last[p.text] = i
	}
	return last
}

// disputes returns none: any two patterns go together.
func (m *ignoreMerge) disputes(string) ([]dispute, error) { return nil, nil }
