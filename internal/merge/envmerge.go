package merge

import (
	"maps"
	"slices"
	"strings"
)

// envMerge is a merge of three .env.example files.
type envMerge struct {
	base, user, want *envFile
	actions          map[string]action
	outcome          map[string][]envValue
}

// envValue is what one line says about a variable.
type envValue struct {
	text    string
	offered bool
}

func openEnv(base, user, target source) (structure, error) {
	m := &envMerge{actions: make(map[string]action)}
	var err error
	if m.base, err = parseForgesEnv(base); err != nil {
		return nil, err
	}
	if m.user, err = parseEnv(user); err != nil {
		return nil, err
	}
	if m.want, err = parseForgesEnv(target); err != nil {
		return nil, err
	}
	m.outcome = m.user.values()
	for _, k := range slices.Concat(m.base.keys, m.want.keys) {
		m.actions[k.name] = m.decide(k.name)
	}
	for name, act := range m.actions {
		will, _ := m.want.key(name)
		all := m.outcome[name]
		switch act {
		case addKey:
			m.outcome[name] = []envValue{will.says()}
		case takeValue:
			all[len(all)-1] = will.says()
		case removeKey:
			delete(m.outcome, name)
		default:
		}
	}
	return m, nil
}

// parseForgesEnv parses a file that names each variable once.
func parseForgesEnv(s source) (*envFile, error) {
	f, err := parseEnv(s)
	if err != nil {
		return nil, err
	}
	for _, k := range f.keys {
		if last, n := f.key(k.name); n > 1 {
			return nil, s.errorf(last.start, "%s is set twice", k.name)
		}
	}
	return f, nil
}

func (k *envKey) says() envValue { return envValue{text: k.value, offered: k.offered} }

// values returns what f says about each variable, line by line.
func (f *envFile) values() map[string][]envValue {
	values := make(map[string][]envValue)
	for _, k := range f.keys {
		values[k.name] = append(values[k.name], k.says())
	}
	return values
}

// decide returns what to do about a variable of forge's. An offered value is
// only an example, so the user's stands without a question; in dispute are
// values that all three set.
func (m *envMerge) decide(name string) action {
	was, _ := m.base.key(name)
	is, lines := m.user.key(name)
	will, _ := m.want.key(name)
	switch {
	case is == nil && was == nil:
		if m.user.mentioned[name] && !m.base.mentioned[name] {
			return leaveKey // declined, in the middle of a comment
		}
		return addKey
	case is == nil, was == nil:
		return leaveKey
	case will == nil:
		commented := unindented(m.user.comment(*is)) != unindented(m.base.comment(*was))
		if lines > 1 || commented || is.says() != was.says() {
			return leaveKey
		}
		return removeKey
	case will.says() == was.says(), will.says() == is.says():
		return leaveKey
	case is.says() == was.says():
		return takeValue
	case is.offered || was.offered || will.offered:
		return leaveKey
	}
	return disputeKey
}

func (m *envMerge) edited() (string, error) {
	drop := make(lineSet)
	for _, k := range m.user.keys {
		if m.actions[k.name] == removeKey {
			drop.add(m.user.source, k.comments, m.user.lineEnd(k.start))
		}
	}
	edits := append(m.user.without(drop), m.changes()...)
	user, err := parseEnv(m.user.with(m.user.apply(edits)))
	if err != nil {
		return "", err
	}
	edits, rest := m.additions(user)
	result := user.with(user.apply(edits))
	if rest != "" {
		result.text = result.apply([]edit{result.addition(rest)})
	}
	return result.text, nil
}

// changes returns the edits to variables that all three have.
func (m *envMerge) changes() []edit {
	var edits []edit
	for _, will := range m.want.keys {
		was, _ := m.base.key(will.name)
		is, _ := m.user.key(will.name)
		if was == nil || is == nil {
			continue
		}
		edits = append(edits, m.user.mergeComment(is.comments, is.start, m.base.comment(*was), m.want.comment(will))...)
		if e, ok := m.rewrite(*is, m.base.line(*was), will); ok {
			edits = append(edits, e)
		}
	}
	return edits
}

// rewrite returns the edit to the line of is, which was one of forge's, if there
// is one.
func (m *envMerge) rewrite(is envKey, was string, will envKey) (edit, bool) {
	line, target := m.user.line(is), strings.TrimSpace(m.want.line(will))
	was = strings.TrimSpace(was)
	untouched := strings.TrimSpace(line) == was
	e := edit{start: is.start + len(m.user.indentAt(is.start)), end: is.start + len(line), text: target}
	switch {
	case untouched:
		return e, target != was
	case m.actions[will.name] != takeValue:
		return e, false
	case is.offered == will.offered:
		// The user writes it in another way, which stays.
		e.start, e.text = is.start+strings.Index(line, "=")+1, will.value
	}
	return e, true
}

// additions returns the edits that put forge's new variables where forge has
// them, behind the one before them; and the text of those with none before.
func (m *envMerge) additions(user *envFile) (edits []edit, rest string) {
	at := -1      // where the next one goes
	next := false // the variable right before it is there
	for _, k := range m.want.keys {
		if m.actions[k.name] != addKey {
			is, _ := user.key(k.name)
			next = is != nil
			if next {
				at = user.lineEnd(is.start)
			}
			continue
		}
		block := m.want.block(k)
		if at < 0 {
			if k.apart && rest != "" {
				rest += "\n"
			}
			rest += block
			continue
		}
		if k.apart || !next {
			at = user.paragraphEnd(at)
			block = "\n" + block
		}
		edits = append(edits, user.insertLines(at, block))
		next = true
	}
	return edits, rest
}

func (m *envMerge) check(text string) error {
	result := m.user.with(text)
	f, err := parseEnv(result)
	if err != nil {
		return err
	}
	got := f.values()
	for name := range got {
		if _, ok := m.outcome[name]; !ok && !got[name][0].offered {
			return result.errorf(0, "the merged file would set %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.outcome)) {
		must, is := m.outcome[name], got[name]
		// An offer may have become a remark in the comment of the next one.
		remark := len(is) == 0 && must[0].offered && f.mentioned[name]
		if !slices.Equal(is, must) && !remark {
			return result.errorf(0, "the merged file would not give %s the value it must", name)
		}
	}
	return nil
}

func (m *envMerge) disputes(text string) ([]dispute, error) {
	f, err := parseEnv(m.user.with(text))
	if err != nil {
		return nil, err
	}
	var found []dispute
	for name, act := range m.actions {
		if act != disputeKey {
			continue
		}
		was, _ := m.base.key(name)
		is, _ := f.key(name)
		will, _ := m.want.key(name)
		found = append(found, dispute{
			start:  is.start,
			end:    f.lineEnd(is.start),
			base:   m.base.line(*was) + "\n",
			target: m.want.line(*will) + "\n",
			reason: differs(name),
		})
	}
	slices.SortFunc(found, func(a, b dispute) int { return a.start - b.start })
	return found, nil
}
