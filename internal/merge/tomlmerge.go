package merge

import (
	"cmp"
	"errors"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlMerge is a merge of three TOML files.
type tomlMerge struct {
	base, user, want *tomlFile
	choices          []tomlChoice // one for each key of forge's
	outcome          map[string]any
	problems         []error // what is in the way
}

func openTOML(base, user, target source) (structure, error) {
	return newTOMLMerge(base, user, target)
}

func newTOMLMerge(base, user, want source) (*tomlMerge, error) {
	m := &tomlMerge{}
	var err error
	if m.want, err = parseForgesTOML(want); err != nil {
		return nil, err
	}
	if m.base, err = parseForgesTOML(base); err != nil {
		return nil, err
	}
	if m.user, err = parseTOML(user); err != nil {
		return nil, err
	}
	for _, t := range inOrder(m.want.tables, func(t *tomlTable) []string { return t.path }) {
		m.chooseTable(t)
	}
	for _, t := range m.base.tables {
		for _, k := range t.keys {
			if m.want.key(k.path) == nil {
				m.choose(k, nil)
			}
		}
	}
	if err := errors.Join(m.problems...); err != nil {
		return nil, err
	}
	m.outcome, err = m.merged()
	return m, err
}

// parseForgesTOML parses a file that must be written the one way forge writes:
// headers and simple keys.
func parseForgesTOML(s source) (*tomlFile, error) {
	f, err := parseTOML(s)
	if err != nil {
		return nil, err
	}
	for _, t := range f.tables {
		if t.array {
			return nil, f.errorf(t.start, "forge does not merge arrays of tables")
		}
		for _, k := range t.keys {
			if len(k.parts) > 1 || k.value.kind == unstable.InlineTable {
				return nil, f.errorf(k.parts[0], "forge does not merge dotted keys and inline tables; use a [table]")
			}
		}
	}
	return f, nil
}

// chooseTable decides about the keys of one of want's tables.
func (m *tomlMerge) chooseTable(t *tomlTable) {
	for _, k := range inOrder(t.keys, func(k *tomlKey) []string { return k.path }) {
		m.choose(m.base.key(k.path), k)
	}
	if missing := m.missing(t); len(missing) > 0 || m.fresh(t) {
		m.refuse(cmp.Or(m.reachable(t), m.extendable(t, missing)))
	}
}

// missing returns the keys of t to add.
func (m *tomlMerge) missing(t *tomlTable) []*tomlKey {
	var keys []*tomlKey
	for _, c := range m.choices {
		if c.action == addKey && slices.Contains(t.keys, c.want) {
			keys = append(keys, c.want)
		}
	}
	return keys
}

// fresh reports whether t is a table that forge's earlier file lacks.
func (m *tomlMerge) fresh(t *tomlTable) bool {
	return m.base.header(t.path) == nil && !m.declined(t.path)
}

// declined reports whether the user removed a table that path is in, and with
// it all that forge may yet put there.
func (m *tomlMerge) declined(path []string) bool {
	for i := 1; i < len(path); i++ {
		if _, has := m.user.at(path[:i]); !has && m.base.header(path[:i]) != nil {
			return true
		}
	}
	return false
}
