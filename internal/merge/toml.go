package merge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlFile is a parsed TOML file with the places of what it holds.
type tomlFile struct {
	source
	values map[string]any // the decoded file
	tables []*tomlTable   // in their order; the first is the one without a header
}

// tomlTable is a header and the keys under it.
type tomlTable struct {
	path  []string
	start int // offset of the header
	end   int // offset in the header's last line
	array bool
	keys  []*tomlKey // with those of inline tables
}

// tomlKey is one key with its value.
type tomlKey struct {
	path   []string // from the root of the file
	base   int      // length of the path of the table it stands in
	parts  []int    // offset of each part written here, that is of path[base:]
	end    int      // offset after the value
	inline bool     // stands in an inline table
	value  tomlValue
}

// tomlValue is a value's place, and its elements if it is an array.
type tomlValue struct {
	kind       unstable.Kind
	start, end int
	elements   []tomlString
	texts      bool // an array that holds nothing but strings
}

// tomlString is one string of an array.
type tomlString struct {
	text string
	raw  string // as written, quotes included
	end  int    // offset after it
}

func parseTOML(s source) (*tomlFile, error) {
	f := &tomlFile{source: s, tables: []*tomlTable{{}}}
	// The parser only knows syntax, the decoder also what may not stand twice.
	err := toml.Unmarshal([]byte(s.text), &f.values)
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, column := at.Position()
		return nil, fmt.Errorf("%s:%d:%d: %s", s.name, row, column, problem(err))
	}
	if err != nil {
		return nil, s.errorf(0, "%s", problem(err))
	}

	p := &unstable.Parser{}
	p.Reset([]byte(s.text))
	for p.NextExpression() {
		node := p.Expression()
		table := f.tables[len(f.tables)-1]
		if node.Kind == unstable.KeyValue {
			table.add(f.source, node, table.path, false)
			continue
		}
		path, parts, end := keyOf(node)
		f.tables = append(f.tables, &tomlTable{
			path:  path,
			start: s.lineStart(parts[0]),
			end:   end,
			array: node.Kind == unstable.ArrayTable,
		})
	}
	return f, p.Error()
}

func problem(err error) string {
	return strings.TrimPrefix(err.Error(), "toml: ")
}

// keyOf returns a node's dotted key, where each part starts, and where it ends.
func keyOf(node *unstable.Node) (path []string, parts []int, end int) {
	for it := node.Key(); it.Next(); {
		part := it.Node()
		path = append(path, string(part.Data))
		parts = append(parts, int(part.Raw.Offset))
		end = int(part.Raw.Offset + part.Raw.Length)
	}
	return path, parts, end
}

// add records a key, and those of its value if that is an inline table. The
// parser reuses its nodes, so nothing may point at one afterwards.
func (t *tomlTable) add(s source, node *unstable.Node, under []string, inline bool) {
	path, parts, keyEnd := keyOf(node)
	k := &tomlKey{
		path:   slices.Concat(under, path),
		base:   len(under),
		parts:  parts,
		end:    int(node.Raw.Offset + node.Raw.Length),
		inline: inline,
	}
	value := node.Value()
	k.value = tomlValue{
		kind:  value.Kind,
		start: keyEnd + len(s.text[keyEnd:]) - len(strings.TrimLeft(s.text[keyEnd:], " \t=")),
		end:   k.end,
		texts: value.Kind == unstable.Array,
	}
	t.keys = append(t.keys, k)

	switch value.Kind {
	case unstable.InlineTable:
		for it := value.Children(); it.Next(); {
			t.add(s, it.Node(), k.path, true)
		}
	case unstable.Array:
		for it := value.Children(); it.Next(); {
			e := it.Node()
			if e.Kind != unstable.String {
				k.value.texts = false
				return
			}
			end := int(e.Raw.Offset + e.Raw.Length)
			k.value.elements = append(k.value.elements, tomlString{
				text: string(e.Data),
				raw:  s.text[e.Raw.Offset:end],
				end:  end,
			})
		}
	default: // any other value stands for itself
	}
}

// key returns the key at path, or nil.
func (f *tomlFile) key(path []string) *tomlKey {
	for _, t := range f.tables {
		for _, k := range t.keys {
			if !t.array && slices.Equal(k.path, path) {
				return k
			}
		}
	}
	return nil
}

// at returns the value at path, if there is one.
func (f *tomlFile) at(path []string) (any, bool) {
	var value any = f.values
	for _, part := range path {
		table, _ := value.(map[string]any)
		inner, ok := table[part]
		if !ok {
			return nil, false
		}
		value = inner
	}
	return value, true
}

// remarks returns what the comments above k and behind it say.
func (f *tomlFile) remarks(k *tomlKey) string {
	return unindented(f.comment(k.parts[0]) + f.text[k.end:f.lineEnd(k.end)])
}

// header returns the table whose header names path, or nil.
func (f *tomlFile) header(path []string) *tomlTable {
	for _, t := range f.tables {
		if slices.Equal(t.path, path) {
			return t
		}
	}
	return nil
}

// implied reports whether path is a table that has no header or value of its
// own, because something else is inside it.
func (f *tomlFile) implied(path []string) bool {
	for _, t := range f.tables {
		if len(t.path) > len(path) && within(t.path, path) {
			return true
		}
	}
	return f.dotted(path) != nil
}

// dotted returns the last key that makes path a table by its dots alone, such
// as auth.password.min_length for auth.password, or nil.
func (f *tomlFile) dotted(path []string) *tomlKey {
	for _, t := range slices.Backward(f.tables) {
		for _, k := range slices.Backward(t.keys) {
			if !k.inline && k.base < len(path) && len(path) < len(k.path) && within(k.path, path) {
				return k
			}
		}
	}
	return nil
}

// hasTable reports whether path is a table, however it is written.
func (f *tomlFile) hasTable(path []string) bool {
	return f.header(path) != nil || f.implied(path) || f.key(path) != nil
}

// placeOf returns where the table at path is first named.
func (f *tomlFile) placeOf(path []string) int {
	for _, t := range f.tables {
		if len(t.path) > 0 && within(t.path, path) {
			return t.start
		}
	}
	if k := f.dotted(path); k != nil {
		return k.parts[0]
	}
	return 0
}

func within(path, parent []string) bool {
	return len(path) >= len(parent) && slices.Equal(path[:len(parent)], parent)
}

// last returns the last key of t, or nil.
func (t *tomlTable) last() *tomlKey {
	for _, k := range slices.Backward(t.keys) {
		if !k.inline {
			return k
		}
	}
	return nil
}
