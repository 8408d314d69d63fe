package merge

import (
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// merged returns what the decoded user's file must come to.
func (m *tomlMerge) merged() (map[string]any, error) {
	values := map[string]any{}
	if err := toml.Unmarshal([]byte(m.user.text), &values); err != nil {
		return nil, err
	}
	for _, c := range m.choices {
		base, want := c.values()
		switch c.action {
		case addKey, takeValue:
			will, _ := m.want.at(c.path())
			put(values, c.path(), will)
		case uniteValues:
			has := m.user.key(c.path())
			var set []any
			for _, text := range has.value.stepped(base, want) {
				set = append(set, text)
			}
			put(values, c.path(), set)
		case removeKey:
			table, name := parentOf(values, c.path())
			delete(table, name)
		default: // the user's stands
		}
	}
	return m.canonical(values), nil
}

func (m *tomlMerge) check(text string) error {
	result := m.user.with(text)
	got, err := parseTOML(result)
	if err != nil {
		return result.errorf(0, "the merged file would not parse: %v; change forge's keys by hand", err)
	}
	if !same(m.canonical(got.values), m.outcome) {
		return result.errorf(0, "forge's changes do not fit the way this file is written; make them by hand")
	}
	return nil
}

// canonical brings values, which it changes, into a form in which two of them
// can be compared: the sets of strings that grew or shrank have no order, and
// forge's tables are left out where they are empty, because then it is the
// comments in them that say whether there is a header.
func (m *tomlMerge) canonical(values map[string]any) map[string]any {
	for _, c := range m.choices {
		if c.action != uniteValues {
			continue
		}
		table, name := parentOf(values, c.path())
		if array, ok := table[name].([]any); ok && texts(array) {
			var set []string
			for _, text := range array {
				set = append(set, text.(string))
			}
			slices.Sort(set)
			table[name] = slices.Compact(set)
		}
	}
	for _, t := range slices.Concat(m.base.tables, m.want.tables) {
		for path := t.path; len(path) > 0; path = path[:len(path)-1] {
			table, name := parentOf(values, path)
			if inner, ok := table[name].(map[string]any); ok && len(inner) == 0 {
				delete(table, name)
			}
		}
	}
	return values
}

// parentOf returns the table that path is in, or nil, and the last part of path.
func parentOf(values map[string]any, path []string) (map[string]any, string) {
	last := len(path) - 1
	for _, part := range path[:last] {
		values, _ = values[part].(map[string]any)
	}
	return values, path[last]
}

// put sets the value at path, with the tables on the way.
func put(values map[string]any, path []string, value any) {
	for _, part := range path[:len(path)-1] {
		inner, ok := values[part].(map[string]any)
		if !ok {
			inner = map[string]any{}
			values[part] = inner
		}
		values = inner
	}
	values[path[len(path)-1]] = value
}
