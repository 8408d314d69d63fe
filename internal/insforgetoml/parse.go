package insforgetoml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Parse reads an insforge.toml. The error joins all problems in the order of
// the file, each in the form name:line:column: key: rule. The column counts
// characters, from 1. A value that may be a password is never part of a message.
func Parse(name string, data []byte) (*Config, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := &reader{
		data:    data,
		into:    new(Config).sections(),
		present: map[string]bool{},
		set:     map[string]bool{},
		refused: map[string]bool{},
		known:   map[string]setting{},
	}
	for _, s := range settings() {
		r.known[s.key] = s
	}
	r.read()
	if len(r.problems) > 0 {
		return nil, r.err(name)
	}
	return r.into.attach(r.present), nil
}

// reader reads one file.
type reader struct {
	data     []byte
	known    map[string]setting
	into     sections
	present  map[string]bool // sections that are there
	set      map[string]bool // keys that have a value
	refused  map[string]bool // keys that are not to be complained about again
	problems []problem
}

type problem struct {
	at   int // offset in the file
	text string
}

// part is one part of a dotted key.
type part struct {
	name string
	at   int // offset in the file
}

func (r *reader) read() {
	p := &unstable.Parser{}
	p.Reset(r.data)
	var table []part
	for p.NextExpression() {
		node := p.Expression()
		if node.Kind == unstable.KeyValue {
			r.keyValue(table, node)
			continue
		}
		table, _ = partsOf(node)
		r.header(table, node.Kind == unstable.ArrayTable)
	}
	if err := p.Error(); err != nil {
		r.syntax(err)
		return
	}
	// The parser only knows syntax; the decoder also knows what may not stand
	// twice. It decodes nothing here, so that no value gets into its messages.
	var at *toml.DecodeError
	if err := toml.Unmarshal(r.data, &struct{}{}); errors.As(err, &at) && !r.twice() {
		row, column := at.Position()
		r.complain(r.offset(row, column), "%s", oneLine(strings.TrimPrefix(err.Error(), "toml: ")))
	}
}

// partsOf returns a node's dotted key and where it ends.
func partsOf(node *unstable.Node) (parts []part, end int) {
	for it := node.Key(); it.Next(); {
		key := it.Node()
		parts = append(parts, part{name: string(key.Data), at: int(key.Raw.Offset)})
		end = int(key.Raw.Offset + key.Raw.Length)
	}
	return parts, end
}

// header reads the header of a table.
func (r *reader) header(path []part, array bool) {
	s, ok := r.resolve(path)
	last := path[len(path)-1].at
	switch {
	case !ok:
	case s != nil:
		r.refuse(s.key, last, s.rule)
	case array:
		r.refuse(dotted(path), last, "must be a table, in single brackets")
	}
}

// keyValue reads a key under a table.
func (r *reader) keyValue(table []part, node *unstable.Node) {
	parts, end := partsOf(node)
	path := slices.Concat(table, parts)
	value := node.Value()
	rest := r.data[end:]
	at := end + len(rest) - len(bytes.TrimLeft(rest, " \t="))
	s, ok := r.resolve(path)
	switch {
	case !ok:
	case s != nil && r.set[s.key]:
		r.refuse(s.key, parts[len(parts)-1].at, twice)
	case s != nil:
		r.set[s.key] = true
		r.assign(*s, value, at)
	case value.Kind != unstable.InlineTable:
		r.refuse(dotted(path), at, "must be a table")
	default:
		for it := value.Children(); it.Next(); {
			r.keyValue(path, it.Node())
		}
	}
}

const twice = "is set twice"

// twice reports whether a repeated key is among the problems.
func (r *reader) twice() bool {
	return slices.ContainsFunc(r.problems, func(p problem) bool { return strings.HasSuffix(p.text, ": "+twice) })
}

// resolve returns the setting that path leads to, or none if that is a section,
// which then is present. Where it leads nowhere, that is a problem.
func (r *reader) resolve(path []part) (*setting, bool) {
	parent := ""
	for i, p := range path {
		key := dotted(path[:i+1])
		s, known := r.known[key]
		switch {
		case known && i == len(path)-1:
			return &s, true
		case known:
			r.refuse(key, p.at, s.rule)
			return nil, false
		case !slices.Contains(sectionNames(), key):
			r.refuse(key, p.at, "unknown key, which the InsForge CLI drops without a word; "+advice(parent, p.name))
			return nil, false
		}
		r.present[key] = true
		parent = key
	}
	return nil, true
}

// dotted returns path as it is written, with quotes where they are needed.
func dotted(path []part) string {
	names := make([]string, len(path))
	for i, p := range path {
		names[i] = p.name
		if p.name == "" || strings.Trim(p.name, bareKey) != "" {
			names[i] = quoted(p.name)
		}
	}
	return strings.Join(names, ".")
}

const bareKey = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// refuse records what is wrong with a key, once.
func (r *reader) refuse(key string, at int, rule string) {
	if !r.refused[key] {
		r.refused[key] = true
		r.complain(at, "%s: %s", key, rule)
	}
}

func (r *reader) complain(at int, format string, args ...any) {
	r.problems = append(r.problems, problem{at: at, text: fmt.Sprintf(format, args...)})
}

// syntax records why the file is not TOML. The parser names the character it
// stumbled on, which can be the first of a password without quotes.
func (r *reader) syntax(err error) {
	at, text := len(r.data), err.Error()
	var where *unstable.ParserError
	if errors.As(err, &where) {
		at, text = cap(r.data)-cap(where.Highlight), where.Message
	}
	line := r.data[bytes.LastIndexByte(r.data[:at], '\n')+1:]
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if bytes.Contains(bytes.ToLower(line), []byte("pass")) {
		text = "is not TOML; a string needs quotes"
	}
	r.complain(at, "%s", text)
}

// oneLine returns a message without the control characters that a key in it may
// hold.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return utf8.RuneError
		}
		return c
	}, text)
}

// offset returns the offset of a place that the decoder counted in bytes.
func (r *reader) offset(row, column int) int {
	at := 0
	for range row - 1 {
		at += bytes.IndexByte(r.data[at:], '\n') + 1
	}
	return min(at+column-1, len(r.data))
}

func (r *reader) err(name string) error {
	slices.SortStableFunc(r.problems, func(a, b problem) int { return cmp.Compare(a.at, b.at) })
	var all []error
	for _, p := range r.problems {
		before := r.data[:p.at]
		line := 1 + bytes.Count(before, []byte("\n"))
		column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
		all = append(all, fmt.Errorf("%s:%d:%d: %s", name, line, column, p.text))
	}
	return errors.Join(all...)
}
