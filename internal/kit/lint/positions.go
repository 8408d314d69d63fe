package lint

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// positions are the lines of a declaration's keys, such as name, env[2] (the
// table), env[2].pattern and question[0].choices[1].
type positions map[string]int

// line is where key stands, or the closest key around it.
func (p positions) line(key string) int {
	for key != "" {
		if line, ok := p[key]; ok {
			return line
		}
		if i := strings.LastIndexAny(key, ".["); i >= 0 {
			key = key[:i]
		} else {
			key = ""
		}
	}
	return 1
}

// locate finds the positions of a declaration, as far as it is TOML.
func locate(data []byte) positions {
	p := positions{}
	at := func(offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }
	counts := map[string]int{}
	table := ""
	parser := &unstable.Parser{}
	parser.Reset(data)
	for parser.NextExpression() {
		node := parser.Expression()
		key, offset := dottedKey(node)
		switch node.Kind {
		case unstable.ArrayTable:
			// [[question.choices]] belongs to the question before it.
			if i := strings.LastIndexByte(key, '.'); i >= 0 {
				parent := key[:i]
				if n := counts[parent]; n > 0 {
					parent = fmt.Sprintf("%s[%d]", parent, n-1)
				}
				key = parent + key[i:]
			}
			table = fmt.Sprintf("%s[%d]", key, counts[key])
			counts[key]++
			p[table] = at(offset)
		case unstable.Table:
			table = key
			p[table] = at(offset)
		default:
			if table != "" {
				key = table + "." + key
			}
			p[key] = at(offset)
			p.value(key, node.Value(), at)
		}
	}
	return p
}

// value finds what is inside an array or an inline table.
func (p positions) value(key string, node *unstable.Node, at func(int) int) {
	switch node.Kind {
	case unstable.Array:
		n := 0
		for it := node.Children(); it.Next(); n++ {
			child := it.Node()
			name := fmt.Sprintf("%s[%d]", key, n)
			if offset := start(child); offset > 0 {
				p[name] = at(offset)
			}
			p.value(name, child, at)
		}
	case unstable.InlineTable:
		for it := node.Children(); it.Next(); {
			name, offset := dottedKey(it.Node())
			p[key+"."+name] = at(offset)
			p.value(key+"."+name, it.Node().Value(), at)
		}
	default:
	}
}

// start is the offset at which an element of an array begins, or 0.
func start(node *unstable.Node) int {
	if node.Kind == unstable.InlineTable {
		if it := node.Children(); it.Next() {
			_, offset := dottedKey(it.Node())
			return offset
		}
	}
	return int(node.Raw.Offset)
}

func dottedKey(node *unstable.Node) (key string, offset int) {
	var parts []string
	for it := node.Key(); it.Next(); {
		if len(parts) == 0 {
			offset = int(it.Node().Raw.Offset)
		}
		parts = append(parts, string(it.Node().Data))
	}
	return strings.Join(parts, "."), offset
}
