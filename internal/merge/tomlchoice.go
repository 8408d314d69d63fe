package merge

import (
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlChoice is what happens to one key of forge's.
type tomlChoice struct {
	base, want *tomlKey // nil on a side that lacks it
	action     action
}

// path returns the key's.
func (c tomlChoice) path() []string {
	if c.base != nil {
		return c.base.path
	}
	return c.want.path
}

// choose decides about a key that base, want or both have.
func (m *tomlMerge) choose(base, want *tomlKey) {
	key := want
	if want == nil {
		key = base
	}
	c := tomlChoice{base: base, want: want}
	has := m.user.key(key.path)
	switch value, there := m.user.at(key.path); {
	case !there && base == nil && !m.declined(key.path):
		c.action = addKey
	case !there:
	case has == nil:
		if !m.settled(key.path, base, want) {
			m.refuse(m.user.errorf(m.user.placeOf(key.path), "%s is a table, but forge needs it to be %s; rename or remove it", dots(key.path), kindOf(want.value)))
		}
	case base == nil:
		c.action = m.join(has, want)
	case want == nil:
		c.action = m.reduce(has, base, value)
	default:
		c.action = m.change(has, base, want, value)
	}
	m.choices = append(m.choices, c)
}

// settled reports whether forge changed nothing about a key, so that the user's
// value can be anything.
func (m *tomlMerge) settled(path []string, base, want *tomlKey) bool {
	if base == nil || want == nil {
		return want == nil
	}
	was, _ := m.base.at(path)
	will, _ := m.want.at(path)
	return same(was, will)
}

// join decides about a key that the user and forge both added. Only arrays of
// strings grow.
func (m *tomlMerge) join(has, want *tomlKey) action {
	isArray, wantsArray := has.value.kind == unstable.Array, want.value.kind == unstable.Array
	switch {
	case isArray != wantsArray || has.value.kind == unstable.InlineTable:
		m.refuse(m.user.errorf(has.value.start, "%s is %s, but forge needs %s; change it by hand", dots(want.path), kindOf(has.value), kindOf(want.value)))
	case !want.value.texts || len(want.value.elements) == 0:
		// The user's value stands, whatever it is.
	case !has.value.texts:
		m.refuse(m.user.errorf(has.value.start, "%s holds more than strings, so forge cannot add %s; make it an array of strings", dots(want.path), want.value.elements[0].raw))
	default:
		return uniteValues
	}
	return leaveKey
}

// reduce decides about a key that forge dropped.
func (m *tomlMerge) reduce(has, base *tomlKey, value any) action {
	was, _ := m.base.at(base.path)
	untouched := same(value, was)
	if has.value.texts && base.value.texts && len(has.value.elements) > 0 {
		if left := has.value.stepped(base.value, tomlValue{}); len(left) > 0 {
			return uniteValues
		}
		untouched = true // as far as the user kept it
	}
	if !untouched || m.user.remarks(has) != m.base.remarks(base) {
		return leaveKey
	}
	return m.editable(has, removeKey)
}

// change decides about a key that all three have.
func (m *tomlMerge) change(has, base, want *tomlKey, value any) action {
	was, _ := m.base.at(base.path)
	will, _ := m.want.at(want.path)
	switch {
	case same(was, will), same(value, will):
		return leaveKey
	case has.value.texts && base.value.texts && want.value.texts:
		return uniteValues
	case same(value, was):
		return takeValue
	}
	return m.editable(has, disputeKey)
}

// editable returns act if the lines of k hold no other key.
func (m *tomlMerge) editable(k *tomlKey, act action) action {
	if !k.inline {
		return act
	}
	m.refuse(m.user.errorf(k.parts[0], "%s stands in an inline table, which forge cannot edit; write it as [%s]", dots(k.path), dots(k.path[:k.base])))
	return leaveKey
}

// refuse records a problem, once if several tables run into the same one.
func (m *tomlMerge) refuse(err error) {
	said := func(p error) bool { return p.Error() == err.Error() }
	if err != nil && !slices.ContainsFunc(m.problems, said) {
		m.problems = append(m.problems, err)
	}
}

// reachable returns an error if something on the way to t, or at its place, is
// not a table.
func (m *tomlMerge) reachable(t *tomlTable) error {
	for i := 1; i <= len(t.path); i++ {
		path := t.path[:i]
		if k := m.user.key(path); k != nil && k.value.kind != unstable.InlineTable {
			return m.user.errorf(k.parts[0], "%s is %s, but forge needs a table there; rename or remove it", dots(path), kindOf(k.value))
		}
		if h := m.user.header(path); h != nil && h.array {
			return m.user.errorf(h.start, "[[%s]] is an array of tables, but forge needs one table; write it with single brackets", dots(path))
		}
	}
	return nil
}

// extendable returns an error if missing keys would have to go into an inline
// table.
func (m *tomlMerge) extendable(t *tomlTable, missing []*tomlKey) error {
	if len(missing) == 0 && m.user.hasTable(t.path) {
		return nil
	}
	for i := 1; i <= len(t.path); i++ {
		if k := m.user.key(t.path[:i]); k != nil {
			return m.user.errorf(k.value.start, "%s is an inline table, which forge cannot extend; write it as [%s] so that forge can add %s", dots(k.path), dots(k.path), names(t, missing))
		}
	}
	return nil
}
